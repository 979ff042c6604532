"""Named directions in w: the principal ones, in units of their standard deviation (GANSpace, Härkönen et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Direction:
    """One direction: `vector` [w_dim] of length 1, `sigma` the standard deviation of w along it."""

    name: str
    title: str
    vector: Tensor
    sigma: float


def principal_directions(ws: Tensor, centres: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` directions in which w varies most: vectors count×w_dim (orthonormal) and standard deviations [count].

    `ws` M×w_dim are samples, `centres` M×w_dim the averages of their classes: what is left after taking them away is
    variation within a class, so that no direction merely turns an apple into a pear.
    """
    _, spread, vectors = torch.linalg.svd((ws - centres).double(), full_matrices=False)
    # Signs are arbitrary: make each vector's largest entry positive, so that the same w give the same directions.
    largest = vectors.abs().argmax(dim=1, keepdim=True)
    vectors = vectors * vectors.gather(1, largest).sign()
    return vectors[:count].float(), (spread[:count] / (len(ws) - 1) ** 0.5).float()
