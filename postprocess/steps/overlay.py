"""Show what the segmentation found."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_hex, from_lab, luma, mix
from postprocess.parameters import choice, colour, number
from postprocess.regions import Regions
from postprocess.registry import step


@step(
    choice("what", "Show", "subject", ("subject", "regions")),
    colour("colour", "Tint of the subject", "#3f7cac"),
    number("strength", "Strength", 0.65, 0, 1, 0.01),
    title="Show what was found",
    term="segmentation overlay",
    group="segmentation",
    order=10,
    summary="Tints the subject, or every region in a colour of its own, so that the segmentation can be seen.",
    neutral={"strength": 0.0},
)
def overlay(image: Image, regions: Regions, *, what: str, colour: str, strength: float) -> Image:
    """Blend a flat tint over the picture; its shading stays visible through it."""
    if what == "subject":
        tint, share = from_hex(colour), np.float32(strength) * regions.subject
    else:
        tint, share = _distinct(len(regions.colours))[regions.labels], np.full_like(regions.subject, strength)
    shaded = tint * (np.float32(0.45) + np.float32(0.65) * luma(image))[..., None]
    return mix(image, shaded, share[..., None])


def _distinct(count: int) -> Image:
    """Colours equally light whose hues lie a golden angle apart: neighbours in number are far apart in hue."""
    hue = np.arange(count) * np.pi * (3 - np.sqrt(5)) + 0.6
    lab = np.stack([np.full(count, 68.0), 48 * np.cos(hue), 48 * np.sin(hue)], axis=1)
    return from_lab(lab.astype(np.float32))
