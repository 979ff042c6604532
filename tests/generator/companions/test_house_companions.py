"""The networks that stand beside a house model: they open, do their work, and reach what their files say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generator import draw_z, open_checkpoint
from generator.companions.autoencoder import FILE as AUTOENCODER
from generator.companions.autoencoder import open_autoencoder
from generator.companions.classifier import FILE as CLASSIFIER
from generator.companions.classifier import open_classifier
from generator.companions.recurrent import FILE as RECURRENT
from generator.companions.recurrent import open_recurrent
from tests.generator.test_house import FOLDER, PATHS

beside = {kind: [n for n, p in PATHS.items() if (p / kind).exists()] for kind in (AUTOENCODER, CLASSIFIER, RECURRENT)}


def test_wardrobe_has_all_three():
    assert all("wardrobe" in names for names in beside.values())


@pytest.mark.parametrize("name", beside[CLASSIFIER])
def test_the_classifier_recognises_what_the_generator_was_asked_for(name: str):
    model, classifier = open_checkpoint(PATHS[name], precision="fp32"), open_classifier(PATHS[name])
    assert classifier.classes == model.classes
    labels = [i % len(model.classes) for i in range(200)]
    x = model.synthesize(model.map(torch.stack([draw_z(seed, model.z_dim) for seed in range(200)]), labels))
    right = (classifier.classify(x.clamp(-1, 1)) == torch.tensor(labels)).double().mean()
    assert right > 0.7  # the whole figure, of more pictures, stands in evaluation.json


@pytest.mark.parametrize("name", beside[AUTOENCODER])
def test_the_autoencoder_keeps_what_it_is_shown(name: str):
    model, autoencoder = open_checkpoint(PATHS[name], precision="fp32"), open_autoencoder(PATHS[name])
    label = [0] * 8 if model.classes else None
    x = model.synthesize(model.map(torch.stack([draw_z(seed, model.z_dim) for seed in range(8)]), label)).clamp(-1, 1)
    again = autoencoder.decode(autoencoder.encode(x))
    assert float((again - x).square().mean()) < 0.2 * float(x.var())
    assert float(autoencoder.description.measured["psnr"]) >= 22


@pytest.mark.parametrize("name", beside[RECURRENT])
def test_the_recurrent_network_completes_what_is_given(name: str):
    recurrent, autoencoder = open_recurrent(PATHS[name]), open_autoencoder(PATHS[name])
    whole = recurrent.sample([0, 1], seed=3)
    half = whole[:, : autoencoder.side // 2]
    completed = recurrent.sample([0, 1], seed=77, given=half)
    assert torch.equal(completed[:, : autoencoder.side // 2], half)
    assert not torch.equal(completed, whole)
    measured = recurrent.description.measured
    assert float(measured["bits_per_code"]) <= float(measured["bits_per_code_unigram"]) - 1


def test_no_file_beside_a_model_is_too_large():
    for path in Path(FOLDER).glob("*/*.safetensors"):
        assert path.stat().st_size < 10_000_000, path
