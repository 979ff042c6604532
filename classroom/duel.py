"""The duel in the plane: a generator of points against a critic of points, trained where one can see it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from .contest import Contest, Rates, sigmoid
from .perceptron import Array
from .shapes import DRAWN, Shape, find_shape

Z = 2
WIDTH = 64
LAYERS = 2
RATE = 0.002
BATCH = 128
SHOWN = 400  # generated points that are drawn
MEASURED = 1000  # points behind the figures
ARROWS = 120  # of the points shown that carry an arrow
FIELD = 40  # the critic is asked at so many places a side
VIEW = 1.6  # half the side of what is drawn
LOST = 30.0  # beyond this the points are gone for good
EARLY = 200  # steps before which a heap in the middle is no collapse, but a beginning
NARROW = 0.35  # of the data's own extent
COVERS_WITHIN = 1_000  # steps in which the default settings cover at least 7 of the ring's 8 heaps


class Duel(Contest):
    """A contest over points of a shape, in the plane."""

    def __init__(self, shape: str = "ring", seed: int = 0, drawn: object = ()) -> None:
        self.shape: Shape = find_shape(shape, drawn if shape == DRAWN else ())
        inner = [WIDTH] * LAYERS
        super().__init__(seed, [Z, *inner, 2], [2, *inner, 1], Rates(RATE, RATE, BATCH))
        fixed = np.random.default_rng(self.seed + 1)
        self._z = fixed.standard_normal((MEASURED, Z), np.float32)
        self._real = self.shape.sample(MEASURED, fixed)

    def sample(self, count: int) -> Array:
        """Points of the shape, N×2."""
        return self.shape.sample(count, self._random)

    def lost(self) -> bool:
        """Whether the points are far from all that is drawn, or no numbers."""
        return not self._within()

    def _within(self) -> bool:
        with np.errstate(all="ignore"):
            points = self.generator(self._z[:SHOWN])
        return bool(np.isfinite(points).all()) and float(np.abs(points).mean()) < LOST

    def points(self, count: int = MEASURED) -> Array:
        """What the generator makes of the same latents at every moment, N×2."""
        with np.errstate(all="ignore"):
            return self.generator(self._z[:count])

    def field(self) -> Array:
        """The critic's belief (0 … 1) that a place is real, FIELD×FIELD over ±VIEW, top row first."""
        side = np.linspace(-VIEW, VIEW, FIELD, dtype=np.float32)
        places = np.stack(np.meshgrid(side, side[::-1]), axis=2).reshape(-1, 2)
        with np.errstate(all="ignore"):
            return sigmoid(self.critic(places)).reshape(FIELD, FIELD)

    def arrows(self, points: Array) -> Array:
        """Where the critic sends each point: the gradient of its logit there, N×2."""
        with np.errstate(all="ignore"):
            self.critic(points)
            return self.critic.backward(np.ones((len(points), 1), np.float32))[0]

    def figures(self) -> dict[str, Any]:
        """`covered` of `of` heaps (None where the shape has none), `share` of the points that lie on the data, `extent`
        of the points relative to the data's (1 is as wide), and `state`: "start", "learning", "covers", "collapsed" or
        "diverged"."""
        if self.diverged or not self._within():
            return {"state": "diverged", "covered": 0, "of": len(self.shape.centres), "share": 0.0, "extent": 0.0}
        points = self.points()
        covered, share = self.shape.covered(points)
        extent = _extent(points) / _extent(self._real)
        if self.shape.heaps:
            wide = covered >= len(self.shape.centres) - 1
        else:
            wide = share > 0.5 and 0.8 < extent < 1.25
        if max(self.steps.values()) < EARLY:
            state = "start"
        elif extent < NARROW:
            state = "collapsed"
        else:
            state = "covers" if wide else "learning"
        of = len(self.shape.centres) if self.shape.heaps else None
        return {"state": state, "covered": covered, "of": of, "share": round(share, 3), "extent": round(extent, 3)}

    def view(self, whole: bool = True) -> dict[str, Any]:
        """What the page draws, JSON-able: points and arrows in hundredths, the critic's field as base64 bytes.
        `whole`: also what never changes, the data."""
        points = self.points(SHOWN)
        gone = self.diverged or not bool(np.isfinite(points).all())
        points = np.zeros((0, 2), np.float32) if gone else points
        field = np.full((FIELD, FIELD), 0.5, np.float32) if gone else self.field()
        view: dict[str, Any] = {"real": _hundredths(self._real[:SHOWN])} if whole else {}
        return view | {
            "points": _hundredths(points),
            "arrows": _hundredths(self.arrows(points[:ARROWS])) if len(points) else [],
            "field": base64.b64encode(
                (np.nan_to_num(field, nan=0.5) * 255).round().astype(np.uint8).tobytes()
            ).decode(),
            "figures": self.figures(),
            **self.story(),
        }


def _hundredths(points: Array) -> list[list[int]]:
    return (np.clip(points, -LOST, LOST) * 100).round().astype(int).tolist()


def _extent(points: Array) -> float:
    return float(np.linalg.norm(points - points.mean(axis=0), axis=1).mean())
