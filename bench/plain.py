"""StyleGAN2 as its papers write it down, in float32: what the engine is measured against.

Karras et al. 2020 (arXiv:1912.04958): each picture has its own modulated and demodulated weights (equations 1 and 3) in
one grouped convolution; doubling inserts zeros, filters with [1, 3, 3, 1] and convolves; halving filters and convolves
with stride 2. Nothing is fused, folded or reordered; only what does not depend on the picture (equalised weights, FIR
kernels) is made once. The networks are those of the paper: heads and stems of ours are not among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from generator import Critic, Generator
from generator.families.stylegan2.networks import Mapping

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def leaky_relu(x: Tensor) -> Tensor:
    """Slope 0.2, times √2."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def normalize(x: Tensor) -> Tensor:
    """Each row of N×C divided by its root mean square (Karras et al. 2018, §4.2)."""
    return x / torch.sqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e-8)


def insert_zeros(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×2H×2W: each sample at the even positions, nothing at the odd ones."""
    n, c, height, width = x.shape
    x = F.pad(x.reshape(n, c, height, 1, width, 1), (0, 1, 0, 0, 0, 1))
    return x.reshape(n, c, 2 * height, 2 * width)


class Fir:
    """[1, 3, 3, 1] both ways, over `channels` maps: H → H + before + after − 3."""

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        self.kernel = (torch.outer(TAPS, TAPS) * gain).repeat(channels, 1, 1, 1)

    def __call__(self, x: Tensor, before: int, after: int) -> Tensor:
        return F.conv2d(F.pad(x, (before, after, before, after)), self.kernel, groups=x.shape[1])


class Dense:
    """Fully connected layer with equalised learning rate, linear: N×I → N×O."""

    def __init__(self, weights: dict[str, Tensor], name: str, lr_multiplier: float = 1.0) -> None:
        weight = weights[f"{name}.weight"]
        self.weight = weight * (lr_multiplier / math.sqrt(weight.shape[1]))
        self.bias = weights[f"{name}.bias"] * lr_multiplier

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class PlainMapping:
    """Latents to w, without classes (Karras et al. 2019, §2)."""

    def __init__(self, network: Mapping) -> None:
        weights = network.state_dict()
        self.layers = [Dense(weights, f"layers.{i}", lr_multiplier=0.01) for i in range(len(network.layers))]

    def __call__(self, z: Tensor) -> Tensor:
        x = normalize(z)
        for layer in self.layers:
            x = leaky_relu(layer(x))
        return x


class ModulatedConv:
    """2020, §2.2, with its bias left to the caller: N×I×H×W and N×w_dim → N×O×H×W, or twice that size."""

    def __init__(self, weights: dict[str, Tensor], name: str, *, up: bool = False, demodulate: bool = True) -> None:
        weight = weights[f"{name}.weight"]  # O×I×k×k
        self.weight = weight / math.sqrt(weight[0].numel())
        self.affine, self.up, self.demodulate = Dense(weights, f"{name}.affine"), up, demodulate
        self.bias = weights[f"{name}.bias"].reshape(1, -1, 1, 1)
        self.fir = Fir(weight.shape[1], gain=4.0)  # 4 makes up for the zeros

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        o, i, k, _ = self.weight.shape
        own = self.weight * self.affine(w)[:, None, :, None, None]  # N×O×I×k×k, equation 1
        if self.demodulate:
            own = own * torch.rsqrt(own.pow(2).sum(dim=(2, 3, 4), keepdim=True) + 1e-8)  # equation 3
        padding = k // 2
        if self.up:  # after zero insertion the kernel is turned over, as in a transposed convolution
            x, own, padding = self.fir(insert_zeros(x), 3, 2), own.flip(3, 4), 0
        n, _, height, width = x.shape
        y = F.conv2d(x.reshape(1, n * i, height, width), own.reshape(n * o, i, k, k), padding=padding, groups=n)
        return y.reshape(n, o, *y.shape[2:])


class PlainGenerator:
    """Latents to pictures: N×z_dim → N×C×H×W, with the constant noise."""

    def __init__(self, network: Generator) -> None:
        assert network.config.head == "rgb" and not network.config.num_classes
        weights = network.synthesis.state_dict()
        self.mapping, self.const = PlainMapping(network.mapping), weights["const"]
        layers = range(len(network.synthesis.layers))
        self.convs = [ModulatedConv(weights, f"layers.{i}.conv", up=i % 2 == 1) for i in layers]
        self.noise = [weights[f"layers.{i}.noise_const"] * weights[f"layers.{i}.noise_strength"] for i in layers]
        blocks = range(len(network.config.block_resolutions))
        self.to_rgb = [ModulatedConv(weights, f"to_rgb.{i}", demodulate=False) for i in blocks]
        self.enlarge = Fir(network.config.img_channels, gain=4.0)

    def __call__(self, z: Tensor) -> Tensor:
        w = self.mapping(z)
        x = self.const.repeat(len(w), 1, 1, 1)
        rgb: Tensor | None = None
        for i, conv in enumerate(self.convs):
            x = leaky_relu(conv(x, w) + self.noise[i] + conv.bias)
            if i % 2 == 0:  # the last layer of its block
                to_rgb = self.to_rgb[i // 2]
                y = to_rgb(x, w) + to_rgb.bias
                rgb = y if rgb is None else self.enlarge(insert_zeros(rgb), 2, 1) + y
        assert rgb is not None
        return rgb


class Conv:
    """The critic's convolution with equalised learning rate, and its bias if it has one."""

    def __init__(self, weights: dict[str, Tensor], name: str, *, stride: int = 1, padding: int = 0) -> None:
        weight = weights[f"{name}.weight"]
        self.weight, self.bias = weight / math.sqrt(weight[0].numel()), weights.get(f"{name}.bias")
        self.stride, self.padding, self.fir = stride, padding, Fir(weight.shape[1])

    def __call__(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        return x if self.bias is None else x + self.bias.reshape(1, -1, 1, 1)


class PlainCritic:
    """One picture, 1×C×H×W in [−1, 1], to its logit (2020, §4.1: residual blocks); alone in its group."""

    def __init__(self, network: Critic) -> None:
        assert network.config.stem == "rgb" and not network.config.num_classes
        weights = network.state_dict()
        self.stem = Conv(weights, "stem")
        names = [f"blocks.{i}" for i in range(len(network.blocks))]
        self.blocks: Sequence[tuple[Conv, Conv, Conv]] = [
            (
                Conv(weights, f"{name}.conv0", padding=1),
                Conv(weights, f"{name}.conv1", stride=2),
                Conv(weights, f"{name}.skip"),
            )
            for name in names
        ]
        self.conv, self.fc, self.out = Conv(weights, "conv", padding=1), Dense(weights, "fc"), Dense(weights, "out")

    def __call__(self, images: Tensor) -> Tensor:
        x = leaky_relu(self.stem(images))
        for conv0, conv1, skip in self.blocks:
            past = skip(skip.fir(x, 1, 1)[:, :, ::2, ::2])
            y = leaky_relu(conv0(x))
            x = (past + leaky_relu(conv1(conv1.fir(y, 2, 2)))) / math.sqrt(2)
        deviation = x.new_full((1, 1, *x.shape[2:]), math.sqrt(1e-8))  # within a group of one (2018, §3)
        x = leaky_relu(self.conv(torch.cat([x, deviation], dim=1)))
        return self.out(leaky_relu(self.fc(x.flatten(1))))[:, 0]
