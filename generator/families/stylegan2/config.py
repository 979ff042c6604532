"""What a StyleGAN2 is made of."""

from __future__ import annotations

from dataclasses import dataclass

from generator.config import RESOLUTIONS, Config
from generator.errors import CheckpointError

FOREIGN_RESOLUTIONS = (4, 8, 16, *RESOLUTIONS, 2048)  # what other people's StyleGAN2 may have besides
WHOLE_BATCH = 1 << 16  # a group of minibatch statistics that takes in any batch


def channels_at(resolution: int, channel_base: int, channel_max: int) -> int:
    """Width of the feature maps at `resolution`: base / resolution, at most `channel_max` (StyleGAN2, Karras 2020)."""
    return max(min(channel_base // resolution, channel_max), 1)


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """StyleGAN2 generator (Karras et al. 2019, 2020): mapping z → w, modulated convolutions, skip RGB.

    `head` says how the last doubling is made: "rgb" is the paper's (a block at full resolution), "shuffle" stops
    the blocks at half of it and lets one modulated 3×3 convolution emit 2×2 pixels at once (sub-pixel convolution,
    Shi et al. 2016), which saves the two most expensive layers; "smooth" is that, low-pass filtered (`interleave`).

    `architecture` (2020, §4.1, figure 7): "skip" sums RGB over all blocks; "orig" has it in the last block alone;
    "resnet" as well, with a 1×1 convolution past each block. `widths`: of the maps at 4, 8, … px, where they do not
    follow from `channel_base` and `channel_max`. `embed_dim`, `mapping_width`: of the embedded class and of the hidden
    mapping layers, 0 for w_dim. `conv_clamp`: bound of what a convolution's activation puts out, 0 for none.

    `start`: "const" is the paper's learnt 4×4 map, the same for every picture; "styled" adds a linear map of the first
    w to it, which gives layouts places. `prior_layers`, `prior_width`: couplings of a learned prior (`prior.py`) that
    makes codes of z before the mapping, and the width of their networks; 0 for none.
    """

    resolution: int
    num_classes: int = 0
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    channel_base: int = 32768
    channel_max: int = 512
    head: str = "rgb"
    img_channels: int = 3
    architecture: str = "skip"
    widths: tuple[int, ...] = ()
    embed_dim: int = 0
    mapping_width: int = 0
    conv_clamp: float = 0.0
    start: str = "const"
    prior_layers: int = 0
    prior_width: int = 256

    def __post_init__(self) -> None:
        self.require_choice("start", ("const", "styled"))
        self.require("prior_layers", 0, 64)
        self.require("prior_width", 1, 4096)
        self.require_choice("head", ("rgb", "shuffle", "smooth"))
        self.require_choice("resolution", FOREIGN_RESOLUTIONS if self.head == "rgb" else RESOLUTIONS)
        self.require_choice("architecture", ("skip", "orig", "resnet") if self.head == "rgb" else ("skip",))
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("z_dim", 2 if self.prior_layers else 1, 4096)
        self.require("w_dim", 1, 4096)
        self.require("mapping_layers", 1, 16)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)
        self.require("embed_dim", 0, 4096)
        self.require("mapping_width", 0, 4096)
        self.require_number("conv_clamp", 0.0, 1e6)
        self.require_widths("widths", len(self.block_resolutions))

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """4, 8, … up to the resolution of the last block (half the picture's with a sub-pixel head)."""
        top = self.resolution if self.head == "rgb" else self.resolution // 2
        return tuple(1 << i for i in range(2, top.bit_length()))

    @property
    def num_ws(self) -> int:
        """One w for each convolution and one for the last RGB layer; inner RGB layers share their successor's w."""
        return 2 * len(self.block_resolutions)

    @property
    def rgb_blocks(self) -> tuple[int, ...]:
        """Which blocks draw RGB; block b's RGB layer reads row 2b + 1 of ws."""
        blocks = range(len(self.block_resolutions))
        return tuple(blocks if self.architecture == "skip" else blocks[-1:])

    @property
    def flops(self) -> int:
        """Work of the convolutions for one picture, in floating-point operations (a multiply-add counts two)."""
        work, below = 0, 0
        for block, size in enumerate(self.block_resolutions):
            width = self.channels(size)
            if below:
                taps = 10 if self.architecture == "resnet" else 9  # and the 1×1 convolution past the block
                work += taps * self.channels(below) * width * below * below  # transposed: one set an input position
            work += 9 * width * width * size * size
            if block in self.rgb_blocks:
                work += width * self.img_channels * size * size
            below = size
        if self.head != "rgb":
            work += (9 * 4 - 1) * self.channels(below) * self.img_channels * below * below  # in place of the last RGB
        return 2 * work

    def channels(self, resolution: int) -> int:
        """Width of the feature maps at `resolution`."""
        if self.widths:
            return self.widths[resolution.bit_length() - 3]
        return channels_at(resolution, self.channel_base, self.channel_max)


@dataclass(frozen=True)
class CriticConfig(Config):
    """StyleGAN2's residual discriminator, with projection for classes (Miyato & Koyama 2018).

    `stem`: "rgb" is the paper's 1×1 convolution at full resolution; "strided" is one 4×4 convolution of stride 2
    in place of it and of the first block, a quarter of the work.

    `architecture` (2020, §4.1, figure 7): "resnet" has a 1×1 convolution past each block, "orig" has none, "skip" adds
    the halved picture to the maps before each block. `mbstd_channels`: of the minibatch statistics, each of its share
    of the maps, 0 for none. `embed_dim`, `mapping_width`: as the generator's, 0 for cmap_dim. `widths`, `conv_clamp`:
    as the generator's.
    """

    resolution: int
    num_classes: int = 0
    channel_base: int = 32768
    channel_max: int = 512
    stem: str = "rgb"
    cmap_dim: int = 0
    mapping_layers: int = 8
    mbstd_group: int = 4
    img_channels: int = 3
    architecture: str = "resnet"
    widths: tuple[int, ...] = ()
    embed_dim: int = 0
    mapping_width: int = 0
    conv_clamp: float = 0.0
    mbstd_channels: int = 1

    def __post_init__(self) -> None:
        self.require_choice("stem", ("rgb", "strided"))
        self.require_choice("resolution", FOREIGN_RESOLUTIONS if self.stem == "rgb" else RESOLUTIONS)
        self.require_choice("architecture", ("resnet", "orig", "skip") if self.stem == "rgb" else ("resnet",))
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)
        self.require("cmap_dim", 1 if self.num_classes else 0, 4096)
        self.require("mapping_layers", 0, 16)
        self.require("mbstd_group", 1, WHOLE_BATCH)
        self.require("embed_dim", 0, 4096)
        self.require("mapping_width", 0, 4096)
        self.require_number("conv_clamp", 0.0, 1e6)
        self.require_widths("widths", len(self.block_resolutions) + 1)
        self.require("mbstd_channels", 0, self.channels(4))
        if self.mbstd_channels and self.channels(4) % self.mbstd_channels:
            raise CheckpointError(f"mbstd_channels must be a divisor of {self.channels(4)}, the last maps' width.")
        if self.num_classes and not self.mapping_layers and self.embed_dim not in (0, self.cmap_dim):
            raise CheckpointError("embed_dim must be cmap_dim where no mapping layer follows.")

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """Resolutions at which a residual block begins, largest first; each halves, down to 4."""
        top = self.resolution if self.stem == "rgb" else self.resolution // 2
        return tuple(1 << i for i in range(top.bit_length() - 1, 2, -1))

    def channels(self, resolution: int) -> int:
        """Width of the feature maps at `resolution`."""
        if self.widths:
            return self.widths[resolution.bit_length() - 3]
        return channels_at(resolution, self.channel_base, self.channel_max)
