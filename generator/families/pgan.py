"""Progressive GAN (Karras et al. 2018, arXiv:1710.10196): 3×3 convolutions with pixel norm, doubled by repetition.

There is no mapping network. w is what the generator's first layer reads: z (and the classes beside it) brought to mean
square 1, so that truncation, which would be undone by that very normalisation, can pull it towards zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2.layers import module_list, normalize_2nd_moment
from generator.family import Averages, Family, Layer, Progress

from .folding import FixedConv, FixedDense, one_by_one, prepare, upsampling_kernel

START = 4  # side of the first maps
GROUP = 4  # pictures that share one minibatch standard deviation
Weights = tuple[Tensor, Tensor]  # weight and bias of a convolution or dense layer, its equalising constant folded in


@dataclass(frozen=True)
class Settings:
    """What shapes do not tell. `alpha`: how much of the picture still comes from the scale before (fading in)."""

    slope: float = 0.2
    alpha: float = 0.0
    tanh: bool = False


@dataclass(frozen=True)
class GeneratorWeights:
    """`first` 16O×w_dim, `start` the convolution at 4×4, `scales` two a doubling, `to_rgb` one a scale from 4×4 on."""

    first: Weights
    start: Weights
    scales: Sequence[tuple[Weights, Weights]]
    to_rgb: Sequence[Weights]


@dataclass(frozen=True)
class CriticWeights:
    """`from_rgb` and `scales` from 4×4 on, as in the generator; `end` a convolution, then dense layers, the last one
    to a logit (and classes)."""

    from_rgb: Sequence[Weights]
    scales: Sequence[tuple[Weights, Weights]]
    end: Weights
    dense: Weights
    decision: Weights


def _conv(weights: Weights) -> FixedConv:
    return FixedConv(*weights, padding=weights[0].shape[2] // 2)


def _doubling_conv(weights: Weights) -> FixedConv:
    return FixedConv(upsampling_kernel(weights[0]), weights[1], stride=2, padding=1, transposed=True)


class PGAN(Family):
    """Generator and, if given, discriminator. `num_classes` of w's numbers are the classes' weights."""

    title = "Progressive GAN"

    def __init__(
        self, generator: GeneratorWeights, critic: CriticWeights | None, settings: Settings, num_classes: int = 0
    ) -> None:
        super().__init__()
        self.settings, self.num_classes = settings, num_classes
        self.w_dim = generator.first[0].shape[1]
        self.z_dim = self.w_dim - num_classes
        self.num_ws, self.layers = 1, (Layer(0, START, "conv"),)
        self.resolution, self.img_channels = START << len(generator.scales), len(generator.to_rgb[-1][0])
        self.has_critic = critic is not None
        self.first, self.start = FixedDense(*generator.first), _conv(generator.start)
        self.doublings = module_list(_doubling_conv(scale[0]) for scale in generator.scales)
        self.convs = module_list(_conv(scale[1]) for scale in generator.scales)
        self.to_rgb = _conv(generator.to_rgb[-1])
        self.old_to_rgb = _conv(generator.to_rgb[-2]) if self._fades else None
        if critic is not None:
            self.from_rgb = _conv(critic.from_rgb[-1])
            self.old_from_rgb = _conv(critic.from_rgb[-2]) if self._fades else None
            self.critic_convs = module_list(_conv(w) for pair in reversed(critic.scales) for w in pair)
            self.end, self.dense, self.decision = (
                _conv(critic.end),
                FixedDense(*critic.dense),
                FixedDense(*critic.decision),
            )
            self.spreads = critic.end[0].shape[1] > len(critic.end[0])  # one more channel: the standard deviation
        self.flops = self._flops()

    def critic_parts(self) -> list[nn.Module]:
        """What `criticize` reads."""
        names = ("from_rgb", "old_from_rgb", "critic_convs", "end", "dense", "decision") if self.has_critic else ()
        return [part for name in names if isinstance(part := getattr(self, name), nn.Module)]

    @property
    def _fades(self) -> bool:
        return self.settings.alpha > 0 and self.resolution > START

    def _flops(self) -> int:
        work = 2 * self.first.weight.numel() + self.start.flops(START) + self.to_rgb.flops(self.resolution)
        for i, (doubling, conv) in enumerate(zip(self.doublings, self.convs, strict=True)):
            work += doubling.flops(START << i) + conv.flops(START << (i + 1))
        return work

    def averages(self) -> Averages:
        """Truncation's goal: zero, and with classes the place of each class once z has been averaged out."""
        if not self.num_classes:
            return Averages(torch.zeros(self.w_dim))
        # |z|² is about z_dim, so normalisation scales a class's one by about this.
        place = math.sqrt(self.w_dim / (self.z_dim + 1))
        table = F.pad(torch.eye(self.num_classes) * place, (self.z_dim, 0))
        return Averages(table.mean(dim=0), table)

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Let the convolutions compute in this type."""
        prepare(self, pictures)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes → N×w_dim of mean square 1."""
        return normalize_2nd_moment(z if label is None else torch.cat([z, label], dim=1))

    def style_weights(self) -> Tensor:
        """R×w_dim: the one layer that reads w."""
        return self.first.weight.detach()

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×1×w_dim → N×C×H×W float32, about [−1, 1]. There are no noise inputs."""
        return one_by_one(self._picture, ws[:, 0])

    def _picture(self, w: Tensor) -> Tensor:
        x = self._activate(self.first(w)).unflatten(1, (-1, START, START))
        x = normalize_2nd_moment(x).contiguous(memory_format=torch.channels_last)
        x = normalize_2nd_moment(self._activate(self.start(x)))
        before = x
        for doubling, conv in zip(self.doublings, self.convs, strict=True):
            before = x
            x = normalize_2nd_moment(self._activate(doubling(x)))
            x = normalize_2nd_moment(self._activate(conv(x)))
        picture = self.to_rgb(x).float()
        if self.old_to_rgb is not None:
            old = F.interpolate(self.old_to_rgb(before).float(), scale_factor=2, mode="nearest")
            picture = torch.lerp(picture, old, self.settings.alpha)
        return (picture.tanh_() if self.settings.tanh else picture).contiguous()

    def _activate(self, x: Tensor) -> Tensor:
        return F.leaky_relu_(x, self.settings.slope)

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits; the classes are not asked for: this discriminator guesses them itself (Odena et al. 2017)."""
        maps = one_by_one(self._maps, images)
        return self._logits(maps) if together else torch.cat([self._logits(one) for one in maps.split(1)])

    def _maps(self, images: Tensor) -> Tensor:
        x = self._activate(self.from_rgb(images.contiguous(memory_format=torch.channels_last)))
        for i, conv in enumerate(self.critic_convs):
            x = self._activate(conv(x))
            if i % 2:
                x = F.avg_pool2d(x, 2)
            # The original fades only once there are two scales above the first.
            if i == 1 and self.old_from_rgb is not None and len(self.critic_convs) > 2:
                old = self._activate(self.old_from_rgb(F.avg_pool2d(images, 2)))
                x = torch.lerp(x, old.to(x.dtype), self.settings.alpha)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        if self.spreads:
            x = torch.cat([x, spread(x)], dim=1)
        x = self._activate(self.end(x)).float().flatten(1)
        return self.decision(self._activate(self.dense(x)))[:, 0]


def spread(x: Tensor) -> Tensor:
    """N×C×H×W → N×1×H×W: the mean standard deviation within groups of four pictures that follow each other.

    As pytorch_GAN_zoo has it: with N − 1 in the variance, a batch that four does not divide is one group, and a
    picture alone has none (0).
    """
    count, _, height, width = x.shape
    group = GROUP if count % GROUP == 0 else count
    if group == 1:
        return x.new_zeros(count, 1, height, width)
    deviation = (x.float().unflatten(0, (-1, group)).var(dim=1) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return deviation.repeat_interleave(group).to(x.dtype).view(count, 1, 1, 1).expand(-1, 1, height, width)
