"""The history of wardrobe: its figures are those of history.json, its pictures those of the moments' own networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from classroom.errors import ClassroomError
from classroom.history import COUNT, JUDGED, History, find_histories
from generator import draw_z, open_checkpoint
from tests.generator.test_house import FOLDER

WARDROBE = FOLDER / "wardrobe" / "history"


@pytest.fixture(scope="module")
def history() -> History:
    return History(WARDROBE)


def test_figures_are_those_of_the_file(history: History):
    told = json.loads((WARDROBE / "history.json").read_text(encoding="utf-8"))["moments"]
    assert len(history) == len(told) >= 16
    for shown, moment in zip(history.told_of(), told, strict=True):
        assert shown["pictures"] == moment["pictures"] and shown["losses"] == moment["losses"]
        assert shown["frechet"] == moment["scores"]["frechet_ratio"]
        assert shown["auc"] == moment["scores"]["critic_auc"]


def test_pictures_and_readings_are_the_moments_own(history: History):
    index = 9
    model = open_checkpoint(WARDROBE / history.moments[index]["folder"], precision="fp32")
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(COUNT)])
    images = model.synthesize(model.map(z, [3] * COUNT))
    shown = history.pictures(index, 3)
    assert shown.shape == (COUNT, 32, 32, 1) and 0 <= shown.min() <= shown.max() <= 1
    assert np.allclose(shown, (images.clamp(-1, 1) / 2 + 0.5).permute(0, 2, 3, 1), atol=1e-6)
    assert model.calibration is not None
    logits = model.criticize(images, [3] * COUNT)
    expected = [model.calibration.percentile_real(float(logit)) for logit in logits]
    assert history.readings(index, 3) == pytest.approx(expected, abs=0.06)


def test_a_cell_is_the_mean_reading_of_the_critic_of_its_row(history: History):
    judges = history.judges()
    assert len(judges) == 8 and judges[-1] == len(history) - 1 and judges == sorted(set(judges))
    once = history.cells(3)
    assert sum(value is not None for row in once for value in row) == 1  # at least one a call, whatever the time
    expected = history.readings(judges[0], 3, judges[0])[:JUDGED]
    assert once[0][0] == pytest.approx(np.mean(expected), abs=0.06)


def test_only_models_with_a_history_have_one(tmp_path: Path):
    (tmp_path / "none").mkdir()
    found = find_histories({"wardrobe": WARDROBE.parent, "none": tmp_path / "none"})
    assert list(found) == ["wardrobe"]
    with pytest.raises(ClassroomError):
        History(tmp_path / "none")


@pytest.mark.parametrize(("index", "label"), [(-1, None), (99, None), (1.0, None), (True, None), (0, 10), (0, "shirt")])
def test_what_is_not_there_is_refused(history: History, index: object, label: object):
    with pytest.raises(ClassroomError):
        history.pictures(index, label)  # type: ignore[arg-type]


def test_a_critic_of_another_size_is_not_asked():
    grown = History(FOLDER / "orchard" / "history")  # it grew from 64 px to 128 px
    assert grown.model(0).resolution < grown.model(len(grown) - 1).resolution
    with pytest.raises(ClassroomError) as refusal:
        grown.readings(0, 3, len(grown) - 1)
    assert refusal.value.key == "sizes"


def test_a_critic_reads_a_moments_pictures_once(history: History, monkeypatch: pytest.MonkeyPatch):
    last = len(history) - 1
    own = history.readings(last, 5)
    monkeypatch.setattr("classroom.history._percentiles", None)  # nobody can be asked any more
    assert history.readings(last, 5, last) == own
