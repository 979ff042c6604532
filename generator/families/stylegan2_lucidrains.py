"""stylegan2_pytorch (Phil Wang's StyleGAN2): a style a block, maps enlarged between pixels, no filters of low pass.

What differs from the paper (Karras et al. 2020, arXiv:1912.04958): z has length 1; styles are what a layer adds to 1;
a block's two convolutions and its RGB layer share one row of w; maps are doubled bilinearly, the RGB sum also blurred
with [1, 2, 1]; noise is one uniform picture of the whole size, of which each block sees the corner of its own, with a
strength and an offset for each channel. It draws in [0, 1]; here that becomes [−1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.family import Averages, Family, Layer, Maps, PlainForm, Progress

from .folding import FixedConv, FixedDense
from .gated import ConstantNoise, one_by_one
from .stylegan2.layers import SLOPE, module_list

START = 4  # side of the first maps
EPSILON = 1e-8
AVERAGED = 2000  # w, of which truncation's goal is the mean, as the program draws it
Weights = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LayerWeights:
    """`convolution` O×I×k×k; `style` to I numbers; `noise`: strength and offset of each of O channels, or None."""

    convolution: Tensor
    style: Weights
    noise: Weights | None = None


@dataclass(frozen=True)
class BlockWeights:
    """Two convolutions and a layer to RGB."""

    first: LayerWeights
    second: LayerWeights
    to_rgb: LayerWeights


@dataclass(frozen=True)
class GeneratorWeights:
    """`start`: 1×C×4×4, or w_dim×C×4×4, which makes it from w (`from_w`); `first`: a plain convolution after it."""

    mapping: Sequence[Weights]
    start: Tensor
    from_w: bool
    first: Weights | None
    blocks: Sequence[BlockWeights]


class Modulated(nn.Module):
    """A convolution whose inputs w scales; `demodulate`: each output is brought back to its expected size."""

    def __init__(self, weights: LayerWeights, demodulate: bool) -> None:
        super().__init__()
        self.affine = FixedDense(*weights.style)
        self.conv = FixedConv(weights.convolution, None, padding=weights.convolution.shape[2] // 2)
        self.demodulate = demodulate
        self.noise: FixedDense | None = None
        if weights.noise is not None:
            self.noise = FixedDense(weights.noise[0], weights.noise[1])

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """1×I×H×W, 1×w_dim and 1×1×H×W in [0, 1] → 1×O×H×W float32."""
        style = self.affine(w) + 1
        y = self.conv(x * style[:, :, None, None]).float()
        if self.demodulate:
            energy = self.conv.weight.square().sum(dim=(2, 3))  # O×I
            y = y * (F.linear(style.square(), energy) + EPSILON).rsqrt()[:, :, None, None]
        if self.noise is None:
            return y
        gain, offset = self.noise.weight.view(1, -1, 1, 1), self.noise.bias
        assert offset is not None
        return F.leaky_relu(y + noise * gain + offset.view(1, -1, 1, 1), SLOPE)


class StyleGAN2Lucidrains(Family):
    """The generator behind the door of `Family`; its critic is not read."""

    title = "StyleGAN2 (lucidrains)"
    num_classes = 0
    has_critic = False
    has_mapping = True

    def __init__(self, weights: GeneratorWeights) -> None:
        super().__init__()
        self.num_ws = len(weights.blocks)
        self.resolution = START << (self.num_ws - 1)
        self.img_channels = len(weights.blocks[-1].to_rgb.convolution)
        self.w_dim = len(weights.mapping[-1][0])
        self.z_dim = weights.mapping[0][0].shape[1]
        self.layers = tuple(Layer(i, START << i, "conv") for i in range(self.num_ws))
        self.noise_sizes = (self.resolution,)
        self.noise = ConstantNoise(self.noise_sizes)
        self.mapping = module_list(FixedDense(*pair) for pair in weights.mapping)
        self.start, self.from_w = nn.Parameter(weights.start.float(), requires_grad=False), weights.from_w
        self.first = None if weights.first is None else FixedConv(*weights.first, padding=1)
        self.firsts = module_list(Modulated(block.first, True) for block in weights.blocks)
        self.seconds = module_list(Modulated(block.second, True) for block in weights.blocks)
        self.to_rgb = module_list(Modulated(block.to_rgb, False) for block in weights.blocks)
        self.flops = sum(
            layer.conv.flops(START << i)
            for layers in (self.firsts, self.seconds, self.to_rgb)
            for i, layer in enumerate(layers)
        )

    def averages(self) -> Averages:
        """The mean of w over `AVERAGED` latents of a fixed seed."""
        z = torch.randn(AVERAGED, self.z_dim, generator=torch.Generator().manual_seed(0))
        return Averages(self.map(z, None).mean(dim=0))

    def plain_form(self) -> PlainForm:
        """Its own functions. Maps: after the second convolution of each block."""
        maps = (
            Maps(f"conv{i}", second, second.conv.weight.shape[0], START << i) for i, second in enumerate(self.seconds)
        )
        return replace(super().plain_form(), maps=tuple(maps))

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Convolutions in this type."""
        for module in self.modules():
            if isinstance(module, FixedConv):
                module.prepare(pictures)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim → N×w_dim."""
        x = F.normalize(z, dim=1)
        for dense in self.mapping:
            x = F.leaky_relu(dense(x), SLOPE)
        return x

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32, near [−1, 1].

        `noise` None: a map drawn once by seed, since the original draws its own afresh at each picture. A normal map
        becomes a uniform one by its distribution function; without strength it is its mean everywhere.
        """
        maps = self.noise(noise, 1.0) if strength else []
        return one_by_one(lambda row, own: self._picture(row, own, strength), ws, maps)

    def _picture(self, ws: Tensor, noise: Sequence[Tensor | None], strength: float) -> Tensor:
        side = self.resolution
        uniform = ws.new_full((1, 1, side, side), 0.5)
        if noise and noise[0] is not None:
            uniform = uniform + strength * (torch.special.ndtr(noise[0].float()) - 0.5)
        x: Tensor = self.start
        if self.from_w:
            x = (ws.mean(dim=1) @ self.start.flatten(1)).unflatten(1, (-1, START, START))
        x = x.expand(len(ws), -1, -1, -1)
        if self.first is not None:
            x = self.first(x).float()
        picture: Tensor | None = None
        for i, (first, second, to_rgb) in enumerate(zip(self.firsts, self.seconds, self.to_rgb, strict=True)):
            if i:
                x = _enlarged(x)
            w, part = ws[:, i], uniform[:, :, : START << i, : START << i].transpose(2, 3)
            x = second(first(x, w, part), w, part)
            rgb = to_rgb(x, w, part)
            picture = rgb if picture is None else picture + rgb
            if i < self.num_ws - 1:
                picture = _blurred(_enlarged(picture))
        assert picture is not None
        return (picture * 2 - 1).contiguous()


def _enlarged(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _blurred(x: Tensor) -> Tensor:
    taps = torch.tensor([0.25, 0.5, 0.25], device=x.device)
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, groups=x.shape[1])
