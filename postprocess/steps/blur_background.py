"""Blur the ground."""

from postprocess.arrays import Image
from postprocess.colour import mix
from postprocess.matting import spread
from postprocess.parameters import number
from postprocess.regions import Regions
from postprocess.registry import step


@step(
    number("sigma", "Radius (standard deviation)", 4.0, 0, 20, 0.1, unit="px"),
    title="Blur the ground",
    term="background blur",
    group="segmentation",
    order=30,
    summary="Blurs everything but the subject: pencil frame, handwriting and stains melt into the paper.",
    where=("all",),
    neutral={"sigma": 0.0},
)
def blur_background(image: Image, regions: Regions, *, sigma: float) -> Image:
    """Blur with the weights of the ground, so that the subject's colour does not bleed into it."""
    ground = 1 - regions.subject
    blurred, trust = spread(image, ground, sigma)
    return mix(image, blurred, (ground * trust)[..., None])
