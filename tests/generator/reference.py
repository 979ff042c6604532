"""StyleGAN2 in its plainest form, in float64: the oracle for `networks` and `engine` of StyleGAN2.

Written from Karras et al. 2020 (arXiv:1912.04958) and, for what that paper takes over, Karras et al. 2018
(arXiv:1710.10196) and 2019 (arXiv:1812.04948). Nothing is fused, folded or reordered: each picture has its own
modulated and demodulated weights (equations 1 and 3) in one grouped convolution; doubling is zero insertion, the
[1, 3, 3, 1] filter, then the convolution; halving is the filter, then the stride. Weights come as a state dict of
`generator.Generator` or `generator.Critic`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from generator import CriticConfig, GeneratorConfig

Weights = Mapping[str, Tensor]


def at(weights: Weights, name: str) -> Tensor:
    """One tensor of the state dict, in float64."""
    return weights[name].double()


def below(weights: Weights, prefix: str) -> dict[str, Tensor]:
    """The part of a state dict under `prefix`."""
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def leaky_relu(x: Tensor) -> Tensor:
    """Slope 0.2, times √2."""
    return torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)


def bound(x: Tensor, clamp: float) -> Tensor:
    """Within ±clamp; 0 for no bound."""
    return torch.minimum(torch.maximum(x, torch.tensor(-clamp)), torch.tensor(clamp)) if clamp else x


def normalize(x: Tensor) -> Tensor:
    """Each row divided by its root mean square (2018, §4.2)."""
    return x / torch.sqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e-8)


def dense(x: Tensor, weights: Weights, name: str, lr_multiplier: float = 1.0) -> Tensor:
    """Fully connected layer with equalised learning rate (2018, §4.1), linear."""
    weight = at(weights, f"{name}.weight")
    return x @ (weight * lr_multiplier / math.sqrt(weight.shape[1])).T + at(weights, f"{name}.bias") * lr_multiplier


def fir(x: Tensor, before: int, after: int) -> Tensor:
    """Pad with zeros and filter with the outer product of [1, 3, 3, 1]/8: H → H + before + after − 3."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
    kernel = torch.outer(taps, taps).repeat(x.shape[1], 1, 1, 1)
    return F.conv2d(F.pad(x, (before, after, before, after)), kernel, groups=x.shape[1])


def insert_zeros(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×2H×2W: each sample at the even positions, nothing at the odd ones."""
    n, c, height, width = x.shape
    y = x.new_zeros(n, c, 2 * height, 2 * width)
    y[:, :, ::2, ::2] = x
    return y


def modulated_conv(
    x: Tensor,
    w: Tensor,
    weights: Weights,
    name: str,
    *,
    up: bool = False,
    demodulate: bool = True,
) -> Tensor:
    """2020, §2.2: weights modulated and demodulated for each picture, bias added by the caller."""
    weight = at(weights, f"{name}.weight")  # O×I×k×k
    o, i, k, _ = weight.shape
    styles = dense(w, weights, f"{name}.affine")  # N×I
    own = weight / math.sqrt(i * k * k) * styles[:, None, :, None, None]  # N×O×I×k×k, equation 1
    if demodulate:
        own = own / torch.sqrt(own.pow(2).sum(dim=(2, 3, 4), keepdim=True) + 1e-8)  # equation 3
    padding = k // 2
    if up:
        # A convolution after zero insertion turns its kernel over, as a transposed convolution does; the factor
        # 4 makes up for the zeros. The border of 2H + 2 positions is what the 3×3 kernel then takes off.
        x, own, padding = fir(insert_zeros(x), 3, 2) * 4, own.flip(3, 4), 0
    n, _, height, width = x.shape
    y = F.conv2d(x.reshape(1, n * i, height, width), own.reshape(n * o, i, k, k), padding=padding, groups=n)
    return y.reshape(n, o, *y.shape[2:])


def mapping(weights: Weights, z: Tensor | None, label: Tensor | None) -> Tensor:
    """z (None in the critic) and class weights → w (2019, §2), through the prior where there is one."""
    if z is not None and "prior.order" in weights:
        z = prior(below(weights, "prior."), z, label)
    parts = [] if z is None else [normalize(z.double())]
    if "embed.weight" in weights:
        assert label is not None
        parts.append(normalize(dense(label.double(), weights, "embed")))
    x = torch.cat(parts, dim=1)
    for layer in range(sum(name.startswith("layers.") for name in weights) // 2):
        x = leaky_relu(dense(x, weights, f"layers.{layer}", lr_multiplier=0.01))
    return x


def prior(weights: Weights, z: Tensor, label: Tensor | None) -> Tensor:
    """Noise → code through affine couplings (Dinh et al. 2017, arXiv:1605.08803, equations 7 and 8), last one first."""
    z, number, dim = z.double(), sum(name.endswith("first.weight") for name in weights), z.shape[1]
    for layer in reversed(range(number)):
        w = below(weights, f"layers.{layer}.")
        whole = list(range(dim))
        kept = whole[-(dim // 2) :] if layer % 2 else whole[: dim // 2]
        others = [i for i in whole if i not in kept]
        h = z[:, kept] @ at(w, "first.weight").T + at(w, "first.bias")
        if label is not None:
            h = h + label.double() @ at(w, "embed.weight").T
        h = h / (1 + torch.exp(-h)) @ at(w, "second.weight").T + at(w, "second.bias")
        both = h / (1 + torch.exp(-h)) @ at(w, "last.weight").T + at(w, "last.bias")
        log_scale = 1.5 * torch.tanh(both[:, : len(others)] / 1.5)
        y = z.clone()
        y[:, others] = z[:, others] * torch.exp(log_scale) + both[:, len(others) :]
        order = weights["order"][layer * dim : (layer + 1) * dim].tolist()
        z = torch.stack([y[:, order.index(i)] for i in range(dim)], dim=1)
    return z


def synthesis(
    config: GeneratorConfig,
    weights: Weights,
    ws: Tensor,
    noise: Sequence[Tensor] | None = None,
    strength: float = 1.0,
) -> Tensor:
    """N×num_ws×w_dim → N×C×H×W. `noise`: N×1×h×w a layer, None for the stored buffers; `strength` scales it."""
    ws = ws.double()
    residual, half = config.architecture == "resnet", math.sqrt(0.5)

    def layer(x: Tensor, index: int, up: bool = False, gain: float = 1.0) -> Tensor:
        name = f"layers.{index}"
        x = modulated_conv(x, ws[:, index], weights, f"{name}.conv", up=up)
        given = at(weights, f"{name}.noise_const")[None, None] if noise is None else noise[index].double()
        x = x + given * at(weights, f"{name}.noise_strength") * strength
        x = bound(leaky_relu(x + at(weights, f"{name}.conv.bias").reshape(1, -1, 1, 1)), config.conv_clamp)
        return x * gain

    x = at(weights, "const").repeat(ws.shape[0], 1, 1, 1)
    if config.start == "styled":
        x = x + dense(ws[:, 0], weights, "start").reshape(x.shape)
    picture: Tensor | None = None
    for block in range(config.num_ws // 2):
        past: Tensor | float = 0.0
        if block:
            if residual:  # figure 7c: the block's input, twice as large, through one 1×1 convolution
                past = conv(fir(insert_zeros(x), 2, 1) * 4, weights, f"skips.{block - 1}") * half
            x = layer(x, 2 * block - 1, up=True)
        x = past + layer(x, 2 * block, gain=half if residual and block else 1.0)
        last = block == config.num_ws // 2 - 1
        if not last and config.architecture != "skip":
            continue  # figures 7a and 7c: the last block alone draws the picture
        name = f"to_rgb.{block if config.architecture == 'skip' else 0}"
        name = "head" if last and config.head != "rgb" else name
        rgb = modulated_conv(x, ws[:, 2 * block + 1], weights, name, demodulate=False)
        rgb = rgb + at(weights, f"{name}.bias").reshape(1, -1, 1, 1)
        rgb = rgb if name == "head" else bound(rgb, config.conv_clamp)
        if picture is not None:
            picture = fir(insert_zeros(picture), 2, 1) * 4
        if name == "head":
            # Sub-pixel convolution (Shi et al. 2016): channel 4c + 2y + x is pixel (y, x) of each 2×2 block.
            n, _, height, width = rgb.shape
            rgb = rgb.reshape(n, config.img_channels, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
            rgb = rgb.reshape(n, config.img_channels, 2 * height, 2 * width)
            if config.head == "smooth":
                rows = F.pad(rgb, (2, 2, 2, 2), mode="replicate")
                taps = torch.tensor([-1, 4, 10, 4, -1], dtype=rgb.dtype) / 16
                kernel = torch.outer(taps, taps).expand(config.img_channels, 1, 5, 5)
                rgb = F.conv2d(rows, kernel, groups=config.img_channels)
            picture = None if picture is None else fir(insert_zeros(picture), 2, 1) * 4
        picture = rgb if picture is None else picture + rgb
    assert picture is not None
    return picture


def conv(
    x: Tensor,
    weights: Weights,
    name: str,
    *,
    stride: int = 1,
    padding: int = 0,
    activate: bool = False,
    clamp: float = 0.0,
) -> Tensor:
    """The critic's convolution with equalised learning rate; bias where there is one."""
    weight = at(weights, f"{name}.weight")
    x = F.pad(x, (padding,) * 4)
    x = F.conv2d(x, weight / math.sqrt(weight[0].numel()), stride=stride)
    if f"{name}.bias" in weights:
        x = x + at(weights, f"{name}.bias").reshape(1, -1, 1, 1)
    return bound(leaky_relu(x) if activate else x, clamp)


def standard_deviation_channel(x: Tensor, group: int, channels: int = 1) -> Tensor:
    """2018, §3: one more channel, constant for each group, of the mean standard deviation within the group; or
    several, one for each run of C/channels maps."""
    count = x.shape[0]
    added = x.new_zeros(count, channels, *x.shape[2:])
    sets = count // group
    for first in range(sets):
        members = x[first::sets]
        deviation = torch.sqrt((members - members.mean(dim=0)).pow(2).mean(dim=0) + 1e-8)
        for channel in range(channels):
            run = x.shape[1] // channels
            added[first::sets, channel] = deviation[channel * run : (channel + 1) * run].mean()
    return torch.cat([x, added], dim=1)


def critic(config: CriticConfig, weights: Weights, images: Tensor, label: Tensor | None, group: int) -> Tensor:
    """N×C×H×W → N logits (2020, §4.1 and figure 7); `group` divides N. Classes by projection."""
    x, clamp, half = images.double(), config.conv_clamp, math.sqrt(0.5)
    rgb = x
    if config.stem == "rgb":
        x = conv(x, weights, "stem", activate=True, clamp=clamp)
    else:
        x = conv(x, weights, "stem", stride=2, padding=1, activate=True, clamp=clamp)
    block = 0
    while x.shape[2] > 4:
        name = f"blocks.{block}"
        past = fir(x, 1, 1)[:, :, ::2, ::2]
        x = conv(x, weights, f"{name}.conv0", padding=1, activate=True, clamp=clamp)
        x = conv(fir(x, 2, 2), weights, f"{name}.conv1", stride=2, activate=True, clamp=clamp)
        if config.architecture == "resnet":
            x = (conv(past, weights, f"{name}.skip") + x) * half
        if config.architecture == "skip":
            rgb = fir(rgb, 1, 1)[:, :, ::2, ::2]
            x = x + conv(rgb, weights, f"from_rgb.{block}", activate=True, clamp=clamp if x.shape[2] > 4 else 0.0)
        block += 1
    x = standard_deviation_channel(x, group, config.mbstd_channels)
    x = conv(x, weights, "conv", padding=1, activate=True, clamp=clamp)
    x = dense(leaky_relu(dense(x.flatten(1), weights, "fc")), weights, "out")
    if config.num_classes:
        x = (x * mapping(below(weights, "mapping."), None, label)).sum(dim=1, keepdim=True) / math.sqrt(config.cmap_dim)
    return x.reshape(-1)
