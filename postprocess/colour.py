"""Closed-form colour arithmetic in float32: sRGB, linear light, luma and CIE L*a*b* (D65).

Written out here, since a colour step runs at every frame of a drag and scikit-image's conversions work in more passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# Rec. 709 luma weights (ITU-R BT.709-6, item 3.2).
LUMA: Array = np.array([0.2126, 0.7152, 0.0722], np.float32)

# Linear sRGB to XYZ (IEC 61966-2-1), each row divided by the D65 white so that white is (1, 1, 1).
_XYZ_FROM_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_XYZ_FROM_RGB /= _XYZ_FROM_RGB.sum(axis=1, keepdims=True)
_TO_XYZ: Array = np.ascontiguousarray(_XYZ_FROM_RGB.T, np.float32)
_FROM_XYZ: Array = np.ascontiguousarray(np.linalg.inv(_XYZ_FROM_RGB).T, np.float32)

# f(X), f(Y), f(Z) to L*, a*, b* (CIE 15:2004, section 8.2.1) without the constant −16 of L*.
_LAB_FROM_F = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_TO_LAB: Array = np.ascontiguousarray(_LAB_FROM_F.T, np.float32)
_FROM_LAB: Array = np.ascontiguousarray(np.linalg.inv(_LAB_FROM_F).T, np.float32)
_KNEE = np.float32(6.0 / 29.0)


def luma(image: Array) -> Array:
    """Rec. 709 luma of …×3 sRGB values: …"""
    return image @ LUMA


def to_linear(image: Array) -> Array:
    """sRGB-encoded values to linear light (IEC 61966-2-1)."""
    light = (image + np.float32(0.055)) * np.float32(1 / 1.055)
    np.power(light, np.float32(2.4), out=light)
    np.multiply(image, np.float32(1 / 12.92), out=light, where=image <= 0.04045)
    return light


def from_linear(light: Array) -> Array:
    """Linear light, clipped below at 0, to sRGB-encoded values; above 1 the curve goes on."""
    light = np.maximum(light, np.float32(0.0))
    image = light ** np.float32(1 / 2.4)
    image *= np.float32(1.055)
    image -= np.float32(0.055)
    np.multiply(light, np.float32(12.92), out=image, where=light <= 0.0031308)
    return image


def to_lab(image: Array) -> Array:
    """sRGB …×3 to CIE L*a*b* …×3: L* in 0 … 100, a* and b* about −110 … 110."""
    xyz = to_linear(image) @ _TO_XYZ
    f = np.cbrt(xyz)
    dark = xyz <= _KNEE**3
    if dark.any():
        f[dark] = xyz[dark] / (3 * _KNEE**2) + np.float32(4.0 / 29.0)
    lab = f @ _TO_LAB
    lab[..., 0] -= 16.0
    return lab


def from_lab(lab: Array) -> Array:
    """CIE L*a*b* …×3 to sRGB …×3, clipped to the gamut channel by channel."""
    shifted = lab.astype(np.float32, copy=True)
    shifted[..., 0] += 16.0
    f = shifted @ _FROM_LAB
    xyz = f * f * f
    dark = f <= _KNEE
    if dark.any():
        xyz[dark] = 3 * _KNEE**2 * (f[dark] - np.float32(4.0 / 29.0))
    return np.clip(from_linear(xyz @ _FROM_XYZ), 0.0, 1.0)


def from_hex(colour: str) -> Array:
    """`"#rrggbb"`, validated before, to three sRGB values in [0, 1]."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / np.float32(255.0)


def mix(first: Array, second: NDArray[Any], amount: NDArray[Any] | float) -> Array:
    """Linear blend: `first` where `amount` is 0, `second` where it is 1."""
    return first + (second.astype(np.float32, copy=False) - first) * np.asarray(amount, np.float32)
