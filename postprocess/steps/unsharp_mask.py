"""Sharpen by an unsharp mask."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import luma
from postprocess.parameters import number
from postprocess.registry import step
from postprocess.smoothing import blur


@step(
    number("radius", "Radius", 1.0, 0.3, 10, 0.1, unit="px"),
    number("amount", "Strength", 0.9, 0, 4, 0.05),
    number("threshold", "Leave faint edges alone", 0.0, 0, 0.2, 0.005),
    title="Sharpen",
    term="unsharp mask",
    group="filter",
    order=20,
    summary="Makes edges crisper by adding back what a blur would take away.",
    neutral={"amount": 0.0},
)
def unsharp_mask(image: Image, *, radius: float, amount: float, threshold: float) -> Image:
    """Add `amount` × (luma − blurred luma), shrunk by `threshold`; luma alone, so that edges gain no coloured seam."""
    light = luma(image)
    detail = light - blur(light, radius)
    if threshold > 0:
        detail = np.sign(detail) * np.maximum(np.abs(detail) - np.float32(threshold), 0)
    return image + np.float32(amount) * detail[..., None]
