"""Projected GAN's FastGAN: what its own modules draw, none of which is there when the file is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generator import CheckpointError, open_checkpoint

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
    pictures = model.synthesize(model.map(z), noise="none")
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
    with_classes = {
        "synthesis.feat_8.conv1.weight_orig": torch.ones(2, 2, 3, 3),
        "synthesis.embed.weight": torch.ones(2, 2),
    }
    with pytest.raises(CheckpointError, match="Projected GAN's FastGAN with classes, which this program does not read"):
        open_checkpoint(write_torch(tmp_path / "classes.pt", with_classes))
