from __future__ import annotations

import numpy as np
import pytest

from studio import Recipe, Studio, StudioError
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
