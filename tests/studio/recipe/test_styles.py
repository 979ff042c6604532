"""Styles given layer by layer: exact in JSON, in a file and in a link, whatever their size; nothing else gets in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from studio import MAX_SEED, Recipe, RecipeError, Styles
from studio.recipe import MAX_JSON
from studio.recipe.links import MAX_QUERY
from studio.recipe.styles import MAX_NUMBERS, MAX_ROWS, MAX_WIDTH

SHAPES = [(1, 1), (10, 128), (18, 512), (64, 512), (8, 4096)]


def some(rows: int, width: int) -> np.ndarray[Any, Any]:
    return (np.random.RandomState(rows).randn(rows, width) * 3).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_json_and_text_hold_every_bit(shape: tuple[int, int]):
    array = some(*shape)
    styles = Styles.of(array)
    recipe = Recipe(seed=MAX_SEED, ws=styles)
    assert styles.shape == shape and np.array_equal(styles.array, array)
    text = json.dumps(recipe.to_json(), allow_nan=False)
    again = Recipe.from_text(text)
    assert again == recipe and hash(again) == hash(recipe) and len(text) < MAX_JSON
    assert Recipe.from_json(json.loads(text)) == recipe
    assert Styles.from_text(styles.to_text()) == styles == Styles.of(array.tolist())


def test_rows_that_repeat_and_numbers_that_float16_holds_are_short():
    """What mapping a seed gives has one row, many times; rounding halves the rest; both stay exact."""
    one = Styles.of(some(1, 512).repeat(18, axis=0))
    assert len(one.to_text()) < 2800 and len(one.rounded().to_text()) < 1400
    mixed = Styles.of(some(2, 512)[[0] * 6 + [1] * 12])
    for styles in (one, mixed, one.rounded(), mixed.rounded()):
        assert Styles.from_text(styles.to_text()) == styles
    assert np.abs(mixed.rounded().array - mixed.array).max() < 0.01 and mixed.rounded().rounded() == mixed.rounded()


@pytest.mark.parametrize("shape", [(10, 128), (8, 64)], ids=str)
def test_styles_of_the_house_fit_a_link(shape: tuple[int, int]):
    recipe = Recipe(model="orchard", version="3.0", label="peach", ws=Styles.of(some(*shape)))
    query = recipe.to_query()
    assert len(query) < MAX_QUERY and Recipe.from_query(query) == recipe


def test_styles_that_do_not_fit_a_link_say_where_they_do():
    with pytest.raises(RecipeError, match="too long for a link; save the picture"):
        Recipe(ws=Styles.of(some(18, 512))).to_query()


def test_minus_zero_reads_like_zero():
    assert Styles.of([[-0.0]]) == Styles.of([[0]]) == Styles.of(np.zeros((1, 1), np.float64))


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[]],
        [1.0, 2.0],
        [[1.0], [1.0, 2.0]],
        [[1.0], 2.0],
        [["1"]],
        ["12"],
        "h1:1:AAA",
        b"\0\0",
        [[True]],
        [[None]],
        [[float("nan")]],
        [[float("inf")]],
        [[1e5]],
        [[10**400]],
        [[[1.0]]],
        [[1j]],
        {"a": [1.0]},
        [[0.0]] * (MAX_ROWS + 1),
        [[0.0] * (MAX_WIDTH + 1)],
        [[0.0] * (MAX_NUMBERS // 16 + 1)] * 16,
        np.zeros(4),
        np.zeros((2, 2), bool),
        np.array([["a"]]),
        np.full((2, 2), np.nan),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_styles_is_refused_in_one_sentence(value: object):
    with pytest.raises(RecipeError) as caught:
        Recipe(ws=value)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence.startswith("Styles (ws) must be ") and sentence.endswith(".") and len(sentence) < 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h1:1:",
        "h1:1:A",
        "h1:1:AA!",
        "h2:1:AAA",
        "f1:1:AAA",
        "h1:0:AAA",
        "h1:65:AAA",
        "h1:99.1:AAAAAA",
        "h0:1:AAA",
        "x1:1:AAA",
        "h1:1:AH4",  # NaN
        "h1:1:AHw",  # infinity
        "h1:1.:AAA",
        "h99999:1:AAA",
        "h４:1:AAA",
    ],
)
def test_a_broken_text_is_refused(text: str):
    for read in (Styles.from_text, lambda ws: Recipe.from_query(f"ws={ws}")):
        with pytest.raises(RecipeError):
            read(text)
    assert np.array_equal(Styles.from_text("h1:1:ADw").array, [[1.0]])  # as the others would be, were they right
