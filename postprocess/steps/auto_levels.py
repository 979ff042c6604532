"""Stretch the picture from black to white."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import luma, mix
from postprocess.parameters import flag, number
from postprocess.registry import step


@step(
    number("clip", "Share clipped at either end", 1.0, 0, 10, 0.1, unit="%"),
    flag("neutralise", "Remove the colour cast", True),
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Automatic levels",
    term="histogram stretch",
    group="colour",
    order=70,
    summary="Stretches the picture from black to white; yellowed paper turns white.",
    neutral={"strength": 0.0},
)
def auto_levels(image: Image, *, clip: float, neutralise: bool, strength: float) -> Image:
    """Map the percentile `clip` of luma to 0, and 100 − `clip` of luma or, to neutralise, of each channel to 1.

    The black point is common to all channels: apart, a picture of red fruit has none in red, and would turn green.
    """
    light = luma(image)
    black, white = np.percentile(light, [clip, 100 - clip]).astype(np.float32)
    if white - black < 1 / 8:
        return image  # nearly flat: stretched, its noise would be the picture
    if neutralise:
        white = np.maximum(np.percentile(image, 100 - clip, axis=(0, 1)).astype(np.float32), black + np.float32(1 / 8))
    return mix(image, np.clip((image - black) / (white - black), 0.0, 1.0), strength)
