"""The encoder at a run's end: its files, its figures, and the pictures that a model remembers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generator import CheckpointError, Model, draw_z
from generator.families.stylegan2 import stylegan2_of
from generator.measuring import Remembered, open_remembered
from tests.generator.build import ENCODER, GENERATOR, lively_model
from training.data import Pictures
from training.figures import figures_section
from training.reconstruction import (
    SHEET,
    Shown,
    latents,
    likeness,
    measure_reconstruction,
    remember,
    remembered_before,
    repaint,
    write_reconstructions,
)

from .build import Coarse

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def painted(count: int = 6) -> tuple[Pictures, Model, torch.Tensor]:
    """Pictures that a model with a prior painted, the model, and the noise that each was painted from."""
    config = replace(GENERATOR, num_classes=2, prior_layers=2, prior_width=8)
    model = lively_model(config, None, encoder=replace(ENCODER, num_classes=2))
    z = torch.stack([draw_z(seed, GENERATOR.z_dim) for seed in range(count)])
    labels = torch.arange(count) % 2
    names = tuple(f"{i}.png" for i in range(count))
    pixels = repaint(model, z, labels)
    return Pictures(classes=model.classes, pixels=pixels, labels=labels, names=names), model, z


def test_what_is_known_is_painted_again(monkeypatch: pytest.MonkeyPatch):
    data, model, z = painted()

    def knowing(images: torch.Tensor, label: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        whose = (images[:, None] - (data.pixels[None].float() / 127.5 - 1)).abs().flatten(2).amax(dim=2).argmin(dim=1)
        return z[whose], torch.zeros(len(whose), z.shape[1])

    monkeypatch.setattr(stylegan2_of(model), "encode", knowing)
    figures, shown = measure_reconstruction(model, data, Coarse())
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(5))
    assert figures["reconstruction_psnr"] > 40
    assert figures["reconstruction_ratio"] < 0.05
    assert torch.equal(shown.pictures, data.pixels[order])
    assert torch.equal(shown.again, data.pixels[order])
    assert shown.records == tuple(data.names[i] for i in order.tolist())


def test_real_pictures_stay_with_the_run(tmp_path: Path):
    black, white = torch.zeros(3, 3, 32, 32, dtype=torch.uint8), torch.full((3, 3, 32, 32), 255, dtype=torch.uint8)
    write_reconstructions(Shown(black, white, ("a", "b", "c")), tmp_path / "checkpoint", tmp_path / "run")
    beside, both = (Image.open(tmp_path / name / SHEET) for name in ("checkpoint", "run"))
    assert beside.size == (96, 32) and beside.getextrema() == ((255, 255),) * 3
    assert both.size == (96, 64)
    assert np.asarray(both.crop((0, 0, 96, 32))).mean() <= 2  # of 255: it is a JPEG


def test_the_card_names_the_records():
    evaluation = json.loads((CHECKPOINTS / "orchard" / "evaluation.json").read_text(encoding="utf-8"))
    said = figures_section({**evaluation, "reconstructed": ["a/1.png", "b/2.png"]})
    assert "(reconstructions.jpg)" in said and "a/1.png, b/2.png" in said
    evaluation.pop("reconstructed", None)
    assert "(reconstructions.jpg)" not in figures_section(evaluation)


def test_who_knows_nothing_is_no_better_than_another_picture():
    data, model, _ = painted()
    assert measure_reconstruction(model, data, Coarse())[0]["reconstruction_ratio"] > 0.3


def test_a_few_are_measured_by_how_far_all_are_apart():
    data, _, _ = painted()
    all_of_them = likeness(data.pixels, data.pixels.roll(1, 0), data.labels, Coarse())
    few = likeness(data.pixels, data.pixels[:2].flip(0), data.labels, Coarse())
    assert (few["reconstruction_count"], all_of_them["reconstruction_count"]) == (2, len(data))
    assert few["reconstruction_distance_of_class"] == all_of_them["reconstruction_distance_of_class"]
    apart = few["reconstruction_distance"]
    assert apart > 0 and few["reconstruction_ratio"] == pytest.approx(apart / few["reconstruction_distance_of_class"])


def test_pictures_are_remembered_by_their_names(tmp_path: Path):
    data, model, _ = painted(8)
    remember(model, data, ("1.png", "4.png", "6.png")).save(tmp_path)
    kept = open_remembered(tmp_path)
    assert (kept.name, kept.version, kept.records) == (model.name, model.version, ("1.png", "4.png", "6.png"))
    assert kept.labels.tolist() == [1, 0, 0]
    assert kept.find("4.png") == 1 and kept.find("5.png") is None
    mine = latents(model, data.pixels[[1, 6]], data.labels[[1, 6]])
    assert float((kept.latents([0, 2]) - mine).abs().max()) <= float(kept.step.max()) / 2 + 1e-6


def test_latents_are_kept_within_half_a_step():
    z = torch.randn(20, 5)
    kept = Remembered.of_latents("plums", "1.0", tuple(map(str, range(20))), torch.zeros(20), z)
    assert float((kept.latents(list(range(20))) - z).abs().max()) <= float(kept.step.max()) / 2 + 1e-6


def test_numbers_are_kept_as_surely_as_the_encoder_knows_them():
    z = torch.randn(200, 3)
    spread = torch.tensor([0.01, 0.2, 2.0]).expand(200, -1)
    kept = Remembered.of_latents("plums", "1.0", tuple(map(str, range(200))), torch.zeros(200), z, spread)
    apart = (kept.latents(list(range(200))) - z).abs().amax(dim=0)
    assert bool((apart <= torch.maximum(kept.step / 2 + 1e-6, spread[0] / 2)).all())
    used = [len(set(column.tolist())) for column in kept.codes.T]
    assert used[0] > used[1] > used[2] and used[2] <= 10


def test_what_is_remembered_alike_stays_rounded_as_it_was(tmp_path: Path):
    data, model, _ = painted(8)
    records = ("1.png", "4.png", "6.png")
    assert remembered_before(tmp_path) is None
    first = remember(model, data, records)
    coarser = replace(first, codes=first.codes // 2, step=first.step * 2, low=first.low + first.step / 2)
    coarser.save(tmp_path)
    before = remembered_before(tmp_path)
    model.version = "2.0"
    kept = remember(model, data, records, before)
    assert torch.equal(kept.codes, coarser.codes) and kept.version == "2.0"
    anew = remember(model, data, records[:2], before)  # other pictures
    assert len(anew.records) == 2
    (tmp_path / "remembered.safetensors").write_bytes(b"broken")
    assert remembered_before(tmp_path) is None


def test_codes_of_an_autoencoder_are_kept_as_they_are(tmp_path: Path):
    codes = torch.randint(0, 256, (4, 3, 3))
    Remembered.of_codes("plums", "1.0", ("a", "b", "c", "d"), torch.arange(4), codes).save(tmp_path)
    kept = open_remembered(tmp_path)
    assert torch.equal(kept.tables([2, 0], 3), codes[[2, 0]])
    with pytest.raises(ValueError, match="autoencoder"):
        kept.latents([0])
    with pytest.raises(ValueError, match="4 × 4"):
        kept.tables([0], 4)
    with pytest.raises(ValueError, match="byte"):
        Remembered.of_codes("plums", "1.0", ("a", "b", "c", "d"), torch.arange(4), codes + 200)


def test_tables_that_do_not_fit_are_refused(tmp_path: Path):
    kept = Remembered.of_latents("plums", "1.0", ("a", "b"), torch.zeros(2), torch.randn(2, 3))
    replace(kept, records=("a",)).save(tmp_path)
    with pytest.raises(CheckpointError, match="fit"):
        open_remembered(tmp_path)
    replace(kept, by="hearsay").save(tmp_path)
    with pytest.raises(CheckpointError, match="who"):
        open_remembered(tmp_path)
