"""BigGAN-PyTorch's files: the pictures and logits of plain float64 networks written from the paper."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generator import CheckpointError, open_checkpoint

from .biggan_pytorch_files import Build, Plain, critic_state, generator_state
from .build_files import write_torch

BUILDS = {
    "hierarchical": Build(),
    "all of z in the first layer": Build(chunk=False),
    "a table in each norm": Build(chunk=False, shared=False),
    "no spectral norm, synchronised batch norm": Build(spectral=False, stem="bn.running_{}"),
    "no attention, one width": Build(widths=(8, 8, 8, 8), attended=-1),
    "deep": Build(deep=True),
    "deep, attention late": Build(deep=True, attended=3, widths=(32, 16, 16, 8)),
}


def close(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape and ours.dtype == torch.float32
    assert theirs.std() > 0.05 and theirs.abs().median() < 0.97
    assert float((ours.double() - theirs).abs().max()) < 2e-4


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_pictures_are_those_of_the_plain_network(build: Build, tmp_path: Path):
    state = generator_state(build)
    model = open_checkpoint(write_torch(tmp_path / "G_ema.pth", state))
    assert (model.resolution, model.z_dim, len(model.classes)) == (build.resolution, build.z_dim, build.classes)
    assert model.family.title == ("BigGAN-deep" if build.deep else "BigGAN") and not model.has_critic
    z, weights = torch.randn(3, build.z_dim), torch.tensor([[1.0, 0, 0], [0, 0, 1], [0.5, 0.2, 0.3]])
    close(model.synthesize(model.map(z, weights)), Plain(state, build).paint(z, weights))
    pulled = model.synthesize(model.map(z, weights, psi=0.5))  # here: the truncation of z alone
    close(pulled, Plain(state, build).paint(z * 0.5, weights))


@pytest.mark.parametrize("build", [Build(), Build(chunk=False, shared=False)], ids=["shared", "tables"])
def test_logits_are_those_of_the_plain_discriminator(build: Build, tmp_path: Path):
    judge = critic_state(build)
    files = [write_torch(tmp_path / f"{n}.pth", s) for n, s in (("G", generator_state(build)), ("D", judge))]
    model = open_checkpoint(*files)
    images = torch.rand(2, 3, build.resolution, build.resolution) * 2 - 1
    expected = Plain(judge, build).judge(images, F.one_hot(torch.tensor([2, 0]), build.classes))
    assert float(expected.diff().abs()) > 0.1
    assert float((model.criticize(images, [2, 0]).double() - expected).abs().max()) < 1e-3 * float(expected.abs().max())


def test_rows_are_mixed_by_block(tmp_path: Path):
    model = open_checkpoint(write_torch(tmp_path / "G.pth", generator_state(Build())))
    assert [layer.resolution for layer in model.layers] == [4, 8, 16, 32]
    one, other = model.map(torch.randn(2, model.z_dim), [0, 1])
    for row in range(model.num_ws):
        mixed = one.clone()
        mixed[row] = other[row]
        assert not torch.equal(model.synthesize(mixed[None]), model.synthesize(one[None]))


def test_in_other_containers(tmp_path: Path):
    build = Build()
    state, judge = generator_state(build), critic_state(build)
    whole = {"G": generator_state(build, 5), "G_ema": {f"module.{k}": t for k, t in state.items()}, "D": judge}
    model = open_checkpoint(write_torch(tmp_path / "all.pth", whole))
    plain = open_checkpoint(write_torch(tmp_path / "G_ema.pth", state))
    ws = plain.map(torch.randn(1, plain.z_dim), [1])
    assert torch.equal(model.synthesize(ws), plain.synthesize(ws)) and model.has_critic


def refused(folder: Path, state: dict[str, Tensor], critic: dict[str, Tensor] | None = None) -> str:
    path = write_torch(folder / "G.pth", state)
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path, None if critic is None else write_torch(folder / "D.pth", critic))
    return str(caught.value)


def test_what_is_wrong_is_said(tmp_path: Path):
    build = Build()
    state, judge = generator_state(build), critic_state(build)
    assert "no generator: give that file too" in refused(tmp_path, judge)
    assert "surprise" in refused(tmp_path, {**state, "surprise": torch.ones(1)})
    assert "not numbered" in refused(tmp_path, {k: t for k, t in state.items() if not k.startswith("blocks.1.")})
    assert "stored_mean" in refused(tmp_path, {k: t for k, t in state.items() if k != "blocks.1.0.bn2.stored_mean"})
    assert "negative variance" in refused(tmp_path, {**state, "blocks.0.0.bn1.stored_var": -torch.ones(16)})
    assert "knows 4 classes" in refused(tmp_path, state, critic_state(Build(classes=4)))
    assert "no discriminator" in refused(tmp_path, state, state)
    assert "BigGAN-deep's" in refused(tmp_path, state, {**judge, "blocks.0.0.conv4.weight": torch.ones(2, 2, 1, 1)})
