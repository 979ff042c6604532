"""Beginning with a checkpoint's weights: what is taken over, what begins anew, and when the count goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator import Averages, Critic, Generator, Model, Provenance, save_checkpoint
from generator.families.stylegan2 import StyleGAN2
from training.data import Pictures
from training.encoding import Weights
from training.errors import TrainingError
from training.loop import Trainer
from training.settings import Settings
from training.start import start_from

from .build import SETTINGS

SEEN = 1600


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of other classes, which says that it has seen 1,600 pictures in 50 seconds."""
    torch.manual_seed(5)
    generator = Generator(replace(SETTINGS.generator, num_classes=3))
    critic = Critic(replace(SETTINGS.critic, num_classes=3))
    return save(generator, critic, ("a", "b", "c"), tmp_path / "other")


def save(generator: Generator, critic: Critic | None, classes: tuple[str, ...], folder: Path) -> Path:
    provenance = Provenance("T", "CC0", "nobody", "made up", pictures_seen=SEEN)
    averages = Averages(torch.zeros(generator.config.w_dim))
    save_checkpoint(
        Model(folder.name, "1.0", StyleGAN2(generator, critic), classes, averages, (), None, provenance), folder
    )
    (folder / "evaluation.json").write_text(json.dumps({"training_seconds": 50}))
    return folder


def begun(folder: Path, split: tuple[Pictures, Pictures], settings: Settings = SETTINGS) -> Trainer:
    return Trainer(settings, split[0], folder)


def test_all_but_the_classes_is_taken_over(checkpoint: Path, split: tuple[Pictures, Pictures], tmp_path: Path):
    trainer = begun(tmp_path / "run", split)
    anew = start_from(trainer, checkpoint, "mine")
    assert anew == ["generator mapping.embed.weight", "critic mapping.embed.weight"]
    torch.manual_seed(5)
    theirs = Generator(replace(SETTINGS.generator, num_classes=3)).half().float().state_dict()
    for network in (trainer.g, trainer.ema):
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, theirs[name]) == (name != "mapping.embed.weight"), name
    assert trainer.pictures == 0 and trainer.seconds == 0.0


def test_the_run_goes_on_from_there(checkpoint: Path, split: tuple[Pictures, Pictures], tmp_path: Path):
    start_from(begun(tmp_path / "run", split), checkpoint, "mine")
    resumed, whole = begun(tmp_path / "run", split), begun(tmp_path / "other", split)
    start_from(whole, checkpoint, "mine")
    for trainer in (resumed, whole):
        trainer.train_step()
    for a, b in zip(resumed.g.state_dict().values(), whole.g.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_model_of_the_same_name_counts_on(split: tuple[Pictures, Pictures], tmp_path: Path):
    folder = save(Generator(SETTINGS.generator), Critic(SETTINGS.critic), ("disc", "square"), tmp_path / "mine")
    trainer = begun(tmp_path / "run", split)
    assert start_from(trainer, folder, "mine") == []
    assert trainer.pictures == SEEN and trainer.seconds == 50.0


def test_a_model_of_the_same_name_must_fit(checkpoint: Path, split: tuple[Pictures, Pictures], tmp_path: Path):
    with pytest.raises(TrainingError, match="other networks"):
        start_from(begun(tmp_path / "run", split), checkpoint, "other")
    assert not (tmp_path / "run" / "state.pt").exists()


def test_without_a_critic_there_is_nothing_to_go_on_with(split: tuple[Pictures, Pictures], tmp_path: Path):
    folder = save(Generator(SETTINGS.generator), None, ("disc", "square"), tmp_path / "half")
    with pytest.raises(TrainingError, match="no critic"):
        start_from(begun(tmp_path / "run", split), folder, "mine")


def test_a_generator_may_be_wider(split: tuple[Pictures, Pictures], tmp_path: Path):
    old = Generator(SETTINGS.generator).half().float()
    folder = save(old, Critic(SETTINGS.critic), ("disc", "square"), tmp_path / "mine")
    trainer = begun(tmp_path / "run", split, replace(SETTINGS, generator=replace(SETTINGS.generator, channel_base=384)))
    assert start_from(trainer, folder, "mine") == []
    z, label = torch.randn(2, old.config.z_dim), torch.eye(2)
    with torch.no_grad():
        torch.testing.assert_close(trainer.ema(z, label), old(z, label), rtol=1e-4, atol=1e-4)
    assert trainer.pictures == SEEN


def test_the_encoder_is_taken_over_with_its_codes(split: tuple[Pictures, Pictures], tmp_path: Path):
    generator = replace(SETTINGS.generator, prior_layers=2, prior_width=8)
    settings = replace(SETTINGS, generator=generator, encoder=Weights())
    first = begun(tmp_path / "first", split, settings)
    assert first.encoding is not None
    networks = StyleGAN2(first.g, first.d, first.encoding.encoder)
    provenance = Provenance("T", "CC0", "nobody", "made up", pictures_seen=SEEN)
    averages = Averages(torch.zeros(generator.w_dim))
    model = Model("mine", "1.0", networks, ("disc", "square"), averages, (), None, provenance)
    save_checkpoint(model, tmp_path / "mine")
    trainer = begun(tmp_path / "run", split, replace(settings, seed=3))
    assert start_from(trainer, tmp_path / "mine", "mine") == []
    assert trainer.encoding is not None and not trainer.encoding.bank[:, 0].isnan().any()
    theirs = first.encoding.encoder.half().float().state_dict()
    for name, tensor in trainer.encoding.encoder.state_dict().items():
        assert torch.equal(tensor, theirs[name]), name


def test_without_moments_the_learning_rate_rises(split: tuple[Pictures, Pictures], tmp_path: Path):
    trainer = begun(tmp_path / "run", split, replace(SETTINGS, warm_up=4, r1_every=100))
    rates = []
    for _ in range(5):
        trainer.train_step()
        rates.append(trainer.opt_g.param_groups[0]["lr"] / SETTINGS.learning_rate)
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    with pytest.raises(TrainingError, match="warm_up"):
        replace(SETTINGS, warm_up=-1)
