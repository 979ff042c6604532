"""Warmer or cooler light."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import LUMA, from_linear, to_linear
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("temperature", "Cooler to warmer", 40, -100, 100, 1),
    number("tint", "Greener to pinker", 0, -100, 100, 1),
    title="Warmth",
    term="colour temperature and tint",
    group="colour",
    order=50,
    summary="Shifts the light from cool blue to warm amber, and from green to pink.",
    neutral={"temperature": 0.0, "tint": 0.0},
)
def temperature(image: Image, *, temperature: float, tint: float) -> Image:
    """Scale linear light, red against blue and green against both, by at most one stop; grey keeps its luma."""
    warm, pink = temperature / 100, tint / 100
    gain = 2.0 ** np.array([0.5 * warm + 0.25 * pink, -0.5 * pink, -0.5 * warm + 0.25 * pink])
    gain /= float(LUMA @ gain)
    return from_linear(to_linear(image) * gain.astype(np.float32))
