"""Fill regions with their mean colour."""

from postprocess.arrays import Image
from postprocess.colour import mix
from postprocess.parameters import number
from postprocess.regions import Regions, mean_colours
from postprocess.registry import step


@step(
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Flat regions",
    term="region posterisation",
    group="segmentation",
    order=70,
    summary="Fills every region with its mean colour, like a screen print.",
    neutral={"strength": 0.0},
)
def posterise_regions(image: Image, regions: Regions, *, strength: float) -> Image:
    """Blend towards the mean, over each region, of the picture as it now is."""
    return mix(image, mean_colours(image, regions.labels)[regions.labels], strength)
