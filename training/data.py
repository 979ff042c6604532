"""What every set of training pictures offers (`Data`), and one that is held in memory (`Pictures`).

`training.folder`, `training.idx` and `training.relief` make them; `training.sources` knows which for any path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from pictures import Account, Reading

from .errors import TrainingError

SMALLEST = 8  # pictures in a set that something is measured with: fewer have no five neighbours to speak of


@dataclass(frozen=True)
class Measure:
    """Something that pictures have more or less of. `title`: in words, "less ↔ more"; `of`: N×C×R×R uint8 → N."""

    title: str
    of: Callable[[Tensor], Tensor]


class Data(Protocol):
    """One split of a training set. Whether it holds its pictures or makes them is its own affair."""

    @property
    def labels(self) -> Tensor:
        """N int64, indices into `classes` (zeros where there are none)."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each picture is called in its source: a path, or a record with a number."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty for a set without."""

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """What can be measured of such pictures and is worth a slider, by name."""

    def __len__(self) -> int: ...

    def batch(self, index: Tensor) -> Tensor:
        """The pictures with these numbers (int64, any order, repeats allowed), N×C×R×R uint8; the same each time."""

    def class_weights(self) -> Tensor:
        """Sampling weight of each class (float64, sum 1)."""

    def picture_weights(self, class_weights: Tensor | None = None) -> Tensor:
        """Sampling weight of each picture (float64, sum 1), the classes weighing as given or as `class_weights()`."""


class Labelled:
    """The weights of a labelled set, the same for every kind of `Data`."""

    labels: Tensor
    classes: tuple[str, ...]
    measures: ClassVar[Mapping[str, Measure]] = {}

    def _counts(self) -> Tensor:
        return torch.bincount(self.labels, minlength=max(len(self.classes), 1)).double()

    def class_weights(self) -> Tensor:
        """Sampling weight of each class, ∝ √count: rare classes are seen more often than their share, not equally."""
        roots = self._counts().sqrt()
        return roots / roots.sum()

    def picture_weights(self, class_weights: Tensor | None = None) -> Tensor:
        """The same, per picture; or those that give the classes other weights, such as another split's."""
        weights = self.class_weights() if class_weights is None else class_weights
        return (weights / self._counts().clamp(min=1))[self.labels]


@dataclass(frozen=True)
class Pictures(Labelled):
    """A split held in memory: `pixels` N×C×R×R uint8, `labels` N int64 (indices into `classes`), `names` N paths."""

    pixels: Tensor
    labels: Tensor
    names: tuple[str, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.pixels.shape[1]

    def batch(self, index: Tensor) -> Tensor:
        """The pictures with these numbers, N×C×R×R uint8."""
        return self.pixels[index]


@dataclass(frozen=True)
class Terms:
    """How data are read, and how many per cent of a folder's or a zip's pictures are held out; 0 for none."""

    reading: Reading = field(default_factory=Reading)
    held_out: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.held_out <= 100:
            raise TrainingError(f"--held-out is a number of per cent from 0 to 100, not {self.held_out}.")


@dataclass(frozen=True, eq=False)
class Loaded:
    """Training and held-out pictures, and the account of what was read."""

    train: Data
    rest: Data
    account: Account
