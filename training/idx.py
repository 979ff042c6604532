"""Fashion-MNIST from a folder that holds its four original files in the idx format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pictures import IMAGES, LABELS, TEST, TRAIN, idx_file, read_idx

from .data import Pictures
from .errors import TrainingError, our_errors

FASHION = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")


def pad(pixels: np.ndarray, resolution: int) -> np.ndarray:
    """N×H×W → N×R×R with the picture in the middle and the background (0, as in the originals) around it."""
    _, height, width = pixels.shape
    above, left = (resolution - height) // 2, (resolution - width) // 2
    return np.pad(
        pixels, ((0, 0), (above, resolution - height - above), (left, resolution - width - left)), constant_values=0
    )


def _split(folder: Path, split: str, resolution: int) -> Pictures:
    found = {rest: idx_file(folder, split, rest) for rest in (IMAGES, LABELS)}
    for rest, path in found.items():
        if path is None:
            raise TrainingError(f"{folder} holds no {split}-{rest} (nor {split}-{rest}.gz).")
    images, labels = found[IMAGES], found[LABELS]
    assert images is not None and labels is not None
    with our_errors():
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
