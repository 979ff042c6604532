"""A rendering as a picture file, and the recipe back out of one."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..errors import RecipeError, StudioError
from ..recipe import Recipe, parse_json, shown
from ..rendering import Rendering
from . import png_chunks, xmp
from .encode import to_image

KEYWORD = "latent-atelier"
FORMAT = 1
MAX_WIDTH = 2048  # px of an enlarged picture: the file can still be dropped on the page
FOREIGN = "The recipe in this picture was not written by an atelier."


def to_png(rendering: Rendering, width: int | None = None) -> bytes:
    """The finished picture as an 8-bit PNG, RGB or RGBA, that carries its recipe and says that it is AI-generated.

    `width`: px, to which it is enlarged by Lanczos interpolation, from its own to MAX_WIDTH; StudioError for any other.
    iTXt "latent-atelier": the recipe as JSON, with its format; iTXt "XML:com.adobe.xmp": see `xmp`; and plain
    text for tools that know neither.
    """
    recipe, provenance = rendering.recipe, rendering.provenance
    description = f"AI-generated picture: {rendering.specimen}"
    info = PngInfo()
    text = json.dumps({"format": FORMAT, "recipe": recipe.to_json()}, separators=(",", ":"))
    info.add_itxt(KEYWORD, text, zip=recipe.ws is not None)  # styles are 110 kB of digits
    info.add_itxt(
        "XML:com.adobe.xmp",
        xmp.packet(
            description=description,
            rights=f"{provenance.attribution} {provenance.licence}".strip(),
            system=recipe.model,
            version=recipe.version,
        ),
    )
    info.add_text("Software", xmp.SOFTWARE)
    info.add_text("Description", description)
    out = io.BytesIO()
    _enlarged(to_image(rendering.picture, rendering.alpha), width).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def _enlarged(image: Image.Image, width: int | None) -> Image.Image:
    if width is None or width == image.width:
        return image
    if isinstance(width, bool) or not isinstance(width, int) or not image.width < width <= MAX_WIDTH:
        raise StudioError(f"This picture can be saved from {image.width} to {MAX_WIDTH} px wide, not {shown(width)}.")
    return image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)


def recipe_from_png(source: bytes | Path) -> Recipe:
    """The recipe that `to_png` wrote into a file; no pixel is decoded. RecipeError with one sentence if there is none.

    An unknown format, unknown fields or values out of range are refused: a foreign recipe is not guessed at.
    """
    envelope = parse_json(png_chunks.read_itxt(source, KEYWORD))
    if not isinstance(envelope, dict) or set(envelope) != {"format", "recipe"}:
        raise RecipeError(FOREIGN)
    if envelope["format"] is True or envelope["format"] != FORMAT:
        raise RecipeError(
            f"The recipe in this picture is of format {shown(envelope['format'])}; this atelier reads format {FORMAT}."
        )
    return Recipe.from_json(envelope["recipe"])
