"""Arrays in the idx format; the sets that are made of them are tested with training."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from pictures import IMAGES, TEST, TRAIN, PicturesError, idx_file, is_idx, read_idx


def idx(values: np.ndarray) -> bytes:
    """The array as a file's content."""
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"])
def test_what_was_written_is_read(tmp_path: Path, name: str):
    values = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
    (tmp_path / name).write_bytes(gzip.compress(idx(values)) if name.endswith(".gz") else idx(values))
    found = idx_file(tmp_path, TRAIN, IMAGES)
    assert found == tmp_path / name and is_idx(tmp_path) and idx_file(tmp_path, TEST, IMAGES) is None
    assert np.array_equal(read_idx(found, 3), values)


def test_a_file_that_is_not_compressed_or_only_half_there(tmp_path: Path):
    path = tmp_path / "x.gz"
    whole = gzip.compress(idx(np.zeros((5, 4, 4), np.uint8)))
    for content in (b"plain", whole[:-9], b"\x1f\x8b" + bytes(30)):
        path.write_bytes(content)
        with pytest.raises(PicturesError, match=r"x\.gz cannot be read"):
            read_idx(path, 3)
