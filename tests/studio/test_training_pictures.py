"""Where training pictures are looked for, and that only they are found."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import training_pictures
from studio.training_pictures import VARIABLE, Map, read_picture, sources

RECORD = "apple/00012.jpg"


def png(colour: tuple[int, int, int], size: int = 6) -> bytes:
    """A plain picture's file."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


def idx(count: int) -> bytes:
    """An idx file of 2×3 pictures, the i-th of them all i."""
    values = np.arange(count, dtype=np.uint8).repeat(6)
    return b"\0\0\x08\x03" + struct.pack(">3I", count, 2, 3) + values.tobytes()


def write_zip(path: Path, **files: bytes) -> Path:
    """A zip with these files; in their names _ stands for /."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "/"), content)
    return path


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data but what a test puts there; nothing remembered."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(training_pictures, "BESIDE", (tmp_path / "beside",))
    monkeypatch.setattr(training_pictures, "PACKAGED", ())
    monkeypatch.setattr(training_pictures, "_installed_map", lambda: None)
    training_pictures._idx_pictures.cache_clear()


def colour_of(record: str) -> tuple[int, ...] | None:
    """The colour in the middle of what is found."""
    picture = read_picture(record)
    if picture is None:
        return None
    assert picture.dtype == np.float32 and picture.ndim == 3 and not picture.flags.writeable
    return tuple(round(float(v) * 255) for v in picture[picture.shape[0] // 2, picture.shape[1] // 2])


def test_without_data_nothing_is_found():
    assert read_picture(RECORD) is None


@pytest.mark.parametrize("kind", ["folder", "zip", "folder with a zip in it"])
def test_data_are_found_by_the_environment_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str):
    place = tmp_path / "data"
    place.mkdir()
    if kind == "folder":
        (place / "apple").mkdir()
        (place / RECORD).write_bytes(png((10, 20, 30)))
    else:
        write_zip(place / "fruit.zip", **{RECORD: png((10, 20, 30))})
    monkeypatch.setenv(VARIABLE, str(place / "fruit.zip" if kind == "zip" else place))
    assert colour_of(RECORD) == (10, 20, 30)
    assert colour_of("apple/00013.jpg") is None


def test_several_places_are_searched_in_order_and_the_environment_first(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    one = write_zip(tmp_path / "one.zip", a_1=png((1, 0, 0)))
    two = write_zip(tmp_path / "two.zip", a_1=png((2, 0, 0)), a_2=png((2, 2, 0)))
    (tmp_path / "beside").mkdir()
    write_zip(tmp_path / "beside" / "three.zip", a_1=png((3, 0, 0)), a_3=png((3, 3, 0)))
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(one), "", str(tmp_path / "missing"), str(two)]))
    assert [colour_of(f"a/{i}") for i in (1, 2, 3, 4)] == [(1, 0, 0), (2, 2, 0), (3, 3, 0), None]


def test_a_zip_that_has_changed_is_read_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = write_zip(tmp_path / "data.zip", a_1=png((1, 0, 0)))
    monkeypatch.setenv(VARIABLE, str(path))
    assert colour_of("a/1") == (1, 0, 0) and colour_of("a/2") is None
    write_zip(path, a_1=png((5, 0, 0)), a_2=png((2, 0, 0)))
    assert colour_of("a/1") == (5, 0, 0) and colour_of("a/2") == (2, 0, 0)


def test_nothing_outside_the_folder_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "secret.png").write_bytes(png((9, 9, 9)))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "data"))
    assert read_picture("../secret.png") is None and read_picture(str(tmp_path / "secret.png")) is None
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "secret.png")
    assert read_picture("link.png") is None


@pytest.mark.parametrize("content", [b"", b"no picture", png((1, 2, 3))[:40]], ids=["empty", "text", "cut"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_cannot_be_read_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes,
    kind: str,
):
    if kind == "zip":
        place = write_zip(tmp_path / "data.zip", a_1=content)
    else:
        place = tmp_path / "data"
        (place / "a").mkdir(parents=True)
        (place / "a" / "1").write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(place))
    assert read_picture("a/1") is None


def test_a_file_that_is_no_zip_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "bad.zip").write_bytes(b"PK but not really")
    good = write_zip(tmp_path / "good.zip", a_1=png((1, 2, 3)))
    monkeypatch.setenv(VARIABLE, f"{tmp_path / 'bad.zip'}{os.pathsep}{good}")
    assert colour_of("a/1") == (1, 2, 3)


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_are_read_by_split_and_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, packed: bool):
    for split, count in (("train", 9), ("t10k", 4)):
        name = f"{split}-images-idx3-ubyte" + ".gz" * packed
        (tmp_path / name).write_bytes(gzip.compress(idx(count)) if packed else idx(count))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert colour_of("train/00007") == (7, 7, 7) and colour_of("t10k/00003") == (3, 3, 3)
    picture = read_picture("train/00007")
    assert picture is not None and picture.shape == (2, 3, 3)
    for record in ("train/00009", "t10k/00004", "test/00001", "train/-1", "train/00007.jpg"):
        assert read_picture(record) is None


@pytest.mark.parametrize(
    "content",
    [b"", idx(3)[:-1], b"\0\0\x0d\x03" + idx(3)[4:], gzip.compress(idx(3))[:-9]],
    ids=["empty", "short", "another kind", "cut"],
)
def test_broken_idx_files_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes):
    packed = content[:2] == b"\x1f\x8b"
    (tmp_path / ("train-images-idx3-ubyte" + ".gz" * packed)).write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert read_picture("train/00001") is None


# ---- the map --------------------------------------------------------------------------------------


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map of 1080×540 whose red is the longitude and whose green the latitude, from 0 to 255."""
    x, y = np.meshgrid(np.linspace(0, 255, 1080), np.linspace(255, 0, 540))
    image = Image.fromarray(np.stack([x, y, 0 * x], axis=-1).astype(np.uint8))
    monkeypatch.setattr(training_pictures, "_installed_map", lambda: image)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("latitude", "longitude"), [(0.0, 0.0), (46.4, 10.5), (-30.25, -120.0), (60.0, 175.0)])
def test_tiles_are_squares_on_the_ground(latitude: float, longitude: float):
    side = 6.4
    record = (
        f"01234 {abs(latitude):05.2f}{'N' if latitude >= 0 else 'S'} "
        f"{abs(longitude):06.2f}{'E' if longitude >= 0 else 'W'} {side:.2f}"
    )
    picture = Map().read(record)
    assert picture is not None and picture.shape == (128, 128, 3)
    red, green = picture[..., 0] * 360 - 180, picture[..., 1] * 180 - 90  # back to degrees
    assert float(green.mean()) == pytest.approx(latitude, abs=0.8)
    assert float(green[0].mean() - green[-1].mean()) == pytest.approx(side, abs=0.8)
    width = side / math.cos(math.radians(latitude))
    assert float(red[:, 64].mean()) == pytest.approx(longitude, abs=1.6)
    if abs(longitude) + width / 2 < 180:
        assert float(red[:, -1].mean() - red[:, 0].mean()) == pytest.approx(width, abs=1.6)
    else:  # across the date line: its right part is the map's left edge
        assert red[:, -1].max() < -170 and red[:, 0].min() > 160


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "record",
    ["01234 46.40N 010.50E", "01234 89.00N 010.50E 6.40", "apple/00012.jpg", "1 46.40N 010.50E nan"],
)
def test_what_names_no_tile_is_not_on_the_map(record: str):
    assert Map().read(record) is None


def test_every_place_is_asked_and_the_map_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "beside").mkdir()
    monkeypatch.setenv(VARIABLE, str(write_zip(tmp_path / "a.zip")))
    assert [type(source).__name__ for source in sources()] == ["Zip", "Folder", "Map"]
