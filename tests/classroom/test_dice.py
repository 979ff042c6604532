"""The dial and the map of wardrobe: slices add up to the whole, and figures say what they claim to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from classroom.dice import ACROSS, COUNT, DOTS, REACH, Dice
from classroom.errors import ClassroomError
from generator import draw_z
from tests.generator.test_house import FOLDER


@pytest.fixture(scope="module")
def dice() -> Dice:
    return Dice(FOLDER / "wardrobe")


def test_a_roll_grows_slice_by_slice_and_is_painted_once(dice: Dice):
    pictures, readings, figures = dice.roll(0.7, 2, 0.0)
    assert len(pictures) == len(readings) == 1 and figures is None
    z = draw_z(0, dice.model.z_dim)[None]
    expected = dice.model.synthesize(dice.model.map(z, [2], psi=0.7)).clamp(-1, 1) / 2 + 0.5
    assert np.allclose(pictures[0, :, :, 0], expected[0, 0], atol=1e-6)
    assert len(dice.roll(0.7, 2, 0.0)[0]) == 2
    assert len(dice.roll(0.7, 3, 0.0)[0]) == 1


def test_without_dice_all_pictures_are_doubles(dice: Dice):
    pictures, readings, figures = dice.roll(0.0, 4, 60.0)
    assert len(pictures) == COUNT and figures is not None
    assert figures["spread"] == pytest.approx(0, abs=1e-3) and figures["doubles"] == COUNT
    assert figures["reading"] == pytest.approx(np.mean(readings), abs=0.06)
    assert np.abs(pictures - pictures[:1]).max() < 1e-5


def test_the_middle_of_the_map_is_the_average_of_the_class(dice: Dice):
    picture, reading = dice.at(0, 0, 5)
    average = dice.model.map(torch.zeros(1, dice.model.z_dim), [5], psi=0.0)
    image = dice.model.synthesize(average)
    assert np.allclose(picture[:, :, 0], (image.clamp(-1, 1) / 2 + 0.5)[0, 0], atol=1e-6)
    assert dice.model.calibration is not None
    logit = float(dice.model.criticize(image, [5])[0])
    assert reading == pytest.approx(dice.model.calibration.percentile_real(logit), abs=0.06)


def test_the_map_begins_at_its_upper_left(dice: Dice):
    pictures, readings = dice.map(5, 0.0)
    picture, reading = dice.at(-REACH, REACH, 5)
    assert len(pictures) == 1 < ACROSS**2 and np.allclose(pictures[0], picture) and readings == [reading]


@pytest.mark.parametrize("psi", [-0.1, 1.6, float("nan"), "0.7", None, True])
def test_a_setting_that_the_dial_lacks_is_refused(dice: Dice, psi: object):
    with pytest.raises(ClassroomError):
        dice.roll(psi, None, 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("x", "y", "label"), [(9, 0, 0), (0, float("inf"), 0), ("0", 0, 0), (0, 0, 77), (0, 0, "bag")])
def test_a_place_off_the_map_is_refused(dice: Dice, x: object, y: object, label: object):
    with pytest.raises(ClassroomError):
        dice.at(x, y, label)  # type: ignore[arg-type]


def test_the_clouds_are_the_networks_z_and_w(dice: Dice):
    whole, half = dice.clouds(2, 1.0), dice.clouds(2, 0.5)
    assert len(whole["z"]) == len(whole["w"]) == DOTS and whole["z"] == half["z"]
    assert np.allclose(np.array(whole["w"]) / 2, half["w"], atol=2e-3)
    assert whole["z"][5] == pytest.approx(draw_z(5, dice.model.z_dim)[:2].tolist(), abs=1e-3)
    assert np.std([w for w, _ in whole["w"]], ddof=1) == pytest.approx(1, abs=0.01)  # in its own standard deviations
    assert sum(whole["share"]) > sum(whole["share_z"])
    assert np.allclose(dice.clouds(2, 0.0)["w"], 0)


def test_a_dot_is_its_seeds_picture(dice: Dice):
    picture, reading = dice.seed(7, 2, 0.7)
    ws = dice.model.map(draw_z(7, dice.model.z_dim)[None], [2], psi=0.7)
    expected = (dice.model.synthesize(ws)[0].clamp(-1, 1) * 0.5 + 0.5).permute(1, 2, 0).numpy()
    assert np.allclose(picture, expected, atol=1e-4) and 0 <= reading <= 100
    for seed in (-1, DOTS, 0.5, None):
        with pytest.raises(ClassroomError):
            dice.seed(seed, 2, 0.7)
