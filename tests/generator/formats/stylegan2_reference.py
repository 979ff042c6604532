"""StyleGAN2 in float64 over the tensors of other programs' files, by their own names: the oracle for their readers.

Written from Karras et al. 2020 (arXiv:1912.04958; figure 7 for the three architectures) with the plain parts of
`tests.generator.reference`; nothing here knows the project's networks or their names.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..reference import bound, fir, insert_zeros, leaky_relu, normalize, standard_deviation_channel
from .stylegan2_files import Options

Tensors = dict[str, Tensor]
HALF = math.sqrt(0.5)


def dense(x: Tensor, weight: Tensor, bias: Tensor, lr: float = 1.0) -> Tensor:
    """Equalised learning rate (Karras et al. 2018, §4.1)."""
    return x @ (weight.double() * lr / math.sqrt(weight.shape[1])).T + bias.double() * lr


def double(x: Tensor) -> Tensor:
    """Twice the size: zero insertion, filter, and a factor that makes up for the zeros."""
    return fir(insert_zeros(x), 2, 1) * 4


def halve(x: Tensor) -> Tensor:
    return fir(x, 1, 1)[:, :, ::2, ::2]


def modulated(x: Tensor, styles: Tensor, weight: Tensor, up: bool = False, demodulate: bool = True) -> Tensor:
    """One picture after the other, its own weights (equations 1 and 3); the kernel is turned where it up-samples."""
    weight = weight.double()
    _, i, k, _ = weight.shape
    maps = []
    for one, style in zip(x, styles, strict=True):
        own = weight * style[None, :, None, None] / math.sqrt(i * k * k)
        if demodulate:
            own = own / torch.sqrt(own.pow(2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
        if up:
            maps.append(F.conv2d(fir(insert_zeros(one[None]), 3, 2) * 4, own.flip(2, 3)))
        else:
            maps.append(F.conv2d(one[None], own, padding=k // 2))
    return torch.cat(maps)


def plain(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, clamp: float = 0.0) -> Tensor:
    weight = weight.double()
    padding = 0 if stride == 2 else weight.shape[2] // 2
    y = F.conv2d(x, weight / math.sqrt(weight[0].numel()), stride=stride, padding=padding)
    return y if bias is None else bound(leaky_relu(y + bias.double().reshape(1, -1, 1, 1)), clamp)


# ---- NVIDIA -------------------------------------------------------------------------------------------------------


def nvidia_mapping(options: Options, t: Tensors, z: Tensor | None, label: Tensor | None, layers: int) -> Tensor:
    parts = [] if z is None else [normalize(z.double())]
    if options.classes:
        assert label is not None
        parts.append(normalize(dense(label.double(), t["mapping.embed.weight"], t["mapping.embed.bias"])))
    x = torch.cat(parts, dim=1)
    for i in range(layers):
        x = leaky_relu(dense(x, t[f"mapping.fc{i}.weight"], t[f"mapping.fc{i}.bias"], options.lr_multiplier))
    return x


def nvidia_synthesis(options: Options, t: Tensors, ws: Tensor, noise: bool = True) -> Tensor:
    ws, clamp = ws.double(), options.clamp or 0.0
    rows = iter(range(ws.shape[1]))

    def layer(x: Tensor, name: str, row: int, up: bool = False) -> Tensor:
        styles = dense(ws[:, row], t[f"{name}.affine.weight"], t[f"{name}.affine.bias"])
        x = modulated(x, styles, t[f"{name}.weight"], up)
        if noise and options.noise:
            x = x + t[f"{name}.noise_const"].double() * t[f"{name}.noise_strength"].double()
        return bound(leaky_relu(x + t[f"{name}.bias"].double().reshape(1, -1, 1, 1)), clamp)

    x = t["synthesis.b4.const"].double().repeat(len(ws), 1, 1, 1)
    picture: Tensor | None = None
    row = 0
    for size in options.sizes:
        name, row = f"synthesis.b{size}", next(rows)
        if size > 4:
            past = plain(double(x), t[f"{name}.skip.weight"]) * HALF if options.architecture == "resnet" else None
            x = layer(x, f"{name}.conv0", row, up=True)
            row = next(rows)
            x = layer(x, f"{name}.conv1", row)
            x = x if past is None else past + x * HALF
        else:
            x = layer(x, f"{name}.conv1", row)
        picture = None if picture is None else double(picture)
        if f"{name}.torgb.weight" in t:
            styles = dense(ws[:, row + 1], t[f"{name}.torgb.affine.weight"], t[f"{name}.torgb.affine.bias"])
            rgb = modulated(x, styles, t[f"{name}.torgb.weight"], demodulate=False)
            rgb = bound(rgb + t[f"{name}.torgb.bias"].double().reshape(1, -1, 1, 1), clamp)
            picture = rgb if picture is None else picture + rgb
    assert picture is not None
    assert row + 2 == ws.shape[1]  # every row was read, the last by RGB alone
    return picture


def nvidia_critic(options: Options, t: Tensors, images: Tensor, label: Tensor | None, group: int) -> Tensor:
    clamp = options.clamp or 0.0

    def conv(x: Tensor, name: str, stride: int = 1, clamp: float = clamp) -> Tensor:
        return plain(x, t[f"{name}.weight"], t[f"{name}.bias"], stride, clamp)

    rgb = images.double()
    x: Tensor | None = None
    for size in options.sizes[:0:-1]:
        name = f"b{size}"
        if x is None:
            x = conv(rgb, f"{name}.fromrgb")
        elif options.critic == "skip":
            x = x + conv(rgb, f"{name}.fromrgb")
        rgb = halve(rgb)
        past = plain(halve(x), t[f"{name}.skip.weight"]) * HALF if options.critic == "resnet" else None
        x = conv(fir(conv(x, f"{name}.conv0"), 2, 2), f"{name}.conv1", stride=2)
        x = x if past is None else past + x * HALF
    assert x is not None
    if options.critic == "skip":
        x = x + conv(rgb, "b4.fromrgb", clamp=0.0)
    if options.statistics:
        x = standard_deviation_channel(x, group, options.statistics)
    x = conv(x, "b4.conv").flatten(1)
    x = leaky_relu(dense(x, t["b4.fc.weight"], t["b4.fc.bias"]))
    x = dense(x, t["b4.out.weight"], t["b4.out.bias"])
    if options.classes:
        w = nvidia_mapping(options, t, None, label, options.critic_layers)
        return (x * w).sum(dim=1) / math.sqrt(options.cmap_dim)
    return x[:, 0]


# ---- rosinality ---------------------------------------------------------------------------------------------------


def rosinality_mapping(t: Tensors, z: Tensor, layers: int) -> Tensor:
    x = normalize(z.double())
    for i in range(1, layers + 1):
        x = leaky_relu(dense(x, t[f"style.{i}.weight"], t[f"style.{i}.bias"], 0.01))
    return x


def rosinality_synthesis(t: Tensors, ws: Tensor, blocks: int, noise: bool = True) -> Tensor:
    ws = ws.double()

    def own(x: Tensor, name: str, row: int, **rest: bool) -> Tensor:
        bias = t[f"{name}.conv.modulation.bias"]
        styles = dense(ws[:, row], t[f"{name}.conv.modulation.weight"], bias)
        return modulated(x, styles, t[f"{name}.conv.weight"][0], **rest)

    def layer(x: Tensor, name: str, row: int, up: bool = False) -> Tensor:
        x = own(x, name, row, up=up)
        if noise:
            x = x + t[f"noises.noise_{row}"].double() * t[f"{name}.noise.weight"].double()
        return leaky_relu(x + t[f"{name}.activate.bias"].double().reshape(1, -1, 1, 1))

    def rgb(x: Tensor, name: str, row: int) -> Tensor:
        return own(x, name, row, demodulate=False) + t[f"{name}.bias"].double()

    x = layer(t["input.input"].double().repeat(len(ws), 1, 1, 1), "conv1", 0)
    picture = rgb(x, "to_rgb1", 1)
    for i in range(1, blocks):
        x = layer(layer(x, f"convs.{2 * i - 2}", 2 * i - 1, up=True), f"convs.{2 * i - 1}", 2 * i)
        picture = double(picture) + rgb(x, f"to_rgbs.{i - 1}", 2 * i + 1)
    return picture


def rosinality_critic(t: Tensors, images: Tensor, blocks: int, group: int) -> Tensor:
    x = plain(images.double(), t["convs.0.0.weight"], t["convs.0.1.bias"])
    for i in range(1, blocks):
        past = plain(halve(x), t[f"convs.{i}.skip.1.weight"])
        x = plain(x, t[f"convs.{i}.conv1.0.weight"], t[f"convs.{i}.conv1.1.bias"])
        x = plain(fir(x, 2, 2), t[f"convs.{i}.conv2.1.weight"], t[f"convs.{i}.conv2.2.bias"], stride=2)
        x = (past + x) * HALF
    x = standard_deviation_channel(x, group)
    x = plain(x, t["final_conv.0.weight"], t["final_conv.1.bias"]).flatten(1)
    x = leaky_relu(dense(x, t["final_linear.0.weight"], t["final_linear.0.bias"]))
    return dense(x, t["final_linear.1.weight"], t["final_linear.1.bias"])[:, 0]
