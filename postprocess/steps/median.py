"""Remove specks by a median."""

from scipy import ndimage

from postprocess.arrays import Image
from postprocess.parameters import integer
from postprocess.registry import step


@step(
    integer("radius", "Radius", 1, 0, 3, unit="px"),
    title="Remove specks",
    term="median filter",
    group="filter",
    order=40,
    summary="Replaces each pixel by the middle value around it: specks vanish, flat shapes stay.",
    slow=True,
    neutral={"radius": 0},
)
def median(image: Image, *, radius: int) -> Image:
    """Median over (2 `radius` + 1)² pixels, channel by channel."""
    side = 2 * radius + 1
    return ndimage.median_filter(image, size=(side, side, 1), mode="reflect")
