from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio import LayerUse, Recipe, Studio, StudioError
from studio.tools.world import FARTHEST, MOST_TILES, has_worlds, window

RECIPE = Recipe(seed=4)
SIDE = 32


def test_a_world_is_the_same_wherever_it_is_looked_at(studio: Studio):
    assert has_worlds(studio, "tiny")
    whole = window(studio, RECIPE, -1, 0, 2, 2)
    assert whole.shape == (2 * SIDE, 2 * SIDE, 3) and 0 <= whole.min() < whole.max() <= 1
    np.testing.assert_allclose(window(studio, RECIPE, 0, 1), whole[SIDE:, SIDE:], atol=1e-4)
    assert np.abs(window(studio, Recipe(seed=5), -1, 0, 2, 2) - whole).max() > 0.1
    assert np.abs(window(studio, Recipe(seed=4, moves=(("pc1", 3.0),)), -1, 0, 2, 2) - whole).max() > 0.05


@pytest.mark.parametrize("repeat", [1, 2])
def test_a_texture_goes_on_across_its_edges(studio: Studio, repeat: int):
    tile = window(studio, RECIPE, 0, 0, repeat, repeat, repeat=repeat)
    beside = window(studio, RECIPE, repeat, 0, repeat, repeat, repeat=repeat)
    np.testing.assert_array_equal(tile, beside)
    across = window(studio, RECIPE, repeat - 1, 0, 2, 1, repeat=repeat)  # over the seam
    np.testing.assert_allclose(across[:, SIDE:], tile[:SIDE, :SIDE], atol=1e-4)
    np.testing.assert_allclose(across[:, :SIDE], tile[:SIDE, -SIDE:], atol=1e-4)


def test_noise_and_layers_are_those_of_the_recipe(studio: Studio):
    plain = window(studio, RECIPE, 0, 0, 2, 1)

    def apart(**changes: object) -> float:
        recipe = replace(RECIPE, **changes)  # type: ignore[arg-type]
        return float(np.abs(window(studio, recipe, 0, 0, 2, 1) - plain).max())

    own = (LayerUse(1, noise=0.0),)
    assert apart(layers=own) > 1e-3 and apart(noise=0.0) > 1e-3 and apart(noise_seed=9) > 1e-3
    assert apart(layers=own) < apart(noise=0.0)
    assert apart(layers=(LayerUse(0, noise=1.0), LayerUse(1, noise=1.0))) == 0
    assert apart(layers=(LayerUse(1, psi=0.0),)) > 1e-3 and apart(layers=(LayerUse(1, seed=99),)) > 1e-3
    same = tuple(LayerUse(layer, psi=RECIPE.psi) for layer in range(3))
    assert apart(layers=same) < 1e-4  # tile by tile is as all at once, to rounding


def test_classes_are_by_chance_or_the_recipe_s(studio: Studio):
    apple, peach = (window(studio, Recipe(seed=4, label=label), 0, 0, mixed=False) for label in ("apple", "peach"))
    assert np.abs(apple - peach).max() > 0.02
    mixed = [window(studio, Recipe(seed=4, label=label), 0, 0) for label in ("apple", "peach")]
    np.testing.assert_array_equal(mixed[0], mixed[1])
    assert window(studio, Recipe(model="plain", seed=1), 3, -7).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    "wrong", [{"width": MOST_TILES + 1}, {"height": 0}, {"repeat": 99}, {"x": FARTHEST + 1}, {"y": -FARTHEST - 1}]
)
def test_what_is_out_of_range_is_refused(studio: Studio, wrong: dict[str, int]):
    with pytest.raises(StudioError, match=r"\.$"):
        window(studio, RECIPE, **{"x": 0, "y": 0, **wrong})  # type: ignore[arg-type]
