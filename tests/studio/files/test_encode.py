"""Pictures for the screen."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from studio import StudioError, data_url, picture_accent, reference_profile

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


def saved(image: Image.Image, kind: str) -> bytes:
    """A file's content."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "BMP"])
def test_a_reference_of_any_kind_has_the_same_colours(kind: str):
    image = Image.new("RGB", (30, 20), (200, 90, 20))
    image.paste((20, 90, 200), (10, 5, 20, 15))
    assert reference_profile(saved(image, kind)) == reference_profile(saved(image, "PNG"))


def test_what_is_transparent_in_a_reference_has_no_colour():
    image = Image.new("RGBA", (20, 20), (0, 250, 0, 0))
    image.paste((200, 30, 40, 255), (5, 5, 15, 15))
    plain = Image.new("RGB", (20, 20), (255, 255, 255))
    plain.paste((200, 30, 40), (5, 5, 15, 15))
    assert reference_profile(saved(image, "PNG")) == reference_profile(saved(plain, "PNG"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"^This file cannot be read as a picture \(the file is empty\)\.$"),
        (b"text", r"^This file cannot be read as a picture \(it is none, or of a kind that is not read here\)\.$"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "it is HEIC, whatever its name says; export them as JPEG"),
        (saved(Image.new("1", (9000, 8000)), "PNG"), "too large"),
    ],
    ids=["empty", "text", "HEIC", "large"],
)
def test_a_reference_that_is_none_is_one_sentence(content: bytes, sentence: str):
    with pytest.raises(StudioError, match=sentence):
        reference_profile(content)
