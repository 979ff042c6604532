"""Pictures for the screen."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from studio import data_url, picture_accent

RAMP = np.linspace(0, 1, 40 * 40 * 3, dtype=np.float32).reshape(40, 40, 3)


def decoded(url: str) -> Image.Image:
    kind, text = url.split(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    assert kind == f"data:image/{(image.format or '').lower()}"
    return image


SIZES = [(None, 0, 40), (16, 0, 16), (64, 0, 40), (None, 40, 40), (None, 41, 80), (None, 256, 280)]


@pytest.mark.parametrize(("at_most", "at_least", "width"), SIZES)
def test_sizes(at_most, at_least, width):
    assert decoded(data_url(RAMP, at_most=at_most, at_least=at_least)).size == (width, width)


@pytest.mark.parametrize("options", [{}, {"at_most": 20}, {"at_least": 100}])
def test_colours_survive(options):
    smooth = np.broadcast_to(np.array([0.8, 0.4, 0.1], np.float32), (40, 40, 3))
    pixels = np.asarray(decoded(data_url(smooth, **options)).convert("RGB")) / 255
    assert np.abs(pixels - smooth[0, 0]).max() < 0.02


def test_transparency_is_kept():
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30] = 1
    image = decoded(data_url(RAMP, alpha))
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image)[..., 3] / 255, alpha)


@pytest.mark.parametrize(("colour", "channel"), [((0.8, 0.1, 0.1), 0), ((0.1, 0.7, 0.2), 1), ((0.1, 0.2, 0.9), 2)])
def test_the_accent_has_the_pictures_hue(colour, channel):
    picture = np.full((64, 64, 3), 0.9, np.float32)
    picture[16:48, 16:48] = colour
    for text in picture_accent(picture).values():
        assert int(np.argmax([int(text[i : i + 2], 16) for i in (1, 3, 5)])) == channel


def test_grey_pictures_have_an_accent_too():
    accents = picture_accent(np.full((32, 32, 3), 0.5, np.float32))
    assert set(accents) == {"light", "dark"}
