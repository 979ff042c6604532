"""Arrays in the idx format of MNIST and its kin, and the files of a folder that holds such a set.

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
from numpy.typing import NDArray

from .decoder import reason_of
from .errors import PicturesError

TRAIN, TEST = "train", "t10k"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
UNSIGNED_BYTES = 8
MAX_VALUES = 1 << 30  # a gzip of some kilobytes can claim any size


def is_idx(path: Path) -> bool:
    """Whether `path` is a folder of idx files: one that holds the training split's pictures."""
    return path.is_dir() and idx_file(path, TRAIN, IMAGES) is not None


def idx_file(folder: Path, split: str, rest: str) -> Path | None:
    """The file of a split (TRAIN or TEST) and a content (IMAGES or LABELS), gzipped or not; None if there is none."""
    # The originals are called train-images-idx3-ubyte.gz; copies may be unpacked, or have a dot for the second dash.
    for stem in (f"{split}-{rest}", f"{split}-{rest}".replace("-idx", ".idx")):
        for suffix in (".gz", ""):
            if (folder / (stem + suffix)).is_file():
                return folder / (stem + suffix)
    return None


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in one idx file (gzipped if its name ends so), with that many dimensions.

    PicturesError names the file: unreadable, another type or number of dimensions, too short or too long.
    """
    content = _content(path)
    start = 4 + 4 * dimensions
    if len(content) < start or content[:2] != b"\0\0":
        raise PicturesError(f"{path} is no idx file.")
    kind, number = content[2], content[3]
    if (kind, number) != (UNSIGNED_BYTES, dimensions):
        raise PicturesError(
            f"{path} should hold bytes (type 8) in {dimensions} dimensions, not type {kind} in {number}."
        )
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise PicturesError(f"{path} promises {' × '.join(map(str, shape))} values and holds {len(content) - start:,}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            return file.read(MAX_VALUES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise PicturesError(f"{path} cannot be read (it is no whole gzip).") from None
    except OSError as error:
        raise PicturesError(f"{path} cannot be read ({reason_of(error)}).") from None
