"""Every checkpoint in checkpoints/: it opens, makes pictures, and says what it is and where it comes from."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generator import Model, draw_z, list_checkpoints, open_checkpoint
from generator.families.stylegan2 import stylegan2_of
from generator.storage.conversion import is_content_hash

FOLDER = Path(__file__).resolve().parents[2] / "checkpoints"
PATHS = list_checkpoints(FOLDER) if FOLDER.is_dir() else {}

house = pytest.mark.parametrize("name", PATHS)


@cache
def opened(name: str) -> Model:
    """The model, opened once for all the tests here."""
    return open_checkpoint(PATHS[name], precision="fp32")


def sixteen(model: Model, psi: float = 1.0) -> tuple[Tensor, list[int] | None]:
    """Pictures of seeds 0 … 15 and their classes, in turn."""
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(16)])
    label = [seed % len(model.classes) for seed in range(16)] if model.classes else None
    return model.synthesize(model.map(z, label, psi)), label


@house
def test_it_is_what_its_folder_says(name: str):
    model = opened(name)
    assert model.name == name
    assert model.has_critic
    assert not is_content_hash(model.version)  # else its recipes would pass for those of a file that was brought
    assert all(path.stat().st_size < 10_000_000 for path in PATHS[name].glob("*.safetensors"))


@house
def test_its_pictures_are_pictures(name: str):
    model = opened(name)
    x, _ = sixteen(model)
    assert x.shape == (16, stylegan2_of(model).generator.config.img_channels, model.resolution, model.resolution)
    assert torch.isfinite(x).all()
    assert 0.1 < float(x.std()) < 1.0  # neither one grey nor all black and white
    assert float((x.abs() > 1.5).float().mean()) < 0.05
    assert x.flatten(1).std(dim=1).min() > 0.03  # none is blank
    # No collapse: two pictures differ by much more than rounding.
    assert float(torch.pdist(x.flatten(1)).min() / x[0].numel() ** 0.5) > 0.05


@house
def test_bfloat16_agrees_with_float32(name: str):
    model = opened(name)
    exact, label = sixteen(model)
    judged = model.criticize(exact, label)
    model.use("bf16")
    try:
        half, _ = sixteen(model)
        assert 0 < float((half - exact).square().mean().sqrt() / exact.square().mean().sqrt()) <= 0.02
        assert float((model.criticize(exact, label) - judged).abs().mean() / judged.std()) < 0.1
    finally:
        model.use("fp32")


@house
def test_directions_change_the_picture(name: str):
    model = opened(name)
    assert len(model.directions) >= 8
    vectors = torch.stack([direction.vector for direction in model.directions])
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)), rtol=0, atol=1e-3)
    # The principal ones stand square to each other; those for something measured point wherever that grows.
    principal = torch.stack([each.vector for each in model.directions if each.name.startswith("pc")])
    torch.testing.assert_close(principal @ principal.T, torch.eye(len(principal)), rtol=0, atol=1e-3)
    assert len({direction.title for direction in model.directions}) == len(model.directions)
    ws = model.map(draw_z(0, model.z_dim)[None], [0] if model.classes else None, 0.7)
    plain = model.synthesize(ws)
    for direction in model.directions[:8]:
        assert direction.sigma > 0 and direction.title
        moved = model.synthesize(model.move(ws, {direction.name: 2.0}))
        assert float((moved - plain).square().mean().sqrt()) > 0.01, direction.name


@house
def test_calibration_belongs_to_its_critic(name: str):
    model = opened(name)
    calibration = model.calibration
    assert calibration is not None
    assert calibration.generated_count >= 1000
    assert calibration.real_count >= 500  # each held-out picture once: orchard has 618 of them
    # Of classes as often as those that it was calibrated with: the critic is harder on some than on others.
    evaluation = json.loads((PATHS[name] / "evaluation.json").read_text(encoding="utf-8"))
    counts = torch.tensor([evaluation["per_class"][title]["count"] for title in model.classes])
    label = torch.arange(len(counts)).repeat_interleave(counts)
    label = label[:: len(label) // 32][:32]
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(32)])
    x = model.synthesize(model.map(z, label.tolist(), 1.0))
    eight_bits = ((x.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
    ranks = [calibration.percentile_generated(float(logit)) for logit in model.criticize(eight_bits, label.tolist())]
    assert 30 < sum(ranks) / 32 < 70  # these are generated pictures like any other


@house
def test_truncation_lowers_variety(name: str):
    model = opened(name)
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(16)])
    label = [0] * 16 if model.classes else None  # variety is within a class: between classes ψ may widen differences
    spread = [float(model.synthesize(model.map(z, label, psi)).std(dim=0).mean()) for psi in (0.0, 0.5, 1.0)]
    assert spread[0] < spread[1] < spread[2]


@house
def test_provenance(name: str):
    provenance = opened(name).provenance
    for text in (provenance.title, provenance.licence, provenance.attribution, provenance.data, provenance.subject):
        assert text and text != "unknown"
    assert provenance.pictures_seen >= 1000


@house
def test_what_stands_beside_the_weights(name: str):
    model, folder = opened(name), PATHS[name]
    for file in ("README.md", "samples.jpg", "samples_psi07.jpg", "curves.png", "evaluation.json"):
        assert (folder / file).stat().st_size > 0
    facts = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert (facts["name"], facts["version"]) == (model.name, model.version)
    assert facts["pictures_seen"] == model.provenance.pictures_seen
    assert model.provenance.attribution in (folder / "README.md").read_text(encoding="utf-8")
    for log in folder.glob("*.csv"):
        with log.open(newline="", encoding="utf-8") as file_:
            assert next(csv.reader(file_), None)
