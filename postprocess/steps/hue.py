"""Turn the colour circle."""

import math

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import LUMA
from postprocess.parameters import number
from postprocess.registry import step


@step(
    number("angle", "Turn", -25, -180, 180, 1, unit="°"),
    title="Hue",
    term="hue rotation",
    group="colour",
    order=40,
    summary="Turns all colours round the colour circle.",
    neutral={"angle": 0.0},
)
def hue(image: Image, *, angle: float) -> Image:
    """Rotate in the plane of constant luma, as a single 3×3 matrix.

    Haeberli 1993, "Matrix operations for image processing": turn about the grey axis, sheared so that the plane on
    which luma is constant is the one turned.
    """
    return image @ _rotation(math.radians(angle)).T


def _rotation(angle: float) -> Image:
    grey = np.ones(3) / math.sqrt(3)
    x, y, z = grey
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross  # Rodrigues
    # Adds to all channels alike, so that weighing them by luma equals their plain mean.
    shear = np.eye(3) + np.ones((3, 1)) * (LUMA.astype(np.float64) - 1 / 3)
    return (np.linalg.inv(shear) @ turn @ shear).astype(np.float32)
