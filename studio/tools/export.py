"""A walk as a film: its recipes painted one after the other, written as they come, with its recipe beside it."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from generator.storage import whole
from studio import Rendering, Studio, StudioError, to_png

from .enlarge import FACTORS, enlarge, methods
from .film import Film, check_film, write_film
from .labels import Label, label_of
from .walk import Walk, Walker, walk_to_json

Share = Callable[[float], None]
Pixels = NDArray[np.uint8]

PAPER, INK = (247, 242, 232), (43, 38, 33)
CARD_SECONDS = 2.0
REST = 1.5  # times what a frame took, left to another visitor whose hand moves: taking turns alone would leave half
MOST_REST = 0.3  # seconds


@dataclass(frozen=True)
class Wish:
    """How a walk is to be exported: the film's `kind` (see `film.KINDS`), frames a second, `factor` times as large by
    `method`, a sound under it, and a title on a card before it ("" for none)."""

    kind: str = "mp4"
    fps: int = 25
    factor: int = 1
    method: str = "lanczos"
    sound: Path | None = None
    card: str = ""


def export_walk(
    studio: Studio, walk: Walk, path: Path, wish: Wish | None = None, progress: Share | None = None
) -> tuple[Film, Path]:
    """Write a walk's film to `path`, and what it was made from to `path`.json: the walk, and its keys' recipes.

    A frame is what its recipe alone gives. Both files are whole or not there; `progress(share)` may raise to end it.
    Between frames others get their turn. StudioError for what a walk or a film refuses.
    """
    wish = wish or Wish()
    if wish.factor not in FACTORS or wish.method not in methods():
        raise StudioError(f"Frames are enlarged {', '.join(map(str, FACTORS))} times by {' or '.join(methods())}.")
    walker = Walker(studio, walk)
    cards = round(CARD_SECONDS * wish.fps) if wish.card.strip() else 0
    check_film(wish.kind, len(walker) + cards, wish.fps)
    first = studio.render(walker.recipe(0), critic="none")
    label = label_of(first, wish.card.strip() or "A walk")
    painted: dict[int, Rendering] = {}

    def frames() -> Iterator[Pixels]:
        if cards:
            opening = to_pixels(first, wish.factor, wish.method)
            card = title_card(wish.card, first.specimen, opening.shape[1], opening.shape[0])
            yield from [card] * cards
        for number, recipe in enumerate(walker):
            began = time.perf_counter()
            rendering = studio.render(recipe, critic="none")
            painted.clear()
            painted[number + cards] = rendering
            yield to_pixels(rendering, wish.factor, wish.method)
            if studio.others_here:
                time.sleep(min(REST * (time.perf_counter() - began), MOST_REST))

    def encode(number: int, frame: Pixels) -> bytes:
        from_recipe = painted.get(number)
        return to_png(from_recipe) if from_recipe is not None and wish.factor == 1 else labelled_png(frame, label)

    film = write_film(path, frames(), len(walker) + cards, wish.fps, wish.kind, label, wish.sound, encode, progress)
    beside = path.with_name(path.name + ".json")
    try:
        with whole(beside) as draft:
            draft.write_text(json.dumps(description(walker, wish), ensure_ascii=False), encoding="utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return film, beside


def to_pixels(rendering: Rendering, factor: int = 1, method: str = "lanczos") -> Pixels:
    """A rendering's finished picture in 8 bits, `factor` times as large, with its opacity if it has one."""
    picture, alpha = rendering.picture, rendering.alpha
    if factor != 1:
        picture = enlarge(picture, factor, method)
        alpha = None if alpha is None else enlarge(alpha, factor)
    channels = picture if alpha is None else np.dstack([picture, alpha])
    return (channels.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def title_card(title: str, note: str, width: int, height: int) -> Pixels:
    """A card of paper with a title and, smaller, a note and that what follows is AI-generated; H×W×3."""
    card = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(card)
    large, small = (ImageFont.load_default(max(8, round(width / part))) for part in (10, 24))
    text = _wrapped("".join(c if c.isprintable() else " " for c in title)[:120], large, width * 0.86)
    draw.multiline_text((width / 2, height * 0.45), text, INK, large, anchor="mm", align="center")
    below = _wrapped(f"{note[:160]}\nAI-generated", small, width * 0.9)
    draw.multiline_text((width / 2, height * 0.8), below, INK, small, anchor="mm", align="center")
    return np.asarray(card)


def labelled_png(frame: Pixels, label: Label) -> bytes:
    """A frame as a PNG file with its label."""
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", label.packet)
    info.add_text("Description", label.description)
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG", pnginfo=info, compress_level=3)
    return out.getvalue()


def description(walker: Walker, wish: Wish) -> dict[str, Any]:
    """What a film was made from, JSON-able: enough to make it again."""
    return {
        "format": "latent-atelier walk",
        "version": 1,
        "walk": walk_to_json(replace(walker.walk, keys=tuple(walker.keys))),
        "film": {"kind": wish.kind, "fps": wish.fps, "factor": wish.factor, "method": wish.method, "card": wish.card},
    }


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text in lines of at most `width` pixels, broken at spaces."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return "\n".join(lines)
