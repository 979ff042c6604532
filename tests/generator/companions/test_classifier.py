"""The classifier as a feature network: shapes, the same in any batch, files that are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator import CheckpointError, LatentError, Provenance
from generator.companions.classifier import FILE, KIND, Classifier, ClassifierConfig, open_classifier
from generator.companions.companion import Description, save_companion

CONFIG = ClassifierConfig(32, 3, width=8, features=12)
DESCRIPTION = Description(
    "tiny", "1.0", ("a", "b", "c"), Provenance("Tiny", "none", "nobody", "made up"), {"test_accuracy": 0.5}
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_companion(tmp_path / FILE, KIND, Classifier(CONFIG), CONFIG, DESCRIPTION)
    return tmp_path


@pytest.mark.parametrize("count", [0, 1, 65])
def test_features_and_logits(folder: Path, count: int):
    opened = open_classifier(folder)
    x = torch.rand(count, 1, 32, 32) * 2 - 1
    assert opened(x).shape == (count, opened.dimensions) == (count, 12)
    assert opened.logits(x).shape == (count, len(opened.classes))
    assert torch.equal(opened.classify(x), opened.logits(x).argmax(dim=1))
    assert opened.accuracy == 0.5


def test_a_picture_has_the_same_features_alone(folder: Path):
    opened = open_classifier(folder / FILE)
    x = torch.rand(5, 1, 32, 32) * 2 - 1
    torch.testing.assert_close(torch.cat([opened(row[None]) for row in x]), opened(x))


@pytest.mark.parametrize("pictures", [torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 28, 28)])
def test_other_pictures_are_refused(folder: Path, pictures: torch.Tensor):
    with pytest.raises(LatentError, match="takes pictures of"):
        open_classifier(folder)(pictures)


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (replace(DESCRIPTION, classes=("a", "b")), "2 classes"),
        (replace(DESCRIPTION, classes=("a", "b", "b")), "different names"),
        (replace(DESCRIPTION, version=""), "no version"),
        (replace(DESCRIPTION, provenance=Provenance("", "", "", "")), "title"),
        (replace(DESCRIPTION, measured=[1]), "figures"),  # type: ignore[arg-type]
        (replace(DESCRIPTION, measured={}), "test_accuracy"),
        (replace(DESCRIPTION, measured={"test_accuracy": 2.0}), "test_accuracy"),
    ],
)
def test_a_file_must_describe_itself(tmp_path: Path, description: Description, sentence: str):
    save_companion(tmp_path / FILE, KIND, Classifier(CONFIG), CONFIG, description)
    with pytest.raises(CheckpointError, match=sentence):
        open_classifier(tmp_path)


def test_a_name_must_be_one(tmp_path: Path):
    with pytest.raises(CheckpointError, match="name"):
        save_companion(tmp_path / FILE, KIND, Classifier(CONFIG), CONFIG, replace(DESCRIPTION, name="../x"))
