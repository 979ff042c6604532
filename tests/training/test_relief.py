"""Tiles of a relief map: where they lie, what they show, what is held out, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import relief
from training.data import Data
from training.errors import TrainingError
from training.relief import CLASSES, EVERY, Relief, Tiles, area_weights, candidates, in_held_out_block, splits
from training.sources import load_data

WIDTH = 2160  # 6 pixels a degree: the smallest tile is 32 pixels high
SIDE = 32
SEA, LAND = (117, 165, 206), (110, 180, 140)


def world() -> np.ndarray:
    """A map with flat, rough and rugged lands, each with coasts, H×W×3 uint8."""
    rng = np.random.default_rng(0)
    pixels = np.empty((WIDTH // 2, WIDTH, 3))
    pixels[:] = SEA
    for west, roughness in ((60, 0.0), (720, 6.0), (1380, 20.0)):
        land = pixels[:, west : west + 520]
        land[:] = LAND
        land += rng.uniform(-roughness, roughness, land.shape[:2])[..., None]
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That map as a file."""
    target = tmp_path_factory.mktemp("map") / "world.png"
    Image.fromarray(world()).save(target)
    return target


@pytest.fixture(scope="module")
def split(path: Path) -> tuple[Relief, Relief]:
    """Its tiles: for training, and held out."""
    return relief.load_relief(path, SIDE)


# ---- where tiles lie ------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [WIDTH, 10800])
def test_tiles_stay_within_the_limits_and_are_smaller_than_the_blocks(width: int):
    tiles = candidates(width)
    scale = width / 360
    assert 90 - tiles.top.min() / scale <= relief.LIMIT + 1 / scale
    assert 90 - (tiles.top + tiles.height).max() / scale >= -relief.LIMIT - 1 / scale
    assert sorted(set(tiles.height)) == [round(degrees * scale) for degrees in relief.HEIGHTS]
    assert np.abs(tiles.longitude).max() <= 180
    assert tiles.height.max() / scale < relief.BLOCK
    bands = np.floor(tiles.latitude / relief.BLOCK)
    columns = np.round(360 / relief.BLOCK * np.cos(np.radians((bands + 0.5) * relief.BLOCK)))
    assert (tiles.width / width < 1 / columns).all()  # so that their corners tell every block that they touch


def test_a_circle_on_the_sphere_stays_a_circle():
    # Discs of 2 degrees round some points, by great-circle distance.
    longitude = (np.arange(WIDTH) + 0.5) / WIDTH * 360 - 180
    latitude = 90 - (np.arange(WIDTH // 2) + 0.5) / WIDTH * 360
    x, y = np.meshgrid(np.radians(longitude), np.radians(latitude))
    for y0 in (0.0, 30.0, 50.0, -55.0):
        cosine = np.sin(y) * np.sin(np.radians(y0)) + np.cos(y) * np.cos(np.radians(y0)) * np.cos(x)
        disc = (np.degrees(np.arccos(cosine)) < 2.0).astype(np.uint8) * 255
        pixels = torch.from_numpy(np.repeat(disc[None], 3, axis=0))
        height = 38
        tiles = Tiles(WIDTH, np.array([0]), np.array([round((90 - y0) * 6 - height / 2)]), np.array([height]))
        tiles = Tiles(WIDTH, np.array([round(WIDTH / 2 - float(tiles.width[0]) / 2)]), tiles.top, tiles.height)
        data = Relief(pixels, tiles, np.array([0]), torch.zeros(1, dtype=torch.int64), SIDE)
        picture = data.batch(torch.tensor([0]))[0, 0].double() / 255
        across, down = picture.sum(dim=0).max(), picture.sum(dim=1).max()
        expected = 4.0 * 6 / height * SIDE  # 4 degrees across
        assert float(across) == pytest.approx(expected, rel=0.05)
        assert float(down) == pytest.approx(expected, rel=0.05)
        assert float(picture.sum()) == pytest.approx(np.pi / 4 * expected**2, rel=0.05)


def test_the_same_tiles_every_time(path: Path, split: tuple[Relief, Relief]):
    for ours, theirs in zip(relief.load_relief(path, SIDE), split, strict=True):
        assert ours.names == theirs.names and np.array_equal(ours.numbers, theirs.numbers)
        assert torch.equal(ours.labels, theirs.labels)
        index = torch.arange(0, len(ours), 500)
        assert torch.equal(ours.batch(index), theirs.batch(index))


def test_names_are_records_of_the_candidates(split: tuple[Relief, Relief]):
    tiles = candidates(WIDTH)
    names: set[str] = set()
    for part in split:
        for index in range(0, len(part), 997):
            number, north, east, height = part.names[index].split()
            assert float(height) == pytest.approx(tiles.height[int(number)] * 360 / WIDTH, abs=0.006)
            assert float(north[:-1]) * (1 if north[-1] == "N" else -1) == pytest.approx(
                float(tiles.latitude[int(number)]), abs=0.006
            )
            assert float(east[:-1]) * (1 if east[-1] == "E" else -1) == pytest.approx(
                float(tiles.longitude[int(number)]), abs=0.006
            )
        names.update(part.names)
    assert len(names) == len(split[0]) + len(split[1])


# ---- held out -------------------------------------------------------------------------------------


def covered(tiles: Tiles) -> np.ndarray:
    """Which pixels of the map any of the tiles shows."""
    seen = np.zeros((WIDTH // 2, WIDTH), bool)
    for left, top, height, width in zip(tiles.left, tiles.top, tiles.height, tiles.width, strict=True):
        columns = np.arange(left, left + int(np.ceil(width))) % WIDTH
        seen[top : top + height, columns] = True
    return seen


def test_held_out_and_training_tiles_show_no_place_in_common(split: tuple[Relief, Relief]):
    train, rest = (covered(part.tiles) for part in split)
    assert train.any() and rest.any() and not (train & rest).any()


def test_the_share_of_blocks_that_is_held_out():
    rng = np.random.default_rng(0)
    longitude = rng.uniform(-180, 180, 20000)
    latitude = np.degrees(np.arcsin(rng.uniform(-0.85, 0.85, 20000)))  # evenly over the sphere
    assert in_held_out_block(longitude, latitude).mean() == pytest.approx(1 / EVERY, abs=0.03)
    train, rest = splits(candidates(WIDTH))
    assert not (train & rest).any()
    assert train.mean() > 0.7 and rest.mean() > 0.02


# ---- what they show -------------------------------------------------------------------------------


def test_a_tile_is_the_mean_of_what_it_covers(split: tuple[Relief, Relief]):
    flat = next(i for i in range(len(split[0])) if CLASSES[split[0].labels[i]] == "plains" and i > 3000)
    inland = split[0].batch(torch.tensor([flat]))[0].double().mean(dim=(1, 2))
    torch.testing.assert_close(inland, torch.tensor(LAND, dtype=torch.float64), rtol=0, atol=8)
    weights = area_weights(5.5, 4)  # parts of 1.375 pixels
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(4))
    torch.testing.assert_close(weights[0], torch.tensor([1.0, 0.375, 0, 0, 0, 0]) / 1.375)
    torch.testing.assert_close(weights[3], torch.tensor([0, 0, 0, 0, 0.875, 0.5]) / 1.375)


def test_tiles_go_on_across_the_date_line():
    gradient = torch.arange(WIDTH).repeat(WIDTH // 2, 1) // 10
    pixels = torch.where(gradient < 108, gradient, 216 - gradient).to(torch.uint8).expand(3, -1, -1)
    tiles = Tiles(WIDTH, np.array([WIDTH - 16]), np.array([524]), np.array([32]))
    picture = Relief(pixels, tiles, np.array([0]), torch.zeros(1, dtype=torch.int64), SIDE).tile(0)
    assert int(picture.max()) <= 2  # dark on both sides of it
    assert abs(float(tiles.longitude[0])) == pytest.approx(180, abs=0.1)


def test_classes_say_what_is_to_be_seen(split: tuple[Relief, Relief]):
    train = split[0]
    assert set(train.labels.tolist()) == set(range(len(CLASSES)))
    index = torch.arange(0, len(train), 25)
    pictures = train.batch(index).double()
    sea = (pictures[:, 2] > pictures[:, 1]).double().mean(dim=(1, 2))
    labels = train.labels[index]
    assert float(sea.max()) <= relief.SEA_LIMIT + 0.05
    shown = {"plains": (0.0, 0.12), "mountains": (0.0, 0.12), "flat coast": (0.0, 0.66), "open sea": (0.54, 1.0)}
    for name, (low, high) in shown.items():
        shares = sea[labels == CLASSES.index(name)]
        assert len(shares) and low <= float(shares.min()) and float(shares.max()) <= high

    def detail(name: str) -> float:
        chosen = pictures[labels == CLASSES.index(name)]
        return float(chosen.diff(dim=3).abs().mean())

    assert detail("plains") < detail("hills") < detail("mountains")


def test_a_batch_is_the_same_in_any_order(split: tuple[Relief, Relief]):
    index = torch.randint(len(split[0]), (24,), generator=torch.Generator().manual_seed(0))
    batch = split[0].batch(index)
    assert batch.shape == (24, 3, SIDE, SIDE) and batch.dtype == torch.uint8
    order = torch.randperm(24, generator=torch.Generator().manual_seed(1))
    assert torch.equal(split[0].batch(index[order]), batch[order])
    assert all(torch.equal(split[0].batch(index[i : i + 1])[0], batch[i]) for i in range(24))
    assert split[0].batch(index[:0]).shape == (0, 3, SIDE, SIDE)


# ---- found by its path ------------------------------------------------------------------------------


def test_load_data_knows_a_map(path: Path, split: tuple[Relief, Relief]):
    parts: tuple[Data, Data] = load_data(path, SIDE)
    for ours, theirs in zip(parts, split, strict=True):
        assert isinstance(ours, Relief) and ours.names == theirs.names
        assert (ours.channels, ours.classes) == (3, CLASSES)
        assert float(ours.picture_weights(theirs.class_weights()).sum()) == pytest.approx(1)


def test_the_word_relief_means_the_installed_map(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert relief.is_relief(Path("relief")) and not relief.is_relief(Path("reliefs"))
    monkeypatch.setattr(relief, "installed_map", lambda: path)
    assert load_data(Path("relief"), SIDE)[0].classes == CLASSES
    (tmp_path / "relief").mkdir()
    assert not relief.is_relief(Path("relief"))  # a folder of that name is meant


def test_without_the_package_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relief, "PACKAGE", "mpl_toolkits.no_such_package")
    with pytest.raises(TrainingError, match=r"^shadedrelief\.jpg is not installed: .*\.$"):
        relief.installed_map()


@pytest.mark.parametrize(
    ("size", "resolution", "sentence"),
    [
        ((400, 200), 32, "small.png is too small for pictures of 32 pixels: a map 400 pixels wide"),
        ((WIDTH, WIDTH // 2), 33, f"a map {WIDTH} pixels wide, where 2520 are needed."),
        ((64, 64), 32, "small.png is no map of the world: 64×64 pixels, not twice as wide as high."),
        ((WIDTH, WIDTH // 2), 32, "small.png shows no hills, in the colours of a shaded relief."),
    ],
)
def test_a_map_that_will_not_do_is_named(tmp_path: Path, size: tuple[int, int], resolution: int, sentence: str):
    Image.new("RGB", size, LAND).save(tmp_path / "small.png")
    with pytest.raises(TrainingError) as caught:
        load_data(tmp_path / "small.png", resolution)
    assert sentence in str(caught.value) and str(caught.value).endswith(".")


def test_a_broken_map_is_named(tmp_path: Path, path: Path):
    for content in (b"", b"no picture", path.read_bytes()[:5000]):
        (tmp_path / "map.jpg").write_bytes(content)
        with pytest.raises(TrainingError, match=r"map\.jpg cannot be read as a picture"):
            load_data(tmp_path / "map.jpg", SIDE)
    with pytest.raises(TrainingError, match=r"There is no map at .*nowhere\.png\.$"):
        relief.load_relief(tmp_path / "nowhere.png", SIDE)
