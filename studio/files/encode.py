"""Pictures for the screen: small, fast encodings for a live view, and one accent colour from a picture.

Measured on one core: JPEG of quality 95 takes 0.6 ms at 256² and 0.2 ms at 128², fast PNG 5.0 and 1.6, WebP 3–7: so
JPEG, except for transparent pictures. A browser enlarges by linear interpolation, and each pixel of a small picture
would show as a little square: such pictures are enlarged here, smoothly. What is kept is a PNG with the recipe inside:
see `studio.files.png`.
"""

from __future__ import annotations

import base64
import colorsys
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictures import PicturesError, as_array, decode
from postprocess import profile

from ..errors import StudioError

PAPER = (0.969, 0.949, 0.910)  # the page's grounds, light and dark, that an accent must stand out from
SLATE = (0.098, 0.110, 0.122)
CONTRAST = 4.5  # WCAG 2.2 §1.4.3, AA for text
INK_HUE = 0.06  # a warm brown, for pictures without any colour
_HUES = 24
_REFERENCE_SIDE = 256  # pixels of a reference; its colours need no more

Array = NDArray[np.float32]


def to_image(picture: Array, alpha: Array | None = None) -> Image.Image:
    """H×W×3 in [0, 1] (and H×W alpha) as an 8-bit Pillow picture."""
    channels = picture if alpha is None else np.dstack([picture, alpha])
    return Image.fromarray((channels.clip(0, 1) * 255 + 0.5).astype(np.uint8), "RGB" if alpha is None else "RGBA")


def data_url(picture: Array, alpha: Array | None = None, *, at_most: int | None = None, at_least: int = 0) -> str:
    """A picture as a data URL for an <img>: JPEG, or fast PNG if it has alpha.

    Wider than `at_most` px: reduced to that by area averaging. Narrower than `at_least`: enlarged by the smallest whole
    factor that reaches it, by Lanczos interpolation.
    """
    image = to_image(picture, alpha)
    if at_most is not None and at_most < image.width:
        image = image.resize((at_most, max(at_most * image.height // image.width, 1)), Image.Resampling.BOX)
    elif (factor := -(-at_least // image.width)) > 1:
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if alpha is None:
        image.save(out, "JPEG", quality=95, subsampling=0)
        kind = "jpeg"
    else:
        image.save(out, "PNG", compress_level=1)
        kind = "png"
    return f"data:image/{kind};base64," + base64.b64encode(out.getvalue()).decode("ascii")


def picture_accent(picture: Array) -> dict[str, str]:
    """A picture's most present saturated hue as two colours, readable on light and on dark paper.

    Returns {"light": "#rrggbb", "dark": "#rrggbb"}, each of at least CONTRAST to its ground.
    """
    step = max(picture.shape[0] // 32, 1)
    pixels = picture[::step, ::step].reshape(-1, 3).clip(0, 1)
    high, low = pixels.max(axis=1), pixels.min(axis=1)
    chroma = high - low
    red, green, blue = pixels.T
    spread = np.where(chroma > 0, chroma, 1)
    sectors = (green - blue) / spread, 2 + (blue - red) / spread, 4 + (red - green) / spread
    hue = np.select([high == red, high == green], sectors[:2], sectors[2]) / 6 % 1
    weights = np.bincount((hue * _HUES).astype(int) % _HUES, weights=chroma**2, minlength=_HUES)
    strength = float(weights.max() / len(pixels))
    if strength < 1e-4:
        return {"light": _readable(INK_HUE, 0.25, PAPER), "dark": _readable(INK_HUE, 0.25, SLATE)}
    top = (int(weights.argmax()) + 0.5) / _HUES
    saturation = min(0.35 + 3 * strength**0.5, 0.7)
    return {"light": _readable(top, saturation, PAPER), "dark": _readable(top, saturation, SLATE)}


def reference_profile(data: bytes) -> str:
    """The colours of a visitor's own picture file, as `postprocess.profile` writes them; StudioError if it is none."""
    try:
        image = decode(data, "This file", at_least=2 * _REFERENCE_SIDE).image
    except PicturesError as error:
        raise StudioError(str(error)) from None
    image.thumbnail((_REFERENCE_SIDE, _REFERENCE_SIDE))
    return profile(as_array(image))


def _readable(hue: float, saturation: float, ground: tuple[float, float, float]) -> str:
    """The colour of this hue nearest to the middle of lightness that has enough contrast to its ground."""
    away = -1 if _luminance(ground) > 0.5 else 1
    lightness = 0.5
    while _contrast(colour := colorsys.hls_to_rgb(hue, lightness, saturation), ground) < CONTRAST + 0.1:
        lightness += 0.01 * away
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colour)


def _luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)
