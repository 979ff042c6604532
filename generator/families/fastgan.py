"""FastGAN (Liu et al. 2021, "Towards Faster and Stabilized GAN Training…", arXiv:2101.04775): generator and critic.

The generator doubles a 4×4 map up to the picture; skip-layer excitation (§3.1) lets each small map weigh the channels
of one sixteen times its size. The critic (§3.2) reads the picture and a smaller copy of it, and gives a map of logits
for each. Spectral and batch norms are folded into the convolutions (`generator/formats/fastgan.py` does that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2.layers import SLOPE, module_list, normalize_2nd_moment
from generator.family import Averages, Family, Layer, Progress

from .gated import (
    DOUBLES_FROM,
    ClassGatedConvolution,
    ConstantNoise,
    Convolution,
    GatedConvolution,
    Seed,
    one_by_one,
    use_everywhere,
)

RESOLUTIONS = (256, 512, 1024)
DOUBLE = (8, 32, 128, 512)  # sides of the maps that two convolutions make, with noise; the others take one, without
EXCITED = {64: 4, 128: 8, 256: 16, 512: 32}  # side of a map: side of the one that weighs its channels
SMALL = 128  # side of the copy that the critic's second half reads
BOUNDED = 1024  # only pictures of this side pass through tanh


@dataclass(frozen=True)
class FastGANCriticConfig:
    """Channels of the critic's maps: its first layers (one, or two at 1024 px), the five halvings, the last hidden
    layer, and the four halvings of the small copy."""

    stem: tuple[int, ...]
    down: tuple[int, ...]
    hidden: int
    small: tuple[int, ...]


@dataclass(frozen=True)
class FastGANConfig:
    """`widths`: channels of the maps of side 4, 8, …, `resolution`. `projected`: as Projected GAN builds it (Sauer et
    al. 2021, arXiv:2111.01007): z is brought to mean square 1, and no picture passes through tanh. `num_classes`: then
    each class has a vector as long as z, by which every norm but the first scales and shifts its channels."""

    resolution: int
    img_channels: int
    z_dim: int
    widths: tuple[int, ...]
    critic: FastGANCriticConfig | None = None
    projected: bool = False
    num_classes: int = 0


class Excitation(nn.Module):
    """Skip-layer excitation (§3.1, equation 1): a small map → a factor in (0, 1) for each channel of a large one."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.squeeze = Convolution(channels_in, channels_out, 4, padding=0, exact=True)
        self.excite = Convolution(channels_out, channels_out, 1, exact=True)

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        """N×I×h×w and N×O×H×W → N×O×H×W."""
        x = F.silu(self.squeeze(F.adaptive_avg_pool2d(small.float(), 4)))
        return large * torch.sigmoid(self.excite(x)).to(large.dtype)


class FastGANGenerator(nn.Module):
    """z → picture. `sides`: of its maps, 4, 8, … resolution."""

    def __init__(self, config: FastGANConfig) -> None:
        super().__init__()
        self.bounded = config.resolution == BOUNDED and not config.projected
        self.z_dim = config.z_dim
        self.sides = tuple(4 << i for i in range(len(config.widths)))
        width = dict(zip(self.sides, config.widths, strict=True))
        self.seed = Seed(config.z_dim, width[4])
        kind = (
            partial(ClassGatedConvolution, condition=config.z_dim, kernel=3)
            if config.num_classes
            else partial(GatedConvolution, kernel=3)
        )
        self.stages = module_list(
            nn.ModuleList(
                kind(
                    width[side // 2] if first else width[side],
                    width[side],
                    noise=side in DOUBLE,
                    doubles=first and side >= DOUBLES_FROM,
                )
                for first in ((True, False) if side in DOUBLE else (True,))
            )
            for side in self.sides[1:]
        )
        self.excitations = nn.ModuleDict(
            {str(side): Excitation(width[EXCITED[side]], width[side]) for side in self.sides if side in EXCITED}
        )
        self.to_rgb = Convolution(config.widths[-1], config.img_channels, 3)

    @property
    def noise_sizes(self) -> tuple[int, ...]:
        """Side of each noise map."""
        return tuple(side for side in self.sides if side in DOUBLE for _ in range(2))

    @property
    def flops(self) -> int:
        """Of one picture's convolutions."""
        stages = sum(
            convolution.multiplications * side**2
            for side, stage in zip(self.sides[1:], self.stages, strict=True)
            for convolution in stage
            if isinstance(convolution, Convolution)
        )
        return 2 * (self.seed.multiplications + stages + self.to_rgb.multiplications * self.sides[-1] ** 2)

    def forward(self, w: Tensor, noise: Sequence[Tensor | None]) -> Tensor:
        """N×w_dim (z, and the class's vector where there are classes) and a noise map for each of `noise_sizes` →
        N×C×H×W float32."""
        z, condition = w[:, : self.z_dim], w[:, self.z_dim :]
        if condition.shape[1]:
            for module in self.stages.modules():  # type: ignore[attr-defined]
                if isinstance(module, ClassGatedConvolution):
                    module.steer(condition)
        x = self.seed(z)
        maps = {4: x}
        left = iter(noise)
        for side, stage in zip(self.sides[1:], self.stages, strict=True):
            if side < DOUBLES_FROM:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            for convolution in stage:
                x = convolution(x, next(left) if side in DOUBLE else None)
            if side in EXCITED:
                x = self.excitations[str(side)](maps[EXCITED[side]], x)
            maps[side] = x
        x = self.to_rgb(x).float()
        return torch.tanh(x) if self.bounded else x


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)


class Halving(nn.Module):
    """The critic's residual block (§3.2): two convolutions beside an average and one, N×I×H×W → N×O×H/2×W/2."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.first = Convolution(channels_in, channels_out, 4, stride=2, padding=1)
        self.second = Convolution(channels_out, channels_out, 3)
        self.direct = Convolution(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The mean of both ways."""
        main = _activate(self.second(_activate(self.first(x))))
        return (main + _activate(self.direct(F.avg_pool2d(x, 2)))) / 2


class FastGANCritic(nn.Module):
    """Pictures → logits. Its decoders, which only train it (§3.2), are left out."""

    def __init__(self, config: FastGANConfig, critic: FastGANCriticConfig) -> None:
        super().__init__()
        stem = (config.img_channels, *critic.stem)
        whole = config.resolution == RESOLUTIONS[0]  # the smallest picture keeps its size in the first layer
        self.stem = module_list(
            Convolution(a, b, 3) if whole else Convolution(a, b, 4, stride=2, padding=1) for a, b in pairwise(stem)
        )
        down = (stem[-1], *critic.down)
        self.down = module_list(Halving(a, b) for a, b in pairwise(down))
        self.excitations = module_list(Excitation(down[i], down[i + 3]) for i in range(3))
        self.hidden = Convolution(down[-1], critic.hidden, 1)
        self.out = Convolution(critic.hidden, 1, 4, padding=0, exact=True)
        small = (config.img_channels, *critic.small)
        self.small = module_list(Convolution(a, b, 4, stride=2, padding=1) for a, b in pairwise(small))
        self.out_small = Convolution(small[-1], 1, 4, padding=0, exact=True)

    def forward(self, images: Tensor) -> Tensor:
        """N×C×H×W in [−1, 1] → N×50 logits: 5×5 overlapping parts of the picture, then of its copy of 128 px.

        The copy takes every second (fourth, eighth) pixel, as it was made for real pictures in training.
        """
        x = images
        for convolution in self.stem:
            x = _activate(convolution(x))
        maps = [x]
        for i, halving in enumerate(self.down):
            x = halving(x)
            if i >= 2:
                x = self.excitations[i - 2](maps[i - 2], x)
            maps.append(x)
        big = self.out(_activate(self.hidden(x)))
        x = F.interpolate(images, size=SMALL, mode="nearest")
        for convolution in self.small:
            x = _activate(convolution(x))
        return torch.cat([big.flatten(1), self.out_small(x).flatten(1)], dim=1)


class FastGAN(Family):
    """FastGAN behind the door of `Family`. It has no mapping network: w is z itself, with the class's vector behind it
    where there are classes; truncation goes to 0, and leaves that vector alone."""

    title = "FastGAN"
    num_ws = 1
    layers = (Layer(0, 4, "conv"),)

    def __init__(self, config: FastGANConfig) -> None:
        super().__init__()
        self.config = config
        self.resolution, self.img_channels = config.resolution, config.img_channels
        self.z_dim, self.num_classes = config.z_dim, config.num_classes
        self.w_dim = config.z_dim * (2 if config.num_classes else 1)
        if config.num_classes:
            self.embeddings = nn.Parameter(torch.zeros(config.num_classes, config.z_dim))
        self.generator = FastGANGenerator(config)
        self.noise_sizes, self.flops = self.generator.noise_sizes, self.generator.flops
        self.noise = ConstantNoise(self.noise_sizes)
        self.critic = None if config.critic is None else FastGANCritic(config, config.critic)
        self.has_critic = self.critic is not None

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim → the same, or of mean square 1; with the classes' vectors, blended by these weights, behind it."""
        w = normalize_2nd_moment(z) if self.config.projected else z
        if label is None:
            return w
        return torch.cat([w, torch.cat([row @ self.embeddings for row in label.split(1)])], dim=1)

    def averages(self) -> Averages:
        """What truncation pulls towards: 0, and the class's vector."""
        if not self.num_classes:
            return Averages(torch.zeros(self.w_dim))
        table = F.pad(self.embeddings.detach(), (self.z_dim, 0))
        return Averages(table.mean(dim=0), table)

    def style_weights(self) -> Tensor:
        """R×w_dim: the layer that reads z, a transposed convolution, and all that read the class's vector."""
        first = self.generator.seed.weight.detach().flatten(1).T
        if not self.num_classes:
            return first
        rows = super().style_weights()
        return torch.cat([F.pad(first, (0, self.z_dim)), F.pad(rows, (self.z_dim, 0))])

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×1×z_dim → N×C×H×W float32; within [−1, 1] only at 1024 px, near it below.

        `noise` None: maps drawn once by seed, since the original draws them afresh at each picture.
        """
        return one_by_one(self.generator, ws[:, 0], self.noise(noise, strength))

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits: the mean of each picture's 50, which is what the original trains. Nothing depends on the batch."""
        critic = self.critic
        assert critic is not None
        return one_by_one(lambda picture, _: critic(picture).mean(dim=1), images)

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Convolutions in this type; excitations and logits stay in float32."""
        use_everywhere(self, pictures)
