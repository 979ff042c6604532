"""What the duel's points are drawn from: a ring of eight heaps, a grid of nine, a spiral, or points set by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import ClassroomError
from .perceptron import Array

SPREAD = 0.05  # standard deviation of a heap
DRAWN_SPREAD = 0.03
LEAST_DRAWN, MOST_DRAWN = 5, 400
REACH = 1.5  # drawn points lie within ± this
HELD = 3.0  # a point belongs to a heap within so many standard deviations
SHARE = 0.01  # of the generated points that a heap must hold to count as covered


@dataclass(frozen=True)
class Shape:
    """A distribution in the plane: middles of heaps (or points along a line) C×2 and their standard deviation."""

    name: str
    centres: NDArray[np.float64]
    spread: float
    heaps: bool  # whether the centres are heaps that can be counted

    def sample(self, count: int, random: np.random.Generator) -> Array:
        """`count` points N×2, about within ±1.2."""
        chosen = self.centres[random.integers(len(self.centres), size=count)]
        return chosen.astype(np.float32) + np.float32(self.spread) * random.standard_normal((count, 2), np.float32)

    def covered(self, points: Array) -> tuple[int, float]:
        """How many centres hold a hundredth of the points or more, and which share of them lies at any centre."""
        distance = np.linalg.norm(points[:, None] - self.centres[None], axis=2)
        held = distance.min(axis=1) < HELD * self.spread
        counts = np.bincount(distance.argmin(axis=1)[held], minlength=len(self.centres))
        return int((counts >= max(1.0, SHARE * len(points))).sum()), float(held.mean())


def _ring() -> NDArray[np.float64]:
    turn = np.arange(8) * (2 * math.pi / 8)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _grid() -> NDArray[np.float64]:
    side = np.linspace(-0.9, 0.9, 3)
    return np.stack(np.meshgrid(side, side), axis=2).reshape(-1, 2)


def _spiral() -> NDArray[np.float64]:
    along = np.sqrt(np.linspace(0.02, 1, 200))  # evenly spaced along the line, not in its angle
    return np.stack([along * np.cos(3.2 * math.pi * along), along * np.sin(3.2 * math.pi * along)], axis=1) * 1.1


SHAPES = {
    "ring": Shape("ring", _ring(), SPREAD, True),
    "grid": Shape("grid", _grid(), SPREAD, True),
    "spiral": Shape("spiral", _spiral(), DRAWN_SPREAD, False),
}
DRAWN = "drawn"


def find_shape(name: object, drawn: object = ()) -> Shape:
    """The shape of that name; "drawn" takes its points from `drawn`, a list of pairs within ±1.5. ClassroomError."""
    if name == DRAWN:
        return Shape(DRAWN, _points(drawn), DRAWN_SPREAD, False)
    if not isinstance(name, str) or name not in SHAPES:
        raise ClassroomError("shape", "There is no shape {name!r} here.", name=name)
    return SHAPES[name]


def _points(drawn: object) -> NDArray[np.float64]:
    if not isinstance(drawn, Sequence) or isinstance(drawn, (str, bytes)):
        raise ClassroomError("drawn", "Drawn points are pairs of numbers within ±{reach}.", reach=REACH)
    if not LEAST_DRAWN <= len(drawn) <= MOST_DRAWN:
        raise ClassroomError(
            "drawn_count", "Draw between {least} and {most} points first.", least=LEAST_DRAWN, most=MOST_DRAWN
        )
    for pair in drawn:
        fits = isinstance(pair, Sequence) and len(pair) == 2
        if not fits or not all(type(v) in (int, float) and abs(v) <= REACH for v in pair):
            raise ClassroomError("drawn", "Drawn points are pairs of numbers within ±{reach}.", reach=REACH)
    return np.array([[float(x), float(y)] for x, y in drawn])
