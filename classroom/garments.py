"""The duel of pictures: a generator of small garments against a critic of them, trained before the class.

What they learn from are pictures that the trained wardrobe makes, at half its size: so the same lesson works, and gives
the same pictures, where the photographs are not on the machine.
"""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from generator import Model, draw_z, open_checkpoint

from .contest import Contest, Rates, sigmoid
from .errors import ClassroomError
from .perceptron import Array

COUNT = 256  # pictures to learn from
PAINTED = 8  # of them at a time
SIDE = 16  # px
SHOWN = 16  # generated pictures that are drawn
MEASURED = 64  # behind the figures
Z = 16
WIDTH = 128
RATE = 0.0005
BATCH = 32
EARLY = 60  # steps before which alike pictures are no collapse, but a beginning
NARROW = 0.35  # of the data's own spread
LOST = 1e3  # beyond this, what a network says before it is squashed is no judgement any more
NEAR = 1.6  # times as far from the nearest real picture as those are from each other: recognisable


class Garments:
    """The pictures to learn from, one lot a class, painted when they are first asked for and kept for everybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._painted: dict[int | None, list[Array]] = {}

    @cached_property
    def model(self) -> Model:
        """The trained generator."""
        return open_checkpoint(self._folder, precision="fp32")

    def prepare(self, label: object, seconds: float) -> int:
        """Go on painting for about `seconds`; how many of COUNT there are. `label`: a class, None: one of each in turn.
        ClassroomError if there is no such class."""
        key = self._class(label)
        lots = self._painted.setdefault(key, [])
        ends = time.perf_counter() + seconds
        while len(lots) * PAINTED < COUNT and (not lots or time.perf_counter() < ends):
            lots.append(self._lot(key, len(lots) * PAINTED))
        return len(lots) * PAINTED

    def pictures(self, label: object) -> Array:
        """All COUNT of a class, N×SIDE² in [−1, 1]."""
        self.prepare(label, float("inf"))
        return np.concatenate(self._painted[self._class(label)])

    def _lot(self, label: int | None, first: int) -> Array:
        model = self.model
        seeds = range(first, first + PAINTED)
        labels = [seed % len(model.classes) if label is None else label for seed in seeds] if model.classes else None
        z = torch.stack([draw_z(seed, model.z_dim) for seed in seeds])
        images = model.synthesize(model.map(z, labels)).clamp(-1, 1).mean(dim=1, keepdim=True)
        return F.adaptive_avg_pool2d(images, SIDE).reshape(PAINTED, -1).numpy()

    def _class(self, label: object) -> int | None:
        if label is None:
            return None
        if type(label) is not int or not 0 <= label < len(self.model.classes):
            raise ClassroomError("class", "There is no such class here.")
        return label


class PictureDuel(Contest):
    """A contest over pictures N×SIDE² in [−1, 1], which the generator bounds by a hyperbolic tangent."""

    def __init__(self, pictures: Array, seed: object = 0) -> None:
        size = pictures.shape[1]
        super().__init__(seed, [Z, WIDTH, WIDTH, size], [size, WIDTH, WIDTH, 1], Rates(RATE, RATE, BATCH))
        self._data = pictures
        self._z = np.random.default_rng(self.seed + 1).standard_normal((MEASURED, Z), np.float32)
        self._made: Array = np.zeros((0, size), np.float32)
        self._among = nearest(pictures[:MEASURED], pictures[MEASURED:])

    def sample(self, count: int) -> Array:
        """Pictures to learn from, drawn with replacement."""
        return self._data[self._random.integers(len(self._data), size=count)]

    def make(self, z: Array) -> Array:
        """Latents N×Z → pictures."""
        self._made = np.tanh(self.generator(z))
        return self._made

    def unmake(self, gradient: Array) -> Array:
        """See `Contest`; through the hyperbolic tangent."""
        return self.generator.backward(gradient * (1 - self._made**2))[1]

    def lost(self) -> bool:
        """Whether either network's last layer has run away, so that all is black or white, true or false."""
        with np.errstate(all="ignore"):
            last = self.generator(self._z)
            found = [float(np.abs(values).mean()) for values in (last, self.critic(np.tanh(last)))]
        return not all(value < LOST for value in found)

    def belief(self, pictures: Array) -> list[int]:
        """The critic's belief that each is real, 0 … 100."""
        with np.errstate(all="ignore"):
            return [round(100 * float(share)) for share in sigmoid(self.critic(pictures))[:, 0]]

    def figures(self) -> dict[str, Any]:
        """`near`: how far pictures lie from the nearest real one, as many times as real ones from each other; `extent`
        of their differences, relative to the real ones'; `state`: "start", "learning", "alike", "collapsed" or
        "diverged"."""
        if self.diverged or self.lost():
            return {"state": "diverged", "near": None, "extent": None}
        made = self.make(self._z)
        extent = _spread(made) / max(_spread(self._data), 1e-6)
        near = nearest(made, self._data) / max(self._among, 1e-6)
        if max(self.steps.values()) < EARLY:
            state = "start"
        elif extent < NARROW:
            state = "collapsed"
        else:
            state = "alike" if near < NEAR else "learning"
        return {"state": state, "near": round(near, 2), "extent": round(extent, 3)}

    def shown(self) -> NDArray[np.float32]:
        """What the generator makes of the same latents at every moment, SHOWN×SIDE×SIDE×1 in [0, 1]; grey where it has
        diverged."""
        with np.errstate(all="ignore"):
            made = np.nan_to_num(self.make(self._z[:SHOWN]), nan=0.0)
        return as_pictures(made)

    def examples(self) -> NDArray[np.float32]:
        """The first SHOWN pictures to learn from, likewise."""
        return as_pictures(self._data[:SHOWN])

    def beliefs(self) -> dict[str, list[int]]:
        """Of what is shown, "made" and "real"; empty where it has diverged."""
        if self.diverged or self.lost():
            return {"made": [], "real": []}
        return {"made": self.belief(self.make(self._z[:SHOWN])), "real": self.belief(self._data[:SHOWN])}


def as_pictures(flat: Array) -> NDArray[np.float32]:
    """N×SIDE² in [−1, 1] → N×SIDE×SIDE×1 in [0, 1]."""
    side = round(flat.shape[1] ** 0.5)
    return (flat.reshape(-1, side, side, 1) * np.float32(0.5) + np.float32(0.5)).clip(0, 1)


def nearest(these: Array, those: Array) -> float:
    """The mean distance of each of `these` to the nearest of `those`, as rows."""
    squares = (these**2).sum(axis=1)[:, None] + (those**2).sum(axis=1)[None] - 2 * these @ those.T
    return float(np.sqrt(np.maximum(squares.min(axis=1), 0)).mean())


def _spread(rows: Array) -> float:
    return float(np.linalg.norm(rows - rows.mean(axis=0), axis=1).mean())
