"""What generated pictures are used for: one worked example a trade, from the studio's own steps and tools.

Textures that tile (art and design), a picture with room for words (advertising), a loop (film), ground to model on
(architecture), a labelled picture with its regions measured (medicine).
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postprocess import Regions, StepUse, find_regions
from studio import Recipe, StudioError
from studio.tools.directions import Way, closed_form, of_checkpoint
from studio.tools.palette import swatches
from studio.tools.take_home import Layout, border_colour
from studio.tools.texture import seamless
from studio.tools.trades import FORMATS, false_colour, outlined, with_room
from studio.tools.walk import Sweep, Walk, Walker, circular

from .errors import ClassroomError
from .specimens import Specimens

Array = NDArray[np.float32]

OVERLAP = (0.05, 0.5)  # of a side, of a texture
SHAPES = tuple(FORMATS)  # of an advertisement
COLOURS = 6
READABLE = 4.5  # WCAG 2.2 §1.4.3, AA
FRAMES = 24
RADIUS = (0.0, 2.5)  # standard deviations
KEPT = 40  # walks that are kept
GRID = 64  # places a side of a height map that are drawn
SUN = (-1.0, -1.0)  # from the upper left, right and down: where the light of shaded relief comes from
GROUNDS = ("lightness", "shading")
REGIONS = (2, 8)


# ---- art and design: a texture that tiles ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture and the tile made of it. `seams`: how much neighbours across the edge differ, as many times as those
    inside do, of both when repeated: 1 is no seam."""

    picture: Array
    tile: Array
    seams: tuple[float, float]


def texture(picture: Array, overlap: object) -> Texture:
    """A picture H×W×3 made to meet itself at its edges, a share of each side laid over the other. ClassroomError."""
    share = _number(overlap, *OVERLAP)
    tile = seamless(picture, share)
    return Texture(picture, tile, (seam(picture), seam(tile)))


def seam(picture: Array) -> float:
    """The mean difference of pixels that meet where a picture repeats, over that of neighbours inside it."""
    across = np.abs(picture[:, 0] - picture[:, -1]).mean() + np.abs(picture[0] - picture[-1]).mean()
    inside = np.abs(np.diff(picture, axis=1)).mean() + np.abs(np.diff(picture, axis=0)).mean()
    return round(float(across / max(inside, 1e-6)), 2)


def repeated(picture: Array, times: int = 3) -> Array:
    """The picture beside and below itself."""
    return np.tile(picture, (times, times, 1))


# ---- advertising: room for words, and colours that can be read ------------------------------------------------------


def poster(picture: Array, shape: object) -> dict[str, Any]:
    """How a picture lies on a sheet of one of FORMATS with room for words: the sheet's size, the picture's place and
    the ground, and its colours, the largest first, with their contrast to the ground; then black and white. `best`: the
    first one that can be read (black or white always can). ClassroomError."""
    if not isinstance(shape, str) or shape not in FORMATS:
        raise ClassroomError("format", "There is no such shape of advertisement here.")
    width, height, side = FORMATS[shape]
    layout: Layout = with_room(picture, width, height, side)
    ground = border_colour(picture)
    inks = [(swatch.colour, swatch.share) for swatch in swatches(picture, COLOURS)]
    inks += [((0.0, 0.0, 0.0), 0.0), ((1.0, 1.0, 1.0), 0.0)]  # printers have these in any case
    found = [
        {"colour": _hex(colour), "share": round(share, 4), "contrast": round(contrast(colour, ground), 2)}
        for colour, share in inks
    ]
    return {
        "sheet": [layout.width, layout.height],
        "place": [layout.left, layout.top, layout.inner_width, layout.inner_height],
        "side": side,
        "ground": _hex(ground),
        "inks": found,
        "best": next(i for i, (colour, _) in enumerate(inks) if contrast(colour, ground) >= READABLE),
    }


def contrast(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """The contrast ratio of two sRGB colours, 1 … 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted(_luminance(np.array(colour)) for colour in (first, second))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: NDArray[np.float64]) -> float:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


# ---- film: a loop ---------------------------------------------------------------------------------------------------


class Loops:
    """Walks round pictures, prepared once each; their frames are painted one by one."""

    def __init__(self, specimens: Specimens) -> None:
        self._specimens = specimens
        self._ways: dict[str, list[Way]] = {}
        self._walkers: OrderedDict[tuple[Any, ...], Walker] = OrderedDict()

    def frame(self, recipe: Recipe, radius: object, closed: object, number: object) -> tuple[Array, float]:
        """Frame `number` of a walk, and how much it differs from the one before it (the last one before the first), in
        grey levels of 255. `closed`: round in a circle; else there along a line, and cut. ClassroomError."""
        reach = _number(radius, *RADIUS)
        if type(number) is not int or not 0 <= number < FRAMES:
            raise ClassroomError("frame", "This loop has frames 0 to {last}.", last=FRAMES - 1)
        walker = self._walker(recipe, reach, closed is True)
        now, before = (
            self._specimens.studio.render(walker.recipe(i), critic="none").picture for i in (number, number - 1)
        )
        return now, round(float(np.abs(now - before).mean()) * 255, 2)

    def _walker(self, recipe: Recipe, radius: float, closed: bool) -> Walker:
        key = (recipe, radius, closed)
        walker = self._walkers.pop(key, None) or self._prepared(recipe, radius, closed)
        self._walkers[key] = walker
        while len(self._walkers) > KEPT:
            self._walkers.popitem(last=False)
        return walker

    def _two(self, model: str) -> list[Way]:
        """Two directions: those that the model came with; else of closed form, which take a second to find."""
        studio = self._specimens.studio
        names = [d["name"] for told in studio.models() if told["name"] == model for d in told["directions"][:2]]
        try:
            return (
                [of_checkpoint(studio, model, name) for name in names]
                if len(names) == 2
                else closed_form(studio, model, 2)
            )
        except StudioError as error:
            raise ClassroomError("no_ways", "This model has no directions to walk along.") from error

    def _prepared(self, recipe: Recipe, radius: float, closed: bool) -> Walker:
        studio = self._specimens.studio
        if recipe.model not in self._ways:
            self._ways[recipe.model] = self._two(recipe.model)
        first, second = self._ways[recipe.model]
        if closed:
            return Walker(studio, circular(studio, recipe, first, second, radius, FRAMES))
        along = tuple(float(at) for at in np.linspace(-radius, radius, FRAMES))
        walk = Walk(
            (studio.normalise(recipe),), FRAMES, "linear", ways=(first,), sweeps=(Sweep("way.0", along, "none"),)
        )
        return Walker(studio, walk)


# ---- architecture: ground to build a model on -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Terrain:
    """Heights H×W in [0, 1]; `likeness`: the correlation (−1 … 1) of the picture's light with that of these heights lit
    from SUN; `steepest`: the share of places that rise by more than a tenth of all height from one to the next."""

    heights: Array
    likeness: float
    steepest: float


def terrain(picture: Array, kind: object) -> Terrain:
    """Heights guessed from a picture H×W×3: from its "lightness", or from its "shading". ClassroomError."""
    if kind not in GROUNDS:
        raise ClassroomError("ground", "Heights are guessed from lightness or from shading.")
    light = picture.mean(axis=2, dtype=np.float64)
    heights = light if kind == "lightness" else height_from_shading(light)
    low, high = np.percentile(heights, [0.5, 99.5])
    scaled = ((heights - low) / max(high - low, 1e-9)).clip(0, 1).astype(np.float32)
    lit, seen = shaded(scaled), light - light.mean()
    norm = float(np.sqrt((lit**2).sum() * (seen**2).sum()))
    likeness = float((lit * seen).sum()) / norm if norm else 0.0
    steep = np.maximum(np.abs(np.diff(scaled, axis=0))[:, :-1], np.abs(np.diff(scaled, axis=1))[:-1]) > 0.1
    return Terrain(scaled, round(likeness, 2), round(float(steep.mean()), 4))


def height_from_shading(light: NDArray[np.float64], noise: float = 0.003) -> NDArray[np.float64]:
    """Heights H×W whose slopes towards SUN are the light's differences from its mean: linear shape from shading
    (Pentland 1990, "Linear shape from shading"), solved frequency by frequency. Where a wave runs along the light it
    casts no shade, and `noise` keeps what cannot be seen at nothing."""
    height, width = light.shape
    # Frequencies repeat the picture; mirrored, it would be lit from elsewhere; so it fades to its mean at the border.
    window = np.outer(_window(height), _window(width))
    shade = np.fft.fft2((light - light.mean()) * window)
    fy, fx = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    slope = -2j * np.pi * (SUN[0] * fx + SUN[1] * fy) / np.hypot(*SUN)
    return np.fft.ifft2(shade * slope.conj() / (np.abs(slope) ** 2 + noise)).real


def shaded(heights: NDArray[np.floating]) -> NDArray[np.float64]:
    """The light on heights from SUN, to first order: their slope towards it, its mean taken away."""
    down, right = np.gradient(heights.astype(np.float64))
    light = -(SUN[0] * right + SUN[1] * down) / np.hypot(*SUN)
    return light - light.mean()


def _window(size: int) -> NDArray[np.float64]:
    """1 inside, falling to 0 over a sixteenth of the side at either end."""
    edge = max(size // 16, 1)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    return np.concatenate([ramp, np.ones(size - 2 * edge), ramp[::-1]])


def coarse(picture: Array, side: int = GRID) -> Array:
    """A picture or heights as `side`×`side` places, each the mean of its own, where the picture has more."""
    factor = max(picture.shape[0] // side, 1)
    rows, columns = (length // factor for length in picture.shape[:2])
    parts = picture[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor, -1)
    return parts.mean(axis=(1, 3)).reshape(rows, columns, *picture.shape[2:])


def as_bytes(values: Array) -> str:
    """Values in [0, 1] as bytes in base64."""
    return base64.b64encode((values.clip(0, 1) * 255).round().astype(np.uint8).tobytes()).decode("ascii")


# ---- medicine: a labelled picture -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Labelled:
    """A grey picture, the same in false colour, with its regions outlined, and a mask drawn at a threshold.

    `rows`: of each region its share of the picture (0 … 1), centre (0 … 1 right and down), mean and spread of its light
    (0 … 1), and whether it belongs to the subject; the largest first. `dice`: how well the mask and the subject agree.
    """

    grey: Array
    coloured: Array
    outlined: Array
    mask: Array
    rows: list[dict[str, Any]]
    dice: float
    below: bool


def labelled(specimens: Specimens, recipe: Recipe, count: object, threshold: object) -> Labelled:
    """A picture with its label: at most `count` regions; and the pixels darker (or lighter, if the subject is lighter
    than its ground) than a threshold in per cent. ClassroomError."""
    if type(count) is not int or not REGIONS[0] <= count <= REGIONS[1]:
        low, high = REGIONS
        raise ClassroomError("regions", "A picture is divided into {low} to {high} regions.", low=low, high=high)
    limit = _number(threshold, 0, 100) / 100
    grey = StepUse("saturation", parameters={"amount": 0.0})
    picture = specimens.studio.render(replace(recipe, steps=(grey,)), critic="none").picture
    light, regions = picture.mean(axis=2), find_regions(picture, count)
    inside = regions.subject >= 0.5
    parted = bool(inside.any() and not inside.all())
    below = not parted or float(light[inside].mean()) < float(light[~inside].mean())
    mask = light < limit if below else light > limit
    painted = picture.copy()
    painted[mask] = picture[mask] * 0.4 + np.array((0.95, 0.55, 0.1), np.float32) * 0.6
    drawn = outlined(picture, regions.labels)
    rows = measured(light, regions)
    return Labelled(picture, false_colour(light), drawn, painted, rows, dice(mask, inside), below)


def measured(light: Array, regions: Regions) -> list[dict[str, Any]]:
    """What is measured of each region, see `Labelled.rows`."""
    rows = []
    for region in range(len(regions.colours)):
        down, right = np.nonzero(regions.labels == region)
        values = light[down, right]
        rows.append(
            {
                "share": round(len(values) / light.size, 4),
                "centre": [
                    round(float(right.mean()) / light.shape[1], 3),
                    round(float(down.mean()) / light.shape[0], 3),
                ],
                "mean": round(float(values.mean()), 3),
                "spread": round(float(values.std()), 3),
                "subject": bool(regions.subject[down, right].mean() >= 0.5),
            }
        )
    return sorted(rows, key=lambda row: -float(row["share"]))


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice's coefficient (1945) of two masks: twice what they share, over all that either has; 1 if both are empty."""
    both = int(first.sum()) + int(second.sum())
    return round(2 * int((first & second).sum()) / both, 3) if both else 1.0


# ---- what all of them use -------------------------------------------------------------------------------------------


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ClassroomError("dial", "This dial goes from {low} to {high}.", low=f"{low:g}", high=f"{high:g}")
    return float(value)


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colour)
