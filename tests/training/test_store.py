"""A finished model's files: half precision, kernels in 8 bits of a generator that is too large, or all in 8 bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from generator import Model, draw_z, open_checkpoint
from tests.generator.build import ENCODER, GENERATOR, lively_model, some_pictures
from training import store as module
from training.store import store

KERNEL, DENSE = "synthesis.layers.0.conv.weight", "mapping.layers.0.weight"


def dtypes(folder: Path, network: str = "generator") -> dict[str, torch.dtype]:
    with safe_open(folder / f"{network}.safetensors", framework="pt") as file:
        return {name: file.get_tensor(name).dtype for name in (KERNEL, DENSE)}


def test_half_precision_is_usual(tmp_path: Path):
    store(lively_model(GENERATOR, None), tmp_path)
    assert dtypes(tmp_path) == {KERNEL: torch.float16, DENSE: torch.float16}


def test_kernels_of_a_large_generator_are_rounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = lively_model(replace(GENERATOR, channel_base=1024, channel_max=64), None)
    store(model, tmp_path / "half")
    size = (tmp_path / "half" / "generator.safetensors").stat().st_size
    monkeypatch.setattr(module, "LARGEST", size)
    store(model, tmp_path / "rounded")
    assert dtypes(tmp_path / "rounded") == {KERNEL: torch.int8, DENSE: torch.float16}
    assert (tmp_path / "rounded" / "generator.safetensors").stat().st_size < 0.7 * size
    pictures = []
    for name in ("half", "rounded"):
        opened = open_checkpoint(tmp_path / name, precision="fp32")
        pictures.append(opened.synthesize(opened.map(draw_z(3, opened.z_dim)[None], [1])))
    error = (pictures[0] - pictures[1]).square().mean().sqrt() / pictures[0].std()
    assert 0 < float(error) < 0.05


def test_all_of_a_model_in_8_bits_and_fewer(tmp_path: Path):
    """Every network's weights, at half the size, less once compressed, and what they say hardly changes."""
    model = lively_model(encoder=ENCODER)
    store(model, tmp_path / "half")
    store(model, tmp_path / "small", short_of_room=True)
    assert dtypes(tmp_path / "small") == {KERNEL: torch.int8, DENSE: torch.int8}
    half, small = (open_checkpoint(tmp_path / name, precision="fp32") for name in ("half", "small"))
    for file in ("generator", "critic", "encoder"):
        sizes = [(tmp_path / name / f"{file}.safetensors").stat().st_size for name in ("half", "small")]
        assert sizes[1] < 0.8 * sizes[0]  # small networks are mostly headers

    def said(model: Model, picture: Tensor) -> dict[str, Tensor]:
        return {
            "picture": model.synthesize(model.map(draw_z(3, model.z_dim)[None], [1])),
            "logit": model.criticize(picture, [1]),
            "code": model.encode(picture, [1])[0],
        }

    picture = some_pictures(1, half.img_channels, half.resolution)
    after = said(small, picture)
    for name, before in said(half, picture).items():
        error = (before - after[name]).square().mean().sqrt() / before.square().mean().sqrt()
        assert 0 < float(error) < 0.1, name  # three per cent of each weight, and layers add up
