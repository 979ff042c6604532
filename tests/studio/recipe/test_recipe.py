"""The recipe: what it takes, what it refuses, and JSON both ways."""

import copy
import dataclasses
import json
import math
import random
from typing import Any

import numpy as np
import pytest

from postprocess import STEPS, StepUse
from studio import FIELDS, MAX_SEED, MAX_STEPS, TRANSFORM, LayerUse, Mix, Recipe, RecipeError
from studio.recipe.strict_json import MAX_JSON

from ..recipes import random_recipe

NAN, INFINITY = float("nan"), float("inf")
STEP = next(iter(STEPS))


def refusal(obj: object) -> str:
    """The one sentence with which a recipe is refused."""
    with pytest.raises(RecipeError) as caught:
        Recipe.from_json(obj)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 600, sentence
    return sentence


def test_the_default_recipe_is_valid_and_empty_json_means_it():
    assert Recipe.from_json({}) == Recipe()
    assert all(getattr(Recipe(), field.name) == field.default for field in FIELDS)


def test_json_both_ways_gives_an_equal_recipe_with_an_equal_hash():
    rng = random.Random(20)
    for _ in range(300):
        recipe = random_recipe(rng)
        text = json.dumps(recipe.to_json(), allow_nan=False)
        again = Recipe.from_text(text)
        assert again == recipe and hash(again) == hash(recipe)
        assert json.dumps(again.to_json()) == text


def test_json_names_every_field():
    every = Recipe(ws=[[0.5]], layers=(LayerUse(0, 0.5),), rotation=1, x=0.5, y=-0.5)  # type: ignore[arg-type]
    assert list(every.to_json()) == [field.key for field in FIELDS]
    assert "class" in Recipe().to_json()


@pytest.mark.parametrize("transform", [{}, {"rotation": -30.0}, {"x": 0.25, "y": -1.0}], ids=repr)
def test_json_and_links_hold_of_the_input_transform_what_moves_the_picture(transform: dict[str, float]):
    """What was written before there was one is what is written now, to the last digit of a link's checksum."""
    recipe = Recipe(seed=7, **{"rotation": 0.0, "x": -0.0, "y": 0, **transform})  # type: ignore[arg-type]
    assert recipe.transform == transform
    assert {key: value for key, value in recipe.to_json().items() if key in TRANSFORM} == transform
    assert transform or recipe.to_query() == "v=1&seed=7&end=67a3b8af"


def test_a_recipe_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().seed = 1  # type: ignore[misc]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
@pytest.mark.parametrize("value", [True, NAN, object, {"a": 1}, [[1]], "", "\0", 10**400, -1e308], ids=repr)
def test_no_field_takes_nonsense(field: Any, value: Any):
    if value == "" and field.key in ("model", "version"):
        return  # the empty text is their default
    if value == {"a": 1} and field.key == "moves":
        return  # a direction that only the model can refuse
    if value == [[1]] and field.key == "ws":
        return  # styles of a network with one layer
    assert field.title in refusal({field.key: value}) or field.key in ("moves", "latent", "steps", "mix", "layers")


@pytest.mark.parametrize("field", [f for f in FIELDS if "minimum" in f.limits()], ids=lambda field: field.key)
def test_bounds_are_in_and_what_lies_beyond_is_out(field: Any):
    low, high = field.limits()["minimum"], field.limits()["maximum"]
    wrap = {"latent": lambda v: [v], "ws": lambda v: [[v]], "moves": lambda v: {"pc1": v}}.get(field.key, lambda v: v)
    beyond = 1 if field.limits()["kind"] == "integer" else 1e-9
    for inside in (low, high):
        Recipe.from_json({field.key: wrap(inside)})
    for outside in (low - beyond, high + beyond, NAN, INFINITY, -INFINITY):
        refusal({field.key: wrap(outside)})


@pytest.mark.parametrize(
    "obj",
    [
        {"seed": 1.5},
        {"seed": "1"},
        {"seed": None},
        {"seed": -1},
        {"seed": MAX_SEED + 1},
        {"seed": [1]},
        {"psi": "0.7"},
        {"psi": None},
        {"label": "peach"},
        {"Seed": 1},
        {"class": 3},
        {"class": ""},
        {"centre": "local"},
        {"rotation": "30"},
        {"rotation": None},
        {"rotation": 180.5},
        {"x": [0]},
        {"y": -1.01},
        {"transform": {"x": 0.1}},
        {"model": "../orchard"},
        {"model": "a/b"},
        {"version": 1.0},
        {"latent": []},
        {"latent": "0123"},
        {"latent": [True]},
        {"latent": [0.0] * 5000},
        {"latent": [0.5], "ws": [[0.5]]},
        {"moves": [["pc1", 1]]},
        {"moves": {"pc1": "1"}},
        {"moves": {"a,b": 1}},
        {"moves": None},
        {"moves": {f"pc{i}": 1 for i in range(65)}},
        {"mix": 7},
        {"mix": {"seed": 1.5}},
        {"mix": {"seeds": 1}},
        {"mix": {"class": 1}},
        {"steps": {}},
        {"steps": None},
        {"steps": ["blur"]},
        {"steps": [{}]},
        {"steps": [[]]},
        {"steps": [{"name": "no such step"}]},
        {"steps": [{"name": STEP, "parameters": {"no such": 1}}]},
        {"steps": [{"name": STEP, "where": "sky"}]},
        {"steps": [{"name": STEP, "on": 1}]},
        {"steps": [{"name": STEP}] * (MAX_STEPS + 1)},
        [],
        None,
        "recipe",
        3,
        True,
    ],
    ids=lambda obj: repr(obj)[:40],
)
def test_a_bad_recipe_is_refused_in_one_sentence(obj: object):
    refusal(obj)


def test_a_field_that_was_left_empty_is_said_to_be():
    assert refusal({"seed": None}) == "Seed must be a whole number from 0 to 4294967295; it was left empty."
    assert refusal({"psi": "high"}) == "Variety (psi) must be a number from -1 to 1.5, not 'high'."


def test_an_unknown_key_is_named():
    assert "'sede'" in refusal({"sede": 1})
    assert "'clas'" in refusal({"mix": {"clas": "pear"}})


def test_whole_floats_are_whole_numbers_to_json_clients():
    recipe = Recipe.from_json({"seed": 5.0, "cutoff": 3.0, "mix": {"seed": 7.0, "first": 2.0}, "psi": 1})
    assert (recipe.seed, recipe.cutoff, recipe.mix) == (5, 3, Mix(7, None, 2))
    assert type(recipe.seed) is int and type(recipe.psi) is float


def test_numpy_numbers_are_numbers_but_numpy_flags_are_not():
    recipe = Recipe(seed=np.int64(3), psi=np.float64(0.5))  # type: ignore[arg-type]
    assert type(recipe.seed) is int and type(recipe.psi) is float
    with pytest.raises(RecipeError):
        Recipe(seed=np.bool_(True))  # type: ignore[arg-type]


def test_equal_pictures_make_equal_recipes():
    moves = (("pc2", 1.0), ("pc1", -2.0), ("pc3", 0.0))
    assert Recipe(moves=moves) == Recipe(moves=tuple(reversed(moves[:2])))
    assert json.dumps(Recipe(psi=-0.0).to_json()) == json.dumps(Recipe(psi=0.0).to_json())
    assert Recipe(steps=(StepUse(STEP),)) == Recipe(steps=(StepUse(STEP).validated(),))


def test_one_direction_twice_is_refused():
    with pytest.raises(RecipeError, match="twice"):
        Recipe(moves=(("pc1", 1.0), ("pc1", 2.0)))


def test_an_explicit_latent_is_kept_in_the_precision_of_the_network():
    latent = np.random.RandomState(0).randn(512).astype(np.float32)
    recipe = Recipe(latent=tuple(latent.tolist()))
    assert recipe.latent is not None and np.array_equal(np.array(recipe.latent, np.float32), latent)
    assert len(json.dumps(recipe.to_json())) < 13 * 512


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, 2",
        '{"seed": 1,}',
        '{"psi": NaN}',
        '{"psi": Infinity}',
        '{"seed": 1, "seed": 2}',
        "[" * 50_000,
        '{"a":' * 9_000,
        '{"seed": ' + "1" * 60_000 + "}",
        '{"model": "' + "a" * MAX_JSON + '"}',
        '{"seed": 01}',
        "null",
    ],
    ids=lambda text: text[:20],
)
def test_a_text_that_is_no_recipe_is_refused(text: str):
    with pytest.raises(RecipeError) as caught:
        Recipe.from_text(text)
    assert len(str(caught.value)) < 300


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "obj",
    [
        {"mix": deep(100_000)},
        {"moves": {f"pc{i}": 1 for i in range(200_000)}},
        {"model": "a" * 1_000_000},
        {"steps": [{"name": STEP, "parameters": {"a": "b" * 1_000_000}}]},
        {"latent": [0.0] * 1_000_000},
        {"ws": [[0.0] * 50_000]},
    ],
    ids=["deep", "wide", "long", "long within", "many", "many styles"],
)
def test_a_deep_or_huge_object_is_refused(obj: object):
    assert "too large" in refusal(obj)


def test_an_object_that_holds_itself_is_refused():
    obj: dict[str, Any] = {}
    obj["mix"] = obj
    assert "too large" in refusal(obj)


def test_refusing_leaves_the_given_object_alone():
    obj = {"seed": 1, "steps": [{"name": "no such step"}]}
    before = copy.deepcopy(obj)
    refusal(obj)
    assert obj == before


def test_every_field_describes_itself_in_json():
    for field in FIELDS:
        entry = json.loads(json.dumps(field.describe()))
        assert entry["title"] and entry["term"] and entry["summary"].endswith(".")
        assert not isinstance(entry["default"], float) or math.isfinite(entry["default"])
