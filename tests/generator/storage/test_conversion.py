"""Conversion: the same pictures from the file of ours, directions that are what they say, an honest critic."""

from __future__ import annotations

import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generator import CheckpointError, Model, draw_z, open_checkpoint
from generator.convert import main
from generator.directions import closed_form_directions
from generator.families.stylegan2 import stylegan2_of
from generator.families.stylegan2.layers import ModulatedConv
from generator.formats import dcgan
from generator.formats.registry import open_foreign
from generator.measuring import averages as measuring
from generator.storage import conversion as convert
from generator.storage import real
from generator.storage.real import RealPictures
from tests.generator.build import GENERATORS, lively_model
from tests.generator.formats import dcgan_files, makers

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"
FILES = [
    ("sg2ada-64-cond5.pkl", None), ("sg2-in-sg3repo-64.pkl", None), ("rosinality-000010.pt", None),
    ("sg3t-64-uncond.pkl", None), ("netG_epoch_24.pth", "netD_epoch_24.pth"),
]  # fmt: skip
FEW = 40


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that opens as a fresh lively model, whatever is in it."""
    monkeypatch.setattr(convert, "open_foreign", lambda path, critic: unmeasured())
    path = tmp_path / "Some Plums-000010.pkl"
    path.write_bytes(b"whatever")
    return path


def unmeasured() -> Model:
    """A model as a foreign file gives it: no directions, no averages of classes, no calibration."""
    model = lively_model()
    model.directions, model.calibration = (), None
    model.averages = replace(model.averages, classes=None)
    model.classes = ("0", "1", "2")
    return model


def some_ws(model: Model, count: int = 2) -> torch.Tensor:
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(count)])
    return model.map(z, [0] * count if model.classes else None)


def test_classes_may_be_named(source: Path, tmp_path: Path):
    (tmp_path / "names.json").write_text('{"1": "gage", "0": "damson", "2": "mirabelle"}', encoding="utf-8")
    arguments = [str(source), "--out", str(tmp_path / "out"), "--class-names", str(tmp_path / "names.json")]
    assert main(arguments) == 0
    model = open_checkpoint(tmp_path / "out" / "some-plums-000010", precision="fp32")
    assert model.classes == ("damson", "gage", "mirabelle") and model.has_critic
    assert model.version == convert.content_hash(source, tmp_path / "names.json") != convert.content_hash(source)
    assert "Some Plums-000010.pkl and names.json" in model.provenance.notes


# ---- round trip ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [True, False])
def test_the_converted_model_paints_and_judges_the_same(source: Path, tmp_path: Path, half: bool):
    folder = convert.convert(source, out=tmp_path / "out", half=half, pictures=FEW)
    before, after = unmeasured(), open_checkpoint(folder, precision="fp32")
    assert (after.name, after.version) == ("some-plums-000010", convert.content_hash(source))
    ws = some_ws(before)
    exact = 0.02 if half else 0.0
    assert float((some_ws(after) - ws).abs().max()) <= exact
    picture = before.synthesize(ws)
    assert float((after.synthesize(ws) - picture).abs().max()) <= exact * float(picture.abs().max())
    logits = before.criticize(picture, [0, 1])
    torch.testing.assert_close(after.criticize(picture, [0, 1]), logits, rtol=0.02 if half else 0, atol=exact)


@pytest.mark.parametrize(("file", "critic"), FILES, ids=lambda name: str(name))
def test_other_programs_files_survive_conversion(tmp_path: Path, file: str, critic: str | None):
    if not (INTEROP / file).exists():
        pytest.skip("the files of other programs are not here")
    paths = (INTEROP / file, None if critic is None else INTEROP / critic)
    folder = convert.convert(*paths, out=tmp_path, half=False, pictures=FEW)
    before, after = open_foreign(*paths), open_checkpoint(folder, precision="fp32")
    ws = some_ws(before)
    assert torch.equal(some_ws(after), ws)
    picture = before.synthesize(ws)
    assert torch.equal(after.synthesize(ws), picture)
    label = [0, 0] if before.classes else None
    assert torch.equal(after.criticize(picture, label), before.criticize(picture, label))
    assert torch.equal(after.averages.everything, before.averages.everything)
    assert (after.averages.classes is None) == (not after.classes)
    assert after.calibration is not None and after.calibration.generated_count == FEW
    vectors = torch.stack([d.vector for d in after.directions])
    pcs = vectors[[d.name.startswith("pc") for d in after.directions]]
    torch.testing.assert_close(pcs @ pcs.T, torch.eye(len(pcs)), rtol=0, atol=1e-4)
    moved = after.synthesize(after.move(ws[:1], {"sefa1": 3.0}))
    assert float((moved - picture[:1]).abs().mean()) > 1e-4


def test_a_converted_checkpoint_is_not_overwritten(source: Path, tmp_path: Path):
    folder = convert.convert(source, out=tmp_path / "out", name="plums", pictures=FEW)
    before = (folder / "generator.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="plums in out already"):
        convert.convert(source, out=tmp_path / "out", name="plums", pictures=FEW)
    assert (folder / "generator.safetensors").read_bytes() == before


def test_nothing_is_left_of_a_conversion_that_fails(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*arguments: object) -> None:
        raise CheckpointError("no")

    monkeypatch.setattr(convert, "calibrate", fail)
    with pytest.raises(CheckpointError):
        convert.convert(source, out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_version_is_that_of_the_content(tmp_path: Path):
    paths = [tmp_path / name for name in ("a.pkl", "b.pkl", "c.pkl")]
    for path, content in zip(paths, (b"one", b"one", b"two"), strict=True):
        path.write_bytes(content)
    one, same, other = map(convert.content_hash, paths)
    assert one == same != other
    assert convert.content_hash(paths[0], paths[2]) not in (one, other)


# ---- directions ---------------------------------------------------------------------------------------------------


def test_closed_form_directions_are_the_eigenvectors_of_the_stacked_style_weights():
    model = unmeasured()
    layers = [
        m.affine.weight.numpy()
        for m in stylegan2_of(model).generator.synthesis.modules()
        if isinstance(m, ModulatedConv)
    ]
    stacked = np.concatenate(layers).astype(np.float64)
    values, vectors = np.linalg.eigh(stacked.T @ stacked)
    best = vectors[:, np.argsort(values)[::-1]].T[: measuring.CLOSED_FORM]
    measuring.measure_styles(model)
    found = np.stack([d.vector.numpy() for d in model.directions if d.name.startswith("sefa")])
    np.testing.assert_allclose(np.abs((found * best).sum(axis=1)), 1, atol=1e-5)
    np.testing.assert_allclose(found @ found.T, np.eye(len(found)), atol=1e-5)


def test_the_first_closed_form_direction_changes_the_styles_most():
    weights = torch.randn(60, 12, generator=torch.Generator().manual_seed(0))
    best = closed_form_directions(weights, 1)[0]
    others = torch.nn.functional.normalize(torch.randn(500, 12, generator=torch.Generator().manual_seed(1)))
    assert float((weights @ best).norm()) >= float((weights @ others.T).norm(dim=0).max())


@pytest.mark.parametrize("nz", [16, 9])
def test_closed_form_directions_of_a_dcgan_are_those_of_its_first_maps(nz: int):
    """Also where z is as long as the first maps are wide, so that shapes do not tell the two axes apart."""
    model = dcgan.load(dcgan_files.content(dcgan_files.generator_state([nz, 16, 8, 3])))
    measuring.measure_styles(model)
    first = dict(model.family.named_parameters())["generator.0.weight"]

    def change(z: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv_transpose2d(z[:, :, None, None], first).flatten(1).norm(dim=1)

    found = torch.stack([d.vector for d in model.directions if d.name.startswith("sefa")])
    others = torch.nn.functional.normalize(torch.randn(500, nz))
    assert float(change(others).max()) <= float(change(found)[0])
    strongest = torch.linalg.svdvals(first.flatten(1))[: len(found)]
    torch.testing.assert_close(change(found), strongest, rtol=1e-4, atol=0)


@pytest.mark.parametrize("nz", [1, 2, 5])
def test_a_latent_of_few_numbers_has_few_directions(nz: int):
    model = dcgan.load(dcgan_files.content(dcgan_files.generator_state([nz, 16, 8, 3])))
    measuring.measure_styles(model)
    for kind in ("pc", "sefa"):
        vectors = torch.stack([d.vector for d in model.directions if d.name.startswith(kind)])
        torch.testing.assert_close(vectors @ vectors.T, torch.eye(nz), rtol=0, atol=1e-5)


def test_measured_averages_are_those_of_each_class():
    model = unmeasured()
    measuring.measure_styles(model)
    assert model.averages.classes is not None
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(3000)])
    for label in range(3):
        ws = model.map(z, [label] * len(z))[:, 0]
        error = 6 * ws.std(dim=0) / (1000**0.5)
        assert bool(((model.averages.classes[label] - ws.mean(dim=0)).abs() <= error).all())


def test_a_direction_is_in_standard_deviations():
    model = unmeasured()
    measuring.measure_styles(model)
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(2000)])
    ws = torch.stack([model.map(z, [label] * len(z))[:, 0] for label in range(3)])
    ws = ws - ws.mean(dim=1, keepdim=True)
    for direction in model.directions:
        assert float((ws @ direction.vector).std()) == pytest.approx(direction.sigma, rel=0.1)


# ---- the critic ---------------------------------------------------------------------------------------------------


def test_without_real_pictures_the_calibration_says_nothing_of_them(source: Path, tmp_path: Path):
    calibration = open_checkpoint(convert.convert(source, out=tmp_path / "o", pictures=FEW)).calibration
    assert calibration is not None
    assert (calibration.real, calibration.real_count, calibration.generated_count) == ((), 0, FEW)
    assert calibration.percentile_real(0.0) is None
    assert calibration.percentile_generated(calibration.generated[0] - 1) == 0
    _, real, generated = calibration.densities()
    assert real is None and len(generated)


def test_a_critic_that_had_no_time_stays_uncalibrated(source: Path, tmp_path: Path):
    folder = convert.convert(source, out=tmp_path / "o", seconds=0)
    assert open_checkpoint(folder, precision="fp32").calibration is None


def test_a_critic_that_is_shown_nothing_stays_uncalibrated():
    assert measuring.calibrate(unmeasured(), None, 0, lambda share: True) is None


def test_without_a_critic_there_is_no_calibration(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = lively_model(GENERATORS["paper without classes"], critic=None)
    model.calibration = None
    monkeypatch.setattr(convert, "open_foreign", lambda path, critic: model)
    stored = open_checkpoint(convert.convert(source, out=tmp_path / "o"), precision="fp32")
    assert not stored.has_critic and stored.calibration is None


def picture(value: int, size: tuple[int, int] = (48, 40)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (value, value, 0)).save(out, "PNG")
    return out.getvalue()


def test_real_pictures_calibrate_the_critic(source: Path, tmp_path: Path):
    for label in range(3):
        (tmp_path / "real" / str(label)).mkdir(parents=True)
        for i in range(4):
            (tmp_path / "real" / str(label) / f"{i}.png").write_bytes(picture(40 * i + label))
    folder = convert.convert(source, out=tmp_path / "o", half=False, real=tmp_path / "real", pictures=FEW)
    model = open_checkpoint(folder, precision="fp32")
    assert model.calibration is not None and model.calibration.real_count == 12
    pairs = list(RealPictures(tmp_path / "real", 32, 3, "012", 100))
    logits = [float(model.criticize(image[None], [label])) for image, label in pairs]
    assert model.calibration.real[0] == pytest.approx(min(logits), abs=1e-4)
    assert model.calibration.real[-1] == pytest.approx(max(logits), abs=1e-4)


def test_real_pictures_from_a_zip_with_labels(tmp_path: Path):
    path = tmp_path / "real.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("00000/a.png", picture(0))
        archive.writestr("00000/b.png", picture(255))
        archive.writestr("dataset.json", '{"labels": [["00000/a.png", 1], ["00000/b.png", 0]]}')
    (dark, one), (light, zero) = RealPictures(path, 16, 1, "01", 10)
    assert (one, zero) == (1, 0)
    assert dark.shape == (1, 16, 16) and float(dark.max()) == -1
    assert float(light.min()) > 0


@pytest.mark.parametrize(
    ("files", "classes", "words"),
    [
        ({}, 0, "no pictures"),
        ({"a.png": b"not a picture"}, 0, "a.png cannot be read"),
        ({"a.png": picture(1)}, 2, "one sub-folder for each of the model's 2 classes.*it has no classes"),
        ({"a.png": picture(1), "dataset.json": b'{"labels": [["a.png", 7]]}'}, 2, "without one of the model"),
        ({"a.png": picture(1), "dataset.json": b"["}, 2, "dataset.json"),
    ],
)
def test_real_pictures_that_will_not_do(tmp_path: Path, files: dict[str, bytes], classes: int, words: str):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=words):
        list(RealPictures(tmp_path, 16, 3, "01"[:classes], 10))


def by_folder(path: Path, folders: Sequence[str], classes: Sequence[str]) -> tuple[dict[int, int], list[str]]:
    """Which class the picture in each folder (by its place in `folders`) is taken for, and what was said."""
    for value, folder in enumerate(folders):
        (path / folder).mkdir(parents=True)
        (path / folder / "a.png").write_bytes(picture(10 * value))
    found = RealPictures(path, 16, 3, classes, 100)
    return {round(float(image[0].mean() + 1) * 127.5 / 10): label for image, label in found}, found.account.said


def test_folders_named_like_the_classes_are_those_whatever_their_order(tmp_path: Path):
    labels, said = by_folder(tmp_path, ["Zebra", "A\u0308pfel", "dog"], ["dog", "zebra", "\u00c4pfel"])
    assert labels == {0: 1, 1: 2, 2: 0} and said == []


def test_folders_named_like_numbers_are_those_classes(tmp_path: Path):
    """ "10" comes before "2" in the order of names, and is the eleventh class all the same."""
    folders = [str(number) for number in range(12)]
    assert by_folder(tmp_path / "1", folders, folders)[0] == {number: number for number in range(12)}
    labels, said = by_folder(tmp_path / "2", folders, [f"name {number}" for number in range(12)])
    assert labels == {number: number for number in range(12)} and said == []


def test_other_folders_go_by_their_order_which_is_said(tmp_path: Path):
    labels, said = by_folder(tmp_path / "1", ["pears", "apples"], ["0", "1"])
    assert labels == {0: 1, 1: 0} and "in the order of their names" in said[0]
    with pytest.raises(CheckpointError, match="'peers', which is none of the model's classes"):
        by_folder(tmp_path / "2", ["peers", "apples"], ["apples", "pears"])


def test_a_class_number_of_a_zip_with_one_class_alone(tmp_path: Path):
    rows = b'{"labels": [["a.png", 2], ["b.png", 2]]}'
    for name, data in (("a.png", picture(1)), ("b.png", picture(2)), ("dataset.json", rows)):
        (tmp_path / name).write_bytes(data)
    assert [label for _, label in RealPictures(tmp_path, 16, 3, "012", 10)] == [2, 2]


def test_more_real_pictures_than_are_kept_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(picture(40 * i))
    kept = RealPictures(tmp_path, 16, 3, "", 4)
    monkeypatch.setattr(real, "KEPT_BYTES", 2 * 16 * 16 * 3)
    again = RealPictures(tmp_path, 16, 3, "", 4)
    assert kept.account.lines() == again.account.lines() and kept.account.read == 4
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(kept, again, strict=True)) and len(list(again)) == 4


# ---- the command --------------------------------------------------------------------------------------------------


STOPPED = """
import sys, time
from generator import convert
from generator.storage import conversion
conversion.calibrate = lambda *_: (print("calibrating", flush=True), time.sleep(60))
sys.exit(convert.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_asked_to_end_leaves_nothing_half_written(tmp_path: Path, asked: signal.Signals):
    made = makers.make("dcgan", tmp_path)
    assert made.critic is not None
    command = [
        sys.executable,
        "-c",
        STOPPED,
        str(made.path),
        "--critic",
        str(made.critic),
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None and run.stderr is not None
        assert any(line == "calibrating\n" for line in iter(run.stdout.readline, ""))
        assert len(list((tmp_path / "out").iterdir())) == 1  # it has begun to write
        run.send_signal(asked)
        assert run.wait(30) == 130
        assert run.stderr.read() == "convert: stopped before it was done; nothing was written.\n"
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_says_where_it_wrote(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("generator.convert.convert", partial(convert.convert, pictures=FEW))
    assert main([str(source), "--out", str(tmp_path / "o"), "--name", "plums"]) == 0
    assert capsys.readouterr().out.strip().endswith("plums")
    assert open_checkpoint(tmp_path / "o" / "plums", precision="fp32").name == "plums"


def test_the_command_says_what_the_real_pictures_are(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("generator.convert.convert", partial(convert.convert, pictures=FEW))
    put = {f"{label}/{i}.png": picture(40 * i + label) for label in range(3) for i in range(2)}
    for name, data in (put | {"0/._0.png": b"\0", "1/broken.png": b"none"}).items():
        (tmp_path / "real" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "real" / name).write_bytes(data)
    arguments = [str(source), "--out", str(tmp_path / "o"), "--name", "plums", "--real", str(tmp_path / "real")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "1/broken.png cannot be read as a picture" in error and error.endswith(
        ": --skip-broken goes on without it.\n"
    )
    assert main([*arguments, "--skip-broken", "--strict"]) == 2
    assert "as --strict wants it" in capsys.readouterr().err
    assert main([*arguments, "--skip-broken"]) == 0
    said = [
        "real: 6 pictures of 8 files, PNG, all 48×40",
        "3 classes: 0 2, 1 2, 2 2",
        "left out: 1 left lying about by macOS (0/._0.png)",
        "left out: 1 broken (1/broken.png)",
    ]
    out, card = capsys.readouterr().out, (tmp_path / "o" / "plums" / "README.md").read_text(encoding="utf-8")
    assert "\n".join(said) in out and all(f"- {line}" in card for line in said)
    assert out.index(said[0]) < out.index("calibrating its critic")


def test_the_command_fails_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "x.pkl").write_bytes(b"nothing of the kind")
    assert main([str(tmp_path / "x.pkl"), "--out", str(tmp_path / "o")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "x.pkl" in said[0]
    assert main([str(tmp_path / "x.pkl"), "--name", "../up"]) == 2
