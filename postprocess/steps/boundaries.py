"""Outline subject or regions."""

import numpy as np
from scipy import ndimage

from postprocess.arrays import Image
from postprocess.colour import from_hex, mix
from postprocess.parameters import choice, colour, number
from postprocess.regions import Regions
from postprocess.registry import step


@step(
    choice("what", "Outline", "subject", ("subject", "regions")),
    colour("colour", "Colour", "#2b2a33"),
    number("width", "Line width", 1.2, 0.5, 6, 0.1, unit="px"),
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Outline",
    term="region boundaries",
    group="segmentation",
    order=60,
    summary="Draws a line round the subject, or round every region of like colour.",
    neutral={"strength": 0.0},
)
def boundaries(image: Image, regions: Regions, *, what: str, colour: str, width: float, strength: float) -> Image:
    """A line centred between pixels of different label, `width` wide, its edge smoothed over one pixel."""
    labels = regions.labels if what == "regions" else regions.subject >= 0.5
    border = np.zeros(labels.shape, bool)
    border[:-1] |= labels[:-1] != labels[1:]
    border[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    if not border.any():
        return image
    distance = ndimage.distance_transform_edt(~border).astype(np.float32)
    line = np.clip(np.float32(width / 2 + 0.5) - distance, 0, 1)
    return mix(image, from_hex(colour), np.float32(strength) * line[..., None])
