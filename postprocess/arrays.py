"""What a picture and a mask are in this room, and how either takes another size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from postprocess.errors import PostprocessError

Image = NDArray[np.float32]  # H×W×3 RGB (sRGB-encoded) in [0, 1]
Mask = NDArray[np.float32]  # H×W in [0, 1]
Labels = NDArray[np.int32]  # H×W, 0 … k−1


def check_image(image: object) -> Image:
    """Return `image` as it is if it is float32, H×W×3, finite and in [0, 1]; raise PostprocessError otherwise."""
    if not isinstance(image, np.ndarray) or image.dtype != np.float32:
        found = f"an array of {image.dtype}" if isinstance(image, np.ndarray) else f"a {type(image).__name__}"
        raise PostprocessError(f"A picture must be a float32 array, not {found}.")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise PostprocessError(f"A picture must have the shape height × width × 3, not {image.shape}.")
    # Minimum and maximum pass NaN on, so two passes settle range, NaN and infinity together.
    low, high = float(image.min()), float(image.max())
    if not (low >= 0.0 and high <= 1.0):
        raise PostprocessError(f"A picture's values must be finite and lie in 0 … 1, not in {low:g} … {high:g}.")
    return image


def resample(array: NDArray[Any], height: int, width: int, method: PillowImage.Resampling) -> NDArray[Any]:
    """Resize a float32 H×W×3 or H×W, or an int32 H×W array with Pillow's filter `method`, at full precision."""
    if array.ndim == 3:
        channels = [resample(array[..., c], height, width, method) for c in range(array.shape[2])]
        return np.stack(channels, axis=-1)
    plane = PillowImage.fromarray(np.ascontiguousarray(array))  # mode "F" or "I": no rounding to 8 bits
    return np.asarray(plane.resize((width, height), method))
