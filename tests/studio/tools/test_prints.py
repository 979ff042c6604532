from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from PIL import Image

from postprocess import StepUse
from postprocess.colour import to_lab
from studio import MAX_STEPS, Recipe, StoppedError, Studio, StudioError, recipe_from_png
from studio.tools.prints import Print, write_print
from studio.tools.texture import seamless
from studio.tools.trades import FORMATS, STRIPE, TRADES, VIEW, false_colour, measured_regions, pack, with_room

RNG = np.random.default_rng(0)
RECIPE = Recipe(seed=3)


def test_a_print_carries_its_recipe(tmp_path: Path, studio: Studio):
    path = tmp_path / "p.png"
    rendering, _ = write_print(studio, RECIPE, Print("×2"), path)
    assert recipe_from_png(path) == rendering.recipe == studio.normalise(RECIPE)
    with Image.open(path) as image:
        assert image.size == (64, 64) and b"trainedAlgorithmicMedia" in image.info["xmp"]


def test_a_cut_out_is_transparent_but_for_its_subject(tmp_path: Path, studio: Studio):
    path, wish = tmp_path / "p.tif", Print("postcard", "tiff", dpi=72, cut_out=True)
    subjects = {
        seed: studio.render(Recipe(seed=seed), regions=True).regions.subject.max()  # type: ignore[union-attr]
        for seed in range(12)
    }
    with_one, without = (next(seed for seed in subjects if (subjects[seed] > 0.9) == has) for has in (True, False))
    with pytest.raises(StudioError, match="subject"):
        write_print(studio, Recipe(seed=without), wish, path)
    rendering, layout = write_print(studio, Recipe(seed=with_one), wish, path)
    got = tifffile.imread(path)
    assert got.shape == (layout.height, layout.width, 4)
    assert not got[0, 0].any()
    assert got[..., 3].max() > 40_000
    again, _ = write_print(studio, rendering.recipe, Print(cut_out=True), path)
    assert again.recipe.steps == rendering.recipe.steps  # once is enough


@pytest.mark.parametrize(
    "wish", [Print("A9"), Print(kind="jpeg"), Print(fit="squeeze"), Print(method="magic"), Print("A4", dpi=9)]
)
def test_a_print_that_cannot_be_is_refused(tmp_path: Path, studio: Studio, wish: Print):
    with pytest.raises(StudioError):
        write_print(studio, RECIPE, wish, tmp_path / "p")
    full = Recipe(steps=(StepUse("contrast"),) * MAX_STEPS)
    with pytest.raises(StudioError, match="room"):
        write_print(studio, full, Print(cut_out=True), tmp_path / "p")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(40, 32, 3), (17, 23, 1)])
@pytest.mark.parametrize("overlap", [0.1, 0.25, 0.5])
def test_a_texture_meets_itself_as_neighbours_did(shape: tuple[int, int, int], overlap: float):
    picture = RNG.random(shape).astype(np.float32)
    tile = seamless(picture, overlap)
    height, width = tile.shape[:2]
    wide, tall = shape[1] - width, shape[0] - height
    assert wide == max(1, int(shape[1] * overlap)) and tall == max(1, int(shape[0] * overlap))
    # Beyond the last column comes the first one: it is what stood there in the picture. So in rows, to the bit.
    np.testing.assert_array_equal(tile[tall:, 0], picture[tall:height, width])
    np.testing.assert_array_equal(tile[tall:, -1], picture[tall:height, width - 1])
    np.testing.assert_array_equal(tile[0, wide:], picture[height, wide:width])
    assert tile.min() >= 0 and tile.max() <= 1
    with pytest.raises(StudioError):
        seamless(picture, 0.6)


def test_a_texture_keeps_its_contrast():
    picture = (RNG.random((256, 256, 1)) * 0.4 + 0.3).astype(np.float32)
    tile = seamless(picture, 0.5)
    assert tile.std() == pytest.approx(picture.std(), rel=0.03)


@pytest.mark.parametrize("name", FORMATS)
def test_an_advertisement_has_room_for_text(name: str):
    picture = RNG.random((30, 20, 3)).astype(np.float32)
    width, height, side = FORMATS[name]
    layout = with_room(picture, width, height, side)
    free = {"left": layout.left / width, "above": layout.top / height}.get(
        side, (height - layout.top - layout.inner_height) / height
    )
    assert free >= 0.249 and layout.left >= 0 and layout.top >= 0
    assert layout.left + layout.inner_width <= width and layout.top + layout.inner_height <= height


def test_false_colour_gets_lighter_all_the_way():
    scale = false_colour(np.linspace(0, 1, 64, dtype=np.float32)[None])
    assert (np.diff(to_lab(scale)[0, :, 0]) > 0).all()


def test_regions_are_measured():
    labels = np.zeros((10, 10), np.int32)
    labels[:, 6:] = 1
    light = np.where(labels == 1, 0.75, 0.25).astype(np.float32)
    rows = list(csv.DictReader(io.StringIO(measured_regions(light, labels))))
    assert [row["share_percent"] for row in rows] == ["60.00", "40.00"]
    assert rows[1]["centre_x"] == "7.50" and rows[1]["mean_grey_percent"] == "75.00"


FILES = {
    "art print": {"print.tif"},
    "advertising": {"advertisement.png", "palette.ase", "palette.gpl", "palette.css", "palette.png"},
    "film": {"loop.mp4", "loop.mp4.json"},
    "architecture": {"texture.png", "height.png"},
    "medicine": {"grey.png", "equalised.png", "false-colour.png", "regions.png", "regions.csv"},
}
QUICK = {"art print": {"sheet": "postcard", "dpi": "150"}, "advertising": {"format": "square 1080"}}


@pytest.mark.parametrize("name", TRADES)
def test_a_trade_gets_its_files_and_each_picture_says_what_it_is(tmp_path: Path, studio: Studio, name: str):
    shares: list[float] = []
    path = pack(studio, RECIPE, name, tmp_path / "t.zip", QUICK.get(name), shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    with zipfile.ZipFile(path) as archive:
        assert set(archive.namelist()) == FILES[name] | {"recipe.json"}
        assert Recipe.from_json(json.loads(archive.read("recipe.json"))) == studio.normalise(RECIPE)
        files = {each: archive.read(each) for each in FILES[name]}
    for each, data in files.items():
        if not each.endswith((".json", ".csv", ".ase", ".gpl", ".css")):
            assert b"trainedAlgorithmicMedia" in data, each
    if name == "film":
        with av.open(io.BytesIO(files["loop.mp4"]), "r") as film:
            frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
        assert len(frames) == 4 * 24
        steps = [np.abs(a - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
        assert steps[-1] < 2 * max(steps[:-1])  # the seam is a step as any other
    if name == "medicine":
        for each in ("grey.png", "false-colour.png"):
            with Image.open(io.BytesIO(files[each])) as image:
                assert image.size == (VIEW, VIEW + STRIPE)


def test_a_trade_that_is_not_there_or_stopped_leaves_nothing(tmp_path: Path, studio: Studio):
    wrong: list[tuple[str, dict[str, str]]] = [
        ("alchemy", {}),
        ("film", {"frames a second": "23"}),
        ("film", {"sound": "loud"}),
    ]
    for name, choices in wrong:
        with pytest.raises(StudioError):
            pack(studio, RECIPE, name, tmp_path / "t.zip", choices)

    def stop(share: float) -> None:
        raise StoppedError("closed")

    with pytest.raises(StoppedError):
        pack(studio, RECIPE, "film", tmp_path / "t.zip", progress=stop)
    assert not list(tmp_path.iterdir())
