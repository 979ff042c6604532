"""The mean of two moments of a run: what is averaged, what is the later one's, what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from training.average import average, average_run, main
from training.data import Pictures
from training.errors import TrainingError
from training.finish import load_run
from training.loop import Trainer

from .build import SMALLEST
from .test_loop import steps

Split = tuple[Pictures, Pictures]


def of(value: float, size: int = 3) -> dict[str, Any]:
    weights = {"w": torch.full((size,), value), "order": torch.arange(size)}
    return {"ema": weights, "encoding": {"encoder": {"e": torch.full((2,), -value)}}, "step": int(value)}


def test_generator_and_encoder_are_averaged():
    mean = average(of(1.0), of(3.0), 0.75)
    assert mean["ema"]["w"].tolist() == [2.5] * 3 and mean["ema"]["order"].tolist() == [0, 1, 2]
    assert mean["encoding"]["encoder"]["e"].tolist() == [-2.5] * 2
    assert mean["step"] == 3


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_a_share(share: float):
    with pytest.raises(TrainingError, match="from 0 to 1"):
        average(of(1.0), of(3.0), share)


def test_other_networks_are_refused():
    with pytest.raises(TrainingError, match="other networks"):
        average(of(1.0, size=4), of(3.0), 0.5)
    with pytest.raises(TrainingError, match="other networks"):
        average({**of(1.0), "encoding": None}, of(3.0), 0.5)


def test_two_moments_of_a_run_make_one_that_can_be_finished(split: Split, tmp_path: Path):
    trainer = steps(Trainer(replace(SMALLEST, ema_pictures=1), split[0], tmp_path / "run"), 1)
    trainer.save()
    shutil.copyfile(tmp_path / "run" / "state.pt", tmp_path / "earlier.pt")
    first = {name: value.clone() for name, value in trainer.ema.state_dict().items()}
    steps(trainer, 1).save()
    average_run(tmp_path / "run", tmp_path / "earlier.pt", tmp_path / "mean", 0.5)
    made, last = load_run(tmp_path / "mean"), load_run(tmp_path / "run")
    assert made.pictures == last.pictures == 2 * SMALLEST.batch
    later = last.generator.state_dict()
    for name, value in made.generator.state_dict().items():
        torch.testing.assert_close(value, (first[name] + later[name]) / 2)
    assert any(not torch.equal(value, first[name]) for name, value in later.items())
    for name, value in made.critic.state_dict().items():
        assert torch.equal(value, last.critic.state_dict()[name])


def test_the_run_itself_is_not_written_over(split: Split, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    steps(Trainer(SMALLEST, split[0], tmp_path), 1).save()
    shutil.copyfile(tmp_path / "state.pt", tmp_path / "earlier.pt")
    kept = (tmp_path / "state.pt").read_bytes()
    assert main(["--run", str(tmp_path), "--earlier", str(tmp_path / "earlier.pt"), "--out", str(tmp_path)]) == 2
    assert "folder of its own" in capsys.readouterr().err
    assert (tmp_path / "state.pt").read_bytes() == kept
