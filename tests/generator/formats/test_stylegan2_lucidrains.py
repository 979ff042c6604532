"""stylegan2_pytorch's files, against a plain float64 reference."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generator import CheckpointError, Model, open_checkpoint
from generator.families.gated import NOISE_SEED
from generator.latents import draw_z
from generator.noise import Noise

from . import lucidrains_files as files
from .build_files import write_torch

WIDTHS, W, DEPTH = (10, 8, 6), 64, 3


def opened(folder: Path, own: files.Tensors) -> Model:
    root = {"GAN": files.whole(own, WIDTHS, W, DEPTH), "version": "1.8.6"}
    return open_checkpoint(write_torch(folder / "model_12.pt", root))


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("no_const", [False, True])
def test_pictures_are_the_originals(old: bool, no_const: bool, tmp_path: Path):
    own = files.state(WIDTHS, W, DEPTH, no_const, old)
    model = opened(tmp_path, own)
    assert (model.resolution, model.z_dim, model.w_dim, model.num_ws, model.has_critic) == (16, W, W, 3, False)
    assert "critic" in model.provenance.notes
    z = torch.randn(2, W)
    w = files.mapping(own, z, DEPTH, 1.0 if old else 0.1)
    torch.testing.assert_close(model.map(z)[:, 0].double(), w, rtol=1e-4, atol=1e-5)
    ws = torch.randn(1, 3, W)
    drawn = torch.special.ndtr(draw_z(NOISE_SEED, 256)).view(16, 16)
    for noise, uniform in (("const", drawn), ("none", torch.full((16, 16), 0.5))):
        theirs = files.picture(own, ws, 3, uniform)
        torch.testing.assert_close(model.synthesize(ws, Noise(noise)).double(), theirs, rtol=1e-3, atol=1e-3)
    half = files.picture(own, ws, 3, 0.5 + 0.5 * (drawn - 0.5))
    torch.testing.assert_close(model.synthesize(ws, Noise("const", 0.5)).double(), half, rtol=1e-3, atol=1e-3)


def test_truncation_goes_to_the_mean_of_many_w(tmp_path: Path):
    own = files.state(WIDTHS, W, DEPTH)
    model = opened(tmp_path, own)
    mean = files.mapping(own, torch.randn(20_000, W), DEPTH, 0.1).mean(dim=0)
    torch.testing.assert_close(model.averages.everything.double(), mean, rtol=0, atol=0.05)


def test_a_state_dictionary_alone_and_without_averages(tmp_path: Path):
    own = files.state(WIDTHS, W, DEPTH)
    whole = opened(tmp_path, own)
    raw = {name.replace("E.", ".", 1): t for name, t in own.items()}
    alone = open_checkpoint(write_torch(tmp_path / "raw.pt", raw))
    ws = torch.randn(1, 3, W)
    assert torch.equal(whole.synthesize(ws), alone.synthesize(ws)) and alone.provenance.notes == ""


def test_what_it_cannot_be_is_said(tmp_path: Path):
    own = files.state(WIDTHS, W, DEPTH)
    for changed, says in (
        ({"GE.attns.1.0.fn.g": torch.ones(1)}, "attends over its maps"),
        ({"GE.blocks.0.to_rgb.conv.weight": torch.ones(4, 10, 1, 1)}, "4 channels"),
        ({"GE.blocks.0.to_rgb.upsample.1.f": torch.ones(3)}, "another filter"),
        ({"GE.extra.weight": torch.ones(1)}, "extra.weight that this program does not know"),
    ):
        with pytest.raises(CheckpointError, match=says):
            opened(tmp_path, {**own, **changed})
    path = tmp_path / "model_12.pt"
    opened(tmp_path, own)
    with pytest.raises(CheckpointError, match="critic of a stylegan2_pytorch is not read"):
        open_checkpoint(path, path)
