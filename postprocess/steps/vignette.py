"""Darken the corners."""

import numpy as np

from postprocess.arrays import Image
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("amount", "Strength", 0.35, 0, 1, 0.01),
    number("radius", "Clear centre", 0.45, 0, 1, 0.01),
    title="Dark corners",
    term="vignette",
    group="filter",
    order=70,
    summary="Darkens the picture towards its corners and draws the eye to the middle.",
    neutral={"amount": 0.0},
)
def vignette(image: Image, *, amount: float, radius: float) -> Image:
    """Multiply by 1 in the middle and 1 − `amount` at the corners; `radius` 1 is the distance of a corner."""
    height, width = image.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    distance = np.sqrt((x * x + y * y) / np.float32(2.0))
    t = np.clip((distance - np.float32(radius)) / np.float32(max(1 - radius, 1e-3)), 0, 1)
    shade = 1 - np.float32(amount) * t * t * (3 - 2 * t)
    return image * shade[..., None]
