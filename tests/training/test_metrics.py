"""Measures against closed forms, brute force and what must hold."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from generator.families.stylegan2.layers import upsample_rgb
from training.metrics import balanced_accuracy, diversity, laplacian_pyramid, roc_auc, sliced_wasserstein


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---- the critic's scores -------------------------------------------------------------------------


@pytest.mark.parametrize("decimals", [0, 1, 6])  # few decimals: many ties
def test_roc_auc_is_the_share_of_pairs_in_order(decimals: int):
    positive, negative = (noise(1, 70) + 0.6).round(decimals=decimals), noise(2, 90).round(decimals=decimals)
    above = (positive[:, None] > negative).double() + 0.5 * (positive[:, None] == negative).double()
    assert roc_auc(positive, negative) == pytest.approx(float(above.mean()), abs=1e-9)


def test_roc_auc_of_what_is_apart_alike_or_reversed():
    low, high = torch.arange(5.0), torch.arange(10.0, 17.0)
    assert roc_auc(high, low) == 1.0
    assert roc_auc(low, high) == 0.0
    assert roc_auc(low, low) == 0.5
    assert roc_auc(torch.ones(4), torch.ones(9)) == 0.5
    assert roc_auc(noise(1, 40), noise(2, 30)) == pytest.approx(1 - roc_auc(noise(2, 30), noise(1, 40)))


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0])
def test_roc_auc_of_two_normal_distributions(shift: float):
    expected = 0.5 * (1 + math.erf(shift / 2))  # Φ(shift/√2)
    assert roc_auc(noise(1, 20_000) + shift, noise(2, 20_000)) == pytest.approx(expected, abs=0.01)


def test_balanced_accuracy_is_the_mean_of_both_hit_rates():
    positive, negative = torch.tensor([1.0, 2.0, -1.0, 0.0]), torch.tensor([-1.0, 3.0, -2.0, -3.0, -4.0, 0.0])
    assert balanced_accuracy(positive, negative) == pytest.approx((2 / 4 + 5 / 6) / 2)
    assert balanced_accuracy(torch.ones(3), -torch.ones(900)) == 1.0


# ---- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [16, 32, 64, 128])
def test_the_pyramid_puts_the_picture_together_again(side: int):
    x = noise(1, 2, 3, side, side)
    levels = laplacian_pyramid(x)
    assert [level.shape[-1] for level in levels] == [side >> i for i in range(len(levels))]
    assert levels[-1].shape[-1] == 16
    total = levels[-1]
    for level in reversed(levels[:-1]):
        total = upsample_rgb(total) + level
    torch.testing.assert_close(total, x, rtol=0, atol=1e-5)


def test_the_pyramid_separates_coarse_from_fine():
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    checks = (torch.arange(64)[:, None] + torch.arange(64)[None]).remainder(2).float().expand(1, 3, 64, 64) * 2 - 1
    inside = slice(8, -8)  # beyond the border the pyramid takes pictures to be black
    assert float(laplacian_pyramid(ramp)[0][:, :, inside, inside].abs().max()) < 0.01
    assert float(laplacian_pyramid(checks)[-1].abs().max()) < 0.1


def test_a_set_is_at_no_distance_from_itself():
    x = noise(1, 20, 3, 32, 32)
    assert sliced_wasserstein(x, x.clone()) == [0.0, 0.0]
    assert sliced_wasserstein(x, noise(2, 20, 3, 32, 32), seed=3) == sliced_wasserstein(
        x, noise(2, 20, 3, 32, 32), seed=3
    )


@pytest.mark.parametrize("shift", [0.1, 0.5, 2.0])
def test_the_distance_of_a_shifted_set_has_a_closed_form(shift: float):
    # At 16 px there is one level. Every neighbourhood moves by shift/σ in each of 49 coordinates; projected onto a
    # random axis that is shift/σ · N(0, 1), whose mean absolute value is shift/σ · √(2/π).
    x = noise(1, 60, 1, 16, 16)
    (distance,) = sliced_wasserstein(x, x + shift, directions=2048, per_picture=8)
    assert distance == pytest.approx(1e3 * shift * math.sqrt(2 / math.pi), rel=0.06)


def test_distances_order_shifted_and_scaled_sets():
    x, y = noise(1, 60, 3, 32, 32), noise(2, 60, 3, 32, 32)
    shifted = [sum(sliced_wasserstein(x, y + shift, directions=128)) for shift in (0.0, 0.1, 0.3, 1.0)]
    scaled = [sum(sliced_wasserstein(x, y * scale, directions=128)) for scale in (1.0, 1.2, 1.5, 2.0)]
    assert shifted == sorted(shifted) and shifted[-1] > 10 * shifted[0]
    assert scaled == sorted(scaled) and scaled[-1] > 10 * scaled[0]


def test_blur_shows_at_the_fine_levels_and_colour_at_the_coarse():
    soft = torch.nn.functional.interpolate(noise(1, 60, 3, 8, 8), size=64, mode="bicubic")
    x = soft + 0.1 * noise(2, 60, 3, 64, 64)
    fine, _, coarse = sliced_wasserstein(x, soft, directions=128)
    assert fine > 10 * coarse
    fine, _, coarse = sliced_wasserstein(x, x + 0.5, directions=128)
    assert coarse > 3 * fine


def test_sets_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="Both sets need the same shape"):
        sliced_wasserstein(torch.zeros(4, 3, 32, 32), torch.zeros(5, 3, 32, 32))


def test_diversity_is_the_distance_within_classes():
    labels = torch.tensor([0, 0, 1, 1])
    x = torch.zeros(4, 3, 32, 32)
    assert diversity(x, labels) == 0.0
    x[2:] = 5.0  # between classes: does not count
    assert diversity(x, labels) == 0.0
    x[1] += 0.4
    assert diversity(x, labels) == pytest.approx((0.4 + 0.0) / 2)
    assert diversity(x, torch.arange(4)) == 0.0  # one of each
