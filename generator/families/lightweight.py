"""lightweight-gan (Phil Wang's variant of FastGAN): the generator as its recent versions build it.

A 4×4 map of unit length in each pixel is doubled up to the picture. A stage may attend over its input before it
doubles it (Efficient Attention, Shen et al. 2018, arXiv:1812.01243, beside attention within 3×3 pixels), and weigh the
channels of the stage three further on by a global context (Cao et al. 2020, arXiv:2012.13375) or by frequencies
(FcaNet, Qin et al. 2020, arXiv:2012.11879). It draws in [0, 1]; here that becomes [−1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2.layers import module_list
from generator.family import Family, Layer, Progress

from .gated import DOUBLES_FROM, ConstantNoise, Convolution, GatedConvolution, Seed, one_by_one, use_everywhere

SLOPE = 0.1
HEAD = 64  # numbers in each head of attention
LEAP = 3  # a stage's excitation weighs the channels of the one this much further on
EPSILON = 1e-5


@dataclass(frozen=True)
class StageConfig:
    """One doubling. `width`: channels it makes. `kernel`: 3, or 4 in later versions.

    `shuffled`: channels of a sub-pixel convolution that doubles the map (in version 1.0 already those of the stage's
    output), 0 where pixels are repeated, or (`bilinear`) interpolated between. `attention`: "", "linear" or "both"
    (linear, and within 3×3 pixels). `excitation`: "", "context" or "frequency"; `squeezed`: channels in its middle.
    """

    width: int
    kernel: int = 3
    shuffled: int = 0
    blur: bool = False
    noise: bool = False
    attention: str = ""
    heads: int = 0
    excitation: str = ""
    squeezed: int = 0
    bilinear: bool = False


@dataclass(frozen=True)
class LightweightConfig:
    """The map of side 4 has `z_dim` channels; each stage doubles it."""

    img_channels: int
    z_dim: int
    stages: tuple[StageConfig, ...]


class Attention(nn.Module):
    """What attention adds to a map. All in float32.

    Each pixel's channels are normalised first. Linear: keys are a softmax over the pixels, queries over their numbers,
    so that keys and values are multiplied first. Near: a softmax over the 3×3 pixels round each; those beyond the
    border count as zeros.
    """

    def __init__(self, channels: int, heads: int, near: bool) -> None:
        super().__init__()
        inner = heads * HEAD
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.queries = Convolution(channels, inner, 1, exact=True)
        self.spread = nn.Parameter(torch.zeros(channels, 1, 3, 3))  # depthwise, before the keys and values
        self.keys_values = Convolution(channels, 2 * inner, 1, exact=True)
        self.near_queries = Convolution(channels, inner, 1, exact=True) if near else None
        self.near_keys_values = Convolution(channels, 2 * inner, 1, exact=True) if near else None
        self.out = Convolution(2 * inner if near else inner, channels, 1, exact=True)

    @property
    def multiplications(self) -> int:
        """How many a pixel takes, the products of the attention itself left out."""
        return self.spread.numel() + sum(m.multiplications for m in self.modules() if isinstance(m, Convolution))

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C×H×W."""
        x = x.float()
        variance, mean = torch.var_mean(x, dim=1, unbiased=False, keepdim=True)
        x = (x - mean) * (variance + EPSILON).rsqrt() * self.scale + self.shift
        parts = [F.gelu(self._linear(x))]
        if self.near_queries is not None:
            parts.append(self._near(x))
        return self.out(torch.cat(parts, dim=1))

    def _linear(self, x: Tensor) -> Tensor:
        spread = F.conv2d(x, self.spread, padding=1, groups=x.shape[1])
        queries = _heads(self.queries(x)).softmax(dim=2) * HEAD**-0.5  # N×heads×64×pixels
        keys, values = (_heads(part) for part in self.keys_values(spread).chunk(2, dim=1))
        context = values @ keys.softmax(dim=3).transpose(2, 3)  # N×heads×64×64
        return (context @ queries).reshape(len(x), -1, *x.shape[2:])

    def _near(self, x: Tensor) -> Tensor:
        assert self.near_queries is not None and self.near_keys_values is not None
        queries = _heads(self.near_queries(x)) * HEAD**-0.5
        keys, values = (
            F.unfold(part, 3, padding=1).reshape(len(x), -1, HEAD, 9, x.shape[2] * x.shape[3])
            for part in self.near_keys_values(x).chunk(2, dim=1)
        )
        weights = (queries[:, :, :, None] * keys).sum(dim=2, keepdim=True).softmax(dim=3)  # N×heads×1×9×pixels
        return (weights * values).sum(dim=3).reshape(len(x), -1, *x.shape[2:])


def _heads(x: Tensor) -> Tensor:
    return x.reshape(len(x), -1, HEAD, x.shape[2] * x.shape[3])  # N×(heads·64)×H×W → N×heads×64×pixels


class Excitation(nn.Module):
    """A map → factors in (0, 1), N×I×H×W → N×O×1×1 float32.

    The map's pixels are summed, weighted by one softmax over them ("context") or by a cosine of each channel's own
    ("frequency", `side`×`side`); two layers follow.
    """

    def __init__(self, kind: str, channels_in: int, squeezed: int, channels_out: int, side: int) -> None:
        super().__init__()
        frequency = kind == "frequency"
        self.cosines = nn.Parameter(torch.zeros(1, channels_in, side, side)) if frequency else None
        self.context = None if frequency else Convolution(channels_in, 1, 1, exact=True)
        self.squeeze = Convolution(channels_in, squeezed, 1, exact=True)
        self.excite = Convolution(squeezed, channels_out, 1, exact=True)

    def forward(self, x: Tensor) -> Tensor:
        """The factors."""
        x = x.float()
        if self.context is not None:
            weights = self.context(x).flatten(2).softmax(dim=2).view(len(x), 1, *x.shape[2:])
        else:
            assert self.cosines is not None
            weights = self.cosines
        x = (x * weights).sum(dim=(2, 3), keepdim=True)
        return torch.sigmoid(self.excite(F.leaky_relu(self.squeeze(x), SLOPE)))


def blur(x: Tensor) -> Tensor:
    """[1, 2, 1] both ways, the border mirrored: N×C×H×W → N×C×H×W."""
    taps = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype, device=x.device)
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, groups=x.shape[1])


class Stage(nn.Module):
    """Perhaps attention; doubling; perhaps blur; a gated convolution: N×I×H×W → N×O×2H×2W, `side` = 2H."""

    def __init__(self, channels_in: int, config: StageConfig, side: int) -> None:
        super().__init__()
        near = config.attention == "both"
        self.attention = Attention(channels_in, config.heads, near) if config.attention else None
        self.shuffle = Convolution(channels_in, 4 * config.shuffled, 1) if config.shuffled else None
        self.blurred, self.interpolation = config.blur, "bilinear" if config.bilinear else "nearest"
        plain = not config.shuffled and not config.bilinear and not config.blur and config.kernel == 3
        self.convolution = GatedConvolution(
            config.shuffled or channels_in,
            config.width,
            config.kernel,
            noise=config.noise,
            doubles=plain and side >= DOUBLES_FROM,
        )

    def flops(self, side: int) -> int:
        """Of its convolutions, for one output map of this side."""
        small = sum(part.multiplications for part in (self.attention, self.shuffle) if part is not None)
        return 2 * (small * (side // 2) ** 2 + self.convolution.multiplications * side**2)

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """`noise`: 1×1×2H×2W, or None."""
        if self.attention is not None:
            x = x + self.attention(x).to(x.dtype)
        if self.shuffle is not None:
            x = F.pixel_shuffle(F.silu(self.shuffle(x)), 2)
        elif not self.convolution.doubles:
            x = F.interpolate(x, scale_factor=2, mode=self.interpolation)
        return self.convolution(blur(x) if self.blurred else x, noise)


class LightweightGenerator(nn.Module):
    """z → picture. `sides`: of the maps that its stages make, 8, 16, … resolution."""

    def __init__(self, config: LightweightConfig) -> None:
        super().__init__()
        stages = config.stages
        widths = [config.z_dim, *(stage.width for stage in stages)]
        self.sides = tuple(8 << i for i in range(len(stages)))
        self.noisy = tuple(stage.noise for stage in stages)
        self.seed = Seed(config.z_dim, config.z_dim)
        self.stages = module_list(Stage(widths[i], stage, self.sides[i]) for i, stage in enumerate(stages))
        self.excitations = nn.ModuleDict(
            {
                str(i): Excitation(stage.excitation, stage.width, stage.squeezed, stages[i + LEAP].width, self.sides[i])
                for i, stage in enumerate(stages)
                if stage.excitation
            }
        )
        self.to_rgb = Convolution(widths[-1], config.img_channels, 3)

    @property
    def flops(self) -> int:
        """Of one picture's convolutions."""
        stages = sum(stage.flops(side) for side, stage in zip(self.sides, self.stages, strict=True))
        return 2 * (self.seed.multiplications + self.to_rgb.multiplications * self.sides[-1] ** 2) + stages

    def forward(self, z: Tensor, noise: Sequence[Tensor | None]) -> Tensor:
        """N×z_dim and a noise map for each noisy stage → N×C×H×W float32."""
        x = F.normalize(self.seed(z), dim=1)
        left = iter(noise)
        factors: dict[int, Tensor] = {}
        for i, stage in enumerate(self.stages):
            x = stage(x, next(left) if self.noisy[i] else None)
            if str(i) in self.excitations:
                factors[i + LEAP] = self.excitations[str(i)](x)
            if i in factors:
                x = x * factors[i].to(x.dtype)
        return self.to_rgb(x).float() * 2 - 1


class LightweightGAN(Family):
    """lightweight-gan behind the door of `Family`. It has no mapping network: w is z, and truncation goes to 0."""

    title = "lightweight-gan"
    num_classes = 0
    num_ws = 1
    layers = (Layer(0, 4, "conv"),)
    has_critic = False

    def __init__(self, config: LightweightConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = LightweightGenerator(config)
        self.resolution, self.img_channels = self.generator.sides[-1], config.img_channels
        self.z_dim = self.w_dim = config.z_dim
        self.flops = self.generator.flops
        pairs = zip(self.generator.sides, self.generator.noisy, strict=True)
        self.noise_sizes = tuple(side for side, noisy in pairs if noisy)
        self.noise = ConstantNoise(self.noise_sizes)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim → the same."""
        return z

    def style_weights(self) -> Tensor:
        """R×z_dim: the one layer that reads w, a transposed convolution."""
        return self.generator.seed.weight.detach().flatten(1).T

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×1×z_dim → N×C×H×W float32, near [−1, 1], not clipped.

        `noise` None: maps drawn once by seed, since the original draws them afresh at each picture.
        """
        return one_by_one(self.generator, ws[:, 0], self.noise(noise, strength))

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """The stages' convolutions in this type; attention and excitations stay in float32."""
        use_everywhere(self, pictures)
