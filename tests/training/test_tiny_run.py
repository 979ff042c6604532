"""A tiny run from beginning to end: it learns, and becomes a checkpoint with everything that belongs to one."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from generator import CheckpointError, Critic, Generator, Model, draw_z, open_checkpoint
from generator.families.stylegan2 import StyleGAN2, stylegan2_of
from generator.measuring.index import open_index
from generator.storage.network_file import read_network
from generator.weights import load_into
from training import evaluate as evaluating
from training import finish as finishing
from training import train
from training.card import licence_id
from training.data import Pictures
from training.errors import TrainingError
from training.loop import Trainer
from training.metrics import sliced_wasserstein
from training.name_directions import WORDS
from training.samples import as_float
from training.scoring import Reference, score
from training.sheet import first_seeds, write_sheet

from .build import CLASSES, SETTINGS, SIDE, Coarse, write_shapes

PICTURES = 120 * SETTINGS.batch
ABOUT = {
    "title": "Shapes",
    "licence": "CC0",
    "attribution": "Drawn by a program.",
    "data": "discs and squares",
    "subject": "shape",
    "notes": "They are all alike.",
    "source": "https://example.org/{number}",
}
FACTS = {key: value for key, value in ABOUT.items() if key != "source"}  # that goes into the index


@dataclass(frozen=True)
class Run:
    """A finished tiny run: its folder, and the first 64 seeds before and after."""

    folder: Path
    before: Tensor
    after: Tensor


@pytest.fixture(scope="module")
def run(split: tuple[Pictures, Pictures], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """1,920 pictures of training at 32 px with at most 16 channels."""
    trainer = Trainer(SETTINGS, split[0], tmp_path_factory.mktemp("runs") / "shapes")
    before = first_seeds(trainer.ema)
    trainer.run(PICTURES, on_snapshot=train.keep_snapshot, on_save=train.keep_sheet, quiet=True)
    return Run(trainer.folder, before, first_seeds(trainer.ema))


@pytest.fixture(scope="module")
def checkpoint(run: Run, shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `finish` makes of the run, judged on fewer pictures than a real one."""
    folder = tmp_path_factory.mktemp("out")
    (folder / "about.json").write_text(json.dumps(ABOUT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "COUNT", 96)
        patch.setattr(evaluating, "SWEEP", 16)
        patch.setattr(finishing, "feature_network", lambda name, folder: Coarse())
        patch.setattr(finishing, "W_SAMPLES", 200)
        yield finishing.finish(run.folder, shapes, folder / "about.json", folder, "shapes", "1.2")


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Model:
    """The checkpoint, opened."""
    return open_checkpoint(checkpoint, precision="fp32")


# ---- the run -------------------------------------------------------------------------------------


def test_it_learns(run: Run, split: tuple[Pictures, Pictures]):
    # The sliced Wasserstein distance to the data falls to less than a third, the distance in mean colour to a quarter.
    weights = split[0].picture_weights()
    index = torch.multinomial(weights, 64, replacement=True, generator=torch.Generator().manual_seed(0))
    real = split[0].pixels[index].float() / 127.5 - 1

    def distances(x: Tensor) -> tuple[float, float]:
        colour = (x.mean(dim=(0, 2, 3)) - real.mean(dim=(0, 2, 3))).abs().mean()
        return sum(sliced_wasserstein(real, x, directions=128)), float(colour)

    first, last = distances(run.before), distances(run.after)
    assert last[0] < first[0] / 3
    assert last[1] < first[1] / 4


def test_it_learns_the_classes(run: Run):
    # Discs are red, squares are blue: red less blue in the middle of the picture. Seeds take the classes in turn.
    middle = run.after[:, :, 12:20, 12:20].mean(dim=(2, 3))
    warmth = middle[:, 0] - middle[:, 2]
    assert float(warmth[0::2].mean()) > float(warmth[1::2].mean()) + 0.4


def snapshot(run: Run, model: Model, pictures: int) -> Model:
    """Both networks as they were."""
    networks = Generator(SETTINGS.generator), Critic(SETTINGS.critic)
    for kind, network in zip(("generator", "critic"), networks, strict=True):
        tensors, _ = read_network(run.folder / "snapshots" / f"{pictures:09d}" / f"{kind}.safetensors", kind)
        load_into(network, tensors, kind)
    return dataclasses.replace(model, family=StyleGAN2(*networks))


def test_its_scores_tell_that_it_learns(run: Run, model: Model, split: tuple[Pictures, Pictures]):
    reference = Reference.measure(*split, Coarse(), count=96)
    first, early, last = snapshot(run, model, 0), snapshot(run, model, 655), model
    figures = score(last, reference)
    assert figures["frechet_ratio"] < score(first, reference)["frechet_ratio"] / 10  # measured: 6 and 153
    assert figures["precision"] > 0.2 and figures["coverage"] > 0.2  # from nothing
    # An early critic knows its own generator's pictures at once, and no longer the last one's.
    assert score(early, reference)["critic_auc"] > 0.99
    swapped = StyleGAN2(stylegan2_of(last).generator, stylegan2_of(early).critic)
    assert score(dataclasses.replace(last, family=swapped), reference)["critic_auc"] < 0.7


def test_it_keeps_snapshots_and_sheets(run: Run):
    assert json.loads((run.folder / "settings.json").read_text()) == SETTINGS.to_dict()
    kept = sorted(path.name for path in (run.folder / "snapshots").iterdir())
    assert kept == [f"{n:09d}" for n in (0, 100, 160, 256, 410, 655, 1049, 1678)]
    for kind in ("generator", "critic"):
        tensors, header = read_network(run.folder / "snapshots" / kept[-1] / f"{kind}.safetensors", kind)
        assert tensors and header["pictures_seen"] >= 1678
    assert Image.open(run.folder / "sheets" / f"{PICTURES:09d}.jpg").size == (8 * SIDE, 8 * SIDE)


# ---- the checkpoint ------------------------------------------------------------------------------


def test_the_checkpoint_opens_and_is_the_run(model: Model, run: Run):
    assert (model.name, model.version, model.classes) == ("shapes", "1.2", CLASSES)
    assert model.provenance.pictures_seen == PICTURES
    assert {key: getattr(model.provenance, key) for key in ABOUT if key != "source"} == FACTS
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(8)])
    pictures = model.synthesize(model.map(z, [seed % 2 for seed in range(8)]))
    assert float((pictures - run.after[:8]).abs().max()) < 0.05  # half precision of the weights


def test_averages_are_those_of_the_mapping(model: Model):
    assert model.averages.classes is not None
    z = torch.randn(3000, model.z_dim, generator=torch.Generator().manual_seed(9))
    for index in range(2):
        ws = model.map(z, [index] * 3000)[:, 0]
        error = (ws.mean(dim=0) - model.averages.classes[index]).norm()
        assert float(error) < 0.2 * float(ws.std(dim=0).norm())


def test_directions_are_orthonormal_named_and_in_units_of_w(model: Model):
    assert len(model.directions) == finishing.DIRECTIONS
    vectors = torch.stack([direction.vector for direction in model.directions])
    torch.testing.assert_close(vectors @ vectors.T, torch.eye(len(vectors)), rtol=0, atol=1e-4)
    assert [direction.name for direction in model.directions] == [f"pc{i + 1}" for i in range(len(vectors))]
    titles = [direction.title for direction in model.directions]
    words = {word for pair in WORDS.values() for word in pair}
    assert len(set(titles)) == len(titles)
    assert all(part in words for title in titles for part in re.split(" ↔ |, ", title))
    sigmas = [direction.sigma for direction in model.directions]
    assert sigmas == sorted(sigmas, reverse=True) and sigmas[-1] > 0


def test_the_critic_is_calibrated_on_held_out_and_generated_pictures(
    model: Model,
    split: tuple[Pictures, Pictures],
):
    calibration = model.calibration
    assert calibration is not None
    assert (calibration.real_count, calibration.generated_count) == (len(split[1]), 96)
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(40)])
    labels = [seed % 2 for seed in range(40)]
    pictures = model.synthesize(model.map(z, labels)).clamp(-1, 1)
    ranks = [calibration.percentile_generated(float(logit)) for logit in model.criticize(pictures, labels)]
    assert 25 < sum(ranks) / len(ranks) < 75


def test_the_evaluation_says_what_was_measured(checkpoint: Path):
    facts = json.loads((checkpoint / "evaluation.json").read_text())
    assert (facts["name"], facts["version"], facts["pictures_seen"]) == ("shapes", "1.2", PICTURES)
    assert facts["counts"]["generated"] == facts["counts"]["floor"] == 96
    for key in ("frechet", "frechet_pca64"):
        assert facts[f"{key}_ratio"] == pytest.approx(facts[key] / facts[f"{key}_floor"], rel=0.01)
    for key in ("precision", "recall", "coverage"):
        assert 0 <= facts[key] <= 1 and 0.3 < facts[f"{key}_floor"] <= 1
    assert facts["features"].startswith("coarse, 48 numbers")
    assert [row["psi"] for row in facts["truncation"]] == list(evaluating.PSIS)
    assert len(facts["closest_pairs"]) == 10
    assert facts["class_agreement_real"] > 0.9 and set(facts["per_class"]) == set(CLASSES)
    assert 0 <= facts["critic_auc"] <= 1 and 0 <= facts["critic_accuracy"] <= 1
    assert len(facts["swd"]) == len(facts["swd_floor"]) == 2  # 32 and 16 px
    assert facts["swd_ratio"] == pytest.approx(sum(facts["swd"]) / sum(facts["swd_floor"]), rel=0.01)
    assert facts["diversity"] > 0 and facts["diversity_real"] > 0


def test_sheets_curves_and_card(checkpoint: Path):
    for file in ("samples.jpg", "samples_psi07.jpg"):
        image = Image.open(checkpoint / file)
        assert image.size == (8 * 128, 8 * 128) and len(image.resize((64, 64)).getcolors(64 * 64) or ()) > 50
    assert Image.open(checkpoint / "curves.png").width > 500
    card = (checkpoint / "README.md").read_text(encoding="utf-8")
    told = [value for key, value in FACTS.items() if key != "subject"]  # that is for the page's label
    for text in (*told, "license: cc0-1.0", f"{PICTURES:,} real pictures", "samples.jpg", "curves.png", "GFLOP"):
        assert text in card
    assert "{" not in card.replace("{counts", "") and "nan" not in card
    assert links(card) and all((checkpoint / link).exists() for link in links(card))


def test_the_index_finds_the_training_pictures(checkpoint: Path, split: tuple[Pictures, Pictures]):
    index = open_index(checkpoint)
    assert index.network == "coarse" and index.records == split[0].names
    features = Coarse()(as_float(split[0].batch(torch.arange(5))))
    for name, row in zip(split[0].names, features, strict=False):
        assert index.nearest(row, 1)[0].record == name
    assert index.link(split[0].names[3]) == f"https://example.org/{index.nearest(features[3], 1)[0].number}"


def test_a_checkpoint_is_measured_again_by_one_command(
    checkpoint: Path,
    shapes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    folder = tmp_path / "checkpoints" / "shapes"
    shutil.copytree(checkpoint, folder)
    before = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    weights = (folder / "generator.safetensors").read_bytes()
    (folder / "index.safetensors").write_bytes((checkpoint / "index.safetensors").read_bytes())
    monkeypatch.setattr(evaluating, "SWEEP", 16)
    monkeypatch.setattr(evaluating, "feature_network", lambda name, folder: Coarse())
    arguments = ["--checkpoint", str(folder), "--data", str(shapes), "--pairs", str(tmp_path / "pairs.png")]
    assert evaluating.main([*arguments, "--count", "60", "--psi", "0.5"]) == 0
    assert "60 generated pictures" in capsys.readouterr().out

    after = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert after["training_seconds"] == before["training_seconds"] and after["name"] == "shapes"
    assert (after["counts"]["generated"], after["psi"]) == (60, 0.5) and after["frechet"] != before["frechet"]
    assert (folder / "generator.safetensors").read_bytes() == weights
    assert open_index(folder).source == open_index(checkpoint).source != ""
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.count("## What was reached") == card.count("## What is wrong with it") == 1
    assert "ψ = 0.5" in card and ABOUT["notes"] in card
    old = (checkpoint / "README.md").read_text(encoding="utf-8")
    assert card.split("## What was reached")[0] == old.split("## What was reached")[0]
    assert "[shapes](shapes/README.md)" in (folder.parent / "README.md").read_text(encoding="utf-8")
    assert Image.open(tmp_path / "pairs.png").size == (10 * 128, 2 * 128)
    # Measured as before, everything is as before.
    assert evaluating.main([*arguments, "--count", "96"]) == 0
    again = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert {**again, "evaluation_seconds": 0} == {**before, "evaluation_seconds": 0}


def test_a_checkpoint_is_measured_with_what_was_held_out(
    checkpoint: Path, shapes: Path, capsys: pytest.CaptureFixture[str]
):
    assert evaluating.main(["--checkpoint", str(checkpoint), "--data", str(shapes), "--held-out", "20"]) == 2
    assert "was begun with --held-out 8: with 20 it would be measured with pictures" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["evaluation.json", "data"])
def test_measuring_refuses_with_one_sentence(
    checkpoint: Path,
    shapes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    broken: str,
):
    folder = tmp_path / "shapes"
    shutil.copytree(checkpoint, folder)
    (folder / "evaluation.json").write_text("{")
    data = tmp_path / "nowhere" if broken == "data" else shapes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluating, "SWEEP", 16)
        patch.setattr(evaluating, "feature_network", lambda name, folder: Coarse())
        assert evaluating.main(["--checkpoint", str(folder), "--data", str(data), "--count", "40"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("training: ") and error.count("\n") == 1
    assert ("There is no data" if broken == "data" else "evaluation.json is not JSON.") in error


def test_finishing_needs_a_run_pictures_and_a_description_that_fits(run: Run, shapes: Path, tmp_path: Path):
    with pytest.raises(TrainingError, match=r"holds no saved state \(state\.pt\)\.$"):
        finishing.finish(tmp_path, shapes, None, tmp_path, "shapes")
    (tmp_path / "state.pt").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"state\.pt cannot be read .*\.$"):
        finishing.finish(tmp_path, shapes, None, tmp_path, "shapes")
    without = {key: value for key, value in ABOUT.items() if key != "licence"}
    for content, sentence in (
        (json.dumps({**ABOUT, "price": "1"}), "'price'"),
        (json.dumps(without), "'licence'"),
        ("{", "is not JSON"),
        ("[]", "JSON object"),
        (json.dumps({**ABOUT, "title": 3}), "JSON object of texts"),
    ):
        (tmp_path / "about.json").write_text(content)
        with pytest.raises(TrainingError, match=rf"about\.json .*{sentence}.*\.$"):
            finishing.finish(run.folder, shapes, tmp_path / "about.json", tmp_path, "shapes")
    with pytest.raises(CheckpointError, match="name is lower-case"):
        finishing.finish(run.folder, shapes, None, tmp_path, "Shapes!")


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put back the signal handlers that the command sets."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def command(shapes: Path, folder: Path, *more: str) -> list[str]:
    """Arguments of the smallest run."""
    return [
        "--data",
        str(shapes),
        "--name",
        "shapes",
        "--runs",
        str(folder / "runs"),
        "--out",
        str(folder / "out"),
        "--resolution",
        "32",
        "--channel-base",
        "128",
        "--channel-max",
        "8",
        "--z-dim",
        "8",
        "--w-dim",
        "16",
        "--mapping-layers",
        "2",
        "--batch",
        "4",
        "--device",
        "cpu",
        *more,
    ]


@pytest.mark.usefixtures("handlers")
def test_one_command_trains_goes_on_and_finishes(
    shapes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(finishing, "COUNT", 48)
    monkeypatch.setattr(evaluating, "SWEEP", 16)
    monkeypatch.setattr(finishing, "feature_network", lambda name, folder: Coarse())
    monkeypatch.setattr(finishing, "W_SAMPLES", 40)
    monkeypatch.setattr(finishing, "DIRECTIONS", 2)

    def interrupt(trainer: Trainer, pictures: int) -> None:
        if pictures == 0:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(train, "keep_snapshot", interrupt)
        assert train.main(command(shapes, tmp_path, "--pictures", "16")) == 0
    assert "the same command goes on from there" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()

    assert train.main(command(shapes, tmp_path, "--pictures", "16")) == 0
    out = capsys.readouterr().out
    assert out.startswith("shapes: 360 pictures of 360 files, PNG, all 32×32\n2 classes: disc 240, square 120\n")
    assert "shown so far" in out and "wrote" in out
    assert open_checkpoint(tmp_path / "out" / "shapes", precision="fp32").provenance.pictures_seen == 16


def links(card: str) -> list[str]:
    """What a card links to beside it."""
    return [link for link in re.findall(r"\]\(([^)]+)\)", card) if "://" not in link]


@pytest.mark.usefixtures("handlers")
def test_a_model_of_ones_own_without_any_file_about_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(finishing, "W_SAMPLES", 40)
    monkeypatch.setattr(finishing, "DIRECTIONS", 2)
    monkeypatch.setattr(finishing, "JUDGED", 40)
    data = write_shapes(tmp_path / "my shapes", 4)
    (data / "disc" / "._0000.png").write_bytes(b"\0")
    told = ["--title", "My shapes", "--licence", "CC BY-SA 4.0", "--attribution", "Ada drew them", "--subject", "shape"]
    arguments = command(data, tmp_path, "--pictures", "8", *told)
    assert train.main(arguments) == 2  # six pictures are too few to measure with
    refused = capsys.readouterr().err
    assert "32 pictures or more (of a class at most half are held out)" in refused
    assert "train on all of them with --held-out 0, which measures nothing" in refused
    assert train.main([*arguments, "--held-out", "0", "--strict"]) == 2
    assert "as --strict wants it: left out are 1 left lying about by macOS" in capsys.readouterr().err
    assert train.main([*arguments, "--held-out", "0"]) == 0
    said = [
        "my shapes: 6 pictures of 7 files, PNG, all 32×32",
        "2 classes: disc 4, square 2",
        "left out: 1 left lying about by macOS (disc/._0000.png)",
        "6 to train on, none held out (--held-out 0): nothing will be measured",
    ]
    assert capsys.readouterr().out.splitlines()[:4] == said
    run, folder = tmp_path / "runs" / "shapes", tmp_path / "out" / "shapes"
    assert (run / "account.txt").read_text(encoding="utf-8").splitlines() == said
    for place in (run, folder):
        assert json.loads((place / "account.json").read_text(encoding="utf-8"))["account"]["pictures"] == 6
    card = (folder / "README.md").read_text(encoding="utf-8")
    for text in (
        "license: cc-by-sa-4.0",
        "# My shapes",
        "CC BY-SA 4.0.",
        "Ada drew them",
        "Nothing was measured",
        *said,
    ):
        assert text in card
    assert "apache" not in card.lower() and "nan" not in card and "{" not in card
    assert links(card) and all((folder / link).exists() for link in links(card))
    assert not (folder / "evaluation.json").exists() and not (folder / "index.safetensors").exists()
    model = open_checkpoint(folder, precision="fp32")
    assert (model.provenance.title, model.provenance.subject) == ("My shapes", "shape")
    assert model.calibration is not None and (model.calibration.real_count, model.calibration.generated_count) == (
        0,
        40,
    )

    larger = write_shapes(tmp_path / "larger", 40)
    assert train.main([*arguments, "--data", str(larger)]) == 2
    assert "was begun with --held-out 0: with 8 it would be measured with" in capsys.readouterr().err
    assert evaluating.main(["--checkpoint", str(folder), "--data", str(data)]) == 2
    assert "was trained on all of its pictures" in capsys.readouterr().err
    assert finishing.main(["--run", str(run), "--data", str(data), "--out", str(tmp_path / "again")]) == 0
    assert "Nothing was measured" in (tmp_path / "again" / "shapes" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        ("Apache-2.0 (weights); use of the pictures is not restricted", "apache-2.0"),
        ("MIT", "mit"),
        ("cc0", "cc0-1.0"),
        ("CC BY-NC 4.0", "cc-by-nc-4.0"),
        ("unknown", "unknown"),
        ("", "unknown"),
        ("mitigated", "other"),
        ("All rights reserved", "other"),
    ],
)
def test_a_licence_is_never_claimed(licence: str, name: str):
    assert licence_id(licence) == name


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--data", "nowhere"], "There is no data at nowhere."),
        (["--resolution", "33"], "resolution must be one of"),
        (["--augment", "shear"], "Unknown augmentation 'shear'"),
        (["--batch", "0"], "batch must be at least 1"),
        (["--name", "Shapes!"], "name is lower-case letters"),
        (["--about", "nowhere.json"], "nowhere.json cannot be read (there is no such file)."),
    ],
)
def test_the_command_refuses_with_one_sentence(
    shapes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    sentence: str,
):
    assert train.main(command(shapes, tmp_path, "--pictures", "0", *more)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("training: ") and sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "runs" / "shapes" / "state.pt").exists()  # found out before any training


def test_sheets_lay_pictures_out_in_rows(tmp_path: Path):
    colours = torch.tensor([[-1.0, -1, -1], [1, 1, 1], [1, -1, -1]])[:, :, None, None].expand(3, 3, 4, 4)
    write_sheet(colours, tmp_path / "deep" / "sheet.png", columns=2, enlarge=2)
    image = Image.open(tmp_path / "deep" / "sheet.png")
    assert image.size == (16, 16)
    seen: list[Any] = [image.getpixel(at) for at in ((2, 2), (13, 2), (2, 13))]
    assert seen == [(0, 0, 0), (255, 255, 255), (255, 0, 0)]
