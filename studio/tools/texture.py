"""Textures that repeat: a picture made to meet itself at its edges. Pure functions on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio import StudioError

Floats = NDArray[np.float32]

OVERLAP = 0.25  # of a side


def seamless(picture: Floats, overlap: float = OVERLAP) -> Floats:
    """H×W×C in [0, 1] → a smaller tile that repeats without a seam in both directions.

    `overlap` of each side (0 … 0.5) is laid over the opposite edge and faded into it, so that pixels which meet across
    the tile's edge were neighbours in the picture. Weights are scaled so that contrast stays where both halves are
    blended (the variance-preserving blend that Heitz & Neyret 2018 begin from). StudioError for another overlap.
    """
    if not 0 < overlap <= 0.5:
        raise StudioError(f"A texture overlaps itself by up to half of its side, not {overlap:g}.")
    across = _folded(picture, max(1, int(picture.shape[1] * overlap)))
    return _folded(across.transpose(1, 0, 2), max(1, int(picture.shape[0] * overlap))).transpose(1, 0, 2)


def _folded(picture: Floats, width: int) -> Floats:
    """The picture less its last `width` columns, which are faded into its first ones."""
    kept = picture.shape[1] - width
    t = (np.arange(width, dtype=np.float32) / np.float32(width))[None, :, None]
    mean = picture.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    begin, end = picture[:, :width] - mean, picture[:, kept:] - mean
    blended = (end * (1 - t) + begin * t) / np.sqrt((1 - t) ** 2 + t**2)
    out = picture[:, :kept].copy()
    out[:, :width] = (blended + mean).clip(0, 1)
    out[:, 0] = picture[:, kept]  # the neighbour of the last column, to the bit
    return out
