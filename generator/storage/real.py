"""Real pictures for a foreign critic's calibration: from a folder or a zip, with the numbers of their classes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from generator.errors import CheckpointError
from pictures import Account, PicturesError, PictureSet, Reading, open_pictures, square

KEPT_BYTES = 256 << 20  # of pictures that are kept after they were looked at; more of them are read a second time


class RealPictures:
    """Up to `count` pictures of a place, evenly from all of them, for a model of so many pixels and channels, with
    classes of these names.

    All are decoded at once, so that what is broken is found before anything is measured. CheckpointError, one sentence:
    no pictures, an unreadable one, classes that do not fit.
    """

    def __init__(
        self,
        source: Path,
        resolution: int,
        channels: int,
        classes: Sequence[str],
        count: int,
        reading: Reading | None = None,
    ) -> None:
        self.source, self.reading = source, reading or Reading()
        self.resolution, self.channels, self.classes, self.count = resolution, channels, classes, count
        self._kept: list[tuple[NDArray[np.uint8], int]] | None = []
        size = 0
        with _our_errors(), open_pictures(source, self.reading) as pictures:
            for pixels, label in self._chosen(pictures):
                size += pixels.nbytes
                if size > KEPT_BYTES:
                    self._kept = None
                if self._kept is not None:
                    self._kept.append((pixels, label))
            self.account: Account = pictures.account

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        """C×resolution×resolution in [−1, 1], and the class (0 without)."""
        if self._kept is not None:
            yield from ((_tensor(pixels), label) for pixels, label in self._kept)
            return
        with _our_errors(), open_pictures(self.source, self.reading) as pictures:
            yield from ((_tensor(pixels), label) for pixels, label in self._chosen(pictures))

    def _chosen(self, pictures: PictureSet) -> Iterator[tuple[NDArray[np.uint8], int]]:
        labels = _labels(pictures, self.classes)
        number = len(pictures.names)
        indices = np.linspace(0, number - 1, min(self.count, number)).round().astype(int)
        for index, image in pictures.images(indices.tolist()):
            small = square(
                image.convert("RGB" if self.channels == 3 else "L"), self.resolution, Image.Resampling.LANCZOS
            )
            yield np.atleast_3d(np.asarray(small)), labels[index]


def _tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)


def _labels(pictures: PictureSet, classes: Sequence[str]) -> list[int]:
    """The model's number of each picture's class; 0 for a model without classes."""
    found, title = pictures.classes, pictures.account.title
    if not classes:
        return [0] * len(found.labels)
    if pictures.labels is None:
        if len(found.names) != len(classes):
            has = f"{len(found.names)} folders with pictures" if found.names else "no classes"
            raise CheckpointError(
                f"{title} needs one sub-folder for each of the model's {len(classes)} classes, or a dataset.json; it "
                f"has {has}."
            )
        numbers = _numbers(pictures, classes)
        return [numbers[label] for label in found.labels]
    labels = [found.numbers[label] if found.numbers else -1 for label in found.labels]
    if not all(0 <= label < len(classes) for label in labels):
        raise CheckpointError(f"{title} has pictures without one of the model's {len(classes)} classes.")
    return labels


def _numbers(pictures: PictureSet, classes: Sequence[str]) -> list[int]:
    """The model's number of each class folder: by the class's name or number; by the folders' order where none is
    named like a class, which is said."""
    folders, title = pictures.classes.names, pictures.account.title
    by_name = {_plain(name): number for number, name in enumerate(classes)}
    named = [by_name.get(_plain(folder)) for folder in folders]
    if None not in named and len(set(named)) == len(classes):
        return [number for number in named if number is not None]
    by_number = [int(folder) if folder.isdecimal() else -1 for folder in folders]
    if sorted(by_number) == list(range(len(classes))):
        return by_number
    if any(number is not None for number in named):
        other = folders[named.index(None)] if None in named else folders[-1]
        raise CheckpointError(
            f"{title} has the folder {other!r}, which is none of the model's classes ({', '.join(classes[:5])}"
            f"{', …' if len(classes) > 5 else ''}): name all of its folders like the classes, or like their numbers."
        )
    pictures.account.said.append(
        f"its folders are taken for the classes 0 to {len(classes) - 1} in the order of their names: name them like "
        "the classes, or like their numbers, where that is not so"
    )
    return list(range(len(classes)))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except PicturesError as error:
        raise CheckpointError(str(error)) from None
