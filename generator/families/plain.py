"""Small GANs of plain layers, as courses and first projects build them: dense layers, transposed and ordinary
convolutions of any kernel, a leaky ReLU between them and tanh at the end.

There is no mapping network: w is z, one row for the whole picture, spread evenly over (−1, 1) where the network was
trained on such numbers, and joined by what stands for a class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2.layers import module_list
from generator.family import Averages, Family, Layer, Maps, PlainForm, Progress

from .folding import FixedConv, FixedDense, one_by_one, prepare


@dataclass(frozen=True)
class Geometry:
    """How a convolution moves over a map of `side`: what its weight does not say. `out`: side of what it makes.

    `enlarge`: the map is doubled before it, each number four times. `extra`: a transposed one's `output_padding`.
    """

    side: int
    transposed: bool = False
    stride: int = 1
    padding: int = 0
    extra: int = 0
    enlarge: bool = False

    def out(self, kernel: int) -> int:
        """The side after a kernel×kernel convolution."""
        side = self.side * 2 if self.enlarge else self.side
        if self.transposed:
            return (side - 1) * self.stride - 2 * self.padding + kernel + self.extra
        return (side + 2 * self.padding - kernel) // self.stride + 1


@dataclass(frozen=True)
class Step:
    """One layer with what follows it: O×I weight of a dense layer, or a convolution's with its `geometry`.

    `slope`: of the leaky ReLU after it, None for none. `after`: a scale and a shift of each channel behind that.
    """

    weight: Tensor
    bias: Tensor | None
    geometry: Geometry | None = None
    slope: float | None = None
    after: tuple[Tensor, Tensor] | None = None


class _Layer(nn.Module):
    def __init__(self, step: Step) -> None:
        super().__init__()
        self.geometry, self.slope = step.geometry, step.slope
        g = step.geometry
        self.op: FixedDense | FixedConv
        if g is None:
            self.op = FixedDense(step.weight, step.bias)
        else:
            self.op = FixedConv(
                step.weight, step.bias, stride=g.stride, padding=g.padding, transposed=g.transposed, extra=g.extra
            )
        self.after = nn.ParameterList([nn.Parameter(part.float(), requires_grad=False) for part in step.after or ()])

    def forward(self, x: Tensor) -> Tensor:
        if self.geometry is not None:
            side = self.geometry.side
            x = x if x.ndim == 4 else x.view(len(x), -1, side, side)
            x = F.interpolate(x, scale_factor=2.0) if self.geometry.enlarge else x
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.op(x if x.ndim == 4 and self.geometry is not None else x.float().flatten(1))
        if self.slope is not None:
            x = F.leaky_relu(x, self.slope) if self.slope else F.relu(x)
        if len(self.after):
            scale, shift = (part.to(x.dtype).view(1, -1, *[1] * (x.ndim - 2)) for part in self.after)
            x = x * scale + shift
        return x


def joined(z: Tensor, label: Tensor | None, way: str) -> Tensor:
    """N×Z numbers and N×E of their classes: one "times" the other, or the class "before" or "behind"; None: z alone."""
    if label is None:
        return z
    return z * label if way == "times" else torch.cat([label, z] if way == "before" else [z, label], 1)


class Plain(Family):
    """A generator from the steps of its data. `uniform`: it was trained on numbers spread evenly over (−1, 1).

    `critic`: the steps of its discriminator, from its pictures to one number; none without. `labels`: C×E, what stands
    for each class, and `way`, how it joins the numbers (see `joined`).
    """

    def __init__(
        self,
        steps: Sequence[Step],
        channels: int,
        uniform: bool = False,
        labels: Tensor | None = None,
        way: str = "",
        critic: Sequence[Step] = (),
    ) -> None:
        super().__init__()
        first, last = steps[0], steps[-1]
        self.title = "DCGAN" if any(step.geometry for step in steps) else "GAN of dense layers"
        self.uniform, self.img_channels = uniform, channels
        self.w_dim = first.weight.shape[1 if first.geometry is None else 0]
        self.z_dim = self.w_dim - (0 if labels is None or way == "times" else labels.shape[1])
        self.labels = None if labels is None else nn.Parameter(labels.float(), requires_grad=False)
        self.way = way
        ends = last.geometry.out(last.weight.shape[2]) if last.geometry else math.isqrt(len(last.weight) // channels)
        self.resolution = ends
        self.num_classes, self.num_ws = 0 if labels is None else len(labels), 1
        self.layers = (Layer(0, first.geometry.out(first.weight.shape[2]) if first.geometry else 1, "conv"),)
        self.generator = module_list(_Layer(step) for step in steps)
        self.flops = sum(_flops(step) for step in steps)
        self.critic, self.has_critic = module_list(_Layer(step) for step in critic), len(critic) > 0

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Let the convolutions compute in this type."""
        prepare(self, pictures)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim → N×w_dim: the same, or where each number stands among all, in (−1, 1); joined by the class."""
        z = torch.erf(z / math.sqrt(2)) if self.uniform else z
        return joined(z, None if self.labels is None or label is None else label @ self.labels, self.way)

    def averages(self) -> Averages:
        """Those of w, which need no samples: z's are 0."""
        if self.labels is None:
            return Averages(torch.zeros(self.w_dim))
        classes = joined(torch.zeros(self.num_classes, self.z_dim), self.labels.detach(), self.way)
        return Averages(classes.mean(0), classes)

    def style_weights(self) -> Tensor:
        """R×w_dim: the one layer that reads w."""
        weight: Tensor = self.generator[0].op.weight.detach()
        return weight if weight.ndim == 2 else weight.flatten(1).T

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×1×w_dim → N×C×H×W float32 in (−1, 1). There are no noise inputs."""
        return one_by_one(self._picture, ws[:, 0])

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits, before the sigmoid. With running statistics a picture's logit never depends on its batch."""
        return one_by_one(self._logit, images)

    def plain_form(self) -> PlainForm:
        """Its own functions. Maps: what each convolution makes, before the activation."""
        return replace(super().plain_form(), maps=_maps(self.generator), critic_maps=_maps(self.critic))

    def _picture(self, z: Tensor) -> Tensor:
        x = z
        for layer in self.generator:
            x = layer(x)
        return x.float().tanh().reshape(len(z), self.img_channels, self.resolution, self.resolution).contiguous()

    def _logit(self, image: Tensor) -> Tensor:
        x = image
        for layer in self.critic:
            x = layer(x)
        return x.float().flatten()


def _maps(layers: Sequence[_Layer]) -> tuple[Maps, ...]:
    """Those of the convolutions among the layers."""
    found = []
    for i, layer in enumerate(layers):
        if (geometry := layer.geometry) is not None:
            shape: torch.Size = layer.op.weight.shape  # type: ignore[assignment]
            found.append(Maps(f"conv{i}", layer.op, shape[geometry.transposed], geometry.out(shape[2])))
    return tuple(found)


def _flops(step: Step) -> int:
    g = step.geometry
    side = 1 if g is None else g.side if g.transposed else g.out(step.weight.shape[2])
    return 2 * step.weight.numel() * side * side
