"""Brighter or darker midtones."""

import numpy as np

from postprocess.arrays import Image
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("gamma", "Gamma", 0.75, 0.2, 5, 0.01),
    title="Midtones",
    term="gamma",
    group="colour",
    order=60,
    summary="Brightens (above 1) or darkens (below 1) the midtones; black and white stay.",
    neutral={"gamma": 1.0},
)
def gamma(image: Image, *, gamma: float) -> Image:
    """Raise each channel to the power of 1/`gamma`."""
    return image ** np.float32(1 / gamma)
