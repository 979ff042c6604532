"""stylegan2_pytorch's files with random numbers, and a plain float64 reference of what they paint."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

Tensors = dict[str, Tensor]


def linear(name: str, inputs: int, outputs: int, scale: float | None = None) -> Tensors:
    spread = math.sqrt(2 / inputs) if scale is None else scale
    return {f"{name}.weight": torch.randn(outputs, inputs) * spread, f"{name}.bias": torch.randn(outputs) * 0.3}


def state(
    widths: tuple[int, ...], w_dim: int, depth: int, no_const: bool = False, old: bool = False, prefix: str = "E"
) -> Tensors:
    """Generator and mapping. `old`: without the convolution after the constant, the mapping's weights not scaled."""
    g, s = f"G{prefix}", f"S{prefix}"
    found: Tensors = {}
    for i in range(depth):
        layer = linear(f"{s}.net.{2 * i}", w_dim, w_dim, None if old else 1.0)
        found |= layer if old else {k: t * (3 if k.endswith("bias") else 1) for k, t in layer.items()}
    if no_const:
        found[f"{g}.to_initial_block.weight"] = torch.randn(w_dim, widths[0], 4, 4)
    else:
        found[f"{g}.initial_block"] = torch.randn(1, widths[0], 4, 4)
    if not old:
        found[f"{g}.initial_conv.weight"] = torch.randn(widths[0], widths[0], 3, 3) / 10
        found[f"{g}.initial_conv.bias"] = torch.randn(widths[0]) / 10
    before = widths[0]
    for i, width in enumerate(widths):
        name = f"{g}.blocks.{i}"
        for number, wide in ((1, before), (2, width)):
            found |= linear(f"{name}.to_style{number}", w_dim, wide)
            found |= linear(f"{name}.to_noise{number}", 1, width, 0.5)
            found[f"{name}.conv{number}.weight"] = torch.randn(width, wide, 3, 3)
        found |= linear(f"{name}.to_rgb.to_style", w_dim, width)
        found[f"{name}.to_rgb.conv.weight"] = torch.randn(3, width, 1, 1) / 4
        if i < len(widths) - 1:
            found[f"{name}.to_rgb.upsample.1.f"] = torch.tensor([1.0, 2.0, 1.0])
        before = width
    return found


def whole(own: Tensors, widths: tuple[int, ...], w_dim: int, depth: int) -> Tensors:
    """A file's networks: the averages, those in training, and some of a critic's."""
    return {**state(widths, w_dim, depth, prefix=""), **own, "D.blocks.0.conv_res.weight": torch.randn(4, 3, 1, 1)}


# ---- the reference ------------------------------------------------------------------------------------------------


def mapping(t: Tensors, z: Tensor, depth: int, scale: float) -> Tensor:
    x = z.double()
    x = x / x.square().sum(dim=1, keepdim=True).sqrt()
    for i in range(depth):
        weight, bias = (t[f"SE.net.{2 * i}.{part}"].double() * scale for part in ("weight", "bias"))
        x = x @ weight.T + bias
        x = torch.where(x > 0, x, 0.2 * x)
    return x


def enlarge(x: Tensor) -> Tensor:
    """Twice the side, each new pixel three quarters of the nearest old one and a quarter of the next, both ways."""
    for axis in (2, 3):
        size = x.shape[axis]
        back = x.index_select(axis, torch.arange(size).sub(1).clamp(min=0))
        ahead = x.index_select(axis, torch.arange(size).add(1).clamp(max=size - 1))
        x = torch.stack([0.75 * x + 0.25 * back, 0.75 * x + 0.25 * ahead], dim=axis + 1).flatten(axis, axis + 1)
    return x


def blur(x: Tensor) -> Tensor:
    for axis in (2, 3):
        size = x.shape[axis]
        back = x.index_select(axis, torch.arange(size).sub(1).abs())
        ahead = x.index_select(axis, (size - 1) - (size - 2 - torch.arange(size)).abs())
        x = (back + 2 * x + ahead) / 4
    return x


def picture(t: Tensors, ws: Tensor, blocks: int, uniform: Tensor) -> Tensor:
    """1×num_ws×w_dim and the side×side picture of noise in [0, 1] → 1×3×side×side in [−1, 1]."""
    t = {name: tensor.double() for name, tensor in t.items()}
    ws = ws.double()

    def affine(name: str, w: Tensor) -> Tensor:
        return w @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    def modulated(x: Tensor, weight: Tensor, style: Tensor, demodulate: bool) -> Tensor:
        own = weight * (style.view(1, -1, 1, 1) + 1)
        if demodulate:
            own = own / (own.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        return F.conv2d(x, own, padding=weight.shape[2] // 2)

    if "GE.initial_block" in t:
        x = t["GE.initial_block"]
    else:
        x = F.conv_transpose2d(ws.mean(dim=1)[:, :, None, None], t["GE.to_initial_block.weight"])
    if "GE.initial_conv.weight" in t:
        x = F.conv2d(x, t["GE.initial_conv.weight"], t["GE.initial_conv.bias"], padding=1)
    rgb = torch.zeros(1, 3, 4, 4, dtype=torch.float64)
    for i in range(blocks):
        name, w = f"GE.blocks.{i}", ws[:, i]
        if i:
            x, rgb = enlarge(x), blur(enlarge(rgb))
        corner = uniform.double()[: 4 << i, : 4 << i, None]
        for number in (1, 2):
            noise = affine(f"{name}.to_noise{number}", corner).permute(2, 1, 0)[None]
            style = affine(f"{name}.to_style{number}", w)
            x = modulated(x, t[f"{name}.conv{number}.weight"], style, True) + noise
            x = torch.where(x > 0, x, 0.2 * x)
        rgb = rgb + modulated(x, t[f"{name}.to_rgb.conv.weight"], affine(f"{name}.to_rgb.to_style", w), False)
    return rgb * 2 - 1
