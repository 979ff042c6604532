"""An encoder beside the generator: its losses, the bank, what learns from what, exact resume."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from generator.measuring import relative
from training import encoding, loop
from training.data import Pictures
from training.encoding import Weights, detail
from training.errors import TrainingError
from training.log import log_rows
from training.loop import Trainer
from training.settings import Settings

from .build import SMALLEST
from .test_loop import differences, state, steps

Split = tuple[Pictures, Pictures]
WITH_ENCODER = replace(
    SMALLEST,
    generator=replace(SMALLEST.generator, start="styled", prior_layers=2, prior_width=16),
    encoder=Weights(),
    batch=8,
    policy=("translation",),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three maps of a few colours in place of a pretrained network, and few steps for the first prior."""

    class Maps:
        def __init__(self, maps: torch.dtype) -> None:
            pass

        def to(self, device: Any) -> Maps:
            return self

        def __call__(self, x: Tensor) -> list[Tensor]:
            return [torch.nn.functional.avg_pool2d(x, size) for size in (1, 2, 4)]

    monkeypatch.setattr(loop, "Backbone", Maps)
    monkeypatch.setattr(loop, "FIRST_PRIOR_STEPS", 5)


def whole_state(trainer: Trainer) -> dict[str, Any]:
    assert trainer.encoding is not None
    return {**state(trainer), "encoding": trainer.encoding.state()}


def begun(split: Split, folder: Path, settings: Settings = WITH_ENCODER) -> Trainer:
    trainer = Trainer(settings, split[0], folder)
    trainer.begin_encoding()
    return trainer


def test_a_killed_run_goes_on_bit_for_bit(split: Split, tmp_path: Path):
    straight = steps(begun(split, tmp_path / "straight"), 4)
    killed = steps(begun(split, tmp_path / "killed"), 2)
    killed.save()
    steps(killed, 1)  # lost: done after the last save
    resumed = begun(split, tmp_path / "killed")
    assert resumed.step == 2
    assert [d for d in differences(whole_state(straight), whole_state(steps(resumed, 2))) if "bank" not in d] == []
    assert straight.encoding and resumed.encoding
    assert torch.equal(straight.encoding.bank.nan_to_num(7), resumed.encoding.bank.nan_to_num(7))


def test_everything_learns_and_the_weights_may_change(split: Split, tmp_path: Path):
    trainer = begun(split, tmp_path)
    before = whole_state(trainer)
    before = {name: {k: v.clone() for k, v in before[name].items()} for name in ("g", "d")}
    assert trainer.encoding is not None
    encoder = {k: v.clone() for k, v in trainer.encoding.encoder.state_dict().items()}
    row = steps(trainer, 2).train_step()
    assert {"features", "low", "texture", "divergence", "prior"} <= set(row)
    for name, parameter in trainer.g.named_parameters():
        assert not torch.equal(parameter, before["g"][name]), name
    for name, parameter in trainer.encoding.encoder.named_parameters():
        assert not torch.equal(parameter, encoder[name]), name
    trainer.save()
    Trainer(replace(WITH_ENCODER, encoder=Weights(features=3.0)), split[0], tmp_path)
    with pytest.raises(TrainingError, match="other settings"):
        Trainer(replace(WITH_ENCODER, encoder=None), split[0], tmp_path)


def test_only_the_bank_teaches_the_prior(split: Split, tmp_path: Path):
    trainer = begun(split, tmp_path)
    assert trainer.encoding is not None and trainer.g.mapping.prior is not None
    batch = trainer._reals(torch.Generator().manual_seed(0))
    made = trainer.encoding.make(trainer.g, batch, 0.5, False, torch.Generator().manual_seed(0))
    (made.pictures.sum() + made.divergence).backward()
    assert all(p.grad is None for p in trainer.g.mapping.prior.parameters())
    assert trainer.encoding.encoder.out.weight.grad is not None


def test_the_bank_knows_every_picture_and_its_mirror_image(split: Split, tmp_path: Path):
    trainer = begun(split, tmp_path)
    assert trainer.encoding is not None
    assert not trainer.encoding.bank.isnan().any()
    plain = begun(split, tmp_path / "plain", replace(WITH_ENCODER, mirror=False))
    assert plain.encoding is not None
    assert plain.encoding.bank[:, 1].isnan().all()  # and the prior has learnt from the others alone
    assert plain.g.mapping.prior is not None
    assert all(p.isfinite().all() for p in plain.g.mapping.prior.parameters())


def test_reconstructions_come_near(split: Split, tmp_path: Path):
    settings = replace(WITH_ENCODER, encoder=Weights(3.0, 20.0, 0.0, 0.0), batch=16, learning_rate=3e-3)
    trainer = begun(split, tmp_path, settings)
    errors = [trainer.train_step()["low"] for _ in range(60)]
    assert sum(errors[-5:]) < 0.5 * sum(errors[:5])


def test_settings_both_ways():
    assert Settings.from_dict(WITH_ENCODER.to_dict()) == WITH_ENCODER
    assert Settings.from_dict(SMALLEST.to_dict()).encoder is None


def test_an_encoder_needs_a_prior(split: Split, tmp_path: Path):
    with pytest.raises(TrainingError, match="prior"):
        Trainer(replace(SMALLEST, encoder=Weights()), split[0], tmp_path)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), True])
def test_a_weight_without_sense_is_refused(weight: float):
    with pytest.raises(TrainingError, match="low"):
        Weights(low=weight)


def test_texture_is_how_strong_and_not_where():
    rng = torch.Generator().manual_seed(0)
    one, other = (torch.randn(2, 3, 128, 128, generator=rng) * 0.2 for _ in range(2))
    smooth = torch.zeros_like(one)
    assert float(detail(one, one)) == 0
    assert float(detail(one, other)) < 0.15 * float(detail(one, smooth))
    assert float(relative(one, other)) > float(relative(one, smooth))  # what a squared difference asks for


def test_a_difference_is_relative_to_the_real_maps():
    a, b = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
    assert float(relative(a, b)) == pytest.approx(float(relative(100 * a, 100 * b)), rel=1e-3)


def test_the_first_prior_has_steps_enough():
    assert encoding.FIRST_PRIOR_STEPS >= 500


def test_what_is_kept_stays_and_all_else_learns(split: Split, tmp_path: Path):
    kept = ("encoder", "mapping.prior", "synthesis.layers.0.conv.weight")
    trainer = begun(split, tmp_path)
    assert trainer.encoding is not None
    trainer.save()
    trainer = Trainer(replace(WITH_ENCODER, keep=kept), split[0], tmp_path)  # may come while a run goes on
    assert trainer.encoding is not None
    ema = {name: tensor.clone() for name, tensor in trainer.ema.state_dict().items()}
    before = {name: tensor.detach().clone() for name, tensor in trainer.g.named_parameters()}
    encoder = {name: tensor.clone() for name, tensor in trainer.encoding.encoder.state_dict().items()}
    steps(trainer, 2)
    for name, parameter in trainer.g.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith(kept), name
    for name, tensor in trainer.ema.named_parameters():
        assert torch.equal(tensor, ema[name]) or not name.startswith(kept), name
    for name, tensor in trainer.encoding.encoder.state_dict().items():
        assert torch.equal(tensor, encoder[name]), name


def test_the_critic_may_learn_alone_and_in_part(split: Split, tmp_path: Path):
    keep = ("encoder", "mapping", "synthesis", "critic.blocks.0")
    trainer = begun(split, tmp_path)
    trainer.save()
    trainer = Trainer(replace(WITH_ENCODER, keep=keep), split[0], tmp_path)
    g, d = ({k: v.clone() for k, v in network.state_dict().items()} for network in (trainer.g, trainer.d))
    row = steps(trainer, 3).train_step()
    assert row["loss_d"] > 0 and "features" not in row
    trainer.log.add(row)
    trainer.log.write(trainer.pictures, 1.0)
    assert all(math.isnan(float(log_rows(tmp_path / "log.csv")[-1][key])) for key in ("loss_g", "features"))
    for name, parameter in trainer.g.named_parameters():
        assert torch.equal(parameter, g[name]), name
    for name, parameter in trainer.d.named_parameters():
        assert torch.equal(parameter, d[name]) == name.startswith("blocks.0"), name
    with pytest.raises(TrainingError, match="keep it, too"):
        Trainer(replace(WITH_ENCODER, keep=keep[1:]), split[0], tmp_path)


def test_a_part_of_the_encoder_may_be_kept(split: Split, tmp_path: Path):
    trainer = begun(split, tmp_path)
    trainer.save()
    trainer = Trainer(replace(WITH_ENCODER, keep=("encoder.blocks.0",)), split[0], tmp_path)
    assert trainer.encoding is not None
    before = {name: tensor.detach().clone() for name, tensor in trainer.encoding.encoder.named_parameters()}
    steps(trainer, 2)
    for name, parameter in trainer.encoding.encoder.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith("blocks.0"), name


def test_what_is_kept_must_be_there(split: Split, tmp_path: Path):
    with pytest.raises(TrainingError, match=r"'synthesis\.layer5'"):
        Trainer(replace(WITH_ENCODER, keep=("synthesis.layer5",)), split[0], tmp_path)
    with pytest.raises(TrainingError, match="no encoder"):
        replace(WITH_ENCODER, encoder=None, keep=("encoder",))
    assert Settings.from_dict(replace(WITH_ENCODER, keep=("encoder",)).to_dict()).keep == ("encoder",)
