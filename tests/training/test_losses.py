"""Losses against their closed forms; batches whose groups are of one class; runs with both."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator.families.stylegan2.layers import minibatch_std
from training.data import Pictures
from training.errors import TrainingError
from training.groups import ClassGroups
from training.loop import Trainer
from training.losses import DRIFT, LOSSES
from training.settings import Settings

from .build import SMALLEST


@pytest.mark.parametrize("name", LOSSES)
def test_who_knows_nothing_pays_for_a_coin(name: str):
    """Log 2 for each guess: two guesses a pair in the logistic loss, one in the relativistic."""
    zero = torch.zeros(5)
    assert math.isclose(float(LOSSES[name].critic(zero, zero)), (2 - LOSSES[name].paired) * math.log(2), rel_tol=1e-6)
    assert math.isclose(float(LOSSES[name].generator(zero, zero)), math.log(2), rel_tol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_they_want_opposite_things(name: str):
    low, high = torch.full((4,), -1.0), torch.full((4,), 1.0)
    assert LOSSES[name].critic(high, low) < LOSSES[name].critic(low, high)
    assert LOSSES[name].generator(low, high) < LOSSES[name].generator(high, low)


def test_only_the_difference_counts_in_a_pair():
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    loss = LOSSES["relativistic"]
    expected = sum(math.log1p(math.exp(f - r)) for r, f in zip(real.tolist(), fake.tolist(), strict=True)) / 2
    drift = DRIFT * float(((real + fake) / 2).square().mean())
    assert math.isclose(float(loss.critic(real, fake)), expected + drift, rel_tol=1e-6)
    torch.testing.assert_close(loss.generator(real + 7, fake + 7), loss.generator(real, fake))
    assert loss.critic(real + 7, fake + 7) > loss.critic(real, fake)


@pytest.fixture
def groups() -> ClassGroups:
    labels = torch.tensor([2, 0, 1, 0, 2, 2, 0])
    return ClassGroups(labels, torch.tensor([0.5, 0.25, 0.25], dtype=torch.double), 4)


def test_what_the_critic_compares_is_of_one_class(groups: ClassGroups):
    classes = groups.classes(32, torch.Generator().manual_seed(0))
    assert classes.shape == (32,)
    # Pictures that all show their class: within each group nothing differs, so the statistics are nothing.
    x = classes.float().view(32, 1, 1, 1).expand(32, 1, 4, 4)
    assert float(minibatch_std(x, 4)[:, 1].max()) < 1e-3
    assert float(minibatch_std(x[torch.randperm(32)], 4)[:, 1].max()) > 0.1


def test_pictures_are_of_the_classes_asked_for(groups: ClassGroups):
    labels = torch.tensor([2, 0, 1, 0, 2, 2, 0])
    rng = torch.Generator().manual_seed(0)
    classes = groups.classes(4000, rng)
    index = groups.pictures(classes, rng)
    assert torch.equal(labels[index], classes)
    share = torch.bincount(index, minlength=7) / 4000
    expected = torch.tensor([0.25 / 3, 0.5 / 3, 0.25, 0.5 / 3, 0.25 / 3, 0.25 / 3, 0.5 / 3])
    torch.testing.assert_close(share, expected, atol=0.04, rtol=0)


@pytest.mark.parametrize("class_groups", [False, True])
def test_a_run_with_pairs_goes_on_where_it_was_stopped(
    split: tuple[Pictures, Pictures], tmp_path: Path, class_groups: bool
):
    settings = replace(SMALLEST, loss="relativistic", class_groups=class_groups)
    whole = Trainer(settings, split[0], tmp_path / "whole")
    whole.run(40, quiet=True)
    for pictures in (20, 40):
        parts = Trainer(settings, split[0], tmp_path / "parts")
        parts.run(pictures, quiet=True)
    for name, tensor in whole.g.state_dict().items():
        assert torch.equal(tensor, parts.g.state_dict()[name]), name


@pytest.mark.parametrize("wrong", [{"loss": "hinge"}, {"class_groups": True, "batch": 6}])
def test_settings_are_checked(wrong: dict[str, object]):
    with pytest.raises(TrainingError, match=r"Unknown loss|multiple of 4"):
        Settings.from_dict({**SMALLEST.to_dict(), **wrong})


@pytest.mark.parametrize("name", LOSSES)
def test_a_critic_that_tells_the_wrong_class_pays_less(name: str):
    right, low, high = torch.full((4,), 0.5), torch.full((4,), -1.0), torch.full((4,), 1.0)
    assert LOSSES[name].mismatched(right, low) < LOSSES[name].mismatched(right, high)


def test_a_wrong_class_is_never_the_right_one(split: tuple[Pictures, Pictures], tmp_path: Path):
    trainer = Trainer(replace(SMALLEST, mismatch=0.5), split[0], tmp_path)
    trainer.eye, number = torch.eye(5), 5
    trainer.data = replace(split[0], classes=tuple("abcde"))
    index = torch.arange(number).repeat(8)
    seen = set()
    for seed in range(40):
        wrong = trainer._wrong_label(trainer.eye[index], torch.Generator().manual_seed(seed)).argmax(dim=1)
        assert not (wrong == index).any()
        assert torch.equal(wrong[:number].repeat(8), wrong)  # pictures of one class keep sharing one
        seen |= {(int(a), int(b)) for a, b in zip(index, wrong, strict=True)}
    assert len(seen) == number * (number - 1)


def test_mismatch_changes_what_the_critic_learns(split: tuple[Pictures, Pictures], tmp_path: Path):
    plain, told = (Trainer(replace(SMALLEST, mismatch=m), split[0], tmp_path / str(m)) for m in (0.0, 0.5))
    rows = [trainer.train_step() for trainer in (plain, told)]
    assert rows[1]["loss_d"] > rows[0]["loss_d"]
    assert any(not torch.equal(a, b) for a, b in zip(plain.d.parameters(), told.d.parameters(), strict=True))


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, True])
def test_a_mismatch_that_is_no_weight_is_refused(weight: float):
    with pytest.raises(TrainingError, match="mismatch"):
        replace(SMALLEST, mismatch=weight)
