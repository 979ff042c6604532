"""What a network learned from: its real pictures, how many of each class, and the same network on worse data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator import GeneratorError
from generator.measuring import INDEX_FILE, REMEMBERED_FILE, Index, open_index, open_remembered
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
    """The records that a model's index lists, which it was trained on: all of them, or as many as an index holds.
    `classes`: the model's. ClassroomError if it has no index."""

    def __init__(self, folder: Path, classes: Sequence[str] = ()) -> None:
        if not (folder / INDEX_FILE).is_file():
            raise ClassroomError("no_index", "This model does not say which pictures it learned from.")
        self._folder = folder
        self._classes = tuple(classes)

    @cached_property
    def index(self) -> Index:
        """Opened when it is first asked for."""
        return open_index(self._folder)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The class of each record of which one is known: its name says it, or what the model remembers of it."""
        said = {record: record.split("/")[0] for record in self.index.records}
        kinds = {record: name for record, name in said.items() if name in self._classes}
        return kinds or self._kept_beside()

    def _kept_beside(self) -> dict[str, str]:
        if not self._classes or not (self._folder / REMEMBERED_FILE).is_file():
            return {}
        try:
            found = open_remembered(self._folder)
        except GeneratorError:
            return {}
        numbers = dict(zip(found.records, found.labels.tolist(), strict=True))
        told = {record: numbers.get(record, -1) for record in self.index.records}
        return {record: self._classes[i] for record, i in told.items() if 0 <= i < len(self._classes)}

    @cached_property
    def balance(self) -> dict[str, int]:
        """How many records each class has, most first; empty where no class is known."""
        return dict(Counter(self.kinds.values()).most_common())

    @property
    def are_here(self) -> bool:
        """Whether the pictures themselves are on this machine: the sampled ones are looked for."""
        return any(self.picture(record) is not None for record in self.sampled)

    @property
    def sampled(self) -> Sequence[str]:
        """Three records from all over the index, by which one tells what there is of all."""
        return self.index.records[:: max(len(self.index.records) // 3, 1)][:3]

    @staticmethod
    def picture(record: str) -> Array | None:
        """A real picture, H×W×3 in [0, 1]; None where it is not on this machine."""
        return read_picture(record)

    def of_class(self, label: str | None) -> list[str]:
        """The records of a class; None: all."""
        return [record for record in self.index.records if label is None or self.kinds.get(record) == label]

    def some(self, label: str | None = None, page: int = 0, count: int = SHOWN) -> list[Shown]:
        """`count` records of a class (None: of all), spread evenly, others for each `page`. ClassroomError: no such
        class or page."""
        records = self.of_class(label)
        if not records:
            raise ClassroomError("class", "There is no such class here.")
        if type(page) is not int or not 0 <= page < 1000:
            raise ClassroomError("page", "There is no such page.")
        step = max(len(records) // count, 1)
        chosen = [records[(i * step + page * 7) % len(records)] for i in range(min(count, len(records)))]
        return [Shown(record, self.picture(record), self.index.link(record)) for record in chosen]


def find_real(folders: Mapping[str, Path], classes: Mapping[str, Sequence[str]]) -> dict[str, RealPictures]:
    """The real pictures of each model that has an index; `classes`: of each model, by its name."""
    indexed = {name: folder for name, folder in folders.items() if (folder / INDEX_FILE).is_file()}
    return {name: RealPictures(folder, classes.get(name, ())) for name, folder in indexed.items()}
