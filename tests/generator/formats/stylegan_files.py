"""StyleGAN (2019) as NVIDIA's TensorFlow program names its variables, with random numbers; and its picture and logits.

The reference is written from Karras et al. 2019 (§2, appendices B and C) and 2018 (§2–4) on the file's own names and
axes, in float64. A doubling that is fused with its convolution is added up tap by tap.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .tensorflow_files import Variables, rand

ROOT2 = math.sqrt(2)


def generator_variables(
    widths: tuple[int, ...], z_dim: int, w_dim: int, layers: int, classes: int = 0, lrmul: float = 0.01
) -> Variables:
    """Everything of Gs by its whole name; `widths` from 4×4 on."""
    v: Variables = {"dlatent_avg": rand(w_dim)}
    if classes:
        v["mapping/LabelConcat/weight"] = rand(classes, z_dim)
    for i in range(layers):
        before = z_dim * (2 if classes else 1) if i == 0 else w_dim
        v[f"mapping/Dense{i}/weight"] = rand(before, w_dim, scale=1 / lrmul)
        v[f"mapping/Dense{i}/bias"] = rand(w_dim, scale=0.4 / lrmul)
    v["synthesis/4x4/Const/const"] = rand(1, widths[0], 4, 4)
    for i, width in enumerate(widths):
        place, top = f"synthesis/{4 << i}x{4 << i}", len(widths) - 1
        for j, conv in enumerate(("Const", "Conv") if i == 0 else ("Conv0_up", "Conv1")):
            if conv != "Const":
                v[f"{place}/{conv}/weight"] = rand(3, 3, widths[i - 1] if conv == "Conv0_up" else width, width)
            v[f"{place}/{conv}/bias"] = rand(width, scale=0.4)
            v[f"{place}/{conv}/Noise/weight"] = rand(width, scale=0.4)
            v[f"{place}/{conv}/StyleMod/weight"] = rand(w_dim, 2 * width)
            v[f"{place}/{conv}/StyleMod/bias"] = rand(2 * width, scale=0.4)
            v[f"synthesis/noise{2 * i + j}"] = rand(1, 1, 4 << i, 4 << i)
        v[f"synthesis/ToRGB_lod{top - i}/weight"] = rand(1, 1, width, 3)
        v[f"synthesis/ToRGB_lod{top - i}/bias"] = rand(3, scale=0.4)
    return v


def critic_variables(widths: tuple[int, ...], classes: int = 0) -> Variables:
    """Everything of D by its name; `widths` from 4×4 on."""
    v: Variables = {}
    top = len(widths) - 1
    for i, width in enumerate(widths):
        v[f"FromRGB_lod{top - i}/weight"], v[f"FromRGB_lod{top - i}/bias"] = rand(1, 1, 3, width), rand(width)
        if i:
            place, below = f"{4 << i}x{4 << i}", widths[i - 1]
            v[f"{place}/Conv0/weight"], v[f"{place}/Conv0/bias"] = rand(3, 3, width, width), rand(width)
            v[f"{place}/Conv1_down/weight"], v[f"{place}/Conv1_down/bias"] = rand(3, 3, width, below), rand(below)
    width = widths[0]
    v["4x4/Conv/weight"], v["4x4/Conv/bias"] = rand(3, 3, width + 1, width), rand(width)
    v["4x4/Dense0/weight"], v["4x4/Dense0/bias"] = rand(width * 16, width + 1), rand(width + 1)
    v["4x4/Dense1/weight"], v["4x4/Dense1/bias"] = rand(width + 1, max(classes, 1)), rand(max(classes, 1))
    return v


# ---- the reference ------------------------------------------------------------------------------------------------


def active(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.2 * x)


def dense(v: Variables, x: Tensor, name: str, gain: float = ROOT2, rate: float = 1.0) -> Tensor:
    weight = v[f"{name}/weight"].double()
    return x @ (weight * gain * rate / math.sqrt(len(weight))) + v[f"{name}/bias"].double() * rate


def kernel(v: Variables, name: str, gain: float = ROOT2) -> Tensor:
    """k×k×I×O with its constant."""
    weight = v[f"{name}/weight"].double()
    return weight * gain / math.sqrt(weight[..., 0].numel())


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.permute(3, 2, 0, 1), padding=len(weight) // 2)


def repeat(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def spread(x: Tensor, weight: Tensor) -> Tensor:
    """Each pixel laid down on 4×4: the kernel over each of the 2×2 that it would be repeated to, not turned round."""
    wide = F.pad(weight.permute(2, 3, 0, 1), (1, 1, 1, 1))
    taps = wide[:, :, 1:, 1:] + wide[:, :, :-1, 1:] + wide[:, :, 1:, :-1] + wide[:, :, :-1, :-1]  # I×O×4×4
    count, _, height, width = x.shape
    canvas = x.new_zeros(count, taps.shape[1], 2 * height + 2, 2 * width + 2)
    for i in range(4):
        for j in range(4):
            laid = torch.einsum("nihw,io->nohw", x, taps[:, :, i, j])
            canvas[:, :, i : i + 2 * height : 2, j : j + 2 * width : 2] += laid
    return canvas[:, :, 1:-1, 1:-1]


def smooth(x: Tensor) -> Tensor:
    """[1, 2, 1] down and across, zeros around."""
    for axis in (2, 3):
        size = x.shape[axis]
        padded = F.pad(x, (0, 0, 1, 1) if axis == 2 else (1, 1, 0, 0))
        x = (padded.narrow(axis, 0, size) + 2 * padded.narrow(axis, 1, size) + padded.narrow(axis, 2, size)) / 4
    return x


def mapping(v: Variables, z: Tensor, label: Tensor | None, layers: int, lrmul: float = 0.01) -> Tensor:
    x = z.double()
    if label is not None:
        x = torch.cat([x, label.double() @ v["mapping/LabelConcat/weight"].double()], dim=1)
    x = x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for i in range(layers):
        x = active(dense(v, x, f"mapping/Dense{i}", rate=lrmul))
    return x


def synthesis(
    v: Variables, ws: Tensor, scales: int, noise: bool = True, fused_from: int = 128, missing: float = 0.0
) -> Tensor:
    """N×num_ws×w_dim → N×3×H×W: every scale's picture, the growing ones blended in (Karras et al. 2018, figure 2)."""
    ws = ws.double()

    def finish(x: Tensor, place: str, row: int) -> Tensor:
        if noise:
            x = x + v[f"synthesis/noise{row}"].double() * v[f"{place}/Noise/weight"].double().view(1, -1, 1, 1)
        x = active(x + v[f"{place}/bias"].double().view(1, -1, 1, 1))
        x = (x - x.mean(dim=(2, 3), keepdim=True)) / (x.var(dim=(2, 3), unbiased=False, keepdim=True) + 1e-8).sqrt()
        style = dense(v, ws[:, row], f"{place}/StyleMod", gain=1.0)
        scale, shift = style[:, : x.shape[1], None, None], style[:, x.shape[1] :, None, None]
        return x * (scale + 1) + shift

    x = finish(v["synthesis/4x4/Const/const"].double().expand(len(ws), -1, -1, -1), "synthesis/4x4/Const", 0)
    x = finish(convolve(x, kernel(v, "synthesis/4x4/Conv")), "synthesis/4x4/Conv", 1)
    picture = None
    for i in range(scales):
        place, lod = f"synthesis/{4 << i}x{4 << i}", scales - 1 - i
        if i:
            weight = kernel(v, f"{place}/Conv0_up")
            x = spread(x, weight) if 4 << i >= fused_from else convolve(repeat(x), weight)
            x = finish(smooth(x), f"{place}/Conv0_up", 2 * i)
            x = finish(convolve(x, kernel(v, f"{place}/Conv1")), f"{place}/Conv1", 2 * i + 1)
        rgb = convolve(x, kernel(v, f"synthesis/ToRGB_lod{lod}", 1.0))
        rgb = rgb + v[f"synthesis/ToRGB_lod{lod}/bias"].double().view(1, -1, 1, 1)
        share = min(max(missing - lod, 0.0), 1.0)
        picture = rgb if picture is None else rgb * (1 - share) + repeat(picture) * share
    assert picture is not None
    return picture


def critic(v: Variables, images: Tensor, label: Tensor | None, scales: int, group: int) -> Tensor:
    """N logits; a batch of at most `group` pictures, or one alone."""
    x = images.double()

    def layer(x: Tensor, name: str) -> Tensor:
        return convolve(x, kernel(v, name)) + v[f"{name}/bias"].double().view(1, -1, 1, 1)

    x = active(layer(x, "FromRGB_lod0"))
    for i in range(scales - 1, 0, -1):
        x = smooth(active(layer(x, f"{4 << i}x{4 << i}/Conv0")))
        x = convolve(x, kernel(v, f"{4 << i}x{4 << i}/Conv1_down"))
        x = (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
        x = active(x + v[f"{4 << i}x{4 << i}/Conv1_down/bias"].double().view(1, -1, 1, 1))
    groups = x.reshape(group, -1, *x.shape[1:])
    deviation = (groups.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3)).repeat(group)
    x = torch.cat([x, deviation.view(-1, 1, 1, 1).expand(-1, 1, 4, 4)], dim=1)
    x = active(layer(x, "4x4/Conv")).flatten(1)
    x = dense(v, active(dense(v, x, "4x4/Dense0")), "4x4/Dense1", gain=1.0)
    return x[:, 0] if label is None else (x * label.double()).sum(dim=1)
