"""DCGAN (Radford et al. 2016, arXiv:1511.06434): a stack of strided 4×4 convolutions each way, with batch norm.

Batch norm uses its running statistics here, so it is a fixed scale and shift of each channel, and is folded into the
convolution before it. There is no mapping network: w is z, one row for the whole picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.stylegan2.layers import SLOPE, module_list
from generator.family import Family, Layer, Maps, PlainForm, Progress

from .folding import FixedConv, one_by_one, prepare

KERNEL = 4
BATCH_NORM_EPS = 1e-5  # torch's own; the file does not say
Weights = Sequence[tuple[Tensor, Tensor | None]]  # of each convolution: weight and bias, batch norm folded in


def fold_batch_norm(
    weight: Tensor, bias: Tensor | None, norm: tuple[Tensor, Tensor, Tensor, Tensor], transposed: bool
) -> tuple[Tensor, Tensor]:
    """The weight and bias that do what a convolution and the batch norm after it did.

    `norm`: scale γ, shift β, running mean and variance. The weight is O×I×k×k, or I×O×k×k if `transposed`.
    """
    gamma, beta, mean, variance = (part.double() for part in norm)
    scale = gamma / (variance + BATCH_NORM_EPS).sqrt()
    shaped = scale.view(1, -1, 1, 1) if transposed else scale.view(-1, 1, 1, 1)
    before = torch.zeros_like(mean) if bias is None else bias.double()
    return (weight.double() * shaped).float(), (beta + (before - mean) * scale).float()


def side_of(weights: Weights) -> int:
    """Side of the pictures that a stack makes or judges: 4, doubled by every convolution but one."""
    return KERNEL << (len(weights) - 1)


class DCGAN(Family):
    """Generator and, if given, discriminator, from the weights of their convolutions in the order of the data.

    `generator`: I×O×4×4 each, from z_dim to the colours. `critic`: O×I×4×4 each, from the colours to one logit.
    """

    title = "DCGAN"

    def __init__(self, generator: Weights, critic: Weights | None = None) -> None:
        super().__init__()
        self.resolution, self.img_channels = side_of(generator), generator[-1][0].shape[1]
        self.z_dim = self.w_dim = generator[0][0].shape[0]
        self.num_classes, self.num_ws, self.layers = 0, 1, (Layer(0, KERNEL, "conv"),)
        self.has_critic = critic is not None
        self.generator = module_list(
            FixedConv(weight, bias, stride=2 if i else 1, padding=1 if i else 0, transposed=True)
            for i, (weight, bias) in enumerate(generator)
        )
        last = len(critic or []) - 1
        self.critic = module_list(
            FixedConv(weight, bias, stride=2 if i < last else 1, padding=1 if i < last else 0)
            for i, (weight, bias) in enumerate(critic or [])
        )
        self.flops = sum(conv.flops(KERNEL << (i - 1) if i else 1) for i, conv in enumerate(self.generator))

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Let the convolutions compute in this type."""
        prepare(self, pictures)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim → the same: there is no mapping network."""
        return z

    def style_weights(self) -> Tensor:
        """R×z_dim: the one layer that reads w, a transposed convolution."""
        return self.generator[0].weight.detach().flatten(1).T

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×1×z_dim → N×C×H×W float32 in (−1, 1). There are no noise inputs."""
        return one_by_one(self._picture, ws[:, 0])

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits, before the sigmoid. With running statistics a picture's logit never depends on its batch."""
        return one_by_one(self._logit, images)

    def plain_form(self) -> PlainForm:
        """Its own functions. Maps: after each convolution and batch norm, before the activation."""
        maps = tuple(Maps(f"conv{i}", conv, conv.weight.shape[1], KERNEL << i) for i, conv in enumerate(self.generator))
        sides = [self.resolution >> (i + 1) for i in range(len(self.critic) - 1)] + [1]
        of_critic = zip(self.critic, sides, strict=True) if self.has_critic else ()
        critic_maps = tuple(Maps(f"conv{i}", c, c.weight.shape[0], side) for i, (c, side) in enumerate(of_critic))
        return replace(super().plain_form(), maps=maps, critic_maps=critic_maps)

    def _picture(self, z: Tensor) -> Tensor:
        x = z[:, :, None, None].contiguous(memory_format=torch.channels_last)
        for conv in self.generator[:-1]:
            x = F.relu_(conv(x))
        return self.generator[-1](x).float().tanh_().contiguous()

    def _logit(self, image: Tensor) -> Tensor:
        x = image.contiguous(memory_format=torch.channels_last)
        for conv in self.critic[:-1]:
            x = F.leaky_relu_(conv(x), SLOPE)
        return self.critic[-1](x).float().flatten()
