"""A finished model's files: in half precision, and kernels in 8 bits where the generator would be too large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from generator import draw_z, open_checkpoint
from tests.generator.build import GENERATOR, lively_model
from training import store as module
from training.store import store

KERNEL, DENSE = "synthesis.layers.0.conv.weight", "mapping.layers.0.weight"


def dtypes(folder: Path) -> dict[str, torch.dtype]:
    with safe_open(folder / "generator.safetensors", framework="pt") as file:
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
