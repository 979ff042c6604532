"""What a critic's logit means: its distribution over held-out real pictures and over generated ones.

A raw logit has no scale that a person could read. A checkpoint therefore keeps the quantiles of the logit over both
populations, each picture judged alone, measured when training ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import CheckpointError

QUANTILES = 257  # 0 %, 0.39 %, … 100 %


@dataclass(frozen=True)
class Calibration:
    """Quantiles of the logit, evenly spaced from 0 % to 100 %, ascending; counts of the pictures behind them."""

    real: tuple[float, ...]
    generated: tuple[float, ...]
    real_count: int
    generated_count: int

    def __post_init__(self) -> None:
        for name in ("real", "generated"):
            values = np.asarray(getattr(self, name))
            if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all() or (np.diff(values) < 0).any():
                raise CheckpointError(f"The critic's calibration ({name}) is not an ascending list of numbers.")

    @classmethod
    def measure(cls, real: Sequence[float], generated: Sequence[float]) -> Calibration:
        """The calibration of two samples of logits."""
        points = np.linspace(0, 1, QUANTILES)
        return cls(
            tuple(np.quantile(np.asarray(real, np.float64), points).tolist()),
            tuple(np.quantile(np.asarray(generated, np.float64), points).tolist()),
            len(real),
            len(generated),
        )

    def percentile_real(self, logit: float) -> float:
        """Per cent of held-out real pictures with a lower logit, 0 … 100."""
        return _percentile(self.real, logit)

    def percentile_generated(self, logit: float) -> float:
        """Per cent of generated pictures with a lower logit, 0 … 100."""
        return _percentile(self.generated, logit)

    def densities(self, points: int = 96) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logit grid, density of real and density of generated pictures on it (each [points], area 1)."""
        low = min(self.real[0], self.generated[0])
        high = max(self.real[-1], self.generated[-1])
        widths = _bandwidth(self.real), _bandwidth(self.generated)
        margin = max(0.08 * (high - low), 2.5 * max(widths)) + 1e-6  # room for the outermost bumps
        grid = np.linspace(low - margin, high + margin, points)
        return grid, _density(self.real, widths[0], grid), _density(self.generated, widths[1], grid)


def _percentile(quantiles: tuple[float, ...], logit: float) -> float:
    return float(np.interp(logit, quantiles, np.linspace(0.0, 100.0, len(quantiles))))


def _bandwidth(quantiles: tuple[float, ...]) -> float:
    # Evenly spaced quantiles are an even sample of the distribution: smooth them with Silverman's rule of thumb
    # (Silverman 1986, eq. 3.31), taking the effective sample to be a quarter of the points.
    sample = np.asarray(quantiles)
    spread = min(sample.std(), (np.quantile(sample, 0.75) - np.quantile(sample, 0.25)) / 1.349) or sample.std()
    return float(0.9 * spread * (len(sample) / 4) ** -0.2)


def _density(quantiles: tuple[float, ...], width: float, grid: np.ndarray) -> np.ndarray:
    sample = np.asarray(quantiles)
    width = max(width, (grid[1] - grid[0]) * 0.75)  # a bump between two points of the grid must not be lost
    bumps = np.exp(-0.5 * ((grid[:, None] - sample[None]) / width) ** 2)
    return bumps.mean(axis=1) / (width * np.sqrt(2 * np.pi))
