"""Real or generated: the curve is scikit-learn's, pairs are what they say, and what is not here is not made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from classroom import training_data
from classroom.errors import ClassroomError
from classroom.specimens import Specimens
from classroom.telling import CERTAINTIES, PAIRS, REAL, REMEMBERED, Telling, fitted, roc
from classroom.training_data import RealPictures
from generator.measuring import Remembered
from tests.ui.serving import MODEL, RECORDS, tiny_studio


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("levels", [2, 4, 1000])
def test_the_curve_is_scikit_learns_and_its_area_that_of_the_pairs(seed: int, levels: int):
    rng = np.random.default_rng(seed)
    real = np.append(rng.random(38) < 0.4, [True, False])
    scores = rng.integers(levels, size=40) + real * rng.random() * levels / 2
    ours = roc(scores.tolist(), real.tolist())
    false, true, _ = roc_curve(real, scores, drop_intermediate=False)
    np.testing.assert_allclose(ours.false, false)
    np.testing.assert_allclose(ours.true, true)
    assert ours.area == pytest.approx(roc_auc_score(real, scores))
    apart = scores[real][:, None] - scores[~real]
    assert ours.area == pytest.approx(((apart > 0) + 0.5 * (apart == 0)).mean())  # Mann and Whitney 1947


@pytest.mark.parametrize(("scores", "real"), [([1, 2], [True, True]), ([1, float("nan")], [True, False]), ([], [])])
def test_no_curve_without_both_kinds(scores: list[float], real: list[bool]):
    with pytest.raises(ClassroomError):
        roc(scores, real)


@pytest.fixture(scope="module")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def quiz(studio_folder: Path) -> Telling:
    studio = tiny_studio(studio_folder)
    return Telling(Specimens(studio, [MODEL]), {MODEL: RealPictures(studio.folders[MODEL])})


def test_without_the_data_nothing_is_shown_in_their_place(quiz: Telling):
    assert quiz.shows(MODEL) is None
    with pytest.raises(ClassroomError) as refusal:
        quiz.pair(MODEL, 0, 0)
    assert refusal.value.key == "not_here"


def test_a_round_is_scored_by_certainty_and_the_critic_by_its_logits(quiz: Telling, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training_data, "read_picture", lambda record: np.full((40, 30, 3), 0.5, np.float32))
    assert quiz.shows(MODEL) == REAL
    pairs = [quiz.pair(MODEL, 1, number) for number in range(PAIRS)]
    assert {pair.real_left for pair in pairs} == {True, False} and len({pair.seed for pair in pairs}) == PAIRS
    for pair in pairs:
        assert pair.real.shape == pair.made.shape and np.allclose(pair.real, 0.5, atol=0.01)
        assert pair.shown[0 if pair.real_left else 1] is pair.real
    always = [2 if pair.real_left else -2 for pair in pairs]
    told = quiz.result(MODEL, 1, always)
    assert told["you"]["right"] == PAIRS and told["you"]["area"] == 1
    assert quiz.result(MODEL, 1, [-a for a in always])["you"]["area"] == 0
    logits = [score for pair in pairs for score in pair.scores]
    assert told["critic"]["area"] == pytest.approx(roc_auc_score([True, False] * PAIRS, logits), abs=1e-3)
    assert 0 < told["known"]["area"] < 1


def test_what_is_remembered_stands_in_for_real_pictures_and_is_called_that(tmp_path: Path, monkeypatch):
    studio = tiny_studio(tmp_path)
    with studio.working(MODEL) as model:
        z = torch.randn(len(RECORDS), model.z_dim)
        kept = Remembered.of_latents(model.name, model.version, RECORDS, torch.ones(len(RECORDS)), z)
        classes = model.classes
    kept.save(studio.folders[MODEL])
    quiz = Telling(Specimens(studio, [MODEL]), {MODEL: RealPictures(studio.folders[MODEL], classes)})
    assert quiz.shows(MODEL) == REMEMBERED
    for number in range(PAIRS):
        pair = quiz.pair(MODEL, 2, number)
        assert pair.is_remembered and pair.record in RECORDS
        np.testing.assert_array_equal(pair.real, studio.remembered(MODEL, pair.record))
    assert quiz.result(MODEL, 2, [1] * PAIRS)["critic"]["area"] >= 0
    assert studio.remembered(MODEL, "damson/none.jpg") is None
    monkeypatch.setattr(training_data, "read_picture", lambda record: np.full((32, 32, 3), 0.5, np.float32))
    assert quiz.shows(MODEL) == REAL and not quiz.pair(MODEL, 3, 0).is_remembered


@pytest.mark.parametrize("answers", [None, [], [1] * 9, [3] * PAIRS, [0] * PAIRS, ["1"] * PAIRS, [[1]] * PAIRS])
def test_answers_that_are_none(quiz: Telling, answers: object):
    with pytest.raises(ClassroomError) as refusal:
        quiz.result(MODEL, 0, answers)
    assert refusal.value.key == "answers" and 0 not in CERTAINTIES


@pytest.mark.parametrize(("model", "round_", "number"), [("x", 0, 0), ([], 0, 0), (MODEL, -1, 0), (MODEL, 0, PAIRS)])
def test_pairs_that_there_are_not(quiz: Telling, model: object, round_: object, number: object):
    with pytest.raises(ClassroomError):
        quiz.pair(model, round_, number)


def test_a_real_picture_gets_a_rim_or_is_resized():
    small = fitted(np.ones((28, 28, 3), np.float32), 32, grey=True)
    assert small.shape == (32, 32, 3) and small[2:30, 2:30].min() == 1 and small.sum() == 28 * 28 * 3
    assert fitted(np.ones((40, 20, 3), np.float32), 16, grey=False).shape == (16, 16, 3)
