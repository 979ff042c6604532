from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from studio.tools.texture import LIGHT, height_map, unshaded

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("light", [LIGHT, 0.0, 60.0])
def test_heights_come_back_from_their_shading(light: float):
    y, x = np.mgrid[:64, :64]
    hills = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 40) for a, b in ((20, 18), (44, 30), (25, 48)))
    down, across = np.gradient(hills)
    angle = np.deg2rad(light)
    shade = -(across * np.cos(angle) - down * np.sin(angle))
    found = unshaded(shade.astype(np.float32), light)
    assert np.corrcoef(found.ravel(), hills.ravel())[0, 1] > 0.8
    other = unshaded(shade.astype(np.float32), light + 180)
    assert np.corrcoef(other.ravel(), hills.ravel())[0, 1] < -0.8


def test_the_sea_is_flat_and_highland_above_lowland():
    picture = np.empty((64, 64, 3), np.float32)
    picture[:] = (0.80, 0.87, 0.95)
    picture[:, 20:] = (0.56, 0.72, 0.62)
    picture[:, 44:] = (0.88, 0.76, 0.68)
    picture += ndimage.gaussian_filter(RNG.normal(0, 0.02, (64, 64)), 1)[..., None].astype(np.float32)
    heights = height_map(picture)
    assert heights.shape == (64, 64) and heights.min() == 0 and heights.max() == 1
    assert heights[:, :14].max() == 0 < heights[:, 28:36].mean() < heights[:, 52:].mean() - 0.2
