"""Matching: the map carries one Gaussian to the other, its statistics are those of samples, and it draws them near."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from training.data import Pictures
from training.distances import Moments, frechet_distance
from training.errors import TrainingError
from training.loop import Trainer
from training.matching import FIRST, MEMORY, REALS, Matching, Reals, chosen, transport, windows
from training.projected import Backbone

from .build import SMALLEST
from .test_loop import differences, state, steps

Split = tuple[Pictures, Pictures]
CPU = torch.device("cpu")
ON = replace(SMALLEST, match=1.0, recognise=0.1)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def covariance(size: int, seed: int) -> Tensor:
    """Symmetric and positive, size×size."""
    x = torch.randn(4 * size, size, generator=rng(seed)) * torch.linspace(0.3, 3, size)
    return x.T @ x / len(x)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    """The frozen network, folded."""
    return Backbone()


def of(backbone: Backbone, data: Pictures) -> Matching:
    return Matching(backbone, data, torch.ones(len(data)), False, CPU)


@pytest.fixture(scope="module")
def reals(backbone: Backbone, split: Split) -> Reals:
    """Of a few pictures, measured once."""
    begun = of(backbone, split[0])
    begun.begin()
    return begun.reals


@pytest.fixture
def matching(backbone: Backbone, split: Split, reals: Reals) -> Matching:
    """Of these pictures, before it has seen samples."""
    found = of(backbone, split[0])
    found._start(reals)
    return found


# ---- the map ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_the_map_carries_one_covariance_to_the_other(size: int):
    ours, theirs = covariance(size, 1), covariance(size, 2)
    found = transport(ours, theirs)
    torch.testing.assert_close(found, found.T)
    torch.testing.assert_close(found @ ours @ found, theirs, rtol=2e-2, atol=2e-2)
    assert float(torch.linalg.eigvalsh(found).min()) > 0


def test_between_equals_nothing_moves():
    same = covariance(6, 3)
    torch.testing.assert_close(transport(same, same), torch.eye(6), rtol=1e-4, atol=1e-4)


def test_the_way_is_the_frechet_distance():
    x, y = torch.randn(4000, 5, generator=rng(1)), torch.randn(4000, 5, generator=rng(2)) * 2 + 1
    ours, theirs = Moments.of(x.double()), Moments.of(y.double())
    moved = theirs.mean + (x.double() - ours.mean) @ transport(ours.covariance, theirs.covariance).double()
    way = float((x - moved).square().sum(dim=1).mean())
    assert way == pytest.approx(frechet_distance(ours, theirs), rel=0.01)


def test_flat_directions_are_no_trouble():
    flat = torch.diag(torch.tensor([1.0, 0.0, 0.0]))
    assert torch.isfinite(transport(flat, torch.eye(3))).all()


@pytest.mark.parametrize("across", [True, False], ids=["columns", "rows"])
def test_windows_are_parts_of_the_picture_and_each_another(across: bool):
    x = torch.arange(64.0).expand(12, 1, 64, 64)  # as bright as a column's number
    seen = windows(x if across else x.mT, 32, rng())
    assert seen.shape == (12, 1, 32, 32)
    seen = seen if across else seen.mT
    left, right = seen[:, 0, 0, 0], seen[:, 0, 0, -1]
    assert float(left.min()) >= 0 and float(right.max()) <= 63
    assert bool((right - left > 63 * 7 / 8 - 5).all()) and len(set(left.tolist())) > 6
    torch.testing.assert_close(seen, seen[:, :, :1].expand_as(seen), atol=1e-3, rtol=0)  # it is not turned


# ---- real pictures ----------------------------------------------------------------------------------


def test_means_and_spread_are_those_of_the_drawn_pictures():
    features, labels = torch.randn(300, 4, generator=rng()), torch.arange(300) % 3
    features[labels == 1] += 2
    weights = torch.rand(300, generator=rng(1)) + 0.1
    found = Reals.of(features, labels, weights, 3)
    drawn = torch.multinomial(weights, 200_000, replacement=True, generator=rng(2))
    y, c = (features @ found.axes)[drawn], labels[drawn]
    for number in range(3):
        torch.testing.assert_close(y[c == number].mean(dim=0), found.means[number], atol=0.05, rtol=0)
    rest = y - found.means[c]
    torch.testing.assert_close(rest.T @ rest / len(rest), found.covariance, atol=0.05, rtol=0)


def test_a_class_that_no_picture_has_draws_nowhere_in_particular():
    features = torch.randn(50, 4, generator=rng()) + 3
    found = Reals.of(features, torch.zeros(50, dtype=torch.long), torch.ones(50), 2)
    torch.testing.assert_close(found.means[1], features.mean(dim=0) @ found.axes, rtol=1e-4, atol=1e-4)
    assert torch.isfinite(found.probe.bias).all()


def test_the_classifier_expects_classes_as_they_are_drawn():
    features, labels = torch.zeros(400, 2), (torch.arange(400) % 4 == 0).long()  # which say nothing: one in four is 1
    features += 0.01 * torch.randn(400, 2, generator=rng())
    as_often = Reals.of(features, labels, torch.where(labels == 1, 3.0, 1.0), 2)
    chances = as_often.probe.logits(torch.zeros(1, 2)).softmax(dim=1)
    torch.testing.assert_close(chances, torch.tensor([[0.5, 0.5]]), atol=0.05, rtol=0)


def test_rare_classes_are_among_the_chosen_and_count_as_among_all():
    labels = (torch.arange(20_000) % 1000 == 0).long()  # one in a thousand
    weights = torch.where(labels == 1, 5.0, 1.0)
    index, found = chosen(labels, weights, 2)
    assert len(index) == REALS == len(set(index.tolist()))
    assert int((labels[index] == 1).sum()) == 20
    for c in range(2):
        share, wanted = found[labels[index] == c].sum() / found.sum(), weights[labels == c].sum() / weights.sum()
        assert float(share) == pytest.approx(float(wanted), rel=1e-3)
    none = chosen(labels, weights * labels, 2)[0]
    assert labels[none].all()  # what is never drawn is not compared with


# ---- samples ----------------------------------------------------------------------------------------


def test_nothing_is_drawn_before_enough_was_seen(matching: Matching, split: Split):
    x, label = torch.rand(16, 3, 32, 32, generator=rng()) * 2 - 1, torch.eye(matching.classes)[torch.zeros(16).long()]
    for _ in range(FIRST // 16):
        assert float(matching.losses(x, label, rng())[0]) == 0
    assert float(matching.losses(x, label, rng())[0]) > 0


@pytest.mark.parametrize("classes", [2, 30])
def test_running_statistics_come_to_those_of_samples(matching: Matching, classes: int):
    axes = matching.means.shape[1]
    matching.classes = classes
    real = torch.arange(float(classes))[:, None].expand(-1, axes) - 1  # where the running ones begin: one off
    matching._start(replace(matching.reals, means=real))
    spread = torch.linspace(0.5, 2, axes)
    for step in range(6 * MEMORY // 32):
        index = torch.randint(0, classes, (32,), generator=rng(step))
        matching._learn(torch.randn(32, axes, generator=rng(1000 + step)) * spread + index[:, None], index)
    torch.testing.assert_close(matching.means.mean(dim=1), torch.arange(float(classes)), atol=0.15, rtol=0)
    ratio = (matching.covariance.diagonal() / spread**2).mean()
    assert float(ratio) == pytest.approx(1, abs=0.03)  # neither more nor less, as with a mean that has just moved


def test_the_gradient_is_that_of_the_frechet_distance(matching: Matching, monkeypatch: pytest.MonkeyPatch):
    """With the samples' own mean and spread as the running ones; the frozen network left out."""
    x = torch.randn(60, 5, generator=rng(1), dtype=torch.double).float()
    reals = Reals.of(
        torch.randn(300, 5, generator=rng(2)) * torch.linspace(0.5, 2, 5) + 1,
        torch.zeros(300).long(),
        torch.ones(300),
        1,
    )
    matching.classes = 1
    matching._start(reals)
    y = x @ reals.axes
    ours = Moments.of(y.double())
    matching.means, matching.covariance = ours.mean.float()[None], ours.covariance.float()
    matching.map, matching.seen = transport(matching.covariance, reals.covariance), FIRST
    monkeypatch.setattr(Backbone, "pooled", lambda self, seen: seen)
    monkeypatch.setattr("training.matching.windows", lambda seen, side, rng: seen)
    sample = x.clone().requires_grad_(True)
    way, _ = matching.losses(sample, None, rng())
    (found,) = torch.autograd.grad(way * reals.covariance.trace(), sample)

    moved = y.double().requires_grad_(True)
    mean, theirs = moved.mean(dim=0), reals.covariance.double()
    rest = moved - mean
    covariance = rest.T @ rest / (len(rest) - 1)
    values, vectors = torch.linalg.eigh(theirs)
    root = (vectors * values.sqrt()) @ vectors.T
    between = torch.linalg.eigvalsh(root @ covariance @ root).clamp(min=1e-12).sqrt().sum()
    distance = (mean - reals.means[0].double()).square().sum() + covariance.trace() + theirs.trace() - 2 * between
    (wanted,) = torch.autograd.grad(distance, moved)
    torch.testing.assert_close(found, (wanted.float() @ reals.axes.T), rtol=0.05, atol=0.02 * float(wanted.abs().max()))


def test_samples_that_are_no_numbers_end_the_run_with_a_sentence(matching: Matching):
    with pytest.raises(TrainingError, match="no longer finite"):
        matching.losses(torch.full((2, 3, 32, 32), math.nan), None, rng())


def test_real_pictures_are_where_they_should_be(matching: Matching, split: Split):
    data = split[0]
    eye = torch.eye(matching.classes)

    def way(noisy: bool) -> float:
        found = []
        for step in range(FIRST // 16 + 24):
            index = torch.randint(0, len(data), (16,), generator=rng(step))
            x = data.batch(index).float() / 127.5 - 1
            if noisy:
                x = (x + 0.5 * torch.randn(x.shape, generator=rng(step))).clamp(-1, 1)
            found.append(float(matching.losses(x, eye[data.labels[index]], rng(step))[0]))
        return sum(found[-16:]) / 16

    assert way(noisy=False) < 0.5 * way(noisy=True)


def test_the_classifier_tells_classes_and_gives_gradients(matching: Matching, split: Split):
    data, eye = split[0], torch.eye(matching.classes)
    index = torch.arange(min(24, len(data)))
    x = (data.batch(index).float() / 127.5 - 1).requires_grad_(True)
    _, right = matching.losses(x, eye[data.labels[index]], rng())
    _, wrong = matching.losses(x, eye[(data.labels[index] + 1) % matching.classes], rng())
    assert right.item() < wrong.item()
    (gradient,) = torch.autograd.grad(right, x)
    assert float(gradient.abs().sum()) > 0


# ---- in a run ---------------------------------------------------------------------------------------


def test_a_run_with_it_goes_on_bit_for_bit_after_a_stop(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("training.matching.FIRST", 0)
    straight = steps(Trainer(ON, split[0], tmp_path / "straight"), 4)
    stopped = steps(Trainer(ON, split[0], tmp_path / "stopped"), 2)
    stopped.save()
    resumed = steps(Trainer(ON, split[0], tmp_path / "stopped"), 2)
    assert differences(state(straight), state(resumed)) == []
    assert straight.matching is not None and resumed.matching is not None
    for name in ("means", "covariance", "counts", "map"):
        assert torch.equal(getattr(straight.matching, name), getattr(resumed.matching, name)), name
    assert straight.train_step()["match"] > 0
    without = steps(Trainer(replace(ON, match=0.0), split[0], tmp_path / "without"), 4)
    assert differences(state(straight), state(without))  # it is not for show


def test_a_generator_that_does_not_learn_is_not_matched(split: Split, tmp_path: Path):
    trainer = Trainer(replace(ON, keep=("mapping", "synthesis")), split[0], tmp_path)
    assert trainer.matching is None and "match" not in trainer.train_step()


def test_statistics_outlast_a_while_without_them(split: Split, tmp_path: Path):
    first = steps(Trainer(ON, split[0], tmp_path), 2)
    first.save()
    steps(Trainer(replace(ON, keep=("mapping", "synthesis")), split[0], tmp_path), 1).save()  # the critic alone
    after = Trainer(ON, split[0], tmp_path)
    assert first.matching is not None and after.matching is not None
    assert torch.equal(after.matching.means, first.matching.means) and after.matching.seen == first.matching.seen > 0


def test_statistics_of_other_pictures_are_not_gone_on_with(split: Split, matching: Matching, backbone: Backbone):
    matching._learn(torch.full((4, matching.means.shape[1]), 3.0), torch.zeros(4, dtype=torch.long))
    ones = torch.ones(len(split[0]))
    same = Matching(backbone, split[0], ones, False, CPU)
    same.load(matching.state())
    assert torch.equal(same.means, matching.means) and (same.seen, same.steps) == (4, 1)
    assert torch.equal(same.reals.axes, matching.reals.axes) and torch.equal(
        same.reals.probe.bias, matching.reals.probe.bias
    )
    half = (torch.arange(len(ones)) % 2).float()
    for other in (Matching(backbone, split[0], half, False, CPU), Matching(backbone, split[0], ones, True, CPU)):
        other.load(matching.state())
        assert torch.equal(other.means, other.reals.means) and (other.seen, other.steps) == (0, 0)


def test_it_may_come_while_a_run_goes_on_and_its_losses_are_in_the_log(split: Split, tmp_path: Path):
    trainer = steps(Trainer(SMALLEST, split[0], tmp_path), 1)
    trainer.save()
    trainer = Trainer(ON, split[0], tmp_path)
    trainer.log.add(trainer.train_step())
    trainer.log.write(trainer.pictures, 1.0)
    with (tmp_path / "log.csv").open() as file:
        row = list(csv.DictReader(file))[-1]
    assert math.isfinite(float(row["match"])) and float(row["recognise"]) > 0


@pytest.mark.parametrize("wrong", [{"match": -1.0}, {"recognise": math.nan}, {"match": math.inf}, {"match": True}])
def test_weights_are_numbers_from_0_up(wrong: dict[str, Any]):
    with pytest.raises(TrainingError, match="must be a weight"):
        replace(SMALLEST, **wrong)


def test_without_classes_there_is_none_to_recognise():
    generator, critic = replace(SMALLEST.generator, num_classes=0), replace(SMALLEST.critic, num_classes=0)
    with pytest.raises(TrainingError, match="two classes"):
        replace(SMALLEST, generator=generator, critic=critic, recognise=0.1)
