"""Training pictures from a folder or a zip, and which of them are held out."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pictures import Account, open_pictures, square

from .data import SMALLEST, Loaded, Pictures, Terms
from .errors import TrainingError, our_errors

SMALL = 4 * SMALLEST  # pictures from which on SMALLEST are held out, whatever their names say


def place(name: str) -> int:
    """0 … 99: a file is held out if its place is below the per cent that are. Its name alone decides."""
    return zlib.crc32(name.encode()) % 100


def held_out(name: str, percent: int) -> bool:
    """Whether a file belongs to the held-out split, in a set that is large enough to go by names alone."""
    return place(name) < percent


def set_aside(names: Sequence[str], labels: Sequence[int], percent: int) -> np.ndarray:
    """Which pictures are held out, N bool: those whose names say so, so that it never changes with the data; but never
    more than half of a class, and of SMALL pictures or more at least SMALLEST, the next by name."""
    aside = np.zeros(len(names), bool)
    if not percent:
        return aside
    left = np.bincount(labels) // 2 if len(labels) else np.zeros(1, int)  # of each class, that may be held out
    enough = SMALLEST if len(names) >= SMALL else 0
    for index in sorted(range(len(names)), key=lambda i: (place(names[i]), zlib.crc32(names[i].encode()), names[i])):
        if not held_out(names[index], percent) and aside.sum() >= enough:
            break
        if left[labels[index]] > 0:
            left[labels[index]] -= 1
            aside[index] = True
    return aside


def read_pictures(path: Path, resolution: int, terms: Terms, channels: int = 3) -> Loaded:
    """Training and held-out pictures, centre-cropped to squares and reduced by area averaging to `resolution`.

    A dataset.json says their classes, else the first folder of a file's path does; pictures without a folder make an
    unconditional set. Raises TrainingError naming the file that cannot be read, or what is missing.
    """
    mode = "RGB" if channels == 3 else "L"
    kept: list[int] = []
    pixels: list[np.ndarray] = []
    with our_errors(), open_pictures(path, terms.reading) as pictures:
        for index, image in pictures.images():
            pixels.append(np.asarray(square(image.convert(mode), resolution)).reshape(resolution, resolution, -1))
            kept.append(index)
    classes = pictures.classes
    names, labels = [pictures.names[i] for i in kept], [classes.labels[i] for i in kept]
    stack = np.stack(pixels).transpose(0, 3, 1, 2)
    aside = set_aside(names, labels, terms.held_out)

    def split(keep: np.ndarray) -> Pictures:
        chosen = tuple(name for name, k in zip(names, keep, strict=True) if k)
        own = (
            torch.tensor(labels, dtype=torch.int64)[torch.from_numpy(keep)]
            if classes.names
            else torch.zeros(len(chosen))
        )
        return Pictures(torch.from_numpy(stack[keep].copy()), own.long(), chosen, classes.names)

    train, rest = split(~aside), split(aside)
    if len(train) < 2:
        raise TrainingError(f"{path} leaves {len(train)} to train on, where 2 are needed at least.")
    _say(pictures.account, resolution, len(train), len(rest), terms)
    return Loaded(train, rest, pictures.account)


def _say(account: Account, resolution: int, train: int, rest: int, terms: Terms) -> None:
    small = sum(count for size, count in account.sizes.items() if min(size) < resolution)
    if small:
        account.said.append(f"{small:,} smaller than {resolution}×{resolution}: enlarged, which adds nothing to see")
    if terms.held_out:
        account.said.append(f"{train:,} to train on, {rest:,} held out to measure with")
    else:
        account.said.append(f"{train:,} to train on, none held out (--held-out 0): nothing will be measured")


def load_pictures(
    path: Path,
    resolution: int,
    *,
    channels: int = 3,
    percent_held_out: int = 8,
) -> tuple[Pictures, Pictures]:
    """Training and held-out pictures of `read_pictures`, without the account."""
    loaded = read_pictures(path, resolution, Terms(held_out=percent_held_out), channels)
    assert isinstance(loaded.train, Pictures) and isinstance(loaded.rest, Pictures)
    return loaded.train, loaded.rest
