"""The encoder at a run's end: its files, its figures, and the pictures that a model remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator import CheckpointError, draw_z, open_checkpoint, save_checkpoint
from generator.companions import EncoderConfig, open_encoder
from generator.companions.encoder import Encoder
from generator.families.stylegan2 import stylegan2_of
from generator.measuring import Remembered, open_remembered
from tests.generator.build import GENERATOR, lively_model
from training.data import Pictures
from training.errors import TrainingError
from training.reconstruction import finish_encoder, measure_reconstruction, repaint

from .build import Coarse

Split = tuple[Pictures, Pictures]


class Knowing:
    """An encoder that knows the pictures it is shown: it answers with the code each was painted from."""

    def __init__(self, codes: torch.Tensor) -> None:
        self.codes = codes

    def encode(self, pictures: torch.Tensor, label: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        mine, self.codes = self.codes[: len(pictures)], self.codes[len(pictures) :]
        return mine, torch.zeros_like(mine)


def painted(count: int = 6) -> tuple[Pictures, object, torch.Tensor]:
    """Pictures that a model with a prior painted, the model, and their codes."""
    model = lively_model(replace(GENERATOR, num_classes=2, prior_layers=2, prior_width=8), None)
    z = torch.stack([draw_z(seed, GENERATOR.z_dim) for seed in range(count)])
    labels = torch.arange(count) % 2
    prior = stylegan2_of(model).generator.mapping.prior
    assert prior is not None
    codes = prior(z, torch.eye(2)[labels])
    names = tuple(f"{i}.png" for i in range(count))
    pixels = repaint(model, z, labels)
    return Pictures(classes=model.classes, pixels=pixels, labels=labels, names=names), model, codes


def test_what_is_known_is_painted_again():
    data, model, codes = painted()
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(5))
    figures, shown = measure_reconstruction(model, Knowing(codes[order]), data, Coarse())  # type: ignore[arg-type]
    assert figures["reconstruction_psnr"] > 40
    assert figures["reconstruction_ratio"] < 0.05
    assert torch.equal(shown[: len(data)], data.pixels[order])
    wrong, _ = measure_reconstruction(model, Knowing(codes.flip(0)[order]), data, Coarse())  # type: ignore[arg-type]
    assert wrong["reconstruction_ratio"] > 0.5


def test_files_beside_the_generator(tmp_path: Path):
    data, model, _ = painted(8)
    save_checkpoint(model, tmp_path)  # type: ignore[arg-type]
    model = open_checkpoint(tmp_path, precision="fp32")
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(32, 2, GENERATOR.z_dim, 256, 16, 24))
    records = torch.tensor([1, 4, 6])
    figures, _ = finish_encoder(encoder, model, data, data, Coarse(), records, tmp_path)
    opened = open_encoder(tmp_path)
    assert opened.description.measured["reconstruction_count"] == 8
    assert opened.description.measured["reconstruction_psnr"] == pytest.approx(figures["reconstruction_psnr"], rel=1e-3)
    remembered = open_remembered(tmp_path)
    assert remembered.records == ("1.png", "4.png", "6.png")
    assert remembered.labels.tolist() == [1, 0, 0]
    assert remembered.find("4.png") == 1 and remembered.find("5.png") is None
    z = remembered.latents([0, 2])
    assert z.shape == (2, GENERATOR.z_dim)
    with pytest.raises(TrainingError, match="prior"):
        measure_reconstruction(lively_model(), opened, data, Coarse())


def test_latents_are_kept_within_half_a_step():
    z = torch.randn(20, 5)
    kept = Remembered.of_latents("plums", "1.0", tuple(map(str, range(20))), torch.zeros(20), z)
    assert float((kept.latents(list(range(20))) - z).abs().max()) <= float(kept.step.max()) / 2 + 1e-6


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
