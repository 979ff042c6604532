"""Training pictures: what every set offers (`Data`), those of a folder or zip, and `load_data` for any path."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar, Protocol

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .errors import TrainingError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
MAX_PIXELS = 64_000_000


@dataclass(frozen=True)
class Measure:
    """Something that pictures have more or less of. `title`: in words, "less ↔ more"; `of`: N×C×R×R uint8 → N."""

    title: str
    of: Callable[[Tensor], Tensor]


class Data(Protocol):
    """One split of a training set. Whether it holds its pictures or makes them is its own affair."""

    @property
    def labels(self) -> Tensor:
        """N int64, indices into `classes` (zeros where there are none)."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each picture is called in its source: a path, or a record with a number."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty for a set without."""

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """What can be measured of such pictures and is worth a slider, by name."""

    def __len__(self) -> int: ...

    def batch(self, index: Tensor) -> Tensor:
        """The pictures with these numbers (int64, any order, repeats allowed), N×C×R×R uint8; the same each time."""

    def class_weights(self) -> Tensor:
        """Sampling weight of each class (float64, sum 1)."""

    def picture_weights(self, class_weights: Tensor | None = None) -> Tensor:
        """Sampling weight of each picture (float64, sum 1), the classes weighing as given or as `class_weights()`."""


class Labelled:
    """The weights of a labelled set, the same for every kind of `Data`."""

    labels: Tensor
    classes: tuple[str, ...]
    measures: ClassVar[Mapping[str, Measure]] = {}

    def _counts(self) -> Tensor:
        return torch.bincount(self.labels, minlength=max(len(self.classes), 1)).double()

    def class_weights(self) -> Tensor:
        """Sampling weight of each class, ∝ √count: rare classes are seen more often than their share, not equally."""
        roots = self._counts().sqrt()
        return roots / roots.sum()

    def picture_weights(self, class_weights: Tensor | None = None) -> Tensor:
        """The same, per picture; or those that give the classes other weights, such as another split's."""
        weights = self.class_weights() if class_weights is None else class_weights
        return (weights / self._counts().clamp(min=1))[self.labels]


@dataclass(frozen=True)
class Pictures(Labelled):
    """A split held in memory: `pixels` N×C×R×R uint8, `labels` N int64 (indices into `classes`), `names` N paths."""

    pixels: Tensor
    labels: Tensor
    names: tuple[str, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.pixels.shape[1]

    def batch(self, index: Tensor) -> Tensor:
        """The pictures with these numbers, N×C×R×R uint8."""
        return self.pixels[index]


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES:
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if PurePosixPath(name).suffix.lower() in SUFFIXES:
                    yield name, archive.read(name)
    except FileNotFoundError:
        raise TrainingError(f"There is no data at {path}.") from None
    except (zipfile.BadZipFile, OSError, RuntimeError, zlib.error) as error:  # RuntimeError: encrypted
        raise TrainingError(f"{path} cannot be read as a zip of pictures ({error}).") from None


def _decode(name: str, content: bytes, resolution: int, mode: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as file:
            if file.width * file.height > MAX_PIXELS:
                raise TrainingError(f"{name} is too large ({file.width}×{file.height} pixels).")
            image = file.convert(mode)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError) as error:
        raise TrainingError(f"{name} cannot be read as a picture ({error}).") from None
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != resolution:
        method = Image.Resampling.LANCZOS if side < resolution else Image.Resampling.BOX
        image = image.resize((resolution, resolution), method)
    return np.asarray(image)


def _class_folders(names: list[str]) -> list[str]:
    """The class folder of each path: the first one, below a folder that holds everything; "" for a file in none."""
    paths = [PurePosixPath(name).parts for name in names]
    while all(len(parts) > 2 and parts[0] == paths[0][0] for parts in paths):
        paths = [parts[1:] for parts in paths]
    return [parts[0] if len(parts) > 1 else "" for parts in paths]


def held_out(name: str, percent: int) -> bool:
    """Whether a file belongs to the held-out split: decided by its name alone, so it never changes with the data."""
    return zlib.crc32(name.encode()) % 100 < percent


def load_pictures(
    path: Path,
    resolution: int,
    *,
    channels: int = 3,
    percent_held_out: int = 8,
) -> tuple[Pictures, Pictures]:
    """Training and held-out pictures, centre-cropped to squares and reduced by area averaging to `resolution`.

    The first folder of a file's path is its class; pictures without a folder make an unconditional set.
    Raises TrainingError naming the file that cannot be read, or what is missing.
    """
    mode = "RGB" if channels == 3 else "L"
    pixels: list[np.ndarray] = []
    names: list[str] = []
    for name, content in _files(path):
        pixels.append(_decode(name, content, resolution, mode))
        names.append(name)
    if not names:
        raise TrainingError(f"{path} holds no pictures ({', '.join(sorted(SUFFIXES))}).")
    folders = _class_folders(names)
    classes = tuple(sorted(set(folders)))
    if len(classes) == 1:
        classes = ()
    elif "" in classes:
        outside = names[folders.index("")]
        raise TrainingError(f"{path} mixes pictures in class folders with pictures outside (such as {outside}).")
    labels = np.array([classes.index(f) if classes else 0 for f in folders])
    stack = np.stack(pixels)
    if stack.ndim == 3:
        stack = stack[..., None]
    stack = stack.transpose(0, 3, 1, 2)
    aside = np.array([held_out(name, percent_held_out) for name in names])

    def split(keep: np.ndarray) -> Pictures:
        chosen = tuple(name for name, k in zip(names, keep, strict=True) if k)
        return Pictures(torch.from_numpy(stack[keep].copy()), torch.from_numpy(labels[keep]), chosen, classes)

    train, rest = split(~aside), split(aside)
    if len(train) < 2:
        raise TrainingError(f"{path} holds too few pictures to train on ({len(train)}).")
    missing = set(range(len(classes))) - set(train.labels.tolist())
    if missing:
        raise TrainingError(f"Class {classes[min(missing)]!r} has no picture outside the held-out part.")
    return train, rest


def load_data(path: Path, resolution: int) -> tuple[Data, Data]:
    """Training and held-out pictures from whatever lies at `path`, at `resolution`.

    - a folder or zip of pictures: `load_pictures`
    - one picture of the whole world, or the word "relief" for the installed one: tiles of it, `relief.load_relief`
    - a folder of idx files, such as Fashion-MNIST: `idx.load_idx`

    Raises TrainingError with a sentence that names what cannot be used.
    """
    from . import idx, relief  # here, since they build on this file

    if relief.is_relief(path):
        return relief.load_relief(path, resolution)
    if idx.is_idx(path):
        return idx.load_idx(path, resolution)
    return load_pictures(path, resolution)
