"""Curves through latents: linear, spherical and spline, eased, open or closed to the bit. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from studio import StudioError

Array = NDArray[np.float64]

NEARLY = 1e-7  # of a half turn: two vectors this close to one line span no plane that numbers could tell


def lerp(a: Array, b: Array, t: float) -> Array:
    """From `a` at t = 0 to `b` at t = 1, both exactly."""
    return a if t == 0 else b if t == 1 else a + (b - a) * t


def slerp(a: Array, b: Array, t: float) -> Array:
    """Spherical interpolation (Shoemake 1985) along the last axis, lengths interpolated linearly; ends are exact.

    The same shape as `a` and `b`. Parallel vectors are interpolated linearly. Opposite ones have no shortest way: the
    half turn leads through the axis in which `a` is smallest, so it is the same every time. A vector of length 0 has no
    direction, and is left or reached along a straight line.
    """
    if t in (0, 1):
        return lerp(a, b, t)
    lengths = [np.linalg.norm(each, axis=-1, keepdims=True) for each in (a, b)]
    u, v = (each / np.where(length > 0, length, 1) for each, length in zip((a, b), lengths, strict=True))
    angle = 2 * np.arctan2(np.linalg.norm(u - v, axis=-1, keepdims=True), np.linalg.norm(u + v, axis=-1, keepdims=True))
    # The part of v across u; where there is none to speak of, an axis that is surely not along u.
    across = v - u * (u * v).sum(axis=-1, keepdims=True)
    axis = np.eye(a.shape[-1])[np.abs(u).argmin(axis=-1)]
    aside = axis - u * (u * axis).sum(axis=-1, keepdims=True)
    across = np.where(angle > np.pi * (1 - NEARLY), aside, across)
    width = np.linalg.norm(across, axis=-1, keepdims=True)
    turned = np.cos(angle * t) * u + np.sin(angle * t) * across / np.where(width > 0, width, 1)
    curved = turned * (lengths[0] * (1 - t) + lengths[1] * t)
    straight = (angle < np.pi * NEARLY) | (lengths[0] == 0) | (lengths[1] == 0)
    return np.where(straight, lerp(a, b, t), curved)


EASINGS: dict[str, Callable[[float], float]] = {
    "none": lambda t: t,
    "smooth": lambda t: t * t * (3 - 2 * t),
    "smoother": lambda t: t**3 * (t * (6 * t - 15) + 10),  # Perlin 2002: its second derivative is 0 at both ends, too
    "in": lambda t: t * t,
    "out": lambda t: t * (2 - t),
    "hold": lambda t: 0.0 if t < 1 else 1.0,
}
KINDS = ("linear", "spherical", "spline")


def curve(
    points: Sequence[Array] | Array, kind: str = "linear", closed: bool = False, easing: str = "none"
) -> Callable[[float], Array]:
    """A function from u to a point: `points[i]` exactly at u = i, between them along the curve.

    `points`: K of one shape, K at least 1, around the origin for "spherical". Open: u is 0 … K−1. Closed: any u, and
    u = K is the first point again. "spline": cubic with continuous second derivative, periodic where closed, natural
    where open. `easing` acts between each two points. StudioError for an unknown kind or easing, or u out of range.
    """
    if kind not in KINDS or easing not in EASINGS:
        raise StudioError(f"A curve is one of {', '.join(KINDS)}, eased by one of {', '.join(EASINGS)}.")
    given = np.stack([np.asarray(point, np.float64) for point in points])
    number = len(given)
    ease, between = EASINGS[easing], slerp if kind == "spherical" else lerp
    spline: CubicSpline | None = None
    if kind == "spline" and number > 1 and (closed or number > 2):
        knots = np.concatenate([given, given[:1]]) if closed else given
        spline = CubicSpline(np.arange(len(knots)), knots, bc_type="periodic" if closed else "natural")

    def at(u: float) -> Array:
        if closed:
            u = u % number
        elif not 0 <= u <= number - 1:
            raise StudioError(f"This curve is from 0 to {number - 1}, not at {u:g}.")
        first = int(u)
        t = ease(u - first)
        second = (first + 1) % number
        if t == 0:
            return np.array(given[first])
        if t == 1:
            return np.array(given[second])
        if spline is not None:
            return np.asarray(spline(first + t), np.float64)
        return between(given[first], given[second], t)

    return at


def positions(frames: int, keys: int, closed: bool) -> list[float]:
    """Where on a curve of `keys` points `frames` frames lie, evenly: closed, the frame after the last is the first."""
    if closed or frames == 1:
        return [i * keys / frames for i in range(frames)] if closed else [0.0]
    return [i * (keys - 1) / (frames - 1) for i in range(frames)]


def circle(u: Array, v: Array, radius: float, t: float) -> Array:
    """A point of the circle that `u` and `v` (orthonormal) span, at `t` turns; whole turns are the same point."""
    angle = 2 * np.pi * (t % 1.0)
    return radius * (np.cos(angle) * u + np.sin(angle) * v)
