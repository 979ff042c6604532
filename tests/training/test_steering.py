"""Directions for what can be measured: the slope is found, its move does what it says, and it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from generator import open_checkpoint, save_checkpoint
from generator.families.stylegan2 import stylegan2_of
from training import relief, steering
from training.data import Measure
from training.steering import slope, steer

from ..generator.build import lively_model


def test_the_slope_of_a_plane_is_its_normal():
    rng = torch.Generator().manual_seed(0)
    normal = torch.tensor([3.0, 0.0, -4.0, 0.0])
    ws = torch.randn(4000, 4, generator=rng)
    found = slope(ws, ws @ normal + 7 + torch.randn(4000, generator=rng))
    assert float(found.norm()) == pytest.approx(1, abs=1e-5)
    assert float(found @ normal) / 5 > 0.999


def test_the_slope_of_what_never_changes_is_finite():
    assert torch.isfinite(slope(torch.randn(50, 4), torch.full((50,), 2.0))).all()


def lightness(pictures: Tensor) -> Tensor:
    return pictures.float().mean(dim=(1, 2, 3))


def test_moving_along_it_gives_less_and_more():
    model = lively_model(critic=None)
    weights = torch.full((len(model.classes),), 1 / len(model.classes))
    (found,) = steer(model, {"light": Measure("darker ↔ lighter", lightness)}, weights, count=300)
    assert (found.direction.name, found.direction.title) == ("light", "darker ↔ lighter")
    assert found.direction.sigma > 0 and float(found.direction.vector.norm()) == pytest.approx(1, abs=1e-5)
    assert found.less < found.plain < found.more
    assert 0.1 < found.explained <= 1


def test_nothing_measured_nothing_found():
    assert steer(lively_model(critic=None), {}, torch.ones(1)) == []


def test_sea_and_roughness_of_painted_tiles():
    sea, land = torch.tensor([117, 165, 206]), torch.tensor([110, 180, 140])
    half = torch.empty(1, 3, 16, 16, dtype=torch.uint8)
    half[:, :, :, :4], half[:, :, :, 4:] = sea.view(1, 3, 1, 1), land.view(1, 3, 1, 1)
    assert float(relief.sea_share(half)) == 0.25
    assert float(relief.land_roughness(half)) == 0  # the coast itself is no slope
    striped = half.clone()
    striped[:, :, :, 8::2] += 10
    assert 4 < float(relief.land_roughness(striped)) < 10
    assert float(relief.land_roughness(half[:, :, :, :4])) == 0


def test_the_command_adds_them_and_the_opening_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    save_checkpoint(lively_model(), tmp_path / "plums")
    before = open_checkpoint(tmp_path / "plums", precision="fp32")

    class Split:
        def __init__(self) -> None:
            self.measures = {"light": Measure("darker ↔ lighter", lightness)}

        def class_weights(self) -> Tensor:
            return torch.full((len(before.classes),), 1 / len(before.classes))

    monkeypatch.setattr(steering, "load_data", lambda path, resolution: (Split(), Split()))
    monkeypatch.setattr(steering, "COUNT", 100)
    arguments = ["--checkpoint", str(tmp_path / "plums"), "--data", "anything"]
    for _ in range(2):  # a second time replaces them
        assert steering.main([*arguments, "--opens-with", before.classes[1], "--version", "1.1"]) == 0
    assert "light: " in capsys.readouterr().out
    after = open_checkpoint(tmp_path / "plums", precision="fp32")
    assert [d.name for d in after.directions] == ["light", *(d.name for d in before.directions)]
    assert (after.default_class, after.version) == (before.classes[1], "1.1")
    weights = zip(*(stylegan2_of(each).generator.state_dict().values() for each in (after, before)), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)
    assert steering.main([*arguments, "--opens-with", "turnip"]) == 2
    assert "plums has no class 'turnip'." in capsys.readouterr().err
