"""Gaussian blur of pictures and masks, fast enough for every frame of a drag at any radius."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Array = NDArray[np.float32]

# From this σ on the cosine transform is both the faster way and, within 1e−5, the same as sampled taps; below it, its
# kernel would ring, for a Gaussian that narrow is not band-limited.
COSINE_FROM = 1.5


def blur(array: Array, sigma: float) -> Array:
    """Gaussian blur along the first two axes of H×W or H×W×C; `sigma` in pixels, 0 returns `array` itself.

    The edge is mirrored (d c b a | a b c d), so a flat picture stays flat up to its border. That mirror is the one of
    the cosine transform DCT-II, in which a Gaussian blur is a product with exp(−σ²ω²/2), ω = πk/n: about 2 ms at
    256² × 3 for every σ, where taps cost more the wider they reach. (A product with a dense kernel matrix is as fast
    on a quiet machine, but BLAS threads that wait for a busy core made it 50 times slower beside other work.)
    """
    if sigma <= 0:
        return array
    if sigma < COSINE_FROM:
        return ndimage.gaussian_filter(array, sigma, mode="reflect", axes=(0, 1))
    waves = fft.dctn(array, axes=(0, 1))
    waves *= _attenuation(array.shape[0], sigma).reshape(-1, *[1] * (array.ndim - 1))
    waves *= _attenuation(array.shape[1], sigma).reshape(-1, *[1] * (array.ndim - 2))
    return fft.idctn(waves, axes=(0, 1), overwrite_x=True)


def _attenuation(side: int, sigma: float) -> Array:
    """What a Gaussian of `sigma` leaves of each of the `side` cosine waves."""
    return np.exp(-0.5 * (sigma * math.pi / side * np.arange(side)) ** 2).astype(np.float32)
