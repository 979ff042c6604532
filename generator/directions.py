"""Named directions in w, in units of their standard deviation: those in which w varies most (GANSpace, Härkönen et al.
2020, arXiv:2004.02546), and those that the synthesis network answers to most (SeFa, Shen & Zhou 2021)."""

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
    return _signed(vectors)[:count].float(), (spread[:count] / (len(ws) - 1) ** 0.5).float()


def closed_form_directions(weights: Tensor, count: int) -> Tensor:
    """SeFa (Shen & Zhou 2021, arXiv:2007.06600, eq. 5–8): the `count` unit vectors n that change A·n most.

    `weights` R×w_dim are the rows A of every layer that reads w, stacked: the affine layers of a StyleGAN, the first
    layer of a network without a mapping. Returns eigenvectors count×w_dim of AᵀA, orthonormal, largest values first.
    """
    matrix = weights.double()
    _, vectors = torch.linalg.eigh(matrix.T @ matrix)  # ascending
    return _signed(vectors.flip(1).T)[:count].float()


def _signed(vectors: Tensor) -> Tensor:
    """Signs are arbitrary: make each vector's largest entry positive, so that the same w give the same directions."""
    largest = vectors.abs().argmax(dim=1, keepdim=True)
    return vectors * vectors.gather(1, largest).sign()
