"""Worse data on purpose, for the lesson on what data do to a model: less of it, noise on it, a class left out.

Each function takes training pictures and gives others (`data.Data`), without touching the ones it was given. What is
chosen, and the noise, depend on the seed and on nothing else. The classes keep their names and numbers in every case: a
model trained without a class can still be asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .data import Data, Labelled
from .errors import TrainingError

NOISE = 64.0  # standard deviation, of 255


@dataclass(frozen=True)
class Subset(Labelled):
    """The pictures of `whole` with the numbers in `kept`."""

    whole: Data
    kept: Tensor

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def labels(self) -> Tensor:  # type: ignore[override]
        """N int64."""
        return self.whole.labels[self.kept]

    @property
    def names(self) -> tuple[str, ...]:
        """As in the whole set."""
        return tuple(self.whole.names[i] for i in self.kept.tolist())

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        """All of the whole set's."""
        return self.whole.classes

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.whole.channels

    def batch(self, index: Tensor) -> Tensor:
        """N×C×R×R uint8."""
        return self.whole.batch(self.kept[index])


@dataclass(frozen=True)
class Noisy(Labelled):
    """The pictures of `clean`, with noise on those where `spoilt` (N bool) is true."""

    clean: Data
    spoilt: Tensor
    sigma: float
    seed: int

    def __len__(self) -> int:
        return len(self.clean)

    @property
    def labels(self) -> Tensor:  # type: ignore[override]
        """N int64."""
        return self.clean.labels

    @property
    def names(self) -> tuple[str, ...]:
        """As in the clean set."""
        return self.clean.names

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        """As in the clean set."""
        return self.clean.classes

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.clean.channels

    def batch(self, index: Tensor) -> Tensor:
        """N×C×R×R uint8; a picture's noise is always the same."""
        x = self.clean.batch(index).clone()
        for row in self.spoilt[index].nonzero()[:, 0].tolist():
            rng = torch.Generator().manual_seed(self.seed * 1_000_003 + int(index[row]))
            noise = torch.randn(x[row].shape, generator=rng) * self.sigma
            x[row] = (x[row].float() + noise).round().clamp(0, 255).to(torch.uint8)
        return x


def keep_fraction(data: Data, fraction: float, seed: int = 0) -> Data:
    """That share of the pictures of each class (at least one), chosen at random."""
    _check_fraction(fraction)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    kept = []
    for label in data.labels.unique().tolist():
        own = order[data.labels[order] == label]
        kept.append(own[: max(round(len(own) * fraction), 1)])
    return Subset(data, torch.cat(kept).sort().values)


def add_noise(data: Data, fraction: float, sigma: float = NOISE, seed: int = 0) -> Data:
    """Gaussian noise on that share of the pictures; the result is clipped to 8 bits, as a camera's would be."""
    _check_fraction(fraction)
    spoilt = torch.zeros(len(data), dtype=torch.bool)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    spoilt[order[: round(len(data) * fraction)]] = True
    return Noisy(data, spoilt, sigma, seed)


def without_class(data: Data, name: str) -> Data:
    """All pictures but those of one class."""
    if name not in data.classes:
        raise TrainingError(f"There is no class {name!r}; there are {', '.join(data.classes) or 'none'}.")
    kept = (data.labels != data.classes.index(name)).nonzero()[:, 0]
    if not len(kept):
        raise TrainingError(f"Without the class {name!r} no picture is left.")
    return Subset(data, kept)


def _check_fraction(value: float) -> None:
    if not 0 < value <= 1:
        raise TrainingError(f"A share of the pictures is above 0 and at most 1, not {value!r}.")
