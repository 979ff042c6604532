"""Projected GAN's FastGAN: what its own modules draw, none of which is there when the file is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generator import CheckpointError, open_checkpoint
from generator.noise import Noise

from .build_files import write_torch
from .fastgan_files import off, own_noise
from .projected_files import NZ, Generator, expected, write


@pytest.mark.parametrize("resolution", [128, 256, 512, 1024])
def test_pictures_are_the_originals(resolution: int, tmp_path: Path):
    generator = Generator(resolution)
    model = open_checkpoint(write(tmp_path / "best_model.pkl", generator))
    assert (model.resolution, model.z_dim, model.num_ws, model.has_critic) == (resolution, NZ, 1, False)
    assert "discriminator was left out" in model.provenance.notes
    z = torch.randn(1, NZ) * 3  # of any length: it is normalised
    theirs = expected(generator, z, None)
    assert theirs.abs().max() > 1.2  # a tanh would show
    pictures = model.synthesize(model.map(z), Noise("none"))
    assert off(pictures, theirs) < 1e-4
    noisy = model.synthesize(model.map(z))
    assert off(noisy, expected(generator, z, own_noise(model))) < 1e-4
    assert (noisy - pictures).abs().max() > 0.01


def test_a_state_dictionary_is_the_same(tmp_path: Path):
    generator = Generator(128)
    whole = open_checkpoint(write(tmp_path / "best_model.pkl", generator))
    alone = open_checkpoint(write_torch(tmp_path / "g.pt", {"G_ema": generator.state_dict()}))
    ws = torch.randn(1, 1, NZ)
    assert torch.equal(whole.synthesize(ws), alone.synthesize(ws))
    assert alone.provenance.notes == ""


def test_what_it_cannot_be_is_said(tmp_path: Path):
    generator = Generator(128)
    path = write(tmp_path / "best_model.pkl", generator)
    with pytest.raises(CheckpointError, match="needs the frozen network"):
        open_checkpoint(path, path)
    state = generator.state_dict()
    for name in ("synthesis.feat_16.9.gain", "synthesis.feat_512.x"):
        with pytest.raises(CheckpointError, match=name.removeprefix("synthesis.")):
            open_checkpoint(write_torch(tmp_path / "more.pt", {**state, name: torch.ones(1)}))


@pytest.mark.parametrize("resolution", [128, 256, 512])
def test_pictures_of_classes_are_the_originals(resolution: int, tmp_path: Path):
    generator = Generator(resolution, classes=3, table=7)
    model = open_checkpoint(write(tmp_path / "best_model.pkl", generator))
    assert (model.resolution, model.classes, model.w_dim) == (resolution, ("0", "1", "2"), 2 * NZ)
    z, weights = torch.randn(2, NZ) * 3, torch.tensor([[0.0, 0, 1], [0.5, 0.5, 0]])
    theirs = expected(generator, z, None, weights)
    pictures = model.synthesize(model.map(z, weights), Noise("none"))
    assert off(pictures, theirs) < 1e-4
    noisy = model.synthesize(model.map(z, weights))
    assert off(noisy, expected(generator, z, own_noise(model), weights)) < 1e-4
    assert (noisy - pictures).abs().max() > 0.01
    middle = model.synthesize(model.map(z, weights, psi=0.0), Noise("none"))  # each class keeps its own
    assert (middle[0] - middle[1]).abs().max() > 0.01


def test_a_state_dictionary_knows_every_row_of_its_table(tmp_path: Path):
    generator = Generator(128, classes=3, table=7)
    whole = open_checkpoint(write(tmp_path / "best_model.pkl", generator))
    alone = open_checkpoint(write_torch(tmp_path / "g.pt", {"G_ema": generator.state_dict()}))
    assert len(alone.classes) == 7
    ws = whole.map(torch.randn(1, NZ), [1])
    assert torch.equal(whole.synthesize(ws), alone.synthesize(ws))
    for name in (
        "synthesis.feat_32.bn1.stored_mean",
        "synthesis.feat_16.bn.gain.bias",
        "synthesis.feat_8.noise.weight",
    ):
        state = {key: tensor for key, tensor in generator.state_dict().items() if key != name}
        with pytest.raises(CheckpointError, match=name.removeprefix("synthesis.")):
            open_checkpoint(write_torch(tmp_path / "less.pt", state))
