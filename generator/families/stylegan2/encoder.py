"""An encoder that learnt beside a generator: a picture → where it lies among the codes that the generator paints from.

The other half of a variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114) whose decoder is the generator, as
Larsen et al. 2016 (arXiv:1512.09300) join it with a GAN. Its layers are those of the critic, without a judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from generator.config import RESOLUTIONS, Config

from .config import channels_at
from .layers import SLOPE, Conv, full, module_list
from .networks import CriticBlock

LOG_VARIANCE = (-8.0, 4.0)  # bounds: a spread of 0.02 to 7
INPUT_GAIN = 0.3  # of the last maps: their size as the critic's layers leave it is about 3


@dataclass(frozen=True)
class EncoderConfig(Config):
    """`z_dim`: length of a code; `hidden`: of the layer before it; widths as a critic's."""

    resolution: int
    num_classes: int = 0
    z_dim: int = 64
    channel_base: int = 2048
    channel_max: int = 192
    hidden: int = 256
    img_channels: int = 3

    def __post_init__(self) -> None:
        self.require_choice("resolution", RESOLUTIONS)
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("z_dim", 1, 4096)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)
        self.require("hidden", 1, 4096)

    def channels(self, resolution: int) -> int:
        """Width of the feature maps at `resolution`."""
        return channels_at(resolution, self.channel_base, self.channel_max)


class Encoder(nn.Module):
    """Strided stem, residual blocks down to 4×4, two dense layers: mean and logarithm of the variance of a code."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        sizes = tuple(1 << i for i in range((config.resolution // 2).bit_length() - 1, 2, -1))
        top = config.channels(sizes[0])
        self.stem = Conv(config.img_channels, top, 4, stride=2, padding=1, activate=True)
        self.blocks = module_list(CriticBlock(config.channels(size), config.channels(size // 2)) for size in sizes)
        self.fc = nn.Linear(config.channels(4) * 16, config.hidden)
        self.embed = nn.Linear(config.num_classes, config.hidden, bias=False) if config.num_classes else None
        self.out = nn.Linear(config.hidden, 2 * config.z_dim)
        if self.embed is not None:
            nn.init.zeros_(self.embed.weight)
        nn.init.zeros_(self.out.bias)
        self.out.weight.data.mul_(0.3)

    def forward(self, images: Tensor, label: Tensor | None, half: bool = False) -> tuple[Tensor, Tensor]:
        """N×C×R×R in [−1, 1] and N×num_classes → means N×z_dim and logarithms of variances N×z_dim."""
        x = self.stem(images, half=half)
        for block in self.blocks:
            x = block(x, half)
        x = self.fc(full(x).flatten(1) * INPUT_GAIN)
        if self.embed is not None:
            x = x + self.embed(label)
        mean, spread = self.out(F.leaky_relu(x, SLOPE)).chunk(2, dim=1)
        return mean, (spread - 2).clamp(*LOG_VARIANCE)  # begins with a small spread: reconstruction comes first
