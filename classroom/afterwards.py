"""Post-processing one step at a time: what it does to a picture's values, what is found in it, what the critic says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postprocess import STEPS, Regions, find_regions
from studio import Rendering

from .errors import ClassroomError
from .specimens import Specimens, reading_of, rounded

BINS = 32
REGIONS = (1, 12)
CHANNELS = ("light", "red", "green", "blue")
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Treated:
    """A picture before and after its steps. `readings`: the critic's, 0 … 100, of the raw picture and after each step
    (None where it has no real pictures to compare with)."""

    rendering: Rendering
    readings: tuple[float | None, ...]

    @property
    def histograms(self) -> dict[str, tuple[list[float], list[float]]]:
        """Of each of CHANNELS, the histogram before and after."""
        before, after = histogram(self.rendering.raw), histogram(self.rendering.picture)
        return {name: (before[name], after[name]) for name in CHANNELS}


def treat(specimens: Specimens, model: object, seed: object, label: object, steps: object) -> Treated:
    """The picture of a seed after a chain of steps, each stage read by the critic. ClassroomError."""
    rendering = specimens.studio.render(specimens.recipe(model, seed, label, steps), critic="all")
    after = [None if each.critic is None else rounded(each.critic.percentile_real) for each in rendering.stages]
    return Treated(rendering, (reading_of(rendering), *after))


def histogram(picture: Array) -> dict[str, list[float]]:
    """Of luma and each colour of a picture H×W×3 in [0, 1]: the share of pixels in each of BINS equal ranges."""
    planes = [picture @ LUMA, *(picture[..., channel] for channel in range(3))]
    counts = [np.histogram(plane.clip(0, 1), BINS, (0.0, 1.0))[0] for plane in planes]
    return {name: (found / found.sum()).round(5).tolist() for name, found in zip(CHANNELS, counts, strict=True)}


@dataclass(frozen=True, eq=False)
class Segmented:
    """A picture, its regions, and both together: the regions in colours of their own, the picture's shading on them."""

    picture: Array
    shown: Array
    regions: Regions

    @property
    def facts(self) -> list[dict[str, Any]]:
        """Of each region its mean colour as "#rrggbb" and its share of the picture, 0 … 1, the largest first."""
        counts = np.bincount(self.regions.labels.ravel(), minlength=len(self.regions.colours))
        found = [
            {"colour": hex_colour(colour), "share": round(float(count) / self.regions.labels.size, 4)}
            for colour, count in zip(self.regions.colours, counts, strict=True)
        ]
        return sorted(found, key=lambda each: -float(each["share"]))


def segment(specimens: Specimens, model: object, seed: object, label: object, count: object) -> Segmented:
    """A picture in at most `count` regions of like colour. ClassroomError."""
    if type(count) is not int or not REGIONS[0] <= count <= REGIONS[1]:
        raise ClassroomError(
            "regions", "A picture is divided into {low} to {high} regions.", low=REGIONS[0], high=REGIONS[1]
        )
    picture = specimens.studio.render(specimens.recipe(model, seed, label), critic="none").raw
    regions = find_regions(picture, count)
    step = STEPS["overlay"]
    shown, _ = step.run(picture, regions, step.validate({"what": "regions", "strength": 0.85}))
    return Segmented(picture, shown, regions)


def hex_colour(colour: Array) -> str:
    """sRGB in [0, 1] as "#rrggbb"."""
    return "#" + "".join(f"{round(float(channel) * 255):02x}" for channel in np.clip(colour, 0, 1))
