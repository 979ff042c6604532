"""What can be measured of a generator and its critic without another network."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.stylegan2 import blur, fir_kernel, upsample_rgb

PATCH = 7  # side of the neighbourhoods that are compared, in pixels


def roc_auc(positive: Tensor, negative: Tensor) -> float:
    """Probability that a positive's score is above a negative's, ties counting half (area under the ROC curve)."""
    scores = torch.cat([positive, negative]).double()
    _, inverse, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ends = counts.cumsum(0).double()
    ranks = (ends - (counts - 1) / 2)[inverse]  # average rank, 1-based
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def balanced_accuracy(positive: Tensor, negative: Tensor) -> float:
    """Mean of both classes' hit rates when a score above 0 means "positive" (the critic's own threshold)."""
    return float(((positive > 0).double().mean() + (negative <= 0).double().mean()) / 2)


def laplacian_pyramid(x: Tensor, smallest: int = 16) -> list[Tensor]:
    """N×C×H×W → band-pass levels H, H/2, … and the low-pass rest at `smallest` (Burt & Adelson 1983)."""
    levels = []
    while x.shape[2] > smallest:
        below = blur(x, fir_kernel(x.shape[1]), padding=1, stride=2)
        levels.append(x - upsample_rgb(below))
        x = below
    return [*levels, x]


def _patches(level: Tensor, positions: Tensor) -> Tensor:
    # The 7×7 neighbourhoods at `positions` (N×P, counted row by row) of each picture, each a row of C·49 numbers.
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # N×C×H'×W'×7×7, a view
    y, x = positions // windows.shape[3], positions % windows.shape[3]
    return windows[torch.arange(len(level))[:, None], :, y, x].flatten(2).flatten(0, 1)


def sliced_wasserstein(
    a: Tensor, b: Tensor, *, seed: int = 0, directions: int = 512, per_picture: int = 64
) -> list[float]:
    """Distance of two equally large sets of pictures, one number a pyramid level, fine to coarse.

    7×7 neighbourhoods of each Laplacian level, normalised per colour by the first set, projected onto random
    directions, sorted and compared (sliced Wasserstein distance, Karras et al. 2018, §5; ×1000 as there).
    N×C×H×W in [−1, 1] → list of floats. The neighbourhoods lie at the same random places in both sets, so a set is
    at distance 0 from itself. Compare with other real against real: that is the floor.
    """
    if a.shape != b.shape:
        raise ValueError(f"Both sets need the same shape, not {tuple(a.shape)} and {tuple(b.shape)}.")
    generator = torch.Generator().manual_seed(seed)
    results = []
    for one, two in zip(laplacian_pyramid(a), laplacian_pyramid(b), strict=True):
        mean = one.mean(dim=(0, 2, 3), keepdim=True)
        std = one.std(dim=(0, 2, 3), keepdim=True) + 1e-8
        places = (one.shape[2] - PATCH + 1) * (one.shape[3] - PATCH + 1)
        positions = torch.randint(places, (len(one), per_picture), generator=generator)
        p, q = _patches((one - mean) / std, positions), _patches((two - mean) / std, positions)
        axes = F.normalize(torch.randn(p.shape[1], directions, generator=generator), dim=0)
        total = 0.0
        for part in axes.split(64, dim=1):
            total += float(((p @ part).sort(dim=0).values - (q @ part).sort(dim=0).values).abs().mean(dim=0).sum())
        results.append(1e3 * total / directions)
    return results


def diversity(x: Tensor, labels: Tensor, size: int = 16) -> float:
    """Mean root-mean-square distance between pictures of a class, at `size` px: falls to 0 when it collapses."""
    small = F.adaptive_avg_pool2d(x, size).flatten(1)
    distances = []
    for label in labels.unique():
        rows = small[labels == label][:64]
        if len(rows) > 1:
            distances.append(float(torch.pdist(rows).mean() / np.sqrt(rows.shape[1])))
    return float(np.mean(distances)) if distances else 0.0


def reliability(positive: Tensor, negative: Tensor, bins: int = 10) -> list[tuple[float, float, float]]:
    """What a critic's logits are worth as probabilities: (mean probability, share of positives, weight) a bin.

    The probability that a picture is real is the logit's sigmoid (what the logistic loss trains it to be, both kinds
    equally frequent); both sets count half, whatever their sizes. Bins of equal width; empty ones are left out.
    """
    p = torch.sigmoid(torch.cat([positive, negative]).double())
    weight = torch.cat([torch.full((len(s),), 0.5 / len(s), dtype=torch.float64) for s in (positive, negative)])
    truth = torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))]).double()
    place = (p * bins).long().clamp(max=bins - 1)
    rows = []
    for i in range(bins):
        w = weight * (place == i)
        if (total := float(w.sum())) > 0:
            rows.append((float((w * p).sum() / total), float((w * truth).sum() / total), total))
    return rows


def calibration_error(positive: Tensor, negative: Tensor) -> float:
    """Expected calibration error, 0 … 1 (Guo et al. 2017, §2): by how much probability and frequency differ."""
    return sum(abs(said - true) * weight for said, true, weight in reliability(positive, negative))
