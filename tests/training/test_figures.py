"""An evaluation as tables, and what depends on what there is: a critic, a classifier, enough pictures of a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from generator import Provenance
from generator.companions.classifier import Classifier, ClassifierConfig, OpenClassifier
from generator.companions.companion import Description
from training import evaluate as evaluating
from training.card import REACHED, update_card
from training.data import Pictures
from training.errors import TrainingError
from training.evaluate import rounded
from training.figures import number, percent, table
from training.samples import Sample, as_float
from training.scoring import Reference

from .build import CLASSES, Coarse
from .test_scoring import tiny


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (0.12345, "0.123"),
        (-0.00181, "-0.00181"),
        (0.00042, "0.0004"),
        (31.66, "31.7"),
        (721.8, "722"),
        (12345.6, "12,346"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value: float | None, text: str):
    assert number(value) == text


def test_shares_and_tables():
    assert (percent(None), percent(0.205), percent(1.0)) == ("–", "20 %", "100 %")
    assert table(("a", "b"), [["1", "2"], ["3", "4"]]).splitlines() == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | 2 |",
        "| 3 | 4 |",
    ]


def test_rounding_reaches_every_float_and_nothing_else():
    value = {"a": 0.123456, "b": [1, (2.00001, None)], "c": "0.123456", "d": True}
    assert rounded(value) == {"a": 0.1235, "b": [1, [2.0, None]], "c": "0.123456", "d": True}


@pytest.fixture
def figures(split: tuple[Pictures, Pictures], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is measured of an untrained model without a critic."""
    monkeypatch.setattr(evaluating, "SWEEP", 16)
    evaluation = evaluating.evaluate(tiny(critic=False), *split, Coarse(), count=60)
    assert evaluation.calibration is None and len(evaluation.index.records) == len(split[0])
    return {**evaluation.figures, "pictures_seen": 0}


def test_a_model_without_a_critic_is_measured_and_its_card_says_nothing_of_one(figures: dict[str, Any], tmp_path: Path):
    assert not [key for key in figures if key.startswith("critic")]
    assert figures["frechet_training_ratio"] > 5
    tail = "\n## What is wrong with it\n\nAll.\n"
    (tmp_path / "README.md").write_text(f"# Card\n\nText.\n\n{REACHED}\n\nold figures\n{tail}", encoding="utf-8")
    update_card(tmp_path, figures)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# Card\n\nText.\n\n" + REACHED) and card.endswith(tail)
    assert "old figures" not in card and "ROC" not in card
    assert f"| {number(figures['frechet'])} | {number(figures['frechet_floor'])} |" in card
    update_card(tmp_path, figures)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == card  # as often as one likes
    update_card(tmp_path / "nowhere", figures)  # no card, nothing to do
    assert not (tmp_path / "nowhere").exists()


def test_classes_with_too_few_pictures_have_no_precision_of_their_own(figures: dict[str, Any]):
    counts = {name: row["count"] for name, row in figures["per_class"].items()}
    assert counts["square"] < evaluating.PER_CLASS and sum(counts.values()) == 60
    assert "precision" not in figures["per_class"]["square"]
    assert 0 <= figures["per_class"]["square"]["recognised"] <= 1


def test_a_classifier_that_comes_with_the_model_recognises_its_classes(split: tuple[Pictures, Pictures]):
    def opened(classes: tuple[str, ...]) -> OpenClassifier:
        config = ClassifierConfig(32, len(classes), width=8, features=8, img_channels=3)
        return OpenClassifier(
            Classifier(config).eval(),
            Description("shapes", "1.0", classes, Provenance("t", "l", "a", "d")),
        )

    network = opened(CLASSES)
    index = torch.arange(20)
    sample = Sample(split[0].batch(index), split[0].labels[index], torch.zeros(20, 8))
    classify = evaluating._classifier(network, tiny(), sample.features, sample.labels)
    assert torch.equal(classify(sample), network.classify(as_float(sample.pictures)))
    with pytest.raises(TrainingError, match=r"classifier beside shapes knows other classes\.$"):
        evaluating._classifier(opened(("cat", "dog")), tiny(), sample.features, sample.labels)


def test_a_reference_says_which_data_it_is_of(split: tuple[Pictures, Pictures]):
    assert Reference.measure(*split, Coarse(), count=30).classes == CLASSES
