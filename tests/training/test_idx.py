"""The reader of idx files: pictures, labels and names as they were, and a sentence for every broken file."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from pictures import is_idx
from training.errors import TrainingError
from training.idx import FASHION, load_idx, pad
from training.sources import load_data

IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


def idx(values: np.ndarray, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 256, (count, 28, 28), np.uint8), np.arange(count).astype(np.uint8) % 10


@pytest.fixture(params=["", ".gz"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Twenty training and twelve test pictures, plain or compressed."""
    for split, count in (("train", 20), ("t10k", 12)):
        for rest, values in zip((IMAGES, LABELS), pictures(count, count), strict=True):
            content = idx(values)
            (tmp_path / f"{split}-{rest}{request.param}").write_bytes(
                gzip.compress(content) if request.param else content
            )
    return tmp_path


def test_pictures_labels_and_names(folder: Path):
    train, rest = load_idx(folder, 32)
    pixels, labels = pictures(20, 20)
    assert (len(train), len(rest)) == (20, 12)
    assert train.pixels.dtype == torch.uint8
    assert train.pixels.shape == (20, 1, 32, 32)
    assert np.array_equal(train.pixels[:, 0, 2:30, 2:30].numpy(), pixels)
    assert np.array_equal(train.labels.numpy(), labels)
    assert train.names[3] == "train/00003"
    assert rest.names[3] == "t10k/00003"
    assert train.classes == rest.classes == FASHION
    assert train.channels == 1


def test_the_border_is_background(folder: Path):
    x = load_idx(folder, 32)[0].pixels.clone()
    x[:, :, 2:30, 2:30] = 0
    assert int(x.max()) == 0


def test_any_path_leads_to_its_reader(folder: Path, shapes: Path):
    assert is_idx(folder)
    assert not is_idx(shapes)
    assert not is_idx(folder / "nowhere")
    train, _ = load_data(folder, 32)
    assert train.classes == FASHION


@pytest.mark.parametrize(("height", "width"), [(28, 28), (27, 30), (32, 32), (1, 31)])
def test_padding_keeps_the_picture_in_the_middle(height: int, width: int):
    x = pad(np.ones((2, height, width), np.uint8), 32)
    assert x.shape == (2, 32, 32)
    assert x.sum() == 2 * height * width
    rows, columns = x[0].any(axis=1).nonzero()[0], x[0].any(axis=0).nonzero()[0]
    for places in (rows, columns):
        assert abs(places[0] - (31 - places[-1])) <= 1


def broken(folder: Path, name: str, content: bytes) -> str:
    """Put other content into a file; returns the sentence with which the folder is then refused."""
    (path,) = folder.glob(f"{name}*")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    with pytest.raises(TrainingError) as caught:
        load_idx(folder, 32)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (f"train-{IMAGES}", b"", "no idx file"),
        (f"train-{IMAGES}", b"PNG and so on, long enough to be read", "no idx file"),
        (f"t10k-{LABELS}", b"\0\0\x08", "no idx file"),
        (f"train-{IMAGES}", idx(np.zeros((20, 28, 28), np.uint8), kind=13), "type 13"),
        (f"train-{IMAGES}", idx(np.zeros(20 * 28 * 28, np.uint8)), "dimensions"),
        (f"train-{LABELS}", idx(np.zeros((20, 1), np.uint8)), "dimensions"),
        (f"train-{IMAGES}", idx(np.zeros((20, 28, 28), np.uint8))[:-1], "promises 20 × 28 × 28"),
        (f"train-{IMAGES}", idx(np.zeros((20, 28, 28), np.uint8)) + b"\0", "promises 20 × 28 × 28"),
        (f"t10k-{LABELS}", idx(np.zeros(11, np.uint8)), "12 pictures, but"),
        (f"t10k-{LABELS}", idx(np.full(12, 10, np.uint8)), "label 10"),
        (f"train-{IMAGES}", idx(np.zeros((20, 33, 28), np.uint8)), "28×33 pixels"),
        (f"train-{IMAGES}", idx(np.zeros((20, 0, 28), np.uint8)), "28×0 pixels"),
        (f"train-{IMAGES}", idx(np.zeros((0, 28, 28), np.uint8)), "but"),
    ],
)
def test_a_broken_file_is_named(folder: Path, name: str, content: bytes, sentence: str):
    assert sentence in broken(folder, name, content)


@pytest.mark.parametrize("name", [f"train-{LABELS}", f"t10k-{IMAGES}", f"t10k-{LABELS}"])
def test_a_missing_file_is_named(folder: Path, name: str):
    next(folder.glob(f"{name}*")).unlink()
    with pytest.raises(TrainingError, match=name):
        load_idx(folder, 32)


def test_a_class_without_pictures_is_named(folder: Path):
    assert "'t-shirt'" not in broken(folder, f"train-{LABELS}", idx(np.full(20, 10, np.uint8)))
    for path in folder.glob(f"train-{LABELS}*"):
        content = idx(np.ones(20, np.uint8))
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    with pytest.raises(TrainingError, match="no training picture of class 't-shirt'"):
        load_idx(folder, 32)
