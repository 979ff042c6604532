"""What single layers have of their own: truncation, noise, and a seed that they are frozen at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from studio import LayerUse, Mix, Recipe, RecipeError, Studio
from studio.tools.latents import with_styles
from studio.tools.walk import Walk, Walker

BASE = Recipe(seed=3, psi=0.8, moves=(("pc1", 1.0),))


def rows(studio: Studio, recipe: Recipe) -> np.ndarray:
    return studio.styles(recipe).array


def picture(studio: Studio, recipe: Recipe) -> np.ndarray:
    return studio.render(recipe, critic="none").raw


def test_a_layers_truncation_is_that_of_the_whole_picture_in_that_layer(studio: Studio):
    for base in (BASE, replace(BASE, mix=Mix(9, None, 2)), replace(BASE, cutoff=1)):
        mine = rows(studio, replace(base, layers=(LayerUse(2, psi=0.1),)))
        plain, other = rows(studio, base), rows(studio, replace(base, psi=0.1, cutoff=None))
        np.testing.assert_array_equal(mine[2], other[2])
        np.testing.assert_array_equal(np.delete(mine, 2, 0), np.delete(plain, 2, 0))


def test_a_frozen_layer_stays_whatever_else_changes(studio: Studio):
    frozen = (LayerUse(1, seed=42), LayerUse(3, seed=42))
    wanted = rows(studio, Recipe(seed=42, psi=0.8))
    for base in (BASE, replace(BASE, seed=8), replace(BASE, mix=Mix(9, None, 0)), with_styles(BASE, 0 * wanted)):
        found = rows(studio, replace(base, layers=frozen))
        np.testing.assert_array_equal(found[[1, 3]], wanted[[1, 3]])
        np.testing.assert_array_equal(found[[0, 2]], rows(studio, base)[[0, 2]])


def test_a_layers_noise_is_its_own(studio: Studio):
    everywhere = tuple(LayerUse(layer, noise=0.5) for layer in range(7))
    for seed in (None, 4):
        base = replace(BASE, noise_seed=seed)
        half = picture(studio, replace(base, noise=0.5))
        np.testing.assert_allclose(picture(studio, replace(base, layers=everywhere)), half, atol=1e-5)
        one = picture(studio, replace(base, layers=(LayerUse(6, noise=0.0),)))
        assert np.abs(one - picture(studio, base)).max() > 1e-3
        none = tuple(LayerUse(layer, noise=0.0) for layer in range(7))
        np.testing.assert_allclose(
            picture(studio, replace(base, layers=none)), picture(studio, replace(base, noise=0.0)), atol=1e-6
        )


def test_json_and_link_give_it_back_and_leave_it_out_where_there_is_none(studio: Studio):
    recipe = replace(BASE, layers=(LayerUse(4, noise=0.25), LayerUse(0, psi=-0.5, seed=7), LayerUse(2)))
    assert [use.layer for use in recipe.layers] == [0, 4]  # in order, without what says nothing
    assert Recipe.from_json(recipe.to_json()) == recipe == Recipe.from_query(recipe.to_query())
    assert "layer=0:psi=-0.5,seed=7&layer=4:noise=0.25" in recipe.to_query()
    assert "layers" not in BASE.to_json()


@pytest.mark.parametrize(
    "layers",
    [
        3,
        [3],
        [{"layer": 99, "psi": 0.5}],
        [{"layer": 1, "psi": 3}],
        [{"layer": 1, "noise": -1}],
        [{"layer": 1, "seed": -1}],
        [{"layer": 1, "psi": 0}, {"layer": 1, "noise": 1}],
        [{"layer": 1, "colour": "red"}],
        [{"layer": 7, "noise": 1}],
        [{"layer": 1, "psi": 0}] * 99,
    ],
)
def test_what_is_wrong_is_one_sentence(studio: Studio, layers: Any):
    with pytest.raises(RecipeError, match=r"\.$"):
        studio.normalise(Recipe.from_json({"layers": layers}))


def test_a_layers_noise_needs_that_of_the_picture(studio: Studio):
    with pytest.raises(RecipeError, match="turned on"):
        studio.normalise(Recipe(noise=0.0, layers=(LayerUse(1, noise=0.5),)))
    studio.normalise(Recipe(noise=0.0, layers=(LayerUse(1, noise=0.0),)))


@pytest.mark.parametrize("text", ["layer=3", "layer=3:psi", "layer=3:psi=a", "layer=3:psi=1,psi=0", "layer=:psi=1"])
def test_a_link_whose_layers_are_wrong_is_refused(text: str):
    with pytest.raises(RecipeError, match=r"\.$"):
        Recipe.from_query(text)


def test_between_keyframes_a_frozen_layer_stays(studio: Studio):
    frozen = (LayerUse(1, seed=42),)
    keys = tuple(replace(BASE, seed=seed, layers=frozen) for seed in (1, 2))
    walker = Walker(studio, Walk(keys, 5))
    for number in range(5):
        np.testing.assert_allclose(rows(studio, walker.recipe(number))[1], rows(studio, keys[0])[1], atol=1e-6)
    assert np.abs(rows(studio, walker.recipe(2))[0] - rows(studio, keys[0])[0]).max() > 1e-3
