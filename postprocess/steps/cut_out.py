"""Make all but the subject transparent."""

import numpy as np

from postprocess.arrays import Image, Mask
from postprocess.matting import without_rim
from postprocess.parameters import number
from postprocess.regions import Regions
from postprocess.registry import step
from postprocess.smoothing import blur


@step(
    number("feather", "Soft edge", 0.5, 0, 10, 0.1, unit="px"),
    title="Cut out",
    term="alpha matte",
    group="segmentation",
    order=20,
    summary="Makes everything but the subject transparent.",
    where=("all",),
)
def cut_out(image: Image, regions: Regions, *, feather: float) -> tuple[Image, Mask]:
    """Opacity is the subject's mask, feathered; along the edge the paper's colour is taken out of the subject's."""
    alpha = np.clip(blur(regions.subject, feather), 0.0, 1.0)
    return without_rim(image, alpha, reach=1.5 + feather), alpha
