"""Put the subject before another ground."""

import numpy as np

from postprocess.arrays import Image, Mask
from postprocess.colour import from_hex, luma, mix
from postprocess.matting import spread, without_rim
from postprocess.parameters import choice, colour, number
from postprocess.regions import Regions
from postprocess.registry import step


@step(
    choice("style", "Style", "gradient", ("colour", "gradient")),
    colour("colour", "Colour", "#e9dcc3"),
    colour("second", "Lower colour of the gradient", "#a9bdb0"),
    number("shadows", "Keep shadows", 0.5, 0, 1, 0.01),
    title="Another ground",
    term="background replacement",
    group="segmentation",
    order=50,
    summary="Puts the subject before a plain colour or a soft gradient of two.",
    where=("all",),
)
def replace_background(
    image: Image, regions: Regions, *, style: str, colour: str, second: str, shadows: float
) -> Image:
    """Composite over the new ground by the mask; `shadows` is the share of the old ground's shadows that stays."""
    ground = np.broadcast_to(from_hex(colour), image.shape)
    if style == "gradient":
        t = np.linspace(0, 1, len(image), dtype=np.float32)[:, None, None]
        ground = np.broadcast_to(mix(from_hex(colour), from_hex(second), t * t * (3 - 2 * t)), image.shape)
    subject = without_rim(image, regions.subject)
    return mix(ground * _shade(image, regions, shadows)[..., None], subject, regions.subject[..., None])


def _shade(image: Image, regions: Regions, strength: float) -> Mask:
    """The old ground's darkening against its lightest, 1 where there is none; too smooth to hold handwriting."""
    outside = regions.subject < 0.5
    if not outside.any():
        return np.ones_like(regions.subject)
    smooth, _ = spread(image, 1 - regions.subject, max(image.shape[:2]) / 64)
    light = luma(smooth)
    paper = np.float32(np.percentile(light[outside], 75))
    shade = np.minimum(light / np.maximum(paper, np.float32(1e-3)) + np.float32(0.05), 1)
    return 1 - np.float32(strength) * (1 - shade)
