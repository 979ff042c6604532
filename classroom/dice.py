"""Rolling the dice: how far from its average a generator may go, what that costs, and a map of where it goes.

Truncation (Karras et al. 2019, appendix B) pulls every w towards the average: 0 is the average itself, 1 the whole
distribution. What is gained in quality is paid in variety, and both are measured here on 64 pictures.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import Model, draw_z, open_checkpoint
from generator.companions import CLASSIFIER_FILE, open_classifier
from generator.measuring import INDEX_FILE, open_index

from .errors import ClassroomError

COUNT = 64  # pictures of the dial
PSI = (0.0, 1.5)
STEP = 0.05  # the dial's
ACROSS = 9  # thumbnails of the map, each way
REACH = 3.0  # standard deviations from the middle of the map to its edge
DOTS = 240  # seeds whose z and w are drawn
KEPT = 40  # settings of dial and map that are kept
EXACT = "donot_use_mm_for_euclid_dist"  # through products, the same picture twice is some way apart
NEAR = 0.01  # share of real pictures that have a nearer neighbour than what counts as a near-duplicate

Array = NDArray[np.float32]


@dataclass
class Roll:
    """What has been painted of one setting: pictures N×C×H×W and their readings so far."""

    pictures: list[Tensor] = field(default_factory=list)
    readings: list[float] = field(default_factory=list)
    figures: dict[str, Any] | None = None


class Dice:
    """A model of its own (the lesson's, not the studio's), with classifier and index where they stand beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rolls: OrderedDict[tuple[Any, ...], Roll] = OrderedDict()

    @cached_property
    def model(self) -> Model:
        """Opened when it is first asked for."""
        return open_checkpoint(self._folder, precision="fp32")

    # ---- the dial -------------------------------------------------------------------------------------------------

    def roll(self, psi: float, label: int | None, seconds: float) -> tuple[Array, list[float], dict[str, Any] | None]:
        """The seeds 0 … 63 at truncation `psi`: pictures so far N×H×W×C, readings so far, and the figures when all are
        there. Goes on for about `seconds`. `label`: a class, None: one after the other. ClassroomError."""
        psi = self._psi(psi)
        roll = self._kept(("roll", psi, self._label(label)))
        ends = time.perf_counter() + seconds
        while len(roll.pictures) < COUNT:
            self._paint(roll, *self._drawn(len(roll.pictures), psi, label))
            if time.perf_counter() >= ends:
                break
        if len(roll.pictures) == COUNT and roll.figures is None:
            roll.figures = self._figures(roll)
        return _shown(torch.cat(roll.pictures)), roll.readings, roll.figures

    def _drawn(self, seed: int, psi: float, label: int | None) -> tuple[Tensor, list[int] | None]:
        labels = None
        if self.model.classes:
            labels = [seed % len(self.model.classes) if label is None else label]
        return self.model.map(draw_z(seed, self.model.z_dim)[None], labels, psi=psi), labels

    def _figures(self, roll: Roll) -> dict[str, Any]:
        """`reading`: mean reading; `spread`: mean distance of two pictures in a classifier's features (None without
        one); `doubles`: pictures that have another one nearer than all but a hundredth of real ones have."""
        told: dict[str, Any] = {"reading": round(float(np.mean(roll.readings)), 1), "spread": None, "doubles": None}
        if not (self._folder / CLASSIFIER_FILE).is_file():
            return told
        features = self._classifier(torch.cat(roll.pictures).clamp(-1, 1))
        apart = torch.cdist(features, features, compute_mode=EXACT)
        told["spread"] = round(float(apart.sum() / (COUNT * (COUNT - 1))), 3)
        if (self._folder / INDEX_FILE).is_file():
            placed = (features - self._index.mean) @ self._index.axes
            apart = torch.cdist(placed, placed, compute_mode=EXACT).fill_diagonal_(float("inf"))
            near = float(np.quantile(self._index.held_out.numpy(), NEAR))
            told["doubles"] = int((apart.amin(dim=1) < near).sum())
        return told

    @cached_property
    def _classifier(self) -> Any:
        return open_classifier(self._folder)

    @cached_property
    def _index(self) -> Any:
        return open_index(self._folder)

    # ---- the map --------------------------------------------------------------------------------------------------

    @cached_property
    def axes(self) -> tuple[str, str]:
        """The two principal directions that the map spreads out. ClassroomError if the model has none."""
        names = [direction.name for direction in self.model.directions if direction.name.startswith("pc")][:2]
        if len(names) < 2:
            raise ClassroomError("no_axes", "This model has no principal directions to draw a map along.")
        return names[0], names[1]

    def map(self, label: int | None, seconds: float) -> tuple[Array, list[float]]:
        """Thumbnails of the map so far, row by row from its upper left, and their readings; goes on for `seconds`."""
        label = self._label(label)
        roll = self._kept(("map", label))
        side = np.linspace(-REACH, REACH, ACROSS)
        ends = time.perf_counter() + seconds
        while len(roll.pictures) < ACROSS**2:
            row, column = divmod(len(roll.pictures), ACROSS)
            self._paint(roll, *self._place(float(side[column]), -float(side[row]), label))
            if time.perf_counter() >= ends:
                break
        return _shown(torch.cat(roll.pictures)), roll.readings

    def at(self, x: float, y: float, label: int | None) -> tuple[Array, float]:
        """The picture H×W×C at a place of the map, in standard deviations right and up, and its reading."""
        for value in (x, y):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= REACH:
                raise ClassroomError("place", "A place on the map lies within ±{reach}.", reach=REACH)
        roll = Roll()
        self._paint(roll, *self._place(x, y, self._label(label)))
        return _shown(roll.pictures[0])[0], roll.readings[0]

    def _place(self, x: float, y: float, label: int | None) -> tuple[Tensor, list[int] | None]:
        labels = None if not self.model.classes else [label or 0]
        ws = self.model.map(torch.zeros(1, self.model.z_dim), labels, psi=0.0)  # the average of the class
        right, up = self.axes
        return self.model.move(ws, {right: x, up: y}), labels

    # ---- from z to w ----------------------------------------------------------------------------------------------

    def clouds(self, label: int | None, psi: float) -> dict[str, Any]:
        """Where the seeds 0 … DOTS−1 lie in z and in w. `z`: the first two of its numbers, in standard deviations; `w`:
        along its two principal axes, in standard deviations of the first, truncated by `psi`; `share`: of the variance
        of w, what each of those two axes holds; `share_z`, the same for z. `label`: a class. ClassroomError."""
        psi, label = self._psi(psi), self._label(label)
        z = torch.stack([draw_z(seed, self.model.z_dim) for seed in range(DOTS)])
        labels = [label or 0] * DOTS if self.model.classes else None
        whole = self.model.map(z, labels)[:, 0].double()
        average = self.model.map(z[:1], labels and labels[:1], psi=0.0)[0, 0].double()
        spread, axes = torch.linalg.eigh(torch.cov(whole.T))
        axes = axes[:, -2:].flip(1)
        truncated = (psi * (whole - average)) @ axes / spread[-1].sqrt()
        share = (spread[-2:].flip(0) / spread.sum()).tolist()
        spread_z = torch.linalg.eigvalsh(torch.cov(z.double().T))
        return {
            "z": z[:, :2].double().round(decimals=3).tolist(),
            "w": truncated.round(decimals=3).tolist(),
            "share": [round(each, 3) for each in share],
            "share_z": [round(float(each), 3) for each in spread_z[-2:].flip(0) / spread_z.sum()],
        }

    def seed(self, seed: object, label: int | None, psi: float) -> tuple[Array, float]:
        """The picture H×W×C of one of those seeds, and its reading. ClassroomError."""
        if type(seed) is not int or not 0 <= seed < DOTS:
            raise ClassroomError("dot", "There are the seeds 0 to {last} here.", last=DOTS - 1)
        label = self._label(label)
        labels = [label or 0] if self.model.classes else None
        roll = Roll()
        self._paint(roll, self.model.map(draw_z(seed, self.model.z_dim)[None], labels, psi=self._psi(psi)), labels)
        return _shown(roll.pictures[0])[0], roll.readings[0]

    # ---- both -----------------------------------------------------------------------------------------------------

    def _paint(self, roll: Roll, ws: Tensor, labels: list[int] | None) -> None:
        picture = self.model.synthesize(ws)
        logit = float(self.model.criticize(picture, labels)[0])
        calibration = self.model.calibration
        reading = calibration.percentile_real(logit) if calibration is not None else None
        roll.pictures.append(picture)
        roll.readings.append(round(float(reading or 0.0), 1))

    def _kept(self, key: tuple[Any, ...]) -> Roll:
        roll = self._rolls.pop(key, None) or Roll()
        self._rolls[key] = roll
        while len(self._rolls) > KEPT:
            self._rolls.popitem(last=False)
        return roll

    def _psi(self, psi: object) -> float:
        if isinstance(psi, bool) or not isinstance(psi, (int, float)) or not PSI[0] <= psi <= PSI[1]:
            raise ClassroomError("psi", "Truncation goes from {low} to {high}.", low=PSI[0], high=PSI[1])
        return round(round(psi / STEP) * STEP, 4)

    def _label(self, label: object) -> int | None:
        if label is not None and (type(label) is not int or not 0 <= label < len(self.model.classes)):
            raise ClassroomError("class", "There is no such class here.")
        return label


def _shown(pictures: Tensor) -> Array:
    return (pictures.clamp(-1, 1) * 0.5 + 0.5).permute(0, 2, 3, 1).contiguous().numpy()
