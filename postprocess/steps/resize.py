"""Enlarge the picture."""

import numpy as np
from PIL.Image import Resampling

from postprocess.arrays import Image, resample
from postprocess.errors import PostprocessError
from postprocess.parameters import choice
from postprocess.registry import step

LARGEST_SIDE = 1024  # a chain may hold many of these, and slow steps after them: 16 take seconds here, not minutes


@step(
    choice("factor", "Factor", "2", ("2", "4"), unit="×"),
    title="Enlarge",
    term="Lanczos resampling",
    group="colour",
    order=130,
    summary="Makes the picture two or four times as large, smoothly, without making up detail.",
    where=("all",),
    slow=True,
)
def resize(image: Image, *, factor: str) -> Image:
    """Windowed-sinc interpolation with three lobes (Lanczos-3, by Pillow); at most 1024 pixels a side come out."""
    height, width = image.shape[0] * int(factor), image.shape[1] * int(factor)
    if max(height, width) > LARGEST_SIDE:
        raise PostprocessError(
            f"resize: the picture would become {width} × {height} pixels; at most {LARGEST_SIDE} a side are possible."
        )
    return np.asarray(resample(image, height, width, Resampling.LANCZOS), np.float32)
