"""Reduce the picture to a few colours."""

from postprocess.arrays import Image
from postprocess.clustering import assign, find_centres
from postprocess.colour import from_lab, to_lab
from postprocess.parameters import integer
from postprocess.registry import step


@step(
    integer("colours", "Colours", 8, 2, 32),
    title="Few colours",
    term="colour quantisation, k-means",
    group="colour",
    order=120,
    summary="Reduces the picture to a handful of colours chosen from its own.",
)
def quantise(image: Image, *, colours: int) -> Image:
    """Each pixel takes the nearest of `colours` cluster centres in L*a*b*."""
    lab = to_lab(image)
    centres = find_centres(lab.reshape(-1, 3), colours)
    return from_lab(centres)[assign(lab, centres)]
