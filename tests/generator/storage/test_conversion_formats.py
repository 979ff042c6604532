"""Conversion of every format: what comes out is the model that went in, with what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from generator import Model, draw_z, open_checkpoint
from generator.formats import stylegan2
from generator.measuring import averages as measuring
from generator.noise import Noise
from generator.storage import conversion as convert
from tests.generator.formats.makers import Made

FEW = 40  # pictures behind a calibration
REGRESSED = 64  # behind directions, for a dozen numbers
# Of the greatest value: half precision keeps 11 bits of a weight, and a dozen layers of random ones add up (to 0.003
# in these pictures, in logits to a little more).
HALF_ERROR = 0.01


@dataclass(frozen=True)
class Converted:
    """A file's own model, what conversion made of it, opened again, and its folder."""

    made: Made
    before: Model
    after: Model
    folder: Path
    half: bool


@pytest.fixture(scope="module", params=[True, False], ids=["fp16", "fp32"])
def converted(request: pytest.FixtureRequest, made: Made, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """Each format in both precisions, opened in float32: what a machine is faster in is not the file's affair."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "REGRESSED", REGRESSED)
        folder = convert.convert(
            made.path,
            made.critic,
            tmp_path_factory.mktemp("converted"),
            "plums",
            half=request.param,
            pictures=FEW,
        )
    before = open_checkpoint(made.path, made.critic, precision="fp32")
    return Converted(made, before, open_checkpoint(folder, precision="fp32"), folder, request.param)


def labels(model: Model, count: int) -> list[int] | None:
    return [i % len(model.classes) for i in range(count)] if model.classes else None


def some_ws(model: Model, count: int) -> Tensor:
    z = torch.randn(count, model.z_dim, generator=torch.Generator().manual_seed(5))
    return model.map(z, labels(model, count))


def test_pictures_styles_and_logits_are_the_same(converted: Converted):
    before, after = converted.before, converted.after
    tolerance = HALF_ERROR if converted.half else 1e-6
    for ours, theirs in (
        (some_ws(after, 3), ws := some_ws(before, 3)),
        (after.synthesize(ws), pictures := before.synthesize(ws)),
        (after.synthesize(ws, Noise("none")), before.synthesize(ws, Noise("none"))),
    ):
        assert ours.shape == theirs.shape
        assert float((ours - theirs).abs().max()) <= tolerance * max(1.0, float(theirs.abs().max()))
    assert float(pictures.std()) > 0.01  # or it proves nothing
    assert after.has_critic == before.has_critic == converted.made.judges
    if before.has_critic:
        logits = before.criticize(pictures, labels(before, 3))
        error = (after.criticize(pictures, labels(after, 3)) - logits).abs().max()
        assert float(error) <= tolerance * max(1.0, float(logits.abs().max()))


def test_weights_are_stored_in_the_precision_that_was_asked_for(converted: Converted):
    kinds: set[torch.dtype] = set()
    for path in converted.folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            kinds |= {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118 (not a dict)
    assert (torch.float16 in kinds) == converted.half


def test_what_it_is_stays(converted: Converted):
    before, after = converted.before, converted.after
    assert after.classes == before.classes == converted.made.classes
    for part in ("resolution", "img_channels", "z_dim", "w_dim", "num_ws", "layers", "flops"):
        assert getattr(after, part) == getattr(before, part), part
    assert (after.name, after.precision) == ("plums", "fp32")
    paths = [path for path in (converted.made.path, converted.made.critic) if path]
    assert after.version == convert.content_hash(*paths)
    notes = after.provenance.notes
    assert before.provenance.notes in notes and all(path.name in notes for path in paths)
    assert convert.architecture(before) in notes
    assert convert.architecture(before) in (converted.folder / "README.md").read_text()


def test_averages_are_the_files_own_and_those_of_the_classes(converted: Converted):
    before, after = converted.before, converted.after
    assert after.family.has_mapping == converted.made.maps
    torch.testing.assert_close(after.averages.everything, before.averages.everything, rtol=0, atol=1e-6)
    for psi in (0.7, 0.0):
        z = torch.randn(2, before.z_dim)
        theirs = before.map(z, labels(before, 2), psi, centre="global")
        ours = after.map(z, labels(after, 2), psi, centre="global")
        assert float((ours - theirs).abs().max()) <= (HALF_ERROR if converted.half else 1e-6)
    if not after.classes:
        assert after.averages.classes is None
        return
    assert after.averages.classes is not None
    assert after.averages.classes.shape == (len(after.classes), after.w_dim)
    if converted.made.maps:
        ws = after.map(torch.randn(2000, after.z_dim), [1] * 2000)[:, 0]
        error = 6 * ws.std(dim=0) * (1 / 1000 + 1 / 2000) ** 0.5 + 1e-6
        assert bool(((after.averages.classes[1] - ws.mean(dim=0)).abs() <= error).all())
    else:  # exact, or no average at all but where the classes are
        assert before.averages.classes is not None
        torch.testing.assert_close(after.averages.classes, before.averages.classes, rtol=0, atol=1e-6)


def test_directions_are_orthonormal_and_change_the_picture(converted: Converted):
    model = converted.after
    for kind, most in (("pc", measuring.PRINCIPAL), ("sefa", measuring.CLOSED_FORM)):
        found = [direction for direction in model.directions if direction.name.startswith(kind)]
        assert min(4, model.z_dim) <= len(found) <= most
        vectors = torch.stack([direction.vector for direction in found])
        assert torch.isfinite(vectors).all() and all(0 < direction.sigma < 1e6 for direction in found)
        torch.testing.assert_close(vectors @ vectors.T, torch.eye(len(found)), rtol=0, atol=1e-4)
    ws = some_ws(model, 1)
    picture = model.synthesize(ws)
    for direction in model.directions:
        moved = model.synthesize(model.move(ws, {direction.name: 3.0}))
        assert torch.isfinite(moved).all()
        assert float((moved - picture).abs().mean()) > 1e-4 * float(picture.abs().max()), direction.name


def test_the_critic_is_calibrated_on_what_it_will_be_shown(converted: Converted):
    calibration = converted.after.calibration
    if not converted.made.judges:
        assert calibration is None
        return
    assert calibration is not None
    assert (calibration.real_count, calibration.generated_count) == (0, FEW)
    model = converted.after
    logits: list[float] = []
    for seed in range(FEW):
        label = [seed % len(model.classes)] if model.classes else None
        ws = model.map(draw_z(seed, model.z_dim)[None], label)
        logits += model.criticize(model.synthesize(ws), label).tolist()
    scale = max(map(abs, logits))
    assert calibration.generated[0] == pytest.approx(min(logits), abs=1e-5 * scale)
    assert calibration.generated[-1] == pytest.approx(max(logits), abs=1e-5 * scale)


def test_the_second_opening_measures_nothing(converted: Converted, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: object) -> None:
        raise AssertionError("measured again")

    for name in ("measure_styles", "sample_styles", "picture_directions", "calibrate", "closed_form_directions"):
        monkeypatch.setattr(measuring, name, refuse)
    monkeypatch.setattr(stylegan2, "average_w", refuse)
    again = open_checkpoint(converted.folder)
    ws = some_ws(again, 2)
    assert torch.equal(ws, some_ws(converted.after, 2))
    assert torch.equal(again.synthesize(ws), converted.after.synthesize(ws))
    assert [d.name for d in again.directions] == [d.name for d in converted.after.directions]
