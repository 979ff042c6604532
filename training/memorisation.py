"""Has the generator copied its training pictures? Distances to the nearest one, and the closest pairs to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .distances import distances
from .samples import as_float
from .sheet import write_sheet

PAIRS = 10
ROWS = 500  # of the table of distances at a time: 500×10,000 float64 are 40 MB


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of N pictures its nearest training picture: `place` N int64, `distance` N float64."""

    place: Tensor
    distance: Tensor


def nearest(features: Tensor, training: Tensor) -> Nearest:
    """The nearest of M×F training features to each of N×F features."""
    rows = [distances(part, training).min(dim=1) for part in features.split(ROWS)]
    return Nearest(torch.cat([row.indices for row in rows]), torch.cat([row.values for row in rows]))


def closest(found: Nearest, count: int = PAIRS) -> Tensor:
    """Numbers of the `count` pictures closest to a training picture, nearest first."""
    return found.distance.argsort(stable=True)[:count]


def memorisation(generated: Nearest, held_out: Nearest) -> dict[str, float]:
    """How near generated pictures come to training pictures, beside how near other real pictures do.

    A generator that copies has distances far below those of held-out pictures. `closer_than_real`: chance that a
    generated picture is nearer to its nearest training picture than a held-out one to its own; ½ would be as near as
    real pictures are to each other, near 1 means copies. `suspicious`: share of generated pictures nearer than all but
    one in a hundred of the held-out ones.
    """
    wins = generated.distance[:, None] < held_out.distance[None]
    threshold = held_out.distance.quantile(0.01)
    return {
        "nearest_generated_median": float(generated.distance.median()),
        "nearest_generated_minimum": float(generated.distance.min()),
        "nearest_real_median": float(held_out.distance.median()),
        "nearest_real_minimum": float(held_out.distance.min()),
        "closer_than_real": float(wins.double().mean()),
        "suspicious": float((generated.distance < threshold).double().mean()),
    }


def write_pairs(pictures: Tensor, training: Tensor, path: Path) -> None:
    """Pictures above, the training picture nearest to each below: both K×C×R×R uint8, K columns."""
    enlarge = max(1, 128 // pictures.shape[-1])
    write_sheet(as_float(torch.cat([pictures, training])), path, columns=len(pictures), enlarge=enlarge)
