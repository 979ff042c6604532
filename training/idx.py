"""Pictures in the idx format of MNIST and its kin, from a folder that holds the four original files.

The format (LeCun et al., http://yann.lecun.com/exdb/mnist/): two zero bytes, one for the type (8: unsigned bytes), one
for the number of dimensions, each dimension as a big-endian 32-bit number, then the values.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from .data import Pictures
from .errors import TrainingError

FASHION = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
TRAIN, TEST = "train", "t10k"
UNSIGNED_BYTES = 8
MAX_VALUES = 1 << 30  # a gzip of some kilobytes can claim any size


def is_idx(path: Path) -> bool:
    """Whether `path` is a folder of idx files: one that holds the training split's pictures."""
    return path.is_dir() and _file(path, TRAIN, "images-idx3-ubyte") is not None


def _file(folder: Path, split: str, rest: str) -> Path | None:
    # The originals are called train-images-idx3-ubyte.gz; copies may be unpacked, or have a dot for the second dash.
    for stem in (f"{split}-{rest}", f"{split}-{rest}".replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            if (folder / (stem + suffix)).is_file():
                return folder / (stem + suffix)
    return None


def _content(path: Path) -> bytes:
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            return file.read(MAX_VALUES + 1)
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise TrainingError(f"{path} cannot be read ({error}).") from None


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The array of unsigned bytes in one idx file (gzipped if its name ends so), with that many dimensions.

    Raises TrainingError naming the file: unreadable, another type or number of dimensions, too short or too long.
    """
    content = _content(path)
    start = 4 + 4 * dimensions
    if len(content) < start or content[:2] != b"\0\0":
        raise TrainingError(f"{path} is no idx file.")
    kind, number = content[2], content[3]
    if (kind, number) != (UNSIGNED_BYTES, dimensions):
        raise TrainingError(
            f"{path} should hold bytes (type 8) in {dimensions} dimensions, not type {kind} in {number}."
        )
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise TrainingError(f"{path} promises {' × '.join(map(str, shape))} values and holds {len(content) - start:,}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def pad(pixels: np.ndarray, resolution: int) -> np.ndarray:
    """N×H×W → N×R×R with the picture in the middle and the background (0, as in the originals) around it."""
    _, height, width = pixels.shape
    above, left = (resolution - height) // 2, (resolution - width) // 2
    return np.pad(
        pixels, ((0, 0), (above, resolution - height - above), (left, resolution - width - left)), constant_values=0
    )


def _split(folder: Path, split: str, resolution: int) -> Pictures:
    found = {rest: _file(folder, split, rest) for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")}
    for rest, path in found.items():
        if path is None:
            raise TrainingError(f"{folder} holds no {split}-{rest} (nor {split}-{rest}.gz).")
    images, labels = found["images-idx3-ubyte"], found["labels-idx1-ubyte"]
    assert images is not None and labels is not None
    pixels, numbers = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(numbers):
        raise TrainingError(f"{images} holds {len(pixels):,} pictures, but {labels} {len(numbers):,} labels.")
    if len(pixels) < 2:
        raise TrainingError(f"{images} holds too few pictures ({len(pixels)}).")
    if max(pixels.shape[1:]) > resolution or min(pixels.shape[1:]) < 1:
        raise TrainingError(
            f"{images} holds pictures of {pixels.shape[2]}×{pixels.shape[1]} pixels: "
            f"they are padded to {resolution}, never reduced."
        )
    if numbers.max() >= len(FASHION):
        raise TrainingError(f"{labels} holds a label {numbers.max()}; there are classes 0 to {len(FASHION) - 1}.")
    return Pictures(
        torch.from_numpy(pad(pixels, resolution)[:, None]),
        torch.from_numpy(numbers.astype(np.int64)),
        tuple(f"{split}/{index:05d}" for index in range(len(pixels))),
        FASHION,
    )


def load_idx(path: Path, resolution: int) -> tuple[Pictures, Pictures]:
    """Training and held-out pictures of Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747), N×1×R×R uint8.

    The data set's own test split is the held-out one. A picture's name is its split and its number in that split.
    Raises TrainingError naming the file that is missing, broken, or does not fit the others.
    """
    train, rest = _split(path, TRAIN, resolution), _split(path, TEST, resolution)
    if missing := sorted(set(range(len(FASHION))) - set(train.labels.tolist())):
        raise TrainingError(f"{path} holds no training picture of class {FASHION[missing[0]]!r}.")
    return train, rest
