"""DiffAugment: reproducible, differentiable, and within the ranges of the paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from training.augment import POLICIES, adapt, augment, colour, cutout, translation

SIDE = 32

every = pytest.mark.parametrize("name", POLICIES)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 8) -> Tensor:
    return torch.rand(count, 3, SIDE, SIDE, generator=rng(9)) * 2 - 1


@every
def test_shape_and_type_stay(name: str):
    x = pictures()
    y = augment(x, (name,), rng())
    assert y.shape == x.shape and y.dtype == x.dtype
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(y, x)


@every
def test_the_generator_decides(name: str):
    x = pictures()
    assert torch.equal(augment(x, (name,), rng(1)), augment(x, (name,), rng(1)))
    assert not torch.equal(augment(x, (name,), rng(1)), augment(x, (name,), rng(2)))
    state = torch.get_rng_state()
    augment(x, (name,), rng(1))
    assert torch.equal(torch.get_rng_state(), state)


@every
def test_each_picture_has_its_own_draw(name: str):
    x = pictures(1).expand(32, -1, -1, -1)
    assert len({tuple(y.flatten().tolist()) for y in augment(x, (name,), rng())}) > 16


@every
def test_gradients_reach_the_pictures(name: str):
    x = pictures(16).requires_grad_(True)
    augment(x, (name,), rng()).square().sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
    assert all(gradient.abs().sum() > 0 for gradient in x.grad)


def test_gradients_are_those_of_the_function():
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=rng(3)).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda t: augment(t, tuple(POLICIES), rng(4)), (x,))


def test_no_policy_changes_nothing():
    x = pictures()
    assert torch.equal(augment(x, (), rng()), x)


def test_policies_are_applied_in_order():
    x, draws = pictures(), rng(5)
    expected = augment(augment(x, ("translation",), draws), ("cutout",), draws)
    assert torch.equal(augment(x, ("translation", "cutout"), rng(5)), expected)


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.8, 1.0])
@every
def test_probability_is_the_share_of_changed_pictures(name: str, probability: float):
    x = pictures(400)
    changed = (augment(x, (name,), rng(), probability) != x).flatten(1).any(dim=1)
    assert float(changed.float().mean()) == pytest.approx(probability, abs=0.08)


def test_augmentations_are_chosen_independently():
    x = torch.full((400, 3, SIDE, SIDE), 0.5)
    y = augment(x, ("colour", "cutout"), rng(), 0.5)
    blanked, coloured = (y == 0).flatten(1).any(dim=1), (y.flatten(1).amax(dim=1) - 0.5).abs() > 1e-6
    assert float((blanked & coloured).float().mean()) == pytest.approx(0.25, abs=0.07)


def test_probability_follows_the_critics_sureness():
    assert adapt(0.5, sureness=0.9, target=0.6, step=0.1) == pytest.approx(0.6)
    assert adapt(0.5, sureness=0.1, target=0.6, step=0.1) == pytest.approx(0.4)
    assert adapt(0.95, sureness=1.0, target=0.6, step=0.1) == 1.0
    assert adapt(0.05, sureness=-1.0, target=0.6, step=0.1) == 0.0


def test_translation_is_a_shift_by_up_to_an_eighth():
    x, reach = pictures(64), SIDE // 8
    padded = F.pad(x, (reach,) * 4, mode="reflect")
    seen = set()
    for picture, wide in zip(translation(x, rng()), padded, strict=True):
        windows = wide.unfold(1, SIDE, 1).unfold(2, SIDE, 1)  # 3×(2·reach+1)×(2·reach+1)×H×W
        hits = (windows == picture[:, None, None]).all(dim=(0, 3, 4)).nonzero().tolist()
        assert len(hits) == 1
        seen.add(tuple(hits[0]))
    shifts = torch.tensor(sorted(seen)) - reach
    assert shifts.min() == -reach and shifts.max() == reach
    assert len(seen) > 32


def test_cutout_blanks_one_square_of_half_the_side():
    blank = cutout(torch.ones(400, 3, SIDE, SIDE), rng()) == 0
    assert torch.equal(blank.all(dim=1), blank.any(dim=1))  # the same in every colour
    areas = blank[:, 0].sum(dim=(1, 2))
    assert areas.max() == (SIDE // 2) ** 2
    assert areas.min() >= (SIDE // 4) ** 2  # centred in a corner, a quarter of the square is inside
    for mask in blank[:50, 0]:
        rows, columns = mask.any(dim=1), mask.any(dim=0)
        assert torch.equal(mask, rows[:, None] & columns[None])
        assert max(rows.sum(), columns.sum()) <= SIDE // 2
    assert blank[:, 0].float().mean(dim=0).min() > 0.05  # no place is spared


def test_colour_changes_brightness_by_up_to_a_half():
    grey = torch.linspace(-0.4, 0.4, 500).view(-1, 1, 1, 1).expand(-1, 3, 4, 4)
    moved = colour(grey, rng()) - grey
    assert torch.allclose(moved, moved[:, :1, :1, :1].expand_as(moved), atol=1e-6)  # a grey picture stays one
    shift = moved[:, 0, 0, 0]
    assert -0.5 <= shift.min() < -0.45 and 0.45 < shift.max() <= 0.5


def test_colour_scales_contrast_and_saturation_about_the_means():
    x = pictures(500)
    y = colour(x, rng())
    grey_x, grey_y = x.mean(dim=1), y.mean(dim=1)
    contrast = grey_y.std(dim=(1, 2)) / grey_x.std(dim=(1, 2))
    assert 0.5 <= contrast.min() < 0.55 and 1.45 < contrast.max() <= 1.5
    tint = (y - grey_y[:, None]).std(dim=(1, 2, 3)) / (x - grey_x[:, None]).std(dim=(1, 2, 3)) / contrast
    assert 0.0 <= tint.min() < 0.1 and 1.9 < tint.max() <= 2.0001
    assert float((grey_y.mean(dim=(1, 2)) - grey_x.mean(dim=(1, 2))).abs().max()) <= 0.5
