"""Several pictures as one: what travels to a page in one piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from studio import data_url

Array = NDArray[np.float32]


def contact_sheet(pictures: Array, columns: int) -> Array:
    """N×H×W×C pictures in [0, 1] (grey ones too) → one in rows of `columns`, H'×W'×3; what is left over is white."""
    count, height, width, channels = pictures.shape
    rows = -(-count // columns)
    sheet = np.ones((rows * columns, height, width, 3), np.float32)
    sheet[:count] = pictures if channels == 3 else np.repeat(pictures[..., :1], 3, axis=3)
    return sheet.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def sheet_url(pictures: Array, columns: int, enlarge: int = 1, at_most: int | None = None, room: int = 0) -> str:
    """The same as a data URL, each picture enlarged by a whole factor of its own, so that none bleeds into the next.

    `at_most`: pictures of more pixels a side are thinned to that before; `room`: for so many pictures, if there are
    fewer as yet.
    """
    if len(pictures) < room:
        pictures = np.concatenate([pictures, np.full((room - len(pictures), *pictures.shape[1:]), 0.5, np.float32)])
    if at_most is not None:
        every = max(pictures.shape[1] // at_most, 1)
        pictures = pictures[:, ::every, ::every]
    if enlarge > 1:
        pictures = np.repeat(np.repeat(pictures, enlarge, axis=1), enlarge, axis=2)
    return data_url(contact_sheet(pictures, columns))


def picture_url(picture: Array, at_least: int = 0) -> str:
    """One picture H×W×C in [0, 1], grey or colour, as a data URL; enlarged by a whole factor to `at_least` pixels."""
    return data_url(picture if picture.shape[2] == 3 else np.repeat(picture[..., :1], 3, axis=2), at_least=at_least)


def tensor_url(image: Tensor, at_least: int = 0) -> str:
    """A network's picture 1×C×H×W, about [−1, 1], as a data URL."""
    return picture_url((image[0].clamp(-1, 1) * 0.5 + 0.5).permute(1, 2, 0).contiguous().numpy(), at_least)


def grey_values(image: Tensor) -> Array:
    """A network's picture 1×C×H×W as H×W grey values in [0, 1]."""
    return (image[0].mean(dim=0).clamp(-1, 1) * 0.5 + 0.5).numpy()


def maps_url(maps: Array, columns: int = 8) -> str:
    """Feature maps C×h×w as tiles of one picture: each scaled by itself, its middle grey at 0, so that signs show."""
    strongest = np.abs(maps).reshape(len(maps), -1).max(axis=1)[:, None, None]
    scaled = 0.5 + 0.5 * maps / np.maximum(strongest, 1e-6)
    return sheet_url(scaled[..., None].astype(np.float32), columns, max(32 // maps.shape[1], 1))


def eye_url(values: Array) -> str:
    """What speaks for (positive) and against (negative) a picture, H×W, as a picture: warm and cold on grey. Colour is
    told apart by lightness too: what speaks for it is light, what speaks against it is dark."""
    strongest = max(float(np.abs(values).max()), 1e-9)
    share = (values / strongest)[..., None]
    warm, cold, middle = (np.array(c, np.float32) for c in ((1.0, 0.86, 0.35), (0.08, 0.2, 0.42), (0.55, 0.55, 0.55)))
    picture = middle + np.clip(share, 0, 1) * (warm - middle) + np.clip(-share, 0, 1) * (cold - middle)
    return data_url(picture.astype(np.float32), at_least=224)


def tensors(images: Tensor) -> Array:
    """A network's pictures N×C×H×W, about [−1, 1], as N×H×W×C in [0, 1]."""
    return (images.clamp(-1, 1) * 0.5 + 0.5).permute(0, 2, 3, 1).contiguous().numpy()


def tensor_rows(image: Tensor) -> list[list[int]]:
    """A network's picture 1×C×H×W as rows of grey values 0 … 255, which is how a drawing travels."""
    return (grey_values(image) * 255).round().astype(int).tolist()
