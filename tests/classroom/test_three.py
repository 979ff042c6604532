"""Three ways to a picture: each is its own network's, and figures are those of the files and of the classifier."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from classroom.codes import find_codes
from classroom.errors import ClassroomError
from classroom.sheets import tensors
from classroom.three import KINDS, PAINTED, Three, find_three
from generator.companions import open_classifier
from tests.generator.test_house import PATHS

FOLDER = PATHS["wardrobe"]


@pytest.fixture(scope="module")
def three() -> Three:
    return find_three(PATHS, find_codes(PATHS))["wardrobe"]


def test_each_paints_what_its_network_makes_and_a_classifier_counts(three: Three):
    made = {kind: three.paint(kind, 8, 60.0) for kind in KINDS}
    codes = three._codes
    plain = torch.cat([codes.picture(seed, 8) for seed in range(PAINTED)])
    assert np.allclose(made["gan"][0], tensors(plain), atol=1e-5)
    again = codes.autoencoder.decode(codes.autoencoder.encode(plain))
    assert np.abs(made["autoencoder"][0] - tensors(again)).mean() < 1e-3
    found = open_classifier(FOLDER).classify(plain)
    assert made["gan"][1] is not None
    assert made["gan"][1]["recognised"] == pytest.approx(float((found == 8).double().mean()), abs=1e-3)
    for pictures, figures in made.values():
        assert pictures.shape == (PAINTED, 32, 32, 1) and figures is not None
        assert 0 <= figures["recognised"] <= 1 and figures["spread"] > 0 and figures["ms"] > 0


def test_a_turn_is_short_and_goes_on_where_it_stopped(three: Three):
    counts = [len(three.paint("gan", None, 0.0)[0]) for _ in range(3)]
    assert counts[0] < counts[1] < counts[2] and three.paint("gan", None, 0.0)[1] is None


def test_what_is_told_stands_in_the_files(three: Three):
    evaluation = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
    assert three.told("gan")["class_agreement"] == evaluation["class_agreement"]
    assert three.told("recurrent")["class_agreement"] < three.told("gan")["class_agreement"]
    assert three.told("autoencoder")["psnr"] > 20


@pytest.mark.parametrize(("kind", "label"), [("diffusion", None), ([], None), ("gan", 10), ("gan", True)])
def test_what_there_is_not(three: Three, kind: object, label: object):
    with pytest.raises(ClassroomError):
        three.paint(kind, label, 0.0)
