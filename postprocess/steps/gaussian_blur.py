"""Blur with a Gaussian."""

from postprocess.arrays import Image
from postprocess.parameters import number
from postprocess.registry import step
from postprocess.smoothing import blur


@step(
    number("sigma", "Radius (standard deviation)", 1.5, 0, 20, 0.1, unit="px"),
    title="Blur",
    term="Gaussian blur",
    group="filter",
    order=10,
    summary="Softens everything evenly, as a lens out of focus would.",
    neutral={"sigma": 0.0},
)
def gaussian_blur(image: Image, *, sigma: float) -> Image:
    """Convolve with a Gaussian; the edge is mirrored."""
    return blur(image, sigma)
