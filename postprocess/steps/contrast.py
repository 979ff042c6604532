"""More or less contrast."""

import numpy as np

from postprocess.arrays import Image
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("amount", "Contrast", 1.25, 0, 3, 0.01, unit="×"),
    number("pivot", "Grey that stays", 0.6, 0, 1, 0.01),
    title="Contrast",
    term="contrast about a pivot",
    group="colour",
    order=20,
    summary="Moves light and dark further apart, or closer together.",
    neutral={"amount": 1.0},
)
def contrast(image: Image, *, amount: float, pivot: float) -> Image:
    """Stretch each channel by `amount` about `pivot`."""
    return image * np.float32(amount) + np.float32(pivot * (1 - amount))
