"""Stronger or paler colours."""

from postprocess.arrays import Image
from postprocess.colour import luma, mix
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("amount", "Saturation", 1.4, 0, 3, 0.01, unit="×"),
    title="Saturation",
    term="saturation",
    group="colour",
    order=30,
    summary="Makes colours stronger or paler; at 0 the picture is grey.",
    neutral={"amount": 1.0},
)
def saturation(image: Image, *, amount: float) -> Image:
    """Move each pixel away from its luma by `amount`; the luma stays."""
    return mix(luma(image)[..., None], image, amount)
