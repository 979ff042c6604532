"""What lies under a soft mask: the colour of the subject alone, and of the ground alone."""

from __future__ import annotations

import numpy as np

from postprocess.arrays import Image, Mask
from postprocess.colour import mix
from postprocess.smoothing import blur


def spread(image: Image, share: Mask, sigma: float) -> tuple[Image, Mask]:
    """Blur only what the H×W `share` marks: H×W×3 colours, and H×W how far they can be trusted, 0 … 1.

    Normalised convolution (Knutsson & Westin 1993): what `share` leaves out does not bleed in.
    """
    weight = blur(share, sigma)
    colours = blur(image * share[..., None], sigma)
    colours /= np.maximum(weight, np.float32(1e-3))[..., None]
    return colours, np.clip(weight * np.float32(20), 0, 1)


def without_rim(image: Image, alpha: Mask, reach: float = 1.5) -> Image:
    """Take the ground's colour out of half-transparent pixels, where it would shine as a rim on any other ground.

    They get the colour of the fully opaque pixels within about `reach` pixels instead.
    """
    colours, trust = spread(image, (alpha > 0.95).astype(np.float32), reach)
    return mix(image, colours, ((1 - alpha) * trust)[..., None])
