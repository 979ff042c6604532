"""StyleGAN2 as NVIDIA's TensorFlow programs pickle it, with random numbers; and its picture from those variables.

The reference is written from the TensorFlow program's equations on the file's own names and axes, in float64: dense
layers in×out, convolutions height×width×in×out, doubling by zeros in between and a convolution with the filter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.generator.reference import leaky_relu

from .build_files import Network

Variables = dict[str, Tensor]
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64)


def rand(*shape: int, scale: float = 1.0) -> Tensor:
    return torch.randn(*shape) * scale


def generator_variables(widths: tuple[int, ...], z_dim: int, w_dim: int, layers: int, lrmul: float = 0.01) -> Variables:
    """Everything of Gs by its whole name."""
    v: Variables = {"dlatent_avg": rand(w_dim)}
    for i in range(layers):
        v[f"mapping/Dense{i}/weight"] = rand(z_dim if i == 0 else w_dim, w_dim, scale=1 / lrmul)
        v[f"mapping/Dense{i}/bias"] = rand(w_dim, scale=0.4 / lrmul)
    v["synthesis/4x4/Const/const"] = rand(1, widths[0], 4, 4)

    def modulated(name: str, a: int, b: int, kernel: int) -> None:
        v[f"{name}/weight"], v[f"{name}/bias"] = rand(kernel, kernel, a, b), rand(b, scale=0.4)
        v[f"{name}/mod_weight"], v[f"{name}/mod_bias"] = rand(w_dim, a), rand(a, scale=0.4)

    for i, width in enumerate(widths):
        size, place = 4 << i, f"synthesis/{4 << i}x{4 << i}"
        convs = [("Conv", width)] if i == 0 else [("Conv0_up", widths[i - 1]), ("Conv1", width)]
        for j, (conv, before) in enumerate(convs):
            modulated(f"{place}/{conv}", before, width, 3)
            v[f"{place}/{conv}/noise_strength"] = rand(1, scale=0.4).reshape(())
            v[f"synthesis/noise{max(2 * i - 1 + j, 0)}"] = rand(1, 1, size, size)
        modulated(f"{place}/ToRGB", width, 3, 1)
    return v


def critic_variables(widths: tuple[int, ...]) -> Variables:
    """Everything of D: residual, without classes."""
    top = 4 << (len(widths) - 1)
    v: Variables = {
        f"{top}x{top}/FromRGB/weight": rand(1, 1, 3, widths[-1]),
        f"{top}x{top}/FromRGB/bias": rand(widths[-1]),
    }
    for i in range(len(widths) - 1, 0, -1):
        place, a, b = f"{4 << i}x{4 << i}", widths[i], widths[i - 1]
        v[f"{place}/Conv0/weight"], v[f"{place}/Conv0/bias"] = rand(3, 3, a, a), rand(a, scale=0.4)
        v[f"{place}/Conv1_down/weight"], v[f"{place}/Conv1_down/bias"] = rand(3, 3, a, b), rand(b, scale=0.4)
        v[f"{place}/Skip/weight"] = rand(1, 1, a, b)
    width = widths[0]
    v["4x4/Conv/weight"], v["4x4/Conv/bias"] = rand(3, 3, width + 1, width), rand(width, scale=0.4)
    v["4x4/Dense0/weight"], v["4x4/Dense0/bias"] = rand(width * 16, width), rand(width, scale=0.4)
    v["Output/weight"], v["Output/bias"] = rand(width, 1), rand(1, scale=0.4)
    return v


def network(name: str, variables: Variables, parts: tuple[str, ...] = (), **arguments: Any) -> Network:
    """A network with these components, each of which has the variables whose names begin with its own."""

    def own(prefix: str) -> list[tuple[str, Any]]:
        inside = [(n.removeprefix(prefix), t) for n, t in variables.items() if n.startswith(prefix)]
        # A session gives what has no axes as a number of NumPy's, not as an array.
        return [
            (n, t.numpy() if t.ndim else np.float32(t)) for n, t in inside if prefix or n.partition("/")[0] not in parts
        ]

    def made(name: str, prefix: str, components: dict[str, Network]) -> Network:
        lod = [("lod", np.float32(0))] if not prefix and "lod" not in variables else []
        return Network(
            version=4,
            name=name,
            static_kwargs=arguments,
            components=components,
            build_module_src="raise SystemExit",
            build_func_name=f"{name}_main",
            variables=[*lod, *own(prefix)],
        )

    return made(name, "", {part: made(f"G_{part}", f"{part}/", {}) for part in parts})


# ---- the reference ------------------------------------------------------------------------------------------------


def mapping(v: Variables, z: Tensor, layers: int, lrmul: float = 0.01) -> Tensor:
    """N×z_dim → N×w_dim."""
    x = z.double()
    x = x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    for i in range(layers):
        weight, bias = v[f"mapping/Dense{i}/weight"].double(), v[f"mapping/Dense{i}/bias"].double()
        x = leaky_relu(x @ (weight * lrmul / math.sqrt(len(weight))) + bias * lrmul)
    return x


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """TensorFlow's conv2d, padded to the same size; `weight` N×k×k×I×O, one for each picture."""
    return torch.cat([
        F.conv2d(one[None], w.permute(3, 2, 0, 1), padding=w.shape[0] // 2) for one, w in zip(x, weight, strict=True)
    ])  # fmt: skip


def doubled(x: Tensor, weight: Tensor) -> Tensor:
    """TensorFlow's upsample_conv_2d: zeros in between, the convolution, the filter [1, 3, 3, 1] of gain 4."""
    count, channels, height, width = x.shape
    wide = x.new_zeros(count, channels, 2 * height, 2 * width)
    wide[:, :, ::2, ::2] = x
    kernel = (torch.outer(TAPS, TAPS) / 64 * 4).expand(channels, 1, 4, 4)
    smooth = F.conv2d(F.pad(wide, (3, 2, 3, 2)), kernel, groups=channels)  # one more on each side, which conv uses up
    return torch.cat([
        F.conv2d(one[None], w.permute(3, 2, 0, 1)) for one, w in zip(smooth, weight, strict=True)
    ])  # fmt: skip


def synthesis(v: Variables, ws: Tensor, blocks: int, noise: bool = True) -> Tensor:
    """N×num_ws×w_dim → N×3×H×W."""
    ws = ws.double()

    def modulated(name: str, w: Tensor, demodulate: bool) -> Tensor:
        weight = v[f"{name}/weight"].double()
        weight = weight / math.sqrt(weight[..., 0].numel())
        style = w @ (v[f"{name}/mod_weight"].double() / math.sqrt(w.shape[1])) + v[f"{name}/mod_bias"].double() + 1
        weight = weight[None] * style[:, None, None, :, None]
        if demodulate:
            weight = weight * (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        return weight

    def layer(x: Tensor, name: str, row: int, up: bool) -> Tensor:
        weight = modulated(name, ws[:, row], True)
        x = doubled(x, weight) if up else convolve(x, weight)
        if noise:
            x = x + v[f"synthesis/noise{row}"].double() * v[f"{name}/noise_strength"].double()
        return leaky_relu(x + v[f"{name}/bias"].double().view(1, -1, 1, 1))

    x = v["synthesis/4x4/Const/const"].double().expand(len(ws), -1, -1, -1)
    x = layer(x, "synthesis/4x4/Conv", 0, False)
    rgb = None
    for block in range(blocks):
        place = f"synthesis/{4 << block}x{4 << block}"
        if block:
            x = layer(x, f"{place}/Conv0_up", 2 * block - 1, True)
            x = layer(x, f"{place}/Conv1", 2 * block, False)
        y = convolve(x, modulated(f"{place}/ToRGB", ws[:, 2 * block + 1], False))
        y = y + v[f"{place}/ToRGB/bias"].double().view(1, -1, 1, 1)
        if rgb is None:
            rgb = y
        else:
            wide = rgb.new_zeros(*rgb.shape[:2], 2 * rgb.shape[2], 2 * rgb.shape[3])
            wide[:, :, ::2, ::2] = rgb
            kernel = (torch.outer(TAPS, TAPS) / 64 * 4).expand(3, 1, 4, 4)
            rgb = y + F.conv2d(F.pad(wide, (2, 1, 2, 1)), kernel, groups=3)
    assert rgb is not None
    return rgb
