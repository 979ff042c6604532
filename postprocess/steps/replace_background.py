import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_hex, luma, mix
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
    """Blend to the new ground by the mask; `shadows` of the old ground's darkening against its lightest stays."""
    ground = np.broadcast_to(from_hex(colour), image.shape)
    if style == "gradient":
        t = np.linspace(0, 1, len(image), dtype=np.float32)[:, None, None]
        ground = np.broadcast_to(mix(from_hex(colour), from_hex(second), t * t * (3 - 2 * t)), image.shape)
    light = luma(image)
    outside = light[regions.subject < 0.5]
    paper = float(np.percentile(outside, 75)) if outside.size else 1.0
    shade = np.minimum(light / np.float32(max(paper, 1e-3)), 1)
    shade = 1 - np.float32(shadows) * (1 - shade)
    return mix(ground * shade[..., None], image, regions.subject[..., None])
