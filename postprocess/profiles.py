"""A picture's colours in a text short enough for a link: mean and covariance in CIE L*a*b*."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from postprocess.arrays import Image, check_image
from postprocess.colour import to_lab

# 2 ΔE of noise on both sides: a flat picture then has a covariance that can be inverted, and no colour transfer
# blows up compression noise to fill another picture's range.
FLOOR = 4.0 * np.eye(3)

_VERSION = b"\x01"
_LENGTH = 1 + 2 * 9  # version, then 3 means and 6 entries of the Cholesky factor as little-endian half floats
_LOWER = np.tril_indices(3)


class ColourStatistics(NamedTuple):
    """Mean (3) and covariance (3×3, with `FLOOR` added) of L*, a*, b*."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def measure(image: Image) -> ColourStatistics:
    """The colour statistics of an H×W×3 picture."""
    lab = to_lab(image).reshape(-1, 3).astype(np.float64)
    mean = lab.mean(axis=0)
    spread = lab - mean
    return ColourStatistics(mean, spread.T @ spread / len(lab) + FLOOR)


def profile(image: Image) -> str:
    """H×W×3 picture → 26 characters of base64url that hold its colour statistics (for the step `match_reference`)."""
    statistics = measure(check_image(image))
    factor = np.linalg.cholesky(statistics.covariance)
    numbers = np.concatenate([statistics.mean, factor[_LOWER]]).astype("<f2")
    return base64.urlsafe_b64encode(_VERSION + numbers.tobytes()).rstrip(b"=").decode("ascii")


def read_profile(text: str) -> ColourStatistics | None:
    """The statistics in a profile, or None if the text is not one."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) != _LENGTH or data[:1] != _VERSION:
        return None
    numbers = np.frombuffer(data, "<f2", offset=1).astype(np.float64)
    # Finite, and no further out than colours are: a forged text must not turn into a blinding gain.
    if not np.all(np.abs(numbers) <= 200):
        return None
    factor = np.zeros((3, 3))
    factor[_LOWER] = numbers[3:]
    # Never below what `measure` gives, whoever wrote the text.
    covariance = factor @ factor.T
    if np.linalg.eigvalsh(covariance)[0] < 0.9 * FLOOR[0, 0]:
        return None
    return ColourStatistics(numbers[:3], covariance)


def check_profile(text: str) -> bool:
    """Whether `text` is empty or a profile."""
    return text == "" or read_profile(text) is not None
