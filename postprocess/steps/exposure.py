"""More or less light."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_linear, to_linear
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("stops", "Exposure", 0.4, -4, 4, 0.05, unit="stops"),
    title="Exposure",
    term="exposure value",
    group="colour",
    order=10,
    summary="Lets more or less light onto the picture; one stop up is twice the light.",
    neutral={"stops": 0.0},
)
def exposure(image: Image, *, stops: float) -> Image:
    """Multiply linear light by 2^`stops`; what passes white is clipped."""
    return from_linear(to_linear(image) * np.float32(2.0**stops))
