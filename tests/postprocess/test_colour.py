import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from postprocess import colour


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    corners = np.stack(np.meshgrid([0, 0.02, 0.5, 1], [0, 0.02, 0.5, 1], [0, 0.02, 0.5, 1]), -1).reshape(-1, 3)
    return np.concatenate([corners, np.random.RandomState(0).rand(500, 3)]).astype(np.float32)


def test_lab_agrees_with_scikit_image(samples):
    assert np.abs(colour.to_lab(samples) - rgb2lab(samples.astype(float))).max() < 0.05


def test_rgb_from_lab_agrees_with_scikit_image():
    inside_gamut = np.array([[50, 20, 10], [80, -20, 30], [20, 5, -20], [95, 0, 5], [3, 0, 0]], np.float32)
    assert np.abs(colour.from_lab(inside_gamut) - lab2rgb(inside_gamut.astype(float))).max() < 1e-3


def test_there_and_back_is_the_same_colour(samples):
    assert np.abs(colour.from_lab(colour.to_lab(samples)) - samples).max() < 1e-3
    assert np.abs(colour.from_linear(colour.to_linear(samples)) - samples).max() < 1e-5


def test_colours_outside_the_gamut_are_clipped():
    wild = colour.from_lab(np.array([[50, 120, -120], [100, 50, 50], [-10, 0, 0]], np.float32))
    assert wild.min() >= 0 and wild.max() <= 1


def test_conversions_stay_in_single_precision_and_leave_their_input(samples):
    before = samples.copy()
    for convert in (colour.to_linear, colour.from_linear, colour.to_lab, colour.from_lab, colour.luma):
        assert convert(samples).dtype == np.float32
    assert np.array_equal(samples, before)


def test_linear_light_of_mid_grey():
    assert colour.to_linear(np.array([0.5], np.float32))[0] == pytest.approx(0.21404, abs=1e-4)


def test_white_has_luma_one():
    assert colour.luma(np.ones((1, 3), np.float32))[0] == pytest.approx(1)


def test_hex_colours():
    assert np.array_equal(colour.from_hex("#ff0080") * 255, [255, 0, 128])


def test_mix_at_its_ends():
    first, second = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    assert np.array_equal(colour.mix(first, second, 0), first)
    assert np.array_equal(colour.mix(first, second, 1), second)
