"""Pictures from folders and zips: what is read, what is held out, what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.data import Pictures, held_out, load_pictures
from training.errors import TrainingError

from .build import CLASSES, SIDE, png, shape, write_shapes


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


def test_class_folders_may_lie_in_one_outer_folder(tmp_path: Path):
    names = [f"outer/inner/{label}/{i}.png" for label in ("disc", "square") for i in range(20)]
    train, rest = load_pictures(put(tmp_path, *names), SIDE)
    for part in (train, rest):
        assert part.classes == ("disc", "square")
        assert [part.classes[i] for i in part.labels] == [name.split("/")[2] for name in part.names]


def test_an_encrypted_zip_is_refused_by_name(tmp_path: Path, shapes: Path):
    path = zipped(shapes, tmp_path / "secret.zip")
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # set the flag "encrypted" in both kinds of header
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(bytes(content))
    with pytest.raises(TrainingError, match=r"secret\.zip"):
        load_pictures(path, SIDE)


def test_other_files_are_passed_over(tmp_path: Path):
    put(tmp_path, "a/1.png", "a/2.PNG", "b/3.png")
    (tmp_path / "a" / "notes.txt").write_text("none")
    assert len(load_pictures(tmp_path, SIDE, percent_held_out=0)[0]) == 3


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


def test_held_out_is_decided_by_the_name_alone(tmp_path: Path):
    few = {part.names for part in load_pictures(write_shapes(tmp_path / "few", 40), SIDE)}
    many = [set(part.names) for part in load_pictures(write_shapes(tmp_path / "many", 120), SIDE)]
    for part, names in zip(load_pictures(tmp_path / "few", SIDE), many, strict=True):
        assert set(part.names) <= names
    assert len(few) == 2


def test_held_out_is_the_share_that_was_asked_for():
    names = [f"disc/{i:05d}.png" for i in range(5000)]
    for percent in (0, 8, 30, 100):
        assert sum(held_out(name, percent) for name in names) == pytest.approx(50 * percent, abs=120)
    assert all(held_out(name, 30) for name in names if held_out(name, 8))


# ---- weights -------------------------------------------------------------------------------------


def test_classes_weigh_as_the_root_of_their_number():
    labels = torch.tensor([0] * 100 + [1] * 25 + [2] * 4)
    data = Pictures(torch.zeros(129, 3, 1, 1, dtype=torch.uint8), labels, ("x",) * 129, ("a", "b", "c"))
    expected = torch.tensor([10.0, 5.0, 2.0], dtype=torch.float64) / 17
    torch.testing.assert_close(data.class_weights(), expected)
    weights = data.picture_weights()
    torch.testing.assert_close(torch.stack([weights[labels == i].sum() for i in range(3)]), expected)
    assert all(len(weights[labels == i].unique()) == 1 for i in range(3))


# ---- refused -------------------------------------------------------------------------------------


def sentence(path: Path, **arguments: int) -> str:
    """What the error says."""
    with pytest.raises(TrainingError) as caught:
        load_pictures(path, SIDE, **arguments)
    text = str(caught.value)
    assert text.endswith((".", ").")) and "\n" not in text
    return text


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", png(shape("disc", 0))[:-40]])
@pytest.mark.parametrize("as_zip", [False, True])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes, as_zip: bool):
    put(tmp_path / "data", "disc/0.png", "disc/1.png")
    (tmp_path / "data" / "disc" / "broken.png").write_bytes(content)
    path = zipped(tmp_path / "data", tmp_path / "data.zip") if as_zip else tmp_path / "data"
    assert "disc/broken.png cannot be read as a picture" in sentence(path)


def test_a_picture_too_large_is_named(tmp_path: Path):
    put(tmp_path, "disc/0.png", "disc/1.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "disc" / "huge.png")
    assert "disc/huge.png is too large (9000×9000 pixels)" in sentence(tmp_path)


def test_pictures_in_and_outside_class_folders(tmp_path: Path):
    assert "mixes pictures in class folders with pictures outside (such as 2.png)" in sentence(
        put(tmp_path, "disc/0.png", "square/1.png", "2.png")
    )


def test_nothing_to_read(tmp_path: Path):
    assert "There is no data at" in sentence(tmp_path / "nowhere")
    assert "holds no pictures (.bmp, .jpeg, .jpg, .png, .webp)" in sentence(tmp_path)
    (tmp_path / "notes.txt").write_text("none")
    assert "cannot be read as a zip of pictures" in sentence(tmp_path / "notes.txt")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert "holds no pictures" in sentence(tmp_path / "empty.zip")


def test_a_zip_cut_short_or_damaged(tmp_path: Path, shapes: Path):
    path = zipped(shapes, tmp_path / "shapes.zip")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "cannot be read as a zip of pictures" in sentence(path)
    path.write_bytes(content[:200] + b"\x00" * 300 + content[500:])
    assert "cannot be read as a zip of pictures" in sentence(path)


def test_too_few_to_train_on(tmp_path: Path):
    assert "holds too few pictures to train on (1)" in sentence(put(tmp_path, "0.png"), percent_held_out=0)


def test_a_class_that_is_held_out_entirely(tmp_path: Path):
    aside = next(name for name in (f"b/{i}.png" for i in range(1000)) if held_out(name, 8))
    kept = [name for name in (f"a/{i}.png" for i in range(20)) if not held_out(name, 8)]
    assert "Class 'b' has no picture outside the held-out part" in sentence(put(tmp_path, *kept, aside))
