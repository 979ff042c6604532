"""Lesson 9: seams that vanish, contrasts as the standard has them, loops that close, heights that shade as the picture,
regions measured by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from classroom import uses
from classroom.errors import ClassroomError
from classroom.specimens import Specimens
from postprocess import find_regions
from studio import Studio
from tests.generator.test_house import FOLDER


@pytest.fixture(scope="module")
def specimens() -> Specimens:
    return Specimens(Studio({"wardrobe": FOLDER / "wardrobe"}, "wardrobe"))


def wave(height: int = 32, width: int = 40) -> np.ndarray:
    """A picture that gets lighter to the right and darker downwards, so that its edges do not meet."""
    down, right = np.mgrid[0:height, 0:width]
    light = 0.2 + 0.6 * right / width - 0.15 * down / height
    return np.repeat(light[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("overlap", [0.05, 0.25, 0.5])
def test_a_texture_meets_itself(overlap: float):
    found = uses.texture(wave(), overlap)
    assert found.seams[0] > 10 and found.seams[1] < 1.5
    assert uses.repeated(found.tile, 2).shape[0] == 2 * found.tile.shape[0]
    assert (uses.repeated(found.tile, 2)[: found.tile.shape[0], found.tile.shape[1] :] == found.tile).all()


def test_contrast_is_the_standards():
    assert uses.contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert uses.contrast((0.5, 0.2, 0.1), (0.5, 0.2, 0.1)) == 1
    grey = (0x76 / 255,) * 3  # the darkest grey that the standard's own examples call readable on white
    assert uses.contrast(grey, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("shape", uses.SHAPES)
def test_words_have_room_beside_the_picture_and_can_be_read(specimens: Specimens, shape: str):
    picture = specimens.studio.render(specimens.recipe("wardrobe", 0, 0), critic="none").picture
    told = uses.poster(picture, shape)
    width, height = told["sheet"]
    left, top, wide, tall = told["place"]
    assert left >= 0 and top >= 0 and left + wide <= width and top + tall <= height
    room = {"left": left / width, "above": top / height, "below": 1 - (top + tall) / height}[told["side"]]
    assert room >= 0.24
    assert told["inks"][told["best"]]["contrast"] >= uses.READABLE
    assert [ink["colour"] for ink in told["inks"][-2:]] == ["#000000", "#ffffff"]


def test_a_circle_closes_and_a_line_is_cut(specimens: Specimens):
    loops, recipe = uses.Loops(specimens), specimens.recipe("wardrobe", 0, 0)
    for closed in (True, False):
        changes = [loops.frame(recipe, 2.0, closed, number)[1] for number in range(uses.FRAMES)]
        usual = float(np.median(changes[1:]))
        assert (changes[0] < 3 * usual) == closed
    still = [loops.frame(recipe, 0.0, True, number)[1] for number in range(3)]
    assert still == [0, 0, 0]


def test_heights_are_those_that_cast_the_shade():
    down, right = np.mgrid[0:64, 0:64] / 64
    hills = sum(np.exp(-((down - y) ** 2 + (right - x) ** 2) / 0.006) for y, x in ((0.3, 0.3), (0.6, 0.55), (0.4, 0.7)))
    light = uses.shaded(hills)
    light = 0.5 + 0.4 * light / np.abs(light).max()
    picture = np.repeat(light[..., None], 3, axis=2).astype(np.float32)
    found = uses.terrain(picture, "shading")
    assert np.corrcoef(found.heights.ravel(), hills.ravel())[0, 1] > 0.85
    assert found.likeness > 0.9 > abs(uses.terrain(picture, "lightness").likeness)


def test_a_slope_that_faces_the_sun_is_bright():
    down, right = np.mgrid[0:8, 0:8]
    hill = -np.hypot(down - 3.5, right - 3.5)
    light = uses.shaded(hill)
    assert light[1, 1] > 0 > light[6, 6]


def test_coarse_places_are_means():
    picture = np.random.default_rng(0).random((8, 8, 3), np.float32)
    small = uses.coarse(picture, 4)
    assert small.shape == (4, 4, 3) and np.allclose(small[1, 2], picture[2:4, 4:6].mean(axis=(0, 1)))
    assert (uses.coarse(picture[..., 0], 64) == picture[..., 0]).all()


def test_regions_are_measured_as_by_hand(specimens: Specimens):
    found = uses.labelled(specimens, specimens.recipe("wardrobe", 0, 0), 4, 30)
    assert sum(row["share"] for row in found.rows) == pytest.approx(1, abs=1e-3)
    light = found.grey.mean(axis=2)
    assert sum(row["share"] * row["mean"] for row in found.rows) == pytest.approx(light.mean(), abs=2e-3)
    assert not found.below, "a garment is lighter than its ground"
    mask, subject = light > 0.3, find_regions(found.grey, 4).subject >= 0.5
    assert found.dice == pytest.approx(2 * (mask & subject).sum() / (mask.sum() + subject.sum()), abs=1e-3)
    assert subject.mean() == pytest.approx(sum(row["share"] for row in found.rows if row["subject"]), abs=0.02)
    assert (found.mask[~mask] == found.grey[~mask]).all() and (found.mask[mask] != found.grey[mask]).any()


def test_dice_is_what_two_masks_share():
    first, second = np.array([[True, True, False, False]]), np.array([[True, False, True, True]])
    assert uses.dice(first, second) == 0.4
    assert uses.dice(first, first) == 1 and uses.dice(first, ~first) == 0
    assert uses.dice(first & ~first, first & ~first) == 1


@pytest.mark.parametrize("value", [None, "0.2", True, float("nan"), -1, 9])
def test_what_is_no_number_in_range_is_refused(specimens: Specimens, value: Any):
    recipe = specimens.recipe("wardrobe", 0, 0)
    calls = [
        lambda: uses.texture(wave(), value),
        lambda: uses.poster(wave(), value),
        lambda: uses.Loops(specimens).frame(recipe, value, True, 0),
        lambda: uses.Loops(specimens).frame(recipe, 1.0, True, 99 if value == 9 else value),
        lambda: uses.terrain(wave(), value),
        lambda: uses.labelled(specimens, recipe, value, 50),
        lambda: uses.labelled(specimens, recipe, 4, -value if value == 9 else value),
    ]
    for call in calls:
        with pytest.raises(ClassroomError):
            call()
