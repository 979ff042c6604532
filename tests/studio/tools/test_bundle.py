from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import Recipe, StoppedError, Studio, StudioError, recipe_from_png
from studio.tools import bundle
from studio.tools.bundle import COLUMNS, pictures_zip, sheet_pdf, sheet_png
from studio.tools.favourites import Favourite, from_text, from_zip
from studio.tools.sheet import Entry, paint, seeds_from

PACKET = "<x:xmpmeta>trainedAlgorithmicMedia</x:xmpmeta>"


@pytest.fixture(scope="module")
def entries(studio: Studio) -> list[Entry]:
    return list(paint(studio, seeds_from(Recipe(), 7), 32, critic=False))


def test_a_sheet_shows_its_thumbnails_and_says_what_they_are(tmp_path: Path, entries: list[Entry]):
    path = sheet_png(tmp_path / "sheet.png", entries, "Plums", "Nobody, CC0", PACKET, columns=3)
    with Image.open(path) as image:
        pixels = np.asarray(image)
        assert "trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]  # type: ignore[attr-defined]
    x, y = bundle.GAP + 1 * (32 + bundle.GAP), 56 + 2 * (32 + bundle.GAP + bundle.CAPTION)
    x -= 32 + bundle.GAP  # the seventh is the first of the third row
    np.testing.assert_array_equal(pixels[y : y + 32, x : x + 32], entries[6].look.thumbnail)


@pytest.mark.parametrize("page", bundle.PAGES)
def test_a_pdf_has_as_many_pages_as_it_needs(tmp_path: Path, entries: list[Entry], page: str):
    data = sheet_pdf(tmp_path / "sheet.pdf", entries * 12, "Plums – ψ", "Nobody", page, columns=6).read_bytes()
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    assert data.count(b"/Type /Page\n") == 3  # 84 pictures, six rows of six a page


def test_a_zip_gives_back_recipes_and_its_table_is_right(tmp_path: Path, studio: Studio):
    kept = [Favourite(Recipe(seed=3), "=SUM(A1)"), Favourite(Recipe(seed=4, psi=0.2, label="peach"), "")]
    path = pictures_zip(tmp_path / "plums.zip", studio, kept)
    favourites, left_out = from_zip(path.read_bytes())
    assert left_out == [] and [each.recipe for each in favourites] == [studio.normalise(each.recipe) for each in kept]
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("pictures.csv").decode())))
        assert tuple(rows[0]) == COLUMNS and len(rows) == 3
        assert all(recipe_from_png(archive.read(row[0])) for row in rows[1:])
        assert from_text(archive.read("favourites.json").decode()) == (kept, [])
    assert rows[1][1] == "'=SUM(A1)"  # no spreadsheet computes it
    reading = studio.render(kept[1].recipe).critic
    assert reading is not None and float(rows[2][9]) == pytest.approx(reading.logit, abs=1e-4)


def test_what_is_stopped_or_refused_leaves_nothing(tmp_path: Path, studio: Studio, entries: list[Entry]):
    def progress(share: float) -> None:
        raise StoppedError("closed")

    with pytest.raises(StoppedError):
        pictures_zip(tmp_path / "a.zip", studio, [Favourite(Recipe())], progress)
    for refused in (
        lambda: sheet_png(tmp_path / "a.png", [], "", "", PACKET),
        lambda: sheet_png(tmp_path / "a.png", entries * 100, "", "", PACKET, columns=1),
        lambda: sheet_pdf(tmp_path / "a.pdf", entries, "", "", "A9"),
        lambda: pictures_zip(tmp_path / "a.zip", studio, []),
    ):
        with pytest.raises(StudioError):
            refused()
    assert not list(tmp_path.iterdir())
