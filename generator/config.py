"""What a network is made of: small frozen dataclasses that travel inside every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from .errors import CheckpointError

RESOLUTIONS = (32, 64, 128, 256, 512, 1024)
_C = TypeVar("_C", bound="Config")


def channels_at(resolution: int, channel_base: int, channel_max: int) -> int:
    """Width of the feature maps at `resolution`: base / resolution, at most `channel_max` (StyleGAN2, Karras 2020)."""
    return max(min(channel_base // resolution, channel_max), 1)


@dataclass(frozen=True)
class Config:
    """Shared behaviour: both ways to a plain dict, with every field checked."""

    def to_dict(self) -> dict[str, Any]:
        """All fields as a JSON-able dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls: type[_C], values: object) -> _C:
        """The configuration in `values`; CheckpointError if a field is unknown, missing, mistyped or out of range."""
        if not isinstance(values, dict):
            raise CheckpointError(f"{cls.__name__} must be a JSON object.")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise CheckpointError(f"{cls.__name__} has an unknown field {unknown[0]!r}.")
        try:
            return cls(**values)
        except TypeError as error:
            raise CheckpointError(f"{cls.__name__} is incomplete: {error}.") from None

    def require(self, name: str, low: int, high: int) -> None:
        """Raise CheckpointError unless the field is a whole number in this range."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CheckpointError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")

    def require_choice(self, name: str, choices: tuple[Any, ...]) -> None:
        """Raise CheckpointError unless the field is one of these."""
        value = getattr(self, name)
        if type(value) is not type(choices[0]) or value not in choices:
            raise CheckpointError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}.")


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """StyleGAN2 generator (Karras et al. 2019, 2020): mapping z → w, modulated convolutions, skip RGB.

    `head` says how the last doubling is made: "rgb" is the paper's (a block at full resolution), "shuffle" stops
    the blocks at half of it and lets one modulated 3×3 convolution emit 2×2 pixels at once (sub-pixel convolution,
    Shi et al. 2016), which saves the two most expensive layers; "smooth" is that, low-pass filtered (`interleave`).
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

    def __post_init__(self) -> None:
        self.require_choice("resolution", RESOLUTIONS)
        self.require_choice("head", ("rgb", "shuffle", "smooth"))
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("z_dim", 1, 4096)
        self.require("w_dim", 1, 4096)
        self.require("mapping_layers", 1, 16)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)

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
    def flops(self) -> int:
        """Work of the convolutions for one picture, in floating-point operations (a multiply-add counts two)."""
        work, below = 0, 0
        for size in self.block_resolutions:
            width = self.channels(size)
            if below:
                work += 9 * self.channels(below) * width * below * below  # transposed: one tap set an input position
            work += 9 * width * width * size * size
            work += width * self.img_channels * size * size
            below = size
        if self.head != "rgb":
            work += (9 * 4 - 1) * self.channels(below) * self.img_channels * below * below  # in place of the last RGB
        return 2 * work

    def channels(self, resolution: int) -> int:
        """Width of the feature maps at `resolution`."""
        return channels_at(resolution, self.channel_base, self.channel_max)


@dataclass(frozen=True)
class CriticConfig(Config):
    """StyleGAN2's residual discriminator, with projection for classes (Miyato & Koyama 2018).

    `stem`: "rgb" is the paper's 1×1 convolution at full resolution; "strided" is one 4×4 convolution of stride 2
    in place of it and of the first block, a quarter of the work.
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

    def __post_init__(self) -> None:
        self.require_choice("resolution", RESOLUTIONS)
        self.require_choice("stem", ("rgb", "strided"))
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 0, 10_000)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)
        self.require("cmap_dim", 1 if self.num_classes else 0, 4096)
        self.require("mapping_layers", 0, 16)
        self.require("mbstd_group", 1, 64)

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """Resolutions at which a residual block begins, largest first; each halves, down to 4."""
        top = self.resolution if self.stem == "rgb" else self.resolution // 2
        return tuple(1 << i for i in range(top.bit_length() - 1, 2, -1))

    def channels(self, resolution: int) -> int:
        """Width of the feature maps at `resolution`."""
        return channels_at(resolution, self.channel_base, self.channel_max)
