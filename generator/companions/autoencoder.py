"""A vector-quantised autoencoder (van den Oord et al. 2017, arXiv:1711.00937): a picture as a small table of codes.

The encoder reduces the picture to a grid of vectors, each is replaced by the nearest of K learnt ones and kept as that
one's number, and the decoder paints the picture again from the numbers alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.config import RESOLUTIONS, Config

from .companion import Description, check_codes, check_pictures, open_companion

KIND = "autoencoder"
FILE = "autoencoder.safetensors"
REDUCTION = 4  # pixels a side for each code
BATCH = 64


@dataclass(frozen=True)
class AutoencoderConfig(Config):
    """`codes`: how many there are (K); `code_dim`: length of each one's vector (D); `width`: of the inner layers."""

    resolution: int
    num_classes: int = 0
    codes: int = 256
    code_dim: int = 32
    width: int = 48
    blocks: int = 2
    img_channels: int = 1

    def __post_init__(self) -> None:
        self.require_choice("resolution", RESOLUTIONS)
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("codes", 2, 65_536)
        self.require("code_dim", 1, 1024)
        self.require("width", 2, 1024)
        self.require("blocks", 0, 16)

    @property
    def side(self) -> int:
        """Codes in a row, and rows."""
        return self.resolution // REDUCTION


class Residual(nn.Module):
    """ReLU, 3×3, ReLU, 1×1, added to what came in (§4.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(width, width // 2, 3, padding=1)
        self.conv1 = nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N×width×h×w → the same shape."""
        return x + self.conv1(F.relu(self.conv0(F.relu(x))))


class Autoencoder(nn.Module):
    """Encoder, codebook [K, D] and decoder. The codebook is a buffer: it learns by averages, not by gradients."""

    codebook: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        width, half = config.width, config.width // 2
        self.encoder = nn.Sequential(
            nn.Conv2d(config.img_channels, half, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(half, width, 4, 2, 1),
            *(Residual(width) for _ in range(config.blocks)),
            nn.ReLU(),
            nn.Conv2d(width, config.code_dim, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(config.code_dim, width, 3, padding=1),
            *(Residual(width) for _ in range(config.blocks)),
            nn.ReLU(),
            nn.ConvTranspose2d(width, half, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(half, config.img_channels, 4, 2, 1),
        )
        self.register_buffer("codebook", torch.randn(config.codes, config.code_dim))

    def nearest(self, z: Tensor) -> Tensor:
        """N×D×h×w → the number of the nearest code at each place, N×h×w int64 (equation 1)."""
        rows = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
        distance = self.codebook.square().sum(dim=1) - 2 * rows @ self.codebook.t()  # |row|² is the same for all codes
        return distance.argmin(dim=1).view(z.shape[0], *z.shape[2:])

    def vectors(self, codes: Tensor) -> Tensor:
        """N×h×w codes → their vectors, N×D×h×w."""
        return self.codebook[codes].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


class OpenAutoencoder:
    """An autoencoder from its file: `encode` and `decode`."""

    def __init__(self, network: Autoencoder, description: Description) -> None:
        self.network, self.description = network.to(memory_format=torch.channels_last), description  # type: ignore[call-overload]

    @property
    def codes(self) -> int:
        """How many different codes there are (K)."""
        return self.network.config.codes

    @property
    def side(self) -> int:
        """Codes in a row, and rows."""
        return self.network.config.side

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Pictures N×C×R×R in [−1, 1] → codes N×side×side int64, 0 … K−1. LatentError for anything else."""
        config = self.network.config
        check_pictures(images, config.img_channels, config.resolution, KIND)
        parts = [self.network.nearest(self.network.encoder(part.float())) for part in images.split(BATCH)]
        return torch.cat(parts) if parts else torch.zeros(0, self.side, self.side, dtype=torch.long)

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """Codes N×side×side → pictures N×C×R×R float32, about [−1, 1], not clipped. LatentError for anything else."""
        config = self.network.config
        check_codes(codes, (self.side, self.side), config.codes, KIND)
        parts = [self.network.decoder(self.network.vectors(part)) for part in codes.split(BATCH)]
        shape = (0, config.img_channels, config.resolution, config.resolution)
        return torch.cat(parts).contiguous() if parts else torch.zeros(shape)


def open_autoencoder(path: str | Path) -> OpenAutoencoder:
    """The autoencoder in a folder or a file; CheckpointError, one sentence, if it is not a whole one."""
    path = Path(path)
    file = path if path.suffix == ".safetensors" else path / FILE
    found = open_companion(file, KIND, AutoencoderConfig, Autoencoder, lambda config: config.num_classes)
    return OpenAutoencoder(*found)
