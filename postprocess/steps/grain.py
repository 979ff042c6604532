"""Add film grain."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import luma
from postprocess.parameters import integer, number
from postprocess.registry import step
from postprocess.smoothing import blur


@step(
    number("amount", "Strength", 0.05, 0, 0.4, 0.01),
    number("size", "Grain size", 0.6, 0, 3, 0.1, unit="px"),
    integer("seed", "Seed", 0, 0, 2**32 - 1),
    title="Grain",
    term="film grain, luminance noise",
    group="filter",
    order=60,
    summary="Strews fine noise over the picture, as film or rough paper does; the same seed, the same grain.",
    neutral={"amount": 0.0},
)
def grain(image: Image, *, amount: float, size: float, seed: int) -> Image:
    """Add Gaussian noise of standard deviation `amount` at mid-grey and less towards black and white."""
    # RandomState, not Generator: NumPy has frozen its stream, so the same recipe is the same picture everywhere.
    noise = np.random.RandomState(seed).standard_normal(image.shape[:2]).astype(np.float32)
    if size > 0:
        noise = blur(noise, size)
        noise /= max(float(noise.std()), 1e-6)
    light = luma(image)
    weight = np.float32(0.4) + np.float32(2.4) * light * (1 - light)
    return image + (np.float32(amount) * weight * noise)[..., None]
