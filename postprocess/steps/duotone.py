"""Print in two inks."""

from postprocess.arrays import Image
from postprocess.colour import from_hex, luma, mix
from postprocess.parameters import colour, number
from postprocess.registry import step


@step(
    colour("dark", "Dark colour", "#2a3a5e"),
    colour("light", "Light colour", "#f6e7c8"),
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Two inks",
    term="duotone",
    group="colour",
    order=110,
    summary="Prints the picture with two colours only, one for the dark and one for the light.",
    neutral={"strength": 0.0},
)
def duotone(image: Image, *, dark: str, light: str, strength: float) -> Image:
    """Luma 0 becomes `dark`, 1 becomes `light`, in a straight line between."""
    return mix(image, mix(from_hex(dark), from_hex(light), luma(image)[..., None]), strength)
