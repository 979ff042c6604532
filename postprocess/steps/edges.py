"""Draw the picture in pencil."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_hex, luma, mix
from postprocess.parameters import colour, number
from postprocess.registry import step
from postprocess.smoothing import blur


@step(
    number("width", "Line width", 0.7, 0.3, 4, 0.1, unit="px"),
    number("strength", "Pressure", 1.0, 0, 4, 0.05),
    number("mix", "How much drawing", 0.9, 0, 1, 0.01),
    colour("ink", "Ink", "#33302b"),
    colour("paper", "Paper", "#f8f2e4"),
    title="Pencil drawing",
    term="edges, difference of Gaussians",
    group="filter",
    order=50,
    summary="Draws the outlines and shading of the picture in ink on paper.",
    neutral={"mix": 0.0},
)
def edges(image: Image, *, width: float, strength: float, mix: float, ink: str, paper: str) -> Image:
    """Lines where a pixel is darker than its surroundings: a difference of Gaussians (Marr & Hildreth 1980, ratio 1.6).

    It is taken relative to the light there and thresholded softly by tanh, as in XDoG (Winnemöller et al. 2012).
    """
    light = luma(image)
    fine, coarse = blur(light, width), blur(light, 1.6 * width)
    # A relative difference draws into shadows too; half a per cent of it is compression, not a line.
    line = np.maximum((coarse - fine) / (coarse + np.float32(0.1)) - np.float32(0.005), 0)
    shade = np.float32(0.25) * np.maximum(np.float32(0.75) - light, 0)
    drawn = np.tanh(np.float32(strength) * (np.float32(14.0) * line + shade))[..., None]
    return _mix(image, _mix(from_hex(paper), from_hex(ink), drawn), mix)


_mix = mix  # the parameter of that name hides the function
