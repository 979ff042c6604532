"""A model's training, moment by moment: what its generator made of the same seeds, and what each critic thinks of it.

Logits of different critics have no common scale, so a reading is where a picture stands among the held-out real ones
of that critic's own moment: the share of them with a lower logit, 0 … 100, from the calibration kept with it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generator import Model, draw_z, open_checkpoint

from .errors import ClassroomError

FOLDER = "history"
COUNT = 16  # pictures of a moment
KEPT = 64  # moments and classes whose pictures are kept
ACROSS = 8  # moments of the matrix, at most
CORES = 4  # that the pictures of a moment are painted on, at most
JUDGED = 8  # pictures behind a cell of the matrix

Picture = NDArray[np.float32]


class History:
    """The moments in a folder with a history.json. ClassroomError if there is none, or it cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.told: dict[str, Any] = json.loads((folder / "history.json").read_text(encoding="utf-8"))
            self.moments: list[dict[str, Any]] = self.told["moments"]
            self._paths = [folder / moment["folder"] for moment in self.moments]
        except (OSError, ValueError, KeyError, TypeError):
            raise ClassroomError("no_history", "This model has no history to show.") from None
        self._open = lru_cache(maxsize=None)(self._opened)
        self._pictures = lru_cache(maxsize=KEPT)(self._painted)
        self._readings = lru_cache(maxsize=4 * KEPT)(self._read)
        self._cells: dict[tuple[int, int, int | None], float] = {}

    def __len__(self) -> int:
        return len(self.moments)

    def told_of(self) -> list[dict[str, Any]]:
        """Of each moment what a page draws: pictures seen, seconds, losses, Fréchet ratio, the critic's AUC."""
        return [
            {key: moment[key] for key in ("pictures", "seconds", "losses")}
            | {"frechet": moment["scores"]["frechet_ratio"], "auc": moment["scores"]["critic_auc"]}
            for moment in self.moments
        ]

    def model(self, index: int) -> Model:
        """Generator and critic of a moment, opened once. ClassroomError if there is no such moment."""
        return self._open(self._checked(index))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty without."""
        return self.model(len(self) - 1).classes

    def pictures(self, index: int, label: int | None = None) -> Picture:
        """What the moment's generator makes of the seeds 0 … 15, 16×H×W×C in [0, 1]. `label`: one class for all; None:
        one class after the other. ClassroomError if there is no such class."""
        return self._pictures(self._checked(index), self._class(label))[0]

    def readings(self, index: int, label: int | None = None, critic: int | None = None) -> list[float]:
        """Where those 16 stand among real pictures, 0 … 100, to the critic of moment `critic` (None: their own).
        ClassroomError where that critic knew pictures of another size."""
        index = self._checked(index)
        return self._readings(index, self._class(label), index if critic is None else self._checked(critic))

    def _read(self, index: int, label: int | None, critic: int) -> list[float]:
        judge = self.model(critic)
        if judge.resolution != self.model(index).resolution:
            raise ClassroomError("sizes", "This critic knew pictures of another size, so it cannot judge these.")
        return _percentiles(judge, self._pictures(index, label)[1], self._labels(label))

    def judges(self) -> list[int]:
        """The moments of the matrix: at most eight with pictures of the final size, evenly spread, the last one too."""
        size = self.model(len(self) - 1).resolution
        alike = [i for i in range(len(self)) if self.model(i).resolution == size]
        return sorted({alike[round(at)] for at in np.linspace(0, len(alike) - 1, min(ACROSS, len(alike)))})

    def cells(self, label: int | None = None, seconds: float = 0.0) -> list[list[float | None]]:
        """Row i, column j: the mean reading (0 … 100) that the i-th of `judges` gives the pictures of the j-th one's
        generator. Each cell is computed once for everybody; this goes on for about `seconds`, and at least for one
        cell. None is what is not there yet."""
        label, judges = self._class(label), self.judges()
        missing = [(i, j) for j in judges for i in judges if (i, j, label) not in self._cells]
        ends = time.perf_counter() + seconds
        for i, j in missing:
            images = self._pictures(j, label)[1][:JUDGED]
            readings = _percentiles(self.model(i), images, self._labels(label))
            self._cells[i, j, label] = float(np.mean(readings))
            if time.perf_counter() >= ends:
                break
        return [[self._cells.get((i, j, label)) for j in judges] for i in judges]

    def _opened(self, index: int) -> Model:
        return open_checkpoint(self._paths[index], precision="fp32")

    def _painted(self, index: int, label: int | None) -> tuple[Picture, torch.Tensor]:
        model = self.model(index)
        z = torch.stack([draw_z(seed, model.z_dim) for seed in range(COUNT)])
        images = _side_by_side(model, model.map(z, self._labels(label)))
        shown = (images.clamp(-1, 1) * 0.5 + 0.5).permute(0, 2, 3, 1).contiguous().numpy()
        shown.setflags(write=False)
        return shown, images

    def _labels(self, label: int | None) -> list[int] | None:
        if not self.classes:
            return None
        return [i % len(self.classes) if label is None else label for i in range(COUNT)]

    def _checked(self, index: object) -> int:
        if type(index) is not int or not 0 <= index < len(self):
            raise ClassroomError("moment", "There is no such moment; the history has {count}.", count=len(self))
        return index

    def _class(self, label: object) -> int | None:
        if label is None:
            return None
        if type(label) is not int or not 0 <= label < len(self.classes):
            raise ClassroomError("class", "There is no such class here.")
        return label


def find_histories(folders: Mapping[str, Path]) -> dict[str, History]:
    """The history of each model that has one, by the model's name. `folders`: where the models' files lie."""
    return {
        name: History(folder / FOLDER)
        for name, folder in folders.items()
        if (folder / FOLDER / "history.json").is_file()
    }


def _side_by_side(model: Model, ws: torch.Tensor) -> torch.Tensor:
    """`model.synthesize`, bit for bit, one picture a core at once where the model can: a wide one is slow by itself."""
    if not (model.light and model.makes_apart):
        return model.synthesize(ws)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, CORES)) as pool:
        return torch.cat(list(pool.map(model.synthesize_apart, ws.split(1))))


def _percentiles(critic: Model, images: torch.Tensor, labels: list[int] | None) -> list[float]:
    logits = critic.criticize(images, None if labels is None else labels[: len(images)])
    calibration = critic.calibration
    assert calibration is not None  # every moment carries its own
    found = [calibration.percentile_real(float(logit)) for logit in logits]
    return [0.0 if value is None else round(float(value), 1) for value in found]
