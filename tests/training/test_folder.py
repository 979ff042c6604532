"""Pictures from folders and zips: what is read, what is held out, what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generator.measuring import open_index
from pictures import Reading, open_pictures
from training.data import SMALLEST, Pictures, Terms
from training.errors import TrainingError
from training.folder import SMALL, held_out, load_pictures, read_pictures, set_aside

from .build import CLASSES, SIDE, png, shape

ROOT = Path(__file__).resolve().parents[2]


def zipped(folder: Path, target: Path) -> Path:
    """The folder's files as a zip."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return target


def put(folder: Path, *names: str) -> Path:
    """A disc under each name."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(shape("disc", i)))
    return folder


def test_folders_are_classes(split: tuple[Pictures, Pictures]):
    train, rest = split
    assert len(train) + len(rest) == 360
    for part in split:
        assert part.classes == CLASSES
        assert part.pixels.shape == (len(part), 3, SIDE, SIDE) and part.pixels.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        assert [CLASSES[i] for i in part.labels] == [name.split("/")[0] for name in part.names]
    index = train.names.index("square/0003.png")
    assert np.array_equal(train.pixels[index].permute(1, 2, 0).numpy(), np.asarray(shape("square", 3)))


def test_a_zip_is_the_same_as_its_folder(shapes: Path, split: tuple[Pictures, Pictures], tmp_path: Path):
    for ours, theirs in zip(load_pictures(zipped(shapes, tmp_path / "shapes.zip"), SIDE), split, strict=True):
        assert ours.names == theirs.names and ours.classes == theirs.classes
        assert torch.equal(ours.pixels, theirs.pixels) and torch.equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("prefix", ["", "plums/"])
def test_without_several_folders_there_are_no_classes(tmp_path: Path, prefix: str):
    train, _ = load_pictures(put(tmp_path, *(f"{prefix}{i}.png" for i in range(9))), SIDE, percent_held_out=0)
    assert train.classes == () and len(train) == 9
    assert train.labels.tolist() == [0] * 9
    torch.testing.assert_close(train.picture_weights(), torch.full((9,), 1 / 9, dtype=torch.float64))


def test_pictures_are_cropped_to_the_middle_and_averaged(tmp_path: Path):
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, :32], wide[:, 96:] = 255, 255  # what the crop takes off
    wide[:, 32:96][::2] = (200, 100, 0)
    wide[:, 32:96][1::2] = (100, 200, 50)
    tall = np.transpose(wide, (1, 0, 2))
    for name, array in (("wide", wide), ("tall", tall)):
        (tmp_path / f"{name}.png").write_bytes(png(Image.fromarray(array)))
    train, _ = load_pictures(tmp_path, SIDE, percent_held_out=0)
    expected = torch.tensor([150, 150, 25], dtype=torch.uint8)[:, None, None].expand(3, SIDE, SIDE)
    assert all(torch.equal(picture, expected) for picture in train.pixels)


def test_every_mode_becomes_rgb_or_grey(tmp_path: Path):
    for mode in ("L", "P", "RGBA", "RGB", "1", "CMYK"):
        (tmp_path / f"{mode}.png").write_bytes(png(shape("disc", 0).convert("RGB" if mode == "CMYK" else mode)))
    assert load_pictures(tmp_path, SIDE, percent_held_out=0)[0].pixels.shape == (6, 3, SIDE, SIDE)
    assert load_pictures(tmp_path, SIDE, channels=1, percent_held_out=0)[0].pixels.shape == (6, 1, SIDE, SIDE)


# ---- held out ------------------------------------------------------------------------------------


def test_held_out_is_the_share_that_was_asked_for():
    names = [f"disc/{i:05d}.png" for i in range(5000)]
    for percent in (0, 8, 30, 100):
        assert sum(held_out(name, percent) for name in names) == pytest.approx(50 * percent, abs=120)
    assert all(held_out(name, 30) for name in names if held_out(name, 8))


def numbered(count: int, folder: str = "a") -> list[str]:
    """Names of pictures."""
    return [f"{folder}/{i}.png" for i in range(count)]


@pytest.mark.parametrize("count", [300, 1000, 2500])
def test_a_large_set_goes_by_names_alone(count: int):
    names = numbered(count)
    aside = set_aside(names, [0] * count, 8)
    assert aside.tolist() == [held_out(name, 8) for name in names]


@pytest.mark.parametrize("start", range(0, 3000, 100))
def test_of_a_hundred_pictures_always_some_are_held_out(start: int):
    names = [f"{i}.png" for i in range(start, start + 100)]
    aside = set_aside(names, [0] * 100, 8)
    by_name = np.array([held_out(name, 8) for name in names])
    assert aside.sum() == max(by_name.sum(), SMALLEST) and aside[by_name].all()
    assert np.array_equal(set_aside(names[::-1], [0] * 100, 8)[::-1], aside)  # whatever their order
    assert not set_aside(names, [0] * 100, 0).any()


@pytest.mark.parametrize("percent", [8, 50, 100])
def test_no_class_is_held_out_by_more_than_half(percent: int):
    names = [*numbered(40), *numbered(1, "one"), *numbered(2, "two"), *numbered(3, "three")]
    labels = np.repeat([0, 1, 2, 3], [40, 1, 2, 3])
    aside = set_aside(names, labels.tolist(), percent)
    kept = np.bincount(labels[~aside], minlength=4)
    assert (kept >= np.bincount(labels) - np.bincount(labels) // 2).all() and kept[1] == 1
    assert percent < 100 or aside.sum() == 20 + 1 + 1


def test_few_pictures_are_not_cut_further(tmp_path: Path):
    names = numbered(SMALL - 1)
    assert set_aside(names, [0] * len(names), 8).sum() == sum(held_out(name, 8) for name in names) < SMALLEST
    assert set_aside(numbered(SMALL), [0] * SMALL, 8).sum() == SMALLEST


def test_the_split_of_orchard_is_what_its_index_and_figures_were_made_with():
    path = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "orchard_128.zip"
    if not path.exists():
        pytest.skip("../shared/data/orchard_128.zip is not here")
    with open_pictures(path) as pictures:
        aside = set_aside(pictures.names, pictures.classes.labels, Terms().held_out)
    index = open_index(ROOT / "checkpoints" / "orchard")
    assert [name for name, away in zip(pictures.names, aside, strict=True) if not away] == list(index.records)
    assert aside.tolist() == [held_out(name, 8) for name in pictures.names]


def test_the_records_of_orchard_are_none_that_are_held_out():
    records = open_index(
        ROOT / "checkpoints" / "orchard"
    ).records  # all its training pictures, and the data are not here
    assert len(records) == 6850 and not any(held_out(name, Terms().held_out) for name in records)


# ---- the account -----------------------------------------------------------------------------------


def test_the_account_says_what_is_trained_on(tmp_path: Path):
    put(tmp_path, *numbered(20), *numbered(20, "b"))
    loaded = read_pictures(tmp_path, 64, Terms())
    assert loaded.account.lines()[1:] == [
        "2 classes: a 20, b 20",
        "40 smaller than 64×64: enlarged, which adds nothing to see",
        f"{40 - SMALLEST} to train on, {SMALLEST} held out to measure with",
    ]
    (tmp_path / "a" / "0.png").write_bytes(b"broken")
    loaded = read_pictures(tmp_path, SIDE, Terms(Reading(skip_broken=True), held_out=0))
    assert "39 to train on, none held out (--held-out 0): nothing will be measured" in loaded.account.lines()
    assert "left out: 1 broken (a/0.png)" in loaded.account.lines()
    assert len(loaded.train) == 39 and loaded.train.labels.tolist() == [0] * 19 + [1] * 20


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_that_is_none(percent: int):
    with pytest.raises(TrainingError, match="--held-out is a number of per cent from 0 to 100"):
        Terms(held_out=percent)


# ---- refused -------------------------------------------------------------------------------------


def sentence(path: Path, **arguments: int) -> str:
    """What the error says."""
    with pytest.raises(TrainingError) as caught:
        load_pictures(path, SIDE, **arguments)
    text = str(caught.value)
    assert text.endswith((".", ").")) and "\n" not in text
    return text


def test_too_few_to_train_on(tmp_path: Path):
    assert "leaves 1 to train on, where 2 are needed at least" in sentence(put(tmp_path, "0.png"), percent_held_out=0)


def test_what_cannot_be_read_is_this_rooms_error(tmp_path: Path):
    put(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "broken.png").write_bytes(b"none")
    assert "a/broken.png cannot be read as a picture" in sentence(tmp_path)
    assert "There is no data at" in sentence(tmp_path / "nowhere")
