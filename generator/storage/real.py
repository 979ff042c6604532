"""Pictures from a folder or a zip, for calibrating a foreign critic: any that Pillow reads, and their classes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from generator.errors import CheckpointError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
LABELS = "dataset.json"  # of NVIDIA's dataset_tool: {"labels": [["00000/img00000.png", 3], …]}
MAX_PIXELS = 64_000_000
MAX_FILE = 64 << 20


def read_real(source: Path, resolution: int, channels: int, classes: int, count: int) -> Iterator[tuple[Tensor, int]]:
    """Up to `count` pictures, evenly from all of them: C×resolution×resolution in [−1, 1], and the class (0 without).

    The middle square of each, reduced by Lanczos. Classes come from dataset.json, or from sub-folders in the order of
    their names. CheckpointError: no pictures, an unreadable one, classes that do not fit.
    """
    with _opened(source) as (names, read):
        pictures = sorted(name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES)
        if not pictures:
            raise CheckpointError(f"There are no pictures in {source.name}.")
        labels = _labels(source, pictures, _named(names, read), classes)
        for index in np.linspace(0, len(pictures) - 1, min(count, len(pictures))).round().astype(int):
            yield _decode(read(pictures[index]), pictures[index], resolution, channels), labels[index]


def _labels(source: Path, pictures: list[str], named: dict[str, int], classes: int) -> list[int]:
    if not classes:
        return [0] * len(pictures)
    if named:
        labels = [named.get(name, named.get("/".join(PurePosixPath(name).parts[1:]), -1)) for name in pictures]
    else:
        folders = sorted({str(PurePosixPath(name).parent) for name in pictures})
        if len(folders) != classes:
            raise CheckpointError(
                f"{source.name} needs one sub-folder for each of the model's {classes} classes, or a {LABELS}; it has "
                f"{len(folders)} folders with pictures."
            )
        labels = [folders.index(str(PurePosixPath(name).parent)) for name in pictures]
    if not all(0 <= label < classes for label in labels):
        raise CheckpointError(f"{source.name} has pictures without one of the model's {classes} classes.")
    return labels


def _named(names: list[str], read: _Read) -> dict[str, int]:
    found = next((name for name in names if PurePosixPath(name).name == LABELS), None)
    if found is None:
        return {}
    try:
        rows = json.loads(read(found)).get("labels") or []
        return {str(name): int(label) for name, label in rows}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise CheckpointError(f"{LABELS} does not give one class number for each picture.") from None


class _Read:
    """The bytes of a file by its name in the folder or zip."""

    def __init__(self, source: Path, archive: zipfile.ZipFile | None) -> None:
        self.source, self.archive = source, archive

    def __call__(self, name: str) -> bytes:
        try:
            with self._open(name) as stream:
                data = stream.read(MAX_FILE + 1)
        except (OSError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{name} in {self.source.name} cannot be read ({error}).") from None
        if len(data) > MAX_FILE:
            raise CheckpointError(f"{name} in {self.source.name} is larger than {MAX_FILE >> 20} MB.")
        return data

    def _open(self, name: str) -> IO[bytes]:
        return (self.source / name).open("rb") if self.archive is None else self.archive.open(name)


@contextmanager
def _opened(source: Path) -> Iterator[tuple[list[str], _Read]]:
    if source.is_dir():
        yield [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()], _Read(source, None)
        return
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile):
        raise CheckpointError(f"{source.name} is neither a folder nor a zip of pictures.") from None
    with archive:
        yield archive.namelist(), _Read(source, archive)


def _decode(data: bytes, name: str, resolution: int, channels: int) -> Tensor:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise CheckpointError(f"The picture {name} has more than {MAX_PIXELS // 1_000_000} megapixels.")
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            small = image.convert("RGB" if channels == 3 else "L").resize(
                (resolution, resolution), Image.Resampling.LANCZOS, (left, top, left + side, top + side)
            )
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"The picture {name} cannot be read.") from None
    pixels = np.atleast_3d(np.asarray(small, np.float32)) / 127.5 - 1
    return torch.from_numpy(pixels).permute(2, 0, 1)
