import base64

import numpy as np
import pytest

from postprocess import PostprocessError, profile
from postprocess.profiles import check_profile, measure, read_profile

from .pictures import fruit_on_paper, odd_pictures


@pytest.mark.parametrize("name", odd_pictures())
def test_every_picture_has_a_profile_that_reads_back(name):
    image = odd_pictures()[name]
    text = profile(image)
    assert len(text) <= 120 and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    read = read_profile(text)
    assert read is not None
    assert np.allclose(read.mean, measure(image).mean, atol=0.1)
    assert np.allclose(read.covariance, measure(image).covariance, rtol=0.01, atol=1)


def test_tells_pictures_apart():
    assert profile(fruit_on_paper()[0]) != profile(fruit_on_paper(fruit=(0.2, 0.5, 0.2))[0])


def forged(numbers) -> str:
    return base64.urlsafe_b64encode(b"\x01" + np.array(numbers, "<f2").tobytes()).decode().rstrip("=")


def test_forging_well_is_possible():
    assert check_profile(forged([60, 5, 10, 20, 0, 10, 0, 0, 10]))


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "not a profile",
        "====",
        "Ünïcödé",
        profile(fruit_on_paper()[0])[:-2],
        profile(fruit_on_paper()[0]) + "AA",
        "B" + profile(fruit_on_paper()[0])[1:],  # another version
        forged([np.nan, 0, 0, 20, 0, 10, 0, 0, 10]),
        forged([60, np.inf, 0, 20, 0, 10, 0, 0, 10]),
        forged([60, 5, 10, 60000, 0, 10, 0, 0, 10]),  # a blinding gain
        forged([60, 5, 10, 0, 0, 0, 0, 0, 0]),  # no covariance
    ],
)
def test_anything_else_is_refused(text):
    assert not check_profile(text)


def test_a_wrong_picture_has_no_profile():
    with pytest.raises(PostprocessError):
        profile(np.zeros((4, 4, 3)))  # type: ignore[arg-type]
