"""Worse data on purpose: what was asked for is changed and nothing else."""

from __future__ import annotations

import pytest
import torch

from training.data import Data, Pictures
from training.errors import TrainingError
from training.worsen import NOISE, add_noise, keep_fraction, without_class

ALL = torch.arange


@pytest.fixture(scope="module")
def whole() -> Pictures:
    """200 grey pictures 8×8 of even grey, classes a (100), b (60), c (40)."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 100 + [1] * 60 + [2] * 40)[torch.randperm(200, generator=rng)]
    pixels = torch.full((200, 1, 8, 8), 128, dtype=torch.uint8)
    return Pictures(pixels, labels, tuple(f"{i:03d}" for i in range(200)), ("a", "b", "c"))


def counts(data: Data) -> list[int]:
    return torch.bincount(data.labels, minlength=len(data.classes)).tolist()


def test_a_tenth_of_each_class(whole: Pictures):
    part = keep_fraction(whole, 0.1)
    assert counts(part) == [10, 6, 4]
    assert len(part) == 20 == len(part.names) == len(set(part.names))
    assert part.classes == whole.classes
    for i, name in enumerate(part.names):
        assert int(part.labels[i]) == int(whole.labels[int(name)])


def test_no_class_is_lost(whole: Pictures):
    assert counts(keep_fraction(whole, 1e-9)) == [1, 1, 1]


def test_the_seed_chooses(whole: Pictures):
    assert keep_fraction(whole, 0.1, seed=1).names == keep_fraction(whole, 0.1, seed=1).names
    assert keep_fraction(whole, 0.1, seed=1).names != keep_fraction(whole, 0.1, seed=2).names


def test_less_is_part_of_more(whole: Pictures):
    assert set(keep_fraction(whole, 0.1).names) < set(keep_fraction(whole, 0.5).names)


def test_noise_on_a_fifth(whole: Pictures):
    noisy = add_noise(whole, 0.2)
    x = noisy.batch(ALL(200)).float()
    changed = (x != 128).flatten(1).any(dim=1)
    assert int(changed.sum()) == 40
    assert 0.9 * NOISE < float(x[changed].std()) < 1.02 * NOISE  # a little is clipped away
    assert abs(float(x[changed].mean()) - 128) < 4
    assert noisy.names == whole.names
    assert torch.equal(noisy.labels, whole.labels)


def test_noise_is_always_the_same_and_each_its_own(whole: Pictures):
    noisy = add_noise(whole, 1.0)
    one, again = noisy.batch(torch.tensor([3, 5, 3])), noisy.batch(torch.tensor([5]))
    assert torch.equal(one[0], one[2])
    assert torch.equal(one[1], again[0])
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one[1], add_noise(whole, 1.0, seed=1).batch(torch.tensor([5]))[0])


def test_the_original_stays_clean(whole: Pictures):
    add_noise(whole, 1.0).batch(ALL(200))
    assert bool((whole.pixels == 128).all())


def test_a_missing_class_keeps_its_name_and_the_others_their_numbers(whole: Pictures):
    part = without_class(whole, "b")
    assert counts(part) == [100, 0, 40]
    assert part.classes == ("a", "b", "c")
    assert float(part.class_weights()[1]) == 0
    assert torch.multinomial(part.picture_weights(), 500, replacement=True).max() < len(part)


def test_they_combine(whole: Pictures):
    data = add_noise(keep_fraction(without_class(whole, "a"), 0.5), 0.5)
    assert counts(data) == [0, 30, 20]
    assert int((data.batch(ALL(50)) != 128).flatten(1).any(dim=1).sum()) == 25


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, float("nan")])
def test_other_shares_are_refused(whole: Pictures, fraction: float):
    for worsen in (keep_fraction, add_noise):
        with pytest.raises(TrainingError, match="share"):
            worsen(whole, fraction)


def test_an_unknown_class_is_refused(whole: Pictures):
    with pytest.raises(TrainingError, match="no class 'd'; there are a, b, c"):
        without_class(whole, "d")
