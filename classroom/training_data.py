"""What a network learned from: its real pictures, how many of each class, and the same network on worse data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.measuring import INDEX_FILE, Index, open_index
from studio import read_picture

from .errors import ClassroomError
from .history import History

WHOLE = "whole"
WORSE = "worse"  # the folder of the runs on worse data, beside a model's history
ORDER = ("tenth", "noisy", "missing")  # in which worse data are shown
SHOWN = 16
SIDE = 96  # px at which real pictures are shown

Array = NDArray[np.float32]


class Diets:
    """One network, trained alike on the whole data and on worse ones; shown after as many pictures each.

    ClassroomError if the model has no such runs.
    """

    def __init__(self, folder: Path) -> None:
        found = sorted((folder / WORSE).glob("*/history.json"), key=lambda path: (_place(path.parent.name), path))
        worse = {path.parent.name: History(path.parent) for path in found}
        if not worse:
            raise ClassroomError("no_history", "This model has no history to show.")
        seen = {history.moments[-1]["pictures"] for history in worse.values()}
        whole = History(folder / "history")
        at = [i for i, moment in enumerate(whole.moments) if {moment["pictures"]} == seen]
        if not at:
            raise ClassroomError("no_history", "This model has no history to show.")
        self.pictures_seen = seen.pop()
        self._runs = {WHOLE: (whole, at[0]), **{name: (each, len(each) - 1) for name, each in worse.items()}}

    @property
    def names(self) -> tuple[str, ...]:
        """The runs, that on the whole data first."""
        return tuple(self._runs)

    def told_of(self) -> list[dict[str, Any]]:
        """Of each run: name, Fréchet ratio, and of each class the share (0 … 1) that a classifier recognises."""
        rows = []
        for name, (history, index) in self._runs.items():
            moment = history.moments[index]
            rows.append(
                {"name": name, "frechet": moment["scores"]["frechet_ratio"], "recognised": moment["recognised"]}
            )
        return rows

    def pictures(self, name: object, label: int | None) -> Array:
        """What a run's generator makes of the seeds 0 … 15, as `History.pictures`. ClassroomError: no such run."""
        if not isinstance(name, str) or name not in self._runs:
            raise ClassroomError("run", "There is no such run here.")
        history, index = self._runs[name]
        return history.pictures(index, label)


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def find_diets(folders: Mapping[str, Path]) -> dict[str, Diets]:
    """The runs on worse data of each model that has some, by the model's name."""
    return {name: Diets(folder) for name, folder in folders.items() if any((folder / WORSE).glob("*/history.json"))}


@dataclass(frozen=True)
class Shown:
    """A real picture: its record, the picture H×W×3 in [0, 1] (None where the data are not on this machine), a link."""

    record: str
    picture: Array | None
    source: str | None


class RealPictures:
    """The records that a model's index lists, which is what it was trained on. ClassroomError if it has no index."""

    def __init__(self, folder: Path) -> None:
        if not (folder / INDEX_FILE).is_file():
            raise ClassroomError("no_index", "This model does not say which pictures it learned from.")
        self._folder = folder

    @cached_property
    def index(self) -> Index:
        """Opened when it is first asked for."""
        return open_index(self._folder)

    @cached_property
    def balance(self) -> dict[str, int]:
        """How many records each class has, most first; empty where records do not say their class."""
        counts = Counter(record.split("/")[0] for record in self.index.records if "/" in record)
        return dict(counts.most_common()) if len(counts) > 2 else {}  # train and test are no classes

    def some(self, label: str | None = None, page: int = 0, count: int = SHOWN) -> list[Shown]:
        """`count` records of a class (None: of all), spread evenly, others for each `page`. ClassroomError: no such
        class or page."""
        records = [r for r in self.index.records if label is None or r.startswith(f"{label}/")]
        if not records:
            raise ClassroomError("class", "There is no such class here.")
        if type(page) is not int or not 0 <= page < 1000:
            raise ClassroomError("page", "There is no such page.")
        step = max(len(records) // count, 1)
        chosen = [records[(i * step + page * 7) % len(records)] for i in range(min(count, len(records)))]
        return [Shown(record, read_picture(record), self.index.link(record)) for record in chosen]


def find_real(folders: Mapping[str, Path]) -> dict[str, RealPictures]:
    """The real pictures of each model that has an index."""
    return {name: RealPictures(folder) for name, folder in folders.items() if (folder / INDEX_FILE).is_file()}
