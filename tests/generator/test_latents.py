"""Seeds and the latents drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generator import MAX_SEED, LatentError, draw_z


@pytest.mark.parametrize("z_dim", [1, 64, 512])
@pytest.mark.parametrize("seed", [0, 1, 1234, 2**31, MAX_SEED])
def test_a_seed_is_the_stylegan_tools_seed(seed: int, z_dim: int):
    expected = np.random.RandomState(seed).randn(1, z_dim).astype(np.float32)
    z = draw_z(seed, z_dim)
    assert z.shape == (z_dim,) and z.dtype == torch.float32
    assert np.array_equal(z.numpy(), expected[0])


def test_the_stream_is_the_one_known_elsewhere():
    # RandomState(0).randn is frozen (NumPy enhancement proposal 19): these are the first numbers everybody gets.
    assert draw_z(0, 3).tolist() == pytest.approx([1.7640524, 0.4001572, 0.9787380], abs=1e-6)


def test_drawing_leaves_the_global_streams_alone():
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()  # type: ignore[index, union-attr]
    draw_z(5, 64)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # type: ignore[index]
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_numpy_whole_numbers_are_seeds_too():
    assert torch.equal(draw_z(np.uint32(7), 8), draw_z(7, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 1.0, 1.5, True, np.float64(3), float("nan"), "3", None, [1]])
def test_everything_else_is_refused(seed: object):
    with pytest.raises(LatentError, match=r"^A seed is a whole number from 0 to 4294967295, not .*\.$"):
        draw_z(seed, 8)  # type: ignore[arg-type]
