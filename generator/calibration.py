"""What a critic's logit means: its distribution over held-out real pictures and over generated ones.

A raw logit has no scale that a person could read. A checkpoint therefore keeps the quantiles of the logit over both
populations, each picture judged alone, measured when training ended. Of a critic whose training pictures are not at
hand only the second is known: `real` is then empty, and nothing is said about real pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import CheckpointError

QUANTILES = 257  # 0 %, 0.39 %, … 100 %


@dataclass(frozen=True)
class Calibration:
    """Quantiles of the logit, evenly spaced from 0 % to 100 %, ascending; counts of the pictures behind them.

    `real` is empty, and its count 0, where no real pictures were shown to the critic.
    """

    real: tuple[float, ...]
    generated: tuple[float, ...]
    real_count: int
    generated_count: int

    def __post_init__(self) -> None:
        for name in ("real", "generated"):
            values = np.asarray(getattr(self, name))
            if name == "real" and not len(values) and not self.real_count:
                continue
            if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all() or (np.diff(values) < 0).any():
                raise CheckpointError(f"The critic's calibration ({name}) is not an ascending list of numbers.")

    @classmethod
    def measure(cls, real: Sequence[float], generated: Sequence[float]) -> Calibration:
        """The calibration of two samples of logits; `real` may be empty."""
        points = np.linspace(0, 1, QUANTILES)
        return cls(
            tuple(np.quantile(np.asarray(real, np.float64), points).tolist()) if len(real) else (),
            tuple(np.quantile(np.asarray(generated, np.float64), points).tolist()),
            len(real),
            len(generated),
        )

    def percentile_real(self, logit: float) -> float | None:
        """Per cent of held-out real pictures with a lower logit, 0 … 100; None if there were none."""
        return _percentile(self.real, logit) if self.real else None

    def percentile_generated(self, logit: float) -> float:
        """Per cent of generated pictures with a lower logit, 0 … 100."""
        return _percentile(self.generated, logit)

    def densities(self, points: int = 96) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Logit grid, density of real (None if there were none) and of generated pictures on it: [points], area 1."""
        known = [quantiles for quantiles in (self.real, self.generated) if quantiles]
        low = min(quantiles[0] for quantiles in known)
        high = max(quantiles[-1] for quantiles in known)
        widths = [_bandwidth(quantiles) for quantiles in known]
        margin = max(0.08 * (high - low), 2.5 * max(widths)) + 1e-6  # room for the outermost bumps
        grid = np.linspace(low - margin, high + margin, points)
        curves = [_density(quantiles, width, grid) for quantiles, width in zip(known, widths, strict=True)]
        return grid, curves[0] if self.real else None, curves[-1]


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
