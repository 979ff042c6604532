"""Textures that repeat: a picture made to meet itself at its edges; and the heights behind a shaded map. Pure functions
on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab

from studio import StudioError

Floats = NDArray[np.float32]

OVERLAP = 0.25  # of a side
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
LIGHT = 135.0  # degrees: where the light of shaded maps comes from, anticlockwise from the right; north-west by custom
STIFF = 0.1  # radians a pixel, below which a slope's sum is held back: what the light leaves unknown would blow up
TINTS = 0.03  # of a picture's width: what is smoother is a map's tint, what is finer its shade
SEA = -2.0  # b* of L*a*b* below which a map shows water
COAST = 0.1  # how much the lowest land lies above the sea


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


def height_map(picture: Floats, light: float = LIGHT) -> Floats:
    """Relative heights H×W in [0, 1] behind a shaded relief map H×W×3, an estimate: 0 on the sea.

    The coarse form from the map's tints, lowland green to highland red and white; on it what shades like the picture
    where light comes from `light`, by linear shape from shading (Pentland 1990, "Linear shape from shading", §2): for
    low slopes brightness is the slope towards the light, so a height's Fourier coefficient is the brightness's over
    that of a derivative. What runs along the light casts no shade and stays unknown.
    """
    reach = TINTS * picture.shape[1]
    lab = rgb2lab(ndimage.gaussian_filter(picture, (reach, reach, 0), mode="nearest"))
    land = ((lab[..., 2] - SEA) / 6).clip(0, 1)  # the sea is blue, the land nowhere
    warmth = lab[..., 1] + 0.3 * lab[..., 2]
    low, high = np.percentile(warmth[land > 0.5], [2, 98]) if (land > 0.5).any() else (0.0, 1.0)
    coarse = ((warmth - low) / max(high - low, 1e-6)).clip(0, 1)
    light_of = picture @ LUMA
    fine = unshaded(light_of - ndimage.gaussian_filter(light_of, reach, mode="nearest"), light)
    heights = land * (COAST + 0.6 * coarse + fine / max(float(np.abs(fine).max()), 1e-9) * 0.3)
    return (heights / max(float(heights.max()), 1e-9)).clip(0, 1).astype(np.float32)


def unshaded(shade: Floats, light: float = LIGHT) -> NDArray[np.float64]:
    """Heights H×W with 0 in their middle whose slopes towards `light` are −`shade`: bright is what falls that way."""
    height, width = shade.shape
    edges = [(height // 2,) * 2, (width // 2,) * 2]  # to no slope at all: a jump from edge to edge would be a cliff
    wide = np.pad(shade.astype(np.float64), edges, mode="linear_ramp", end_values=0)
    angle = np.deg2rad(light)
    down, across = np.meshgrid(*(np.fft.fftfreq(side) for side in wide.shape), indexing="ij")
    towards = 2 * np.pi * (across * np.cos(angle) - down * np.sin(angle))
    found = np.fft.ifft2(np.fft.fft2(wide) * 1j * towards / (towards**2 + STIFF**2)).real
    return found[edges[0][0] :, edges[1][0] :][:height, :width]
