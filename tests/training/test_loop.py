"""The loop: exact resume, settings, snapshots, logs, what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from training.data import Pictures
from training.errors import TrainingError
from training.loop import Trainer, generator_for
from training.settings import Settings, snapshot_points

from .build import SETTINGS, SMALLEST

Split = tuple[Pictures, Pictures]


def state(trainer: Trainer) -> dict[str, Any]:
    """Everything a run consists of."""
    names = ("g", "d", "ema", "opt_g", "opt_d")
    return {"step": trainer.step, **{name: getattr(trainer, name).state_dict() for name in names}}


def differences(one: Any, two: Any, path: str = "") -> list[str]:
    """Where two nested states differ, bit for bit."""
    if isinstance(one, torch.Tensor):
        return [] if torch.equal(one, two) else [path]
    if isinstance(one, dict):
        if one.keys() != two.keys():
            return [path]
        return [found for key in one for found in differences(one[key], two[key], f"{path}.{key}")]
    if isinstance(one, (list, tuple)):
        if len(one) != len(two):
            return [path]
        pairs = enumerate(zip(one, two, strict=True))
        return [found for i, (a, b) in pairs for found in differences(a, b, f"{path}.{i}")]
    return [] if one == two else [path]


def steps(trainer: Trainer, count: int) -> Trainer:
    for _ in range(count):
        trainer.train_step()
    return trainer


# ---- resume --------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True], ids=["fp32", "bf16 operands"])
def test_a_killed_run_goes_on_bit_for_bit(split: Split, tmp_path: Path, half: bool):
    # An eager augmentation (1 per 8 pictures) so that its probability has moved by the time of the kill.
    settings = replace(SMALLEST, half=half, ada_pictures=32, ada_target=-1.0)
    straight = steps(Trainer(settings, split[0], tmp_path / "straight"), 8)

    killed = steps(Trainer(settings, split[0], tmp_path / "killed"), 4)
    killed.save()
    steps(killed, 2)  # lost: done after the last save
    resumed = Trainer(settings, split[0], tmp_path / "killed")
    assert (resumed.step, resumed.pictures) == (4, 16)
    steps(resumed, 4)
    assert straight.probability == resumed.probability > 0
    assert differences(state(straight), state(resumed)) == []


def test_how_maps_are_held_may_change_within_a_run(split: Split, tmp_path: Path):
    exact = replace(SMALLEST, half=True)
    steps(Trainer(exact, split[0], tmp_path), 1).save()
    fast = steps(Trainer(replace(exact, half_maps=True), split[0], tmp_path), 3)  # one of them with the penalty
    slow = steps(Trainer(exact, split[0], tmp_path), 3)
    assert fast.step == slow.step == 4
    for one, other in zip(fast.d.parameters(), slow.d.parameters(), strict=True):
        assert one.dtype == torch.float32
        assert float((one - other).norm() / other.norm().clamp(min=0.1)) < 0.1
    assert differences(fast.d.state_dict(), slow.d.state_dict())
    with pytest.raises(TrainingError, match="operands"):
        replace(SMALLEST, half_maps=True)


def test_another_seed_makes_another_run(split: Split, tmp_path: Path):
    one = steps(Trainer(SMALLEST, split[0], tmp_path / "one"), 1)
    two = steps(Trainer(replace(SMALLEST, seed=1), split[0], tmp_path / "two"), 1)
    assert differences(state(one), state(two)) != []


def test_a_kill_while_saving_leaves_the_last_state(split: Split, tmp_path: Path):
    trainer = steps(Trainer(SMALLEST, split[0], tmp_path), 1)
    trainer.save()
    (tmp_path / "state.pt.new").write_bytes((tmp_path / "state.pt").read_bytes()[:5000])
    assert Trainer(SMALLEST, split[0], tmp_path).step == 1


@pytest.mark.parametrize("name", ["r1_gamma", "learning_rate", "ema_pictures"])
def test_what_nothing_so_far_depends_on_may_change_within_a_run(name: str, split: Split, tmp_path: Path):
    steps(Trainer(SMALLEST, split[0], tmp_path), 1).save()
    value = getattr(SMALLEST, name) * 4
    changed = Trainer(replace(SMALLEST, **{name: value}), split[0], tmp_path)
    assert changed.step == 1 and getattr(changed.settings, name) == value
    assert json.loads((tmp_path / "settings.json").read_text())[name] == value


def test_what_classes_are_favoured_may_change_within_a_run(split: Split, tmp_path: Path):
    steps(Trainer(SMALLEST, split[0], tmp_path), 1).save()
    changed = Trainer(replace(SMALLEST, favour={"disc": 3.0}, parts=0.5), split[0], tmp_path)
    assert (changed.step, changed.settings.favour, changed.settings.parts) == (1, {"disc": 3.0}, 0.5)
    assert Settings.from_dict(changed.settings.to_dict()) == changed.settings
    plain, favoured = split[0].class_weights(), changed.class_weights
    assert float(favoured.sum()) == pytest.approx(1)
    assert float(favoured[0] / favoured[1]) == pytest.approx(float(3 * plain[0] / plain[1]))
    of_discs = changed.weights[split[0].labels == 0].sum()
    assert float(of_discs) == pytest.approx(float(favoured[0]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"favour": {"disc": 0.0}}, r"How much class 'disc' is favoured must be a number above 0\."),
        ({"favour": {"disc": math.inf}}, "above 0"),
        ({"favour": {"disc": True}}, "above 0"),
        ({"parts": 1.5}, r"parts is a share: from 0 to 1\."),
        ({"parts": math.nan}, "from 0 to 1"),
    ],
    ids=str,
)
def test_a_share_or_a_favour_without_sense_is_refused(change: dict[str, Any], sentence: str):
    with pytest.raises(TrainingError, match=sentence):
        replace(SMALLEST, **change)


def test_a_class_that_is_not_there_cannot_be_favoured(split: Split, tmp_path: Path):
    with pytest.raises(TrainingError, match=r"There is no class 'ring' to favour; there are disc, square\."):
        Trainer(replace(SMALLEST, favour={"ring": 2.0}), split[0], tmp_path)


def test_a_changed_learning_rate_is_learnt_with(split: Split, tmp_path: Path):
    steps(Trainer(SMALLEST, split[0], tmp_path), 1).save()
    same = steps(Trainer(SMALLEST, split[0], tmp_path), 1)
    other = steps(Trainer(replace(SMALLEST, learning_rate=SMALLEST.learning_rate / 2), split[0], tmp_path), 1)
    assert other.opt_g.param_groups[0]["lr"] == pytest.approx(same.opt_g.param_groups[0]["lr"] / 2)
    assert differences(same.g.state_dict(), other.g.state_dict()) != []


@pytest.mark.parametrize(
    "change",
    [
        {"batch": 8},
        {"style_mixing": 0.9},
        {"mirror": False},
        {"policy": ()},
        {"seed": 5},
        {"generator": replace(SMALLEST.generator, w_dim=31)},
        {"critic": replace(SMALLEST.critic, cmap_dim=9)},
    ],
)
def test_other_settings_are_refused(split: Split, tmp_path: Path, change: dict[str, Any]):
    trainer = Trainer(SMALLEST, split[0], tmp_path)
    trainer.save()
    kept = (tmp_path / "state.pt").read_bytes()
    with pytest.raises(TrainingError, match=r"state\.pt was made with other settings than those asked for.*\.$"):
        Trainer(replace(SMALLEST, **change), split[0], tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == kept


def saved(value: object) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


BROKEN = {
    "empty": b"",
    "text": b"no state",
    "half a zip": b"PK\x03\x04" + b"\0" * 99,
    "no keys": saved({}),
    "a list": saved([1, 2]),
    "broken settings": saved({"settings": "{"}),
    "no settings": saved({"step": 3}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_state_is_refused(split: Split, tmp_path: Path, content: bytes):
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"state\.pt cannot be resumed from .*\.$"):
        Trainer(SMALLEST, split[0], tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == content


def test_a_state_cut_short_is_refused(split: Split, tmp_path: Path):
    Trainer(SMALLEST, split[0], tmp_path).save()
    content = (tmp_path / "state.pt").read_bytes()
    (tmp_path / "state.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(TrainingError, match=r"cannot be resumed from"):
        Trainer(SMALLEST, split[0], tmp_path)


def test_a_state_that_lacks_a_part_is_refused(split: Split, tmp_path: Path):
    Trainer(SMALLEST, split[0], tmp_path).save()
    content = torch.load(tmp_path / "state.pt", weights_only=True)
    for missing in ("g", "opt_d", "step"):
        torch.save({name: part for name, part in content.items() if name != missing}, tmp_path / "state.pt")
        with pytest.raises(TrainingError, match=r"cannot be resumed from"):
            Trainer(SMALLEST, split[0], tmp_path)


def test_a_state_runs_no_code(split: Split, tmp_path: Path):
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harm",))

    (tmp_path / "state.pt").write_bytes(saved({"settings": Evil()}))
    with pytest.raises(TrainingError, match="cannot be resumed from"):
        Trainer(SMALLEST, split[0], tmp_path)
    assert not (tmp_path / "harm").exists()


# ---- running -------------------------------------------------------------------------------------


def test_run_stops_at_the_pictures_and_keeps_its_moments(split: Split, tmp_path: Path):
    settings = replace(SMALLEST, snapshot_first=10, snapshot_ratio=2.0)
    trainer = Trainer(settings, split[0], tmp_path)
    snapshots: list[tuple[int, int]] = []
    saves: list[int] = []
    trainer.run(
        88,
        save_every=0.0,
        on_save=lambda t: saves.append(t.pictures),
        on_snapshot=lambda t, p: snapshots.append((p, t.pictures)),
        quiet=True,
    )
    assert trainer.pictures == 88
    assert snapshots == [(0, 0), (10, 12), (20, 20), (40, 40), (80, 80)]
    assert saves == list(range(0, 89, 4))

    # Asked for more, it goes on, and keeps only the moments still to come.
    snapshots.clear()
    again = Trainer(settings, split[0], tmp_path)
    again.run(164, on_snapshot=lambda t, p: snapshots.append((p, t.pictures)), quiet=True)
    assert snapshots == [(160, 160)]
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["pictures"]) for row in rows] == [80, 160]  # a row every 20 steps
    assert all(math.isfinite(float(value)) for row in rows for value in row.values())


def test_run_stops_at_the_minutes_and_when_interrupted(split: Split, tmp_path: Path):
    trainer = Trainer(SMALLEST, split[0], tmp_path)
    trainer.run(1000, minutes=0.0, quiet=True)
    assert trainer.pictures == 0
    trainer.interrupted = True
    trainer.run(1000, quiet=True)
    assert trainer.pictures == 0
    assert (tmp_path / "state.pt").exists()


def test_the_log_loses_what_will_be_done_again(split: Split, tmp_path: Path):
    trainer = Trainer(SMALLEST, split[0], tmp_path)
    trainer.run(80, quiet=True)
    trainer.run(160, quiet=True)
    trainer.step = 20
    trainer.save()
    Trainer(SMALLEST, split[0], tmp_path)
    with (tmp_path / "log.csv").open(newline="") as file:
        assert [row["pictures"] for row in csv.DictReader(file)] == ["80"]


def test_progress_is_one_line(split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    Trainer(SMALLEST, split[0], tmp_path).run(80)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "80 pictures" in out and "/s" in out


def test_losses_that_are_no_numbers_end_the_run(split: Split, tmp_path: Path):
    trainer = Trainer(SMALLEST, split[0], tmp_path)
    with torch.no_grad():
        trainer.d.out.bias.fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"no longer finite at picture 4\.$"):
        trainer.train_step()


def test_the_average_follows_the_generator(split: Split, tmp_path: Path):
    trainer = Trainer(replace(SMALLEST, ema_pictures=8, ema_rampup=1e9), split[0], tmp_path)
    before = [p.clone() for p in trainer.ema.parameters()]
    trainer.train_step()
    # A batch of 4 at a half-life of 8 pictures: the old weights keep 2^(−1/2).
    for old, new, average in zip(before, trainer.g.parameters(), trainer.ema.parameters(), strict=True):
        torch.testing.assert_close(average, new + (old - new) * 0.5**0.5)


def test_unconditional_and_conditional_train_every_weight(split: Split, tmp_path: Path):
    bare = Pictures(split[0].pixels, torch.zeros_like(split[0].labels), split[0].names, ())
    plain = replace(
        SMALLEST,
        generator=replace(SMALLEST.generator, num_classes=0),
        critic=replace(SMALLEST.critic, num_classes=0, cmap_dim=0),
    )
    for name, settings, data in (("bare", plain, bare), ("classes", SMALLEST, split[0])):
        trainer = Trainer(settings, data, tmp_path / name)
        before = {key: value.clone() for key, value in state(trainer)["g"].items()} | {
            key: value.clone() for key, value in state(trainer)["d"].items()
        }
        steps(trainer, 3)
        after = {**state(trainer)["g"], **state(trainer)["d"]}
        still = [key for key, value in before.items() if torch.equal(value, after[key])]
        assert [key for key in still if "noise_const" not in key] == []


# ---- settings ------------------------------------------------------------------------------------


def test_settings_both_ways():
    for settings in (SETTINGS, SMALLEST):
        assert Settings.from_dict(settings.to_dict()) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"policy": ("shear",)},
        {"batch": 0},
        {"r1_every": 0},
        {"ema_pictures": 0},
        {"ada_pictures": 0},
        {"snapshot_first": 0},
        {"snapshot_ratio": 1.0},
        {"augment_start": 1.5},
    ],
)
def test_settings_without_sense_are_refused(change: dict[str, Any]):
    with pytest.raises(TrainingError, match=r"\.$"):
        replace(SETTINGS, **change)


def test_snapshots_are_evenly_spaced_in_log_time():
    points = snapshot_points(SETTINGS, 150_000)
    assert points[:2] == [0, SETTINGS.snapshot_first]
    assert len(points) >= 12 and points[-1] <= 150_000 < points[-1] * SETTINGS.snapshot_ratio
    ratios = [b / a for a, b in pairwise(points[1:])]
    assert all(ratio == pytest.approx(SETTINGS.snapshot_ratio, rel=0.01) for ratio in ratios)


def test_streams_depend_on_every_number_and_their_order():
    keys = [(0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1), (0, 1, 0), (0, 1, 1), (1, 0, 1)]
    first, second = ([tuple(torch.rand(4, generator=generator_for(*key)).tolist()) for key in keys] for _ in range(2))
    assert len(set(first)) == len(keys)
    assert first == second


def test_the_learning_rate_falls_to_nothing(split: tuple[Pictures, Pictures], tmp_path: Path):
    settings = replace(SMALLEST, decay_from=20, decay_to=40)
    assert [settings.rate_share(pictures) for pictures in (0, 20, 30, 40, 50)] == [1, 1, 0.5, 0, 0]
    assert SMALLEST.rate_share(10**9) == 1
    trainer = Trainer(settings, split[0], tmp_path)
    trainer.run(40, quiet=True)
    before = [p.clone() for p in trainer.g.parameters()]
    trainer.run(48, quiet=True)  # past its end nothing is learnt any more
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.g.parameters(), strict=True))


def test_a_decay_may_be_decided_until_it_begins(split: tuple[Pictures, Pictures], tmp_path: Path):
    whole = Trainer(replace(SMALLEST, decay_from=20, decay_to=40), split[0], tmp_path / "whole")
    whole.run(40, quiet=True)
    Trainer(SMALLEST, split[0], tmp_path / "late").run(20, quiet=True)
    late = Trainer(replace(SMALLEST, decay_from=20, decay_to=40), split[0], tmp_path / "late")
    late.run(40, quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(whole.g.parameters(), late.g.parameters(), strict=True))
    for settings in (SMALLEST, replace(SMALLEST, decay_from=20, decay_to=60)):
        with pytest.raises(TrainingError, match="other settings"):
            Trainer(settings, split[0], tmp_path / "late")


def test_a_decay_needs_a_span():
    with pytest.raises(TrainingError, match="decay_to"):
        replace(SMALLEST, decay_from=40, decay_to=40)
