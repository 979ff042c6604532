"""Real pictures for a foreign critic's calibration: from a folder or a zip, with the numbers of their classes."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Up to `count` pictures of a place, evenly from all of them, for a model of so many pixels, channels and classes.

    All are decoded at once, so that what is broken is found before anything is measured. CheckpointError, one sentence:
    no pictures, an unreadable one, classes that do not fit.
    """

    def __init__(
        self, source: Path, resolution: int, channels: int, classes: int, count: int, reading: Reading | None = None
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


def _labels(pictures: PictureSet, classes: int) -> list[int]:
    """The model's number of each picture's class; 0 for a model without classes."""
    found, title = pictures.classes, pictures.account.title
    if not classes:
        return [0] * len(found.labels)
    if pictures.labels is None and len(found.names) != classes:
        raise CheckpointError(
            f"{title} needs one sub-folder for each of the model's {classes} classes, or a dataset.json; it has "
            f"{max(len(found.names), 1)} folders with pictures."
        )
    labels = [found.numbers[label] if found.numbers else -1 for label in found.labels]
    if not all(0 <= label < classes for label in labels):
        raise CheckpointError(f"{title} has pictures without one of the model's {classes} classes.")
    return labels


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except PicturesError as error:
        raise CheckpointError(str(error)) from None
