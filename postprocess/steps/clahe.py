"""Bring out local contrast."""

import numpy as np
from skimage.exposure import equalize_adapthist

from postprocess.arrays import Image
from postprocess.colour import luma
from postprocess.parameters import integer, number
from postprocess.registry import step


@step(
    number("clip", "Contrast limit", 0.01, 0.001, 0.1, 0.001),
    integer("tiles", "Tiles a side", 4, 1, 16),
    number("strength", "Strength", 0.7, 0, 1, 0.01),
    title="Local contrast",
    term="contrast-limited adaptive histogram equalisation (CLAHE)",
    group="colour",
    order=80,
    summary="Brings out detail in light and dark parts at once.",
    neutral={"strength": 0.0},
)
def clahe(image: Image, *, clip: float, tiles: int, strength: float) -> Image:
    """Equalise luma tile by tile (Zuiderveld 1994) and add its change to all channels, so that hues stay."""
    light = luma(image)
    if float(light.max() - light.min()) < 1 / 255:
        return image  # nothing to equalise
    height, width = light.shape
    size = (max(2, height // tiles), max(2, width // tiles))
    equal = equalize_adapthist(np.clip(light, 0, 1), kernel_size=size, clip_limit=clip).astype(np.float32)
    return image + (np.float32(strength) * (equal - light))[..., None]
