"""How far apart two sets of feature vectors are, and how much of one lies within the other.

Rows are pictures: N×F tensors of the features of a frozen network (`generator.measuring`). Everything is computed in
float64; nothing here draws a random number except the subsets of the kernel distance, from their seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Mean [F] and covariance F×F (float64) of a set of feature vectors, and the number of vectors behind them."""

    mean: Tensor
    covariance: Tensor
    count: int

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """The moments of N×F features, N ≥ 2 (covariance over N−1)."""
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"A covariance needs a table of two feature vectors or more, not {tuple(features.shape)}.")
        x = features.double()
        mean = x.mean(dim=0)
        x = x - mean
        return cls(mean, x.T @ x / (len(x) - 1), len(x))


def frechet_distance(a: Moments, b: Moments) -> float:
    """|μ₁−μ₂|² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): the Fréchet distance between two Gaussians (Heusel et al. 2017, eq. 6).

    Exact: Σ₁Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½, so the trace of the root is the sum of their roots,
    also where a covariance has no full rank (fewer pictures than features).
    """
    values, vectors = torch.linalg.eigh(a.covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    trace = a.covariance.trace() + b.covariance.trace() - 2 * product
    return max(float((a.mean - b.mean).square().sum() + trace), 0.0)


def kernel_distance(x: Tensor, y: Tensor, *, subsets: int = 100, size: int = 500, seed: int = 0) -> float:
    """Kernel inception distance (Bińkowski et al. 2018, §4): the squared maximum mean discrepancy of two sets.

    Kernel (xᵀy/F + 1)³; the unbiased estimate (may be below zero for equal distributions), averaged over `subsets`
    random subsets of `size` pictures of either set (of all of them, where there are fewer).
    """
    size = min(size, len(x), len(y))
    if size < 2:
        raise ValueError("A kernel distance needs two pictures or more of either set.")
    k_xx, k_yy, k_xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    rng = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(subsets):
        i, j = torch.randperm(len(x), generator=rng)[:size], torch.randperm(len(y), generator=rng)[:size]
        total += _off_diagonal_mean(k_xx[i][:, i]) + _off_diagonal_mean(k_yy[j][:, j]) - 2 * float(k_xy[i][:, j].mean())
    return total / subsets


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x.double() @ y.double().T / x.shape[1] + 1) ** 3


def _off_diagonal_mean(table: Tensor) -> float:
    n = len(table)
    return float((table.sum() - table.trace()) / (n * (n - 1)))


def distances(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances of every row of x to every row of y: N×F, M×F → N×M float64 (equal rows: below 1e-5)."""
    return torch.cdist(x.double(), y.double(), compute_mode="use_mm_for_euclid_dist")


def radii(x: Tensor, k: int) -> Tensor:
    """Distance of each row to its k-th nearest other row: N×F → N."""
    if not 1 <= k < len(x):
        raise ValueError(f"{len(x)} pictures have no {k} nearest neighbours each.")
    table = distances(x, x).fill_diagonal_(torch.inf)
    return table.kthvalue(k, dim=1).values


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019, §2), each 0 … 1.

    Precision: share of the fakes within the ball of any real picture, whose radius is the distance to its k-th nearest
    real one. Recall: the same with the sets exchanged.
    """
    table = distances(real, fake)
    precision = (table <= radii(real, k)[:, None]).any(dim=0).double().mean()
    recall = (table <= radii(fake, k)[None]).any(dim=1).double().mean()
    return float(precision), float(recall)


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """Density (may exceed 1) and coverage, 0 … 1 (Naeem et al. 2020, §3).

    Density: in how many balls of real pictures a fake lies on average, over k. Coverage: share of the real pictures
    whose ball, reaching to its k-th nearest real one, holds a fake.
    """
    inside = distances(real, fake) <= radii(real, k)[:, None]
    return float(inside.double().sum(dim=0).mean() / k), float(inside.any(dim=1).double().mean())
