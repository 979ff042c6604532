"""A run's history: even moments in log time, each a checkpoint that opens, scored and with its losses."""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from generator import open_checkpoint
from training.data import Pictures
from training.errors import TrainingError
from training.history import losses_at, main, pick, read_moments, snapshots, write_history
from training.latest import end_with_the_model
from training.log import LOG_FIELDS
from training.loop import Trainer
from training.settings import snapshot_points
from training.train import keep_snapshot

from .build import SETTINGS


class Small:
    """Features without a network: the pictures at 4×4."""

    name, dimensions, resize = "small", 48, "mean over 8 × 8 px"

    def __call__(self, pictures: Tensor) -> Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(pictures, 4).flatten(1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, split: tuple[Pictures, Pictures]) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "shapes"
    Trainer(SETTINGS, split[0], folder).run(400, on_snapshot=keep_snapshot, quiet=True)
    return folder


@pytest.mark.parametrize("count", [2, 3, 6, 16])
@pytest.mark.parametrize("upto", [100_000, 700_000])
def test_moments_are_even_in_log_time(count: int, upto: int):
    chosen = pick(snapshot_points(SETTINGS, upto), count)
    assert len(chosen) == count
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert chosen[-1] == snapshot_points(SETTINGS, upto)[-1]
    steps = [math.log(b / a) for a, b in pairwise(chosen[1:])]
    assert not steps or max(steps) - min(steps) <= 2 * math.log(SETTINGS.snapshot_ratio) + 1e-2


def test_all_moments_can_be_chosen():
    assert pick([5, 1, 2, 3, 3000], 5) == [1, 2, 3, 5, 3000]
    assert pick([0, 1, 2, 3, 4000, 5000], 6) == [0, 1, 2, 3, 4000, 5000]
    assert pick([7, 9], 2) == [7, 9]
    assert pick([0, 9], 2) == [0, 9]
    assert pick([0, 9, 12], 1) == [12]


@pytest.mark.parametrize("count", [-1, 0, 4])
def test_too_few_moments_or_too_many(count: int):
    with pytest.raises(TrainingError, match="Of 3 moments"):
        pick([0, 1, 2], count)


def test_the_last_moment_is_the_saved_state(run: Path):
    moments = read_moments(run, 3)
    state = torch.load(run / "state.pt", weights_only=True)
    assert moments[0].pictures == 0
    assert moments[-1].pictures == state["step"] * SETTINGS.batch
    torch.testing.assert_close(dict(moments[-1].generator.state_dict()), state["ema"])
    assert [m.seconds for m in moments] == sorted(m.seconds for m in moments)


def test_a_history_may_end_before_the_run(run: Path):
    earlier = sorted(snapshots(run))[-2]
    (moment,) = read_moments(run, 1, upto=earlier)
    assert moment.pictures == earlier
    assert [m.pictures for m in read_moments(run, 2, upto=earlier + 1)] == [0, earlier]


def test_losses_are_those_of_the_row_that_holds_the_moment(tmp_path: Path):
    with (tmp_path / "log.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, LOG_FIELDS, restval=1)
        writer.writeheader()
        for pictures in (100, 200, 300):
            writer.writerow({"pictures": pictures, "loss_g": pictures, "r1": "nan"})
    assert [losses_at(tmp_path / "log.csv", n)["loss_g"] for n in (0, 100, 101, 300, 400)] == [100, 100, 200, 300, 300]
    assert losses_at(tmp_path / "log.csv", 0)["r1"] is None


def test_each_moment_is_a_checkpoint(run: Path, shapes: Path, tmp_path: Path):
    rows = write_history(run, shapes, None, Small(), tmp_path, "shapes", "1.0", 3)
    written = json.loads((tmp_path / "history.json").read_text())
    assert written["moments"] == rows
    shown = [row["pictures"] for row in rows]
    assert (shown[0], shown[-1]) == (0, 400)
    assert shown[1] in snapshots(run)
    for row in rows:
        model = open_checkpoint(tmp_path / row["folder"], precision="fp32")
        assert model.has_critic
        assert model.calibration is not None
        assert model.provenance.pictures_seen == row["pictures"]
        assert row["scores"]["frechet_ratio"] > 1


def test_a_finished_checkpoint_may_be_a_moment(run: Path, shapes: Path, tmp_path: Path):
    write_history(run, shapes, None, Small(), tmp_path / "before", "shapes", "1.0", 2)
    earlier = tmp_path / "before" / "000000400"
    (earlier / "evaluation.json").write_text(json.dumps({"training_seconds": 12}))
    rows = write_history(run, shapes, None, Small(), tmp_path / "now", "shapes", "2.0", 2, 300, [earlier])
    assert [row["pictures"] for row in rows][-1] == 400
    assert rows[-1]["seconds"] == 12
    assert set(rows[-1]["losses"].values()) == {None}  # this run's log tells nothing of it
    assert rows[0]["losses"]["loss_d"] is not None
    assert open_checkpoint(tmp_path / "now" / "000000400", precision="fp32").version == "2.0"


MEASURED = {
    "pictures_seen": 500,
    "training_seconds": 30,
    "features": "small, 4 numbers a picture; resize: none",
    "counts": {"generated": 20, "held_out_pictures": 6, "records": 9},
    "frechet": 3.0,
    "recall": 0.5,
}


def told(checkpoint: Path, **measured: Any) -> list[dict[str, Any]]:
    """The moments of a history of one moment in `checkpoint`, after the checkpoint was measured."""
    folder = checkpoint / "history"
    folder.mkdir(parents=True, exist_ok=True)
    moment = {"pictures": 400, "seconds": 9.5, "folder": "000000400", "losses": {"r1": 1.0}, "scores": {"frechet": 4.0}}
    history = {"features": "small", "counts": {"generated": 20, "held_out": 6}, "moments": [moment]}
    if not (folder / "history.json").exists():
        (folder / "history.json").write_text(json.dumps(history))
    (checkpoint / "evaluation.json").write_text(json.dumps({**MEASURED, **measured}))
    end_with_the_model(checkpoint)
    return list(json.loads((folder / "history.json").read_text())["moments"])


def test_a_history_ends_with_the_finished_model(tmp_path: Path):
    first, last = told(tmp_path)
    assert first["pictures"] == 400
    assert last == {
        "pictures": 500,
        "seconds": 30.0,
        "folder": "..",
        "losses": {"r1": None},
        "scores": {"frechet": 3.0},
    }
    moments = told(tmp_path, pictures_seen=600, frechet=2.0)  # trained on, finished again
    assert [(m["pictures"], m["scores"]["frechet"]) for m in moments] == [(400, 4.0), (600, 2.0)]
    assert (tmp_path / "history" / moments[-1]["folder"]).resolve() == tmp_path.resolve()


@pytest.mark.parametrize(
    "measured",
    [{"pictures_seen": 400}, {"features": "other, 4 numbers"}, {"counts": {"generated": 20, "held_out_pictures": 5}}],
    ids=str,
)
def test_a_history_does_not_end_with_a_model_that_cannot_be_compared(measured: dict[str, Any], tmp_path: Path):
    assert [moment["pictures"] for moment in told(tmp_path, **measured)] == [400]
    assert end_with_the_model(tmp_path / "nothing") is False


def test_what_is_missing_is_a_sentence(tmp_path: Path, shapes: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--run", str(tmp_path / "none"), "--data", str(shapes), "--checkpoints", str(tmp_path)]) == 2
    assert "none" in capsys.readouterr().err
