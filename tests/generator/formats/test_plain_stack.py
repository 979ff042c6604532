"""Small GANs of plain layers: what their files do not say is found out, and their pictures are torch's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from generator import CheckpointError, open_checkpoint

from . import plain_files
from .build_files import write_torch

BUILT: dict[str, tuple[Callable[[], nn.Module], int, int]] = {  # network, numbers that it takes, side
    "course": (plain_files.course, 16, 28),
    "dense first": (plain_files.dense_first, 20, 32),
    "doubling": (plain_files.doubling, 12, 28),
    "dense": (plain_files.dense, 24, 28),
}


def saved(folder: Path, network: nn.Module) -> Path:
    return write_torch(folder / "generator.pth", dict(network.state_dict()))


@pytest.mark.parametrize(
    ("name", "uniform"), [*((name, False) for name in BUILT), ("course", True), ("dense first", True), ("dense", True)]
)
def test_the_layers_are_found_out_and_give_the_pictures_of_torch(name: str, uniform: bool, tmp_path: Path):
    build, numbers, side = BUILT[name]
    network = plain_files.trained(build(), numbers, uniform)
    model = open_checkpoint(saved(tmp_path, network))
    assert (model.z_dim, model.resolution, model.has_critic) == (numbers, side, False)
    z = torch.randn(3, numbers)
    expected = network(torch.erf(z / math.sqrt(2)) if uniform else z).reshape(3, -1, side, side)
    torch.testing.assert_close(model.synthesize(model.map(z)), expected, rtol=0, atol=1e-4)
    assert "running averages" in model.provenance.notes


@pytest.mark.parametrize("way", ["times", "before", "behind"])
def test_a_vector_for_the_class_joins_the_numbers(way: str, tmp_path: Path):
    build, numbers, _ = BUILT["dense first"]
    own = numbers if way == "times" else 6
    network = plain_files.Conditional(build(), own, 4, way)
    drawn = numbers if way == "times" else numbers - own
    with torch.no_grad():
        network.label_emb.weight.mul_(2)
    model = open_checkpoint(saved(tmp_path, plain_files.trained(network, drawn, classes=4)))
    assert model.classes == ("0", "1", "2", "3") and model.z_dim == drawn
    z, label = torch.randn(4, drawn), [0, 1, 2, 3]
    expected = network(z, torch.tensor(label))
    torch.testing.assert_close(model.synthesize(model.map(z, label)), expected, rtol=0, atol=1e-4)


def test_without_norms_a_slope_is_taken_and_the_notes_say_so(tmp_path: Path):
    network = nn.Sequential(nn.Linear(10, 32), nn.LeakyReLU(0.2), nn.Linear(32, 784), nn.Tanh())
    model = open_checkpoint(saved(tmp_path, network))
    assert model.resolution == 28
    assert model.provenance.notes.startswith("Its file does not say what lies between its layers")


def test_norms_that_nothing_agrees_with_are_said(tmp_path: Path):
    state = dict(plain_files.course().state_dict())  # never trained: its norms have seen nothing
    state = {n: torch.full_like(t, 50.0) if n.endswith("running_mean") else t for n, t in state.items()}
    model = open_checkpoint(write_torch(tmp_path / "generator.pth", state))
    assert "may be wrong" in model.provenance.notes


def test_a_discriminator_beside_it_is_left_out_and_one_apart_is_refused(tmp_path: Path):
    network = plain_files.trained(plain_files.dense(), 24)
    critic = nn.Sequential(nn.Linear(784, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    own = {f"generator.{n}": t for n, t in network.state_dict().items()}
    both = own | {f"discriminator.{n}": t for n, t in critic.state_dict().items()}
    assert not open_checkpoint(write_torch(tmp_path / "both.pth", both)).has_critic
    apart = write_torch(tmp_path / "D.pth", dict(critic.state_dict()))
    with pytest.raises(CheckpointError, match=r"D\.pth cannot be read beside both\.pth.* only the generator opens\."):
        open_checkpoint(tmp_path / "both.pth", apart)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 1)),  # judges
        nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2)),  # points
        nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.Conv2d(8, 1, 4)),
        nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 784)),
    ],
)
def test_what_makes_no_pictures_of_numbers_is_none(network: nn.Module, tmp_path: Path):
    with pytest.raises(CheckpointError, match="holds no generator that this program knows"):
        open_checkpoint(saved(tmp_path, network))
