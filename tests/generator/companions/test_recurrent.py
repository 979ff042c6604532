"""The recurrent network: what it writes depends on class, seed and temperature alone, and keeps what it is given."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from generator import CheckpointError, LatentError, Provenance
from generator.companions.companion import Description, save_companion
from generator.companions.recurrent import FILE, KIND, OpenRecurrent, Recurrent, RecurrentConfig, choose, open_recurrent

CONFIG = RecurrentConfig(codes=7, side=4, num_classes=3, hidden=12, embed=6, context=4)
DESCRIPTION = Description("tiny", "1.0", ("a", "b", "c"), Provenance("Tiny", "none", "nobody", "made up"))


@pytest.fixture(scope="module")
def recurrent() -> OpenRecurrent:
    torch.manual_seed(0)
    network = Recurrent(CONFIG).eval()
    with torch.no_grad():
        network.out.weight.mul_(6)  # untrained, it would find all codes about equally likely
    return OpenRecurrent(network, DESCRIPTION)


def test_same_seed_same_codes(recurrent: OpenRecurrent):
    codes = recurrent.sample([0, 1, 2], seed=5)
    assert codes.shape == (3, 4, 4)
    assert codes.dtype == torch.int64
    assert 0 <= int(codes.min()) <= int(codes.max()) < 7
    assert torch.equal(codes, recurrent.sample([0, 1, 2], seed=5))
    assert not torch.equal(codes, recurrent.sample([0, 1, 2], seed=6))


def test_a_picture_is_the_same_alone_and_in_a_batch(recurrent: OpenRecurrent):
    together = recurrent.sample([2, 0, 1, 1], seed=10)
    for i, label in enumerate([2, 0, 1, 1]):
        assert torch.equal(recurrent.sample([label], seed=10 + i)[0], together[i])


def test_seeds_go_round_at_their_end(recurrent: OpenRecurrent):
    assert torch.equal(recurrent.sample([0, 0], seed=2**32 - 1)[1], recurrent.sample([0], seed=0)[0])


@pytest.mark.parametrize("length", range(17))
def test_what_is_given_is_kept(recurrent: OpenRecurrent, length: int):
    given = torch.randint(0, 7, (3, length), generator=torch.Generator().manual_seed(length))
    codes = recurrent.sample([0, 1, 2], given=given)
    assert torch.equal(codes.flatten(1)[:, :length], given)


@pytest.mark.parametrize("rows", range(5))
def test_going_on_with_its_own_rows_gives_its_own_picture(recurrent: OpenRecurrent, rows: int):
    whole = recurrent.sample([1, 2], seed=3)
    assert torch.equal(recurrent.sample([1, 2], seed=3, given=whole[:, :rows]), whole)


def test_step_by_step_agrees_with_all_at_once(recurrent: OpenRecurrent):
    """Sampling keeps the state from code to code; training sees the whole picture: the same logits."""
    codes = recurrent.sample([0, 1], temperature=0)
    logits = recurrent.network(codes.flatten(1), torch.tensor([0, 1]))
    assert torch.equal(logits.argmax(dim=2), codes.flatten(1))


def test_no_place_sees_itself_or_what_comes_after(recurrent: OpenRecurrent):
    codes = torch.randint(0, 7, (1, 16), generator=torch.Generator().manual_seed(0))
    plain = recurrent.network(codes, torch.tensor([0]))
    for place in range(16):
        other = codes.clone()
        other[0, place] = (other[0, place] + 1) % 7
        changed = (recurrent.network(other, torch.tensor([0])) - plain).abs().amax(dim=2)[0] > 0
        assert not changed[: place + 1].any()
        assert place == 15 or changed[place + 1 :].any()


def test_near_zero_temperature_is_the_likeliest(recurrent: OpenRecurrent):
    greedy = recurrent.sample([0, 1, 2], temperature=0)
    assert torch.equal(greedy, recurrent.sample([0, 1, 2], temperature=0, seed=9))
    assert torch.equal(greedy, recurrent.sample([0, 1, 2], temperature=1e-6, seed=9))
    assert torch.equal(greedy, recurrent.sample([0, 1, 2], temperature=1e-300))


def test_warmer_is_more_surprising(recurrent: OpenRecurrent):
    labels = [0] * 40
    bits = [float(recurrent.bits(recurrent.sample(labels, temperature=t), labels).mean()) for t in (0.0, 0.5, 1.0, 4.0)]
    assert bits == sorted(bits)


def test_codes_are_drawn_by_their_chances():
    chances = torch.tensor([0.5, 0.25, 0.125, 0.125])
    draws = torch.linspace(0, 1, 8001, dtype=torch.double)[:-1]
    found = torch.bincount(choose(chances.log().expand(8000, -1), 1.0, draws), minlength=4) / 8000
    torch.testing.assert_close(found, chances, atol=2e-3, rtol=0)
    assert int(choose(chances.log()[None], 1.0, torch.tensor([1 - 2**-53], dtype=torch.double))) == 3


def test_chances_sum_to_one_over_all_codes(recurrent: OpenRecurrent):
    """−log₂ p of the last code, over its seven values."""
    codes = torch.zeros(7, 4, 4, dtype=torch.long)
    codes[:, 3, 3] = torch.arange(7)
    chances = 2 ** -recurrent.bits(codes, [1] * 7)[:, 3, 3]
    assert math.isclose(float(chances.sum()), 1, abs_tol=1e-5)


@pytest.mark.parametrize("temperature", [-1, math.nan, math.inf, True, "1", None])
def test_other_temperatures_are_refused(recurrent: OpenRecurrent, temperature: float):
    with pytest.raises(LatentError, match="temperature"):
        recurrent.sample([0], temperature=temperature)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, None])
def test_other_seeds_are_refused(recurrent: OpenRecurrent, seed: int):
    with pytest.raises(LatentError, match="seed"):
        recurrent.sample([0], seed=seed)


@pytest.mark.parametrize("labels", [[3], [-1], [0.5], [True], "a", None, [[0]]])
def test_other_classes_are_refused(recurrent: OpenRecurrent, labels: list[int]):
    with pytest.raises(LatentError, match="Classes"):
        recurrent.sample(labels)


@pytest.mark.parametrize(
    "given",
    [
        torch.full((1, 2), 7),
        torch.full((1, 2), -1),
        torch.zeros(1, 2),
        torch.zeros(2, 2, dtype=torch.long),
        torch.zeros(1, 17, dtype=torch.long),
        torch.zeros(1, 2, 3, dtype=torch.long),
        torch.zeros(2, dtype=torch.long),
    ],
)
def test_other_beginnings_are_refused(recurrent: OpenRecurrent, given: torch.Tensor):
    with pytest.raises(LatentError):
        recurrent.sample([0], given=given)


def test_nothing_asked_nothing_written(recurrent: OpenRecurrent):
    assert recurrent.sample([]).shape == (0, 4, 4)


def test_without_classes(tmp_path: Path):
    config = RecurrentConfig(codes=5, side=2, hidden=4, embed=3, context=2)
    save_companion(
        tmp_path / FILE, KIND, Recurrent(config), config, Description("x", "1.0", (), DESCRIPTION.provenance, {"a": 1})
    )
    opened = open_recurrent(tmp_path)
    assert opened.classes == ()
    assert opened.description.measured == {"a": 1}
    assert opened.sample([0, 0]).shape == (2, 2, 2)


def test_a_file_that_does_not_fit_its_description_is_refused(tmp_path: Path):
    other = RecurrentConfig(codes=8, side=4, num_classes=3, hidden=12, embed=6, context=4)
    save_companion(tmp_path / FILE, KIND, Recurrent(CONFIG), other, DESCRIPTION)
    with pytest.raises(CheckpointError, match="asks for"):
        open_recurrent(tmp_path)
