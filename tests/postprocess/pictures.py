"""Pictures made for the tests: fruit on paper, and what nobody would paint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

CREAM = (0.98, 0.95, 0.87)


def fruit_on_paper(
    side: int = 96, paper: tuple[float, float, float] = CREAM, fruit: tuple[float, float, float] = (0.75, 0.2, 0.15)
) -> tuple[Image, NDArray[np.bool_]]:
    """A shaded round fruit above a smaller one, on paper with a little texture; and where the fruit is."""
    y, x = np.mgrid[0:side, 0:side] / side
    image = np.empty((side, side, 3), np.float32)
    image[:] = paper
    image += 0.01 * np.random.RandomState(5).standard_normal((side, side, 1))
    truth = np.zeros((side, side), bool)
    for cy, cx, radius in ((0.34, 0.5, 0.2), (0.76, 0.52, 0.13)):
        inside = np.hypot(y - cy, x - cx) < radius
        shade = 1 - 0.5 * np.hypot(y - cy + 0.05, x - cx + 0.05)[inside] / radius
        image[inside] = np.array(fruit, np.float32) * shade[:, None]
        truth |= inside
    return np.clip(image, 0, 1).astype(np.float32), truth


def odd_pictures() -> dict[str, Image]:
    """Flat, black, white, noisy, tiny, narrow and odd-sized pictures."""
    random = np.random.RandomState(0)
    ramp = np.linspace(0, 1, 40, dtype=np.float32)
    return {
        "flat": np.full((32, 32, 3), 0.4, np.float32),
        "black": np.zeros((32, 32, 3), np.float32),
        "white": np.ones((32, 32, 3), np.float32),
        "noise": random.rand(32, 32, 3).astype(np.float32),
        "ramp": np.broadcast_to(ramp[:, None, None], (40, 33, 3)).copy(),
        "two halves": np.repeat(np.eye(3, dtype=np.float32)[None, [0, 2]], 16, axis=1).repeat(32, axis=0),
        "odd sides": random.rand(31, 45, 3).astype(np.float32) ** 3,
        "narrow": random.rand(3, 40, 3).astype(np.float32),
        "one pixel": np.full((1, 1, 3), 0.5, np.float32),
    }
