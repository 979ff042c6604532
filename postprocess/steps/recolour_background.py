"""Dye the ground."""

import colorsys

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import luma, mix
from postprocess.matting import without_rim
from postprocess.parameters import number
from postprocess.regions import Regions
from postprocess.registry import step


@step(
    number("hue", "Hue", 205, 0, 360, 1, unit="°"),
    number("saturation", "Saturation", 0.2, 0, 1, 0.01),
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Dye the ground",
    term="background hue and saturation",
    group="segmentation",
    order=40,
    summary="Gives the paper another colour and keeps its texture and shadows.",
    where=("all",),
    neutral={"strength": 0.0},
)
def recolour_background(image: Image, regions: Regions, *, hue: float, saturation: float, strength: float) -> Image:
    """Multiply the ground's luma by a colour of full value (HSV) with this hue and saturation."""
    dye = np.array(colorsys.hsv_to_rgb(hue / 360, saturation, 1.0), np.float32)
    dyed = mix(luma(image)[..., None] * dye, without_rim(image, regions.subject), regions.subject[..., None])
    return mix(image, dyed, strength)
