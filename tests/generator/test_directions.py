"""Principal directions: orthonormal, in order, and the ones that were planted."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generator.directions import principal_directions

WIDTH = 24


def planted(sigmas: list[float], count: int = 6000, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Samples count×WIDTH with the given standard deviations along known axes (and 0.05 along the others)."""
    rng = torch.Generator().manual_seed(seed)
    axes = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=rng)).Q.T
    spread = torch.full((WIDTH,), 0.05)
    spread[: len(sigmas)] = torch.tensor(sigmas)
    return torch.randn(count, WIDTH, generator=rng) * spread @ axes, axes


def test_vectors_are_orthonormal_and_spreads_fall():
    ws, _ = planted([3.0, 2.0, 1.0])
    vectors, sigmas = principal_directions(ws, ws.mean(dim=0).expand_as(ws), 8)
    assert vectors.shape == (8, WIDTH) and sigmas.shape == (8,)
    assert vectors.dtype == sigmas.dtype == torch.float32
    torch.testing.assert_close(vectors @ vectors.T, torch.eye(8), rtol=0, atol=1e-5)
    assert (sigmas.diff() <= 0).all() and (sigmas > 0).all()


def test_planted_directions_are_found_with_their_standard_deviations():
    ws, axes = planted([3.0, 1.5, 0.7])
    vectors, sigmas = principal_directions(ws, torch.zeros_like(ws), 3)
    torch.testing.assert_close((vectors * axes[:3]).sum(dim=1).abs(), torch.ones(3), rtol=0, atol=2e-3)
    torch.testing.assert_close(sigmas, torch.tensor([3.0, 1.5, 0.7]), rtol=0.05, atol=0)


def test_differences_between_classes_are_no_direction():
    ws, axes = planted([1.0, 0.5])
    centres = torch.where(torch.arange(len(ws))[:, None] % 2 == 0, 20 * axes[5], -20 * axes[5])
    vectors, _ = principal_directions(ws + centres, centres, 2)
    torch.testing.assert_close((vectors * axes[:2]).sum(dim=1).abs(), torch.ones(2), rtol=0, atol=2e-3)
    with_them, _ = principal_directions(ws + centres, torch.zeros_like(ws), 1)
    assert float((with_them[0] @ axes[5]).abs()) == pytest.approx(1.0, abs=1e-3)


def test_signs_do_not_depend_on_the_samples():
    ws, _ = planted([3.0, 1.5, 0.7])
    zeros = torch.zeros_like(ws)
    first, second = principal_directions(ws, zeros, 3)[0], principal_directions(-ws.flip(0), zeros, 3)[0]
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)
    assert (first.gather(1, first.abs().argmax(dim=1, keepdim=True)) > 0).all()
