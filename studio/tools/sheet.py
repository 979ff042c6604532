"""A contact sheet: hundreds of recipes painted, sorted by what is seen, near-duplicates hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postprocess.colour import to_lab
from studio import MAX_SEED, Reading, Recipe, Rendering, Studio, StudioError

Share = Callable[[float], None]
Floats = NDArray[np.float32]

MOST = 1000
SIDES = (16, 256)  # px of a thumbnail
MAX_BYTES = 96 << 20  # of all thumbnails
GRID = 12  # a picture's likeness is told from so many squares a side
GROUND = 10.0  # ΔE from the border's colour that belongs to the subject
ALIKE = 5.0  # ΔE between squares, on average, below which two pictures are called the same


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen of one picture: `thumbnail` S×S×3 uint8; `lightness` 0 … 100, `chroma` and `hue` (turns from red,
    0 … 1) of the subject's mean colour; `size`: the share of the picture that differs from its border, 0 … 1; `grid`:
    GRID×GRID×3, the picture's squares in L*a*b*."""

    thumbnail: NDArray[np.uint8]
    lightness: float
    chroma: float
    hue: float
    size: float
    grid: Floats

    @property
    def picture(self) -> Floats:
        """The thumbnail S×S×3 in [0, 1]."""
        return self.thumbnail.astype(np.float32) / np.float32(255)


@dataclass(frozen=True, eq=False)
class Entry:
    """One picture of a sheet; `reading` is None where none was asked for or there is no critic."""

    recipe: Recipe  # normalised
    look: Look
    reading: Reading | None

    def report(self) -> dict[str, Any]:
        """JSON-able, without the picture."""
        look = self.look
        return {
            "recipe": self.recipe.to_json(),
            "critic": None if self.reading is None else self.reading.report(),
            "lightness": round(look.lightness, 2),
            "chroma": round(look.chroma, 2),
            "hue": round(look.hue, 4),
            "size": round(look.size, 4),
        }


def seeds_from(recipe: Recipe, count: int, first: int | None = None) -> list[Recipe]:
    """`recipe` with `count` seeds in a row from `first` (None: its own), round the end of the range to 0, in place of
    whatever it is made from. StudioError for more than MOST."""
    if not 1 <= count <= MOST:
        raise StudioError(f"A sheet has 1 to {MOST} pictures, not {count}.")
    start = recipe.seed if first is None else first
    return [replace(recipe, latent=None, ws=None, seed=(start + i) % (MAX_SEED + 1)) for i in range(count)]


def paint(
    studio: Studio, recipes: Sequence[Recipe], side: int = 128, critic: bool = True, progress: Share | None = None
) -> Iterator[Entry]:
    """The entries of a sheet, one by one as they are painted; `progress` hears the share that is done, and may raise.

    StudioError for more than MOST recipes or thumbnails that would take more than MAX_BYTES; RecipeError for one that
    does not fit its model.
    """
    if len(recipes) > MOST:
        raise StudioError(f"A sheet has at most {MOST} pictures, not {len(recipes)}.")
    if not SIDES[0] <= side <= SIDES[1] or len(recipes) * side * side * 3 > MAX_BYTES:
        raise StudioError(f"{len(recipes)} thumbnails of {side} px are too many, or not {SIDES[0]} to {SIDES[1]} px.")
    for number, recipe in enumerate(ahead(studio, recipes, critic), start=1):
        yield entry_of(studio.render(recipe, critic="raw" if critic else "none"), side)
        if progress is not None:
            progress(number / len(recipes))


def ahead(studio: Studio, recipes: Sequence[Recipe], critic: bool = False) -> Iterator[Recipe]:
    """The recipes, each when its raw picture is painted, with the next few on all cores; errors as `paint_ahead`."""
    for number, recipe in enumerate(recipes):
        if number % studio.at_once == 0:
            studio.paint_ahead(recipes[number : number + studio.at_once], critic)
        yield recipe


def entry_of(rendering: Rendering, side: int = 128) -> Entry:
    """A rendered picture as it stands on a sheet; over white where it is transparent."""
    picture, alpha = rendering.picture, rendering.alpha
    if alpha is not None:
        picture = picture * alpha[..., None] + (1 - alpha[..., None])
    return Entry(rendering.recipe, look_at(picture, side), rendering.critic)


def look_at(picture: Floats, side: int = 128) -> Look:
    """What is seen of a picture H×W×3 in [0, 1]."""
    pixels = (picture.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    image = Image.fromarray(pixels)
    small = np.asarray(image.resize((4 * GRID, 4 * GRID), Image.Resampling.BOX), np.float32) / np.float32(255)
    lab = to_lab(small)
    subject = np.linalg.norm(lab - _border_colour(lab), axis=-1) > GROUND
    colour = lab[subject].mean(axis=0) if subject.any() else lab.mean(axis=(0, 1))
    if pixels.shape[:2] != (side, side):
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    return Look(
        thumbnail=np.asarray(image),
        lightness=float(colour[0]),
        chroma=float(np.hypot(colour[1], colour[2])),
        hue=float(np.arctan2(colour[2], colour[1]) / (2 * np.pi) % 1.0),
        size=float(subject.mean()),
        grid=lab.reshape(GRID, 4, GRID, 4, 3).mean(axis=(1, 3)).astype(np.float32),
    )


def _border_colour(lab: Floats) -> Floats:
    edges = np.concatenate([lab[:2].reshape(-1, 3), lab[-2:].reshape(-1, 3), lab[:, :2].reshape(-1, 3)])
    return np.median(np.concatenate([edges, lab[:, -2:].reshape(-1, 3)]), axis=0).astype(np.float32)


ORDERS: dict[str, Callable[[Entry], float]] = {
    "critic": lambda entry: -entry.reading.logit if entry.reading is not None else float("inf"),
    "hue": lambda entry: entry.look.hue,
    "lightness": lambda entry: entry.look.lightness,
    "chroma": lambda entry: -entry.look.chroma,
    "size": lambda entry: -entry.look.size,
}


def arrange(entries: Iterable[Entry], by: str = "seed", like: Entry | None = None) -> list[Entry]:
    """Sorted by "seed" (as they are), "likeness" to `like`, nearest first, or one of ORDERS, the most of it first
    ("hue" and "lightness": the least). What is equal stays in its order. StudioError for another word."""
    given = list(entries)
    if by == "seed":
        return given
    if by == "likeness":
        if like is None:
            raise StudioError("Choose the picture that the others are to be like.")
        distances = {id(entry): distance(entry, like) for entry in given}
        return sorted(given, key=lambda entry: distances[id(entry)])
    if by not in ORDERS:
        raise StudioError(f"A sheet is sorted by seed, likeness, {', '.join(ORDERS)}, not by {by!r}.")
    return sorted(given, key=ORDERS[by])


def distance(first: Entry, second: Entry) -> float:
    """How far two pictures are apart: ΔE between their squares, root mean square."""
    return float(np.sqrt(((first.look.grid - second.look.grid) ** 2).sum() / (GRID * GRID)))


def without_duplicates(entries: Sequence[Entry], alike: float = ALIKE) -> tuple[list[Entry], list[Entry]]:
    """The entries without those that are nearer than `alike` to an earlier one that is shown; and the hidden ones."""
    shown: list[Entry] = []
    hidden: list[Entry] = []
    kept = np.empty((len(entries), GRID, GRID, 3), np.float32)
    for entry in entries:
        apart = ((kept[: len(shown)] - entry.look.grid) ** 2).sum(axis=(1, 2, 3)) / (GRID * GRID)
        if len(shown) and apart.min() < alike**2:
            hidden.append(entry)
        else:
            kept[len(shown)] = entry.look.grid
            shown.append(entry)
    return shown, hidden
