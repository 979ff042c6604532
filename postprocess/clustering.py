"""k-means without chance: the same colours always fall into the same clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SAMPLES = 2048  # as many pixels, evenly spaced, as decide where the centres lie


def find_centres(points: Array, k: int, rounds: int = 8) -> Array:
    """N×D points → at most k×D centres, ordered by their first coordinate; fewer where points coincide.

    Centres begin with the mean; the cluster with the largest total variance is split along its principal axis until
    there are k (Linde, Buzo & Gray 1980, splitting), then `rounds` of Lloyd's algorithm follow. No random start.
    """
    sample = points[:: max(1, len(points) // SAMPLES)].astype(np.float64)
    clusters = [sample]
    while len(clusters) < k:
        worst = max(range(len(clusters)), key=lambda i: float(clusters[i].var(axis=0).sum() * len(clusters[i])))
        members = clusters[worst] - clusters[worst].mean(axis=0)
        _, axes = np.linalg.eigh(members.T @ members)
        above = members @ axes[:, -1] > 0
        if above.all() or not above.any() or float(members.var(axis=0).sum()) < 1e-3:
            break
        clusters[worst : worst + 1] = [clusters[worst][above], clusters[worst][~above]]
    centres = np.stack([cluster.mean(axis=0) for cluster in clusters])
    for _ in range(rounds):
        nearest = assign(sample, centres)
        count = np.bincount(nearest, minlength=len(centres))
        total = np.stack([np.bincount(nearest, column, len(centres)) for column in sample.T], axis=1)
        centres = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], centres)
    return centres[np.argsort(centres[:, 0], kind="stable")].astype(np.float32)


def assign(points: NDArray[np.floating], centres: NDArray[np.floating]) -> NDArray[np.intp]:
    """…×D points → the index of the nearest of the k×D centres for each."""
    # |p − c|² without |p|², which is the same for every centre.
    return np.argmin((centres**2).sum(axis=1) - 2 * (points @ centres.T), axis=-1)
