"""Smooth noise, keep edges."""

import math

from skimage.restoration import denoise_bilateral, denoise_nl_means

from postprocess.arrays import Image
from postprocess.parameters import choice, number
from postprocess.registry import step


@step(
    choice("method", "Method", "bilateral", ("bilateral", "non-local means")),
    number("strength", "Strength", 0.12, 0, 0.5, 0.01),
    number("radius", "Radius", 1.5, 0.5, 4, 0.1, unit="px"),
    title="Smooth noise away",
    term="bilateral filter, non-local means",
    group="filter",
    order=30,
    summary="Evens out speckle and brushwork but keeps the edges between colours.",
    slow=True,
    neutral={"strength": 0.0},
)
def denoise(image: Image, *, method: str, strength: float, radius: float) -> Image:
    """Average pixels of like colour nearby (Tomasi & Manduchi 1998) or of like surroundings (Buades et al. 2005).

    `strength` is the difference in colour, of 0 … 1, that still counts as alike.
    """
    if strength == 0:
        return image
    reach = math.ceil(1.5 * radius)
    if method == "bilateral":
        image = image.copy()  # scikit-image asks for a picture that it might write to, though it does not
        return denoise_bilateral(
            image, win_size=2 * reach + 1, sigma_color=strength, sigma_spatial=radius, mode="symmetric", channel_axis=-1
        )
    return denoise_nl_means(
        image, patch_size=3, patch_distance=2 * reach, h=0.6 * strength, fast_mode=True, channel_axis=-1
    )
