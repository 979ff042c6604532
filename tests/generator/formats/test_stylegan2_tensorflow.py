"""TensorFlow's StyleGAN2: pictures as its own equations give them from its variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from generator import CheckpointError, Model, open_checkpoint
from generator.noise import Noise
from tests.generator.build import some_pictures

from . import stylegan2_reference as reference
from . import tensorflow_files as files
from .build_files import write_pickle
from .stylegan2_files import Options

WIDTHS, Z, W, LAYERS = (12, 10, 8), 8, 16, 2
PARTS = ("mapping", "synthesis")


def opened(folder: Path, root: Any) -> Model:
    return open_checkpoint(write_pickle(folder / "stylegan2-plums-config-f.pkl", root))


def networks(lrmul: float = 0.01, **arguments: Any) -> tuple[tuple[Any, ...], files.Variables, files.Variables]:
    average = files.generator_variables(WIDTHS, Z, W, LAYERS, lrmul)
    raw, judge = files.generator_variables(WIDTHS, Z, W, LAYERS, lrmul), files.critic_variables(WIDTHS)
    if lrmul != 0.01:
        arguments["mapping_lrmul"] = lrmul
    made = (
        files.network("G", raw, PARTS, **arguments),
        files.network("D", judge),
        files.network("Gs", average, PARTS, **arguments),
    )
    return made, average, judge


@pytest.mark.parametrize("lrmul", [0.01, 0.1])
def test_pictures_are_those_of_its_equations(lrmul: float, tmp_path: Path):
    root, variables, _ = networks(lrmul, resolution=16, num_channels=3)
    model = opened(tmp_path, root)
    assert (model.resolution, model.z_dim, model.w_dim, model.num_ws, model.has_critic) == (16, Z, W, 6, True)
    z = torch.randn(2, Z)
    w = files.mapping(variables, z, LAYERS, lrmul)
    torch.testing.assert_close(model.map(z)[:, 0].double(), w, rtol=0, atol=1e-4)
    assert torch.equal(model.averages.everything, variables["dlatent_avg"])
    ws = torch.randn(2, 6, W)
    for noise in ("const", "none"):
        theirs = files.synthesis(variables, ws, 3, noise == "const")
        torch.testing.assert_close(model.synthesize(ws, Noise(noise)).double(), theirs, rtol=0, atol=1e-3)


def test_logits_are_those_of_the_same_network_in_the_other_form(tmp_path: Path):
    root, _, v = networks()
    model, images = opened(tmp_path, root), some_pictures(3, 3, 16)
    names = {"FromRGB": "fromrgb", "Conv0": "conv0", "Conv1_down": "conv1", "Skip": "skip", "Conv": "conv"}
    names |= {"Dense0": "fc", "Output": "out"}
    tensors = {}
    for name, t in v.items():
        place, layer, part = (f"4x4/{name}" if name.startswith("Output") else name).split("/")
        t = t.permute(3, 2, 0, 1) if t.ndim == 4 else t.t() if t.ndim == 2 else t
        tensors[f"b{place.split('x')[0]}.{names[layer]}.{part}"] = t
    options = Options(widths=WIDTHS)
    theirs = reference.nvidia_critic(options, tensors, images, None, 1)
    torch.testing.assert_close(model.criticize(images).double(), theirs.double(), rtol=1e-3, atol=1e-3)


def test_one_network_alone_and_a_second_file(tmp_path: Path):
    (_, judge, average), variables, _ = networks()
    alone = opened(tmp_path, average)
    assert not alone.has_critic
    critic = write_pickle(tmp_path / "d.pkl", judge)
    assert open_checkpoint(tmp_path / "stylegan2-plums-config-f.pkl", critic).has_critic
    ws = torch.randn(1, 6, W)
    torch.testing.assert_close(alone.synthesize(ws).double(), files.synthesis(variables, ws, 3), rtol=0, atol=1e-3)


def test_what_it_cannot_be_is_said(tmp_path: Path):
    (_, judge, average), variables, _ = networks()
    average.static_kwargs = {"resample_kernel": [1, 4, 6, 4, 1]}
    with pytest.raises(CheckpointError, match="another filter"):
        opened(tmp_path, average)
    with pytest.raises(CheckpointError, match="a network of another kind for TensorFlow"):
        opened(tmp_path, judge)
    variables["mapping/LabelConcat/weight"] = torch.ones(2, 2)
    with pytest.raises(CheckpointError, match="has a tensor mapping/LabelConcat/weight that StyleGAN2 does not have"):
        opened(tmp_path, files.network("Gs", variables, PARTS))
