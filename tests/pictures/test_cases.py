"""Folders and zips as people have them are read as they were meant, and the account says what was left out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pictures import Account, PicturesError, Reading, open_pictures

from .build import KINDS

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
RIGHT: dict[str, tuple[str, ...]] = {  # what the account says, as patterns
    "mac-flat.zip": (
        r"\d+ pictures of \d+ files",
        "^no classes",
        r"left lying about by macOS \(\.DS_Store, __MACOSX/\._",
    ),
    "mac-classes.zip": (r"^2 classes: a (\d), b \1$", "left lying about by macOS"),
    "mac-dots": ("^no classes", r"left lying about by macOS \(\._p0\.png"),
    "nas": ("^no classes", r"left lying about by a network disk \(@eaDir/p0\.jpg/"),
    "folder-named-png": (r"^folder-named-png: (\d) pictures of \1 files, PNG", "^no classes"),
    "train-dataset-tool.zip": (r"^dataset\.json says",),
    "train-grey16.zip": (r"^(\d+) of 16 bits scaled to 8$",),
    "mode-grey-16": (r"^6 of 16 bits scaled to 8$",),
    "mode-rgba-hidden-noise": (r"^6 with transparency laid over white$",),
    "mode-palette-alpha": (r"^6 with transparency laid over white$",),
    "exif-6": (r"^6 turned upright as EXIF says$", "all 40×60$"),
    "class-of-tiff": (r"^3 classes: apples 6, pears 6, plums 6$", "JPEG 12, TIFF 6"),
    "mixed-kinds": ("18 pictures of 24 files", r"^left out: 6 .* HEIC \(s0\.HEIC, .*\): export them as JPEG"),
    "links": (r"^2 classes: apples 6, pears 6$", r"1 a link to a folder that is read already \(pears/round\)"),
    "backslash.zip": (r"^2 classes: cats (\d+), dogs \1$",),
    "sjis.zip": (r"^2 classes: なしx (\d+), りんx \1$",),
    "big-ztxt": (r"^big-ztxt: (\d) pictures of \1 files",),
    "big-iccp": (r"^big-iccp: (\d) pictures of \1 files",),
    "rare-class": (r"^2 classes: common \d+, rare 1$",),
}
PLAIN = {name for name, said in RIGHT.items() if not any("left" in each or "link" in each for each in said)}


PLACES = [("made here", name) for name in sorted(RIGHT)] + [("given", name) for name in sorted(set(RIGHT) - {"links"})]


@pytest.fixture(params=PLACES, ids=" ".join)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A case as it is made here, or as it is given beside the project."""
    origin, name = request.param
    if origin == "given":
        if not (CASES / name).exists():
            pytest.skip(f"../shared/cases has no {name} here")
        return CASES / name
    KINDS[name](tmp_path / name)
    return tmp_path / name / "links" if name == "links" else tmp_path / name


def read(path: Path, reading: Reading | None = None) -> tuple[Account, list[np.ndarray]]:
    """The account, and every picture."""
    with open_pictures(path, reading) as pictures:
        images = [np.asarray(image) for _, image in pictures.images()]
        return pictures.account, images


def test_every_case_is_read_as_it_is_meant(place: Path):
    name = place.name
    account, images = read(place)
    lines = account.lines()
    for pattern in RIGHT[name]:
        assert any(re.search(pattern, line) for line in lines), lines
    assert len(images) == account.pictures == account.read > 0
    assert account.files == account.pictures + sum(map(len, (left.names for left in account.left_out.values()))) + (
        account.others.total() + (name == "train-dataset-tool.zip") - (name == "links")
    )
    for image in images:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        if name.startswith("mode-"):
            assert image.min() < image.max()
    if "alpha" in name or "hidden" in name:  # the corner is what lies below, not what is hidden there
        assert all((image[0, 0] == 255).all() for image in images)
    if "grey" in name:  # clipped, all but one in 256 would be white
        assert np.mean([image == 255 for image in images]) < 0.2


def test_with_strict_leaving_out_is_an_error(place: Path):
    name = place.name
    if name in PLAIN:
        assert read(place, Reading(strict=True))[1]
        return
    with pytest.raises(PicturesError, match=r"is not read whole, as --strict wants it: left out are \d.*\.$"):
        read(place, Reading(strict=True))


def test_every_given_case_has_a_line_here():
    if not CASES.exists():
        pytest.skip("../shared/cases is not here")
    assert {path.name for path in CASES.iterdir()} - {"README.md", "class-names"} <= set(RIGHT)


def test_the_ground_can_be_chosen(tmp_path: Path):
    KINDS["mode-rgba-hidden-noise"](tmp_path / "cut-outs")
    account, images = read(tmp_path / "cut-outs", Reading(ground=(0, 80, 160)))
    assert all(tuple(image[0, 0]) == (0, 80, 160) for image in images)
    assert "6 with transparency laid over #0050a0" in account.lines()
