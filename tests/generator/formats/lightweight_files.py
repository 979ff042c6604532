"""lightweight-gan files written in the original program's layout, and a plain float64 reference of what they paint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.gated import NOISE_SEED
from generator.formats.reading.content import Content
from generator.latents import draw_z
from tests.generator.formats.batch_norm import batch_norm

LATENT, HEADS = 10, 8
WIDTHS = (20, 33, 9, 8, 7, 6)  # of the maps of side 8, 16, … 256
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Build:
    """What a version or an option of the program changes in the generator."""

    stages: int = 5
    channels: int = 3
    same: bool = True  # convolutions of 4×4 that pad themselves
    noise: bool = True
    shuffle: bool = True
    early: bool = False  # the sub-pixel convolution makes the channels of the stage's output
    blur: bool = False
    attention: str = "both"
    frequency: bool = False
    attended: tuple[int, ...] = (32,)  # sides of the maps, as the program's option has it; [32] is its default


BUILDS = {
    "1.0": Build(blur=True, early=True),
    "1.2, as it comes": Build(),
    "1.2, antialias, frequencies, grey": Build(channels=1, blur=True, frequency=True),
    "1.2, 256 px, attention at 8 and 16": Build(stages=6, attended=(8, 16)),
    "1.2, 64 px, no attention": Build(stages=4, attended=()),
    "0.21, nearest neighbours": Build(shuffle=False),
    "0.21, no noise": Build(shuffle=False, noise=False),
    "0.20": Build(same=False, noise=False, shuffle=False, attention="linear"),
    "0.20, antialias": Build(same=False, noise=False, shuffle=False, attention="linear", blur=True),
}


# ---- files in the original layout ---------------------------------------------------------------------------------


def layer(name: str, *shape: int, bias: bool = True) -> Tensors:
    fan_in = math.prod(shape[1:])
    found = {f"{name}.weight": torch.randn(shape) * math.sqrt(2 / fan_in)}
    return found | ({f"{name}.bias": torch.randn(shape[0]) / 4} if bias else {})


def norm(name: str, channels: int) -> Tensors:
    return {
        f"{name}.weight": 1 + torch.rand(channels),
        f"{name}.bias": torch.randn(channels) / 2,
        f"{name}.running_mean": torch.zeros(channels),  # `settle` puts those of some pictures into their places
        f"{name}.running_var": torch.ones(channels),
        f"{name}.num_batches_tracked": torch.tensor(9),
    }


def cosines(side: int, channels: int) -> Tensor:
    """FcaNet's 16 lowest frequencies along either side, each for a sixteenth of the channels; the rest is zero."""
    weights = torch.zeros(1, channels, side, side)
    at = (torch.arange(side) + 0.5) / side

    def wave(k: int) -> Tensor:
        return torch.cos(math.pi * k * at) / math.sqrt(side) * (1 if k == 0 else math.sqrt(2))

    share = channels // 16
    for i, (u, v) in enumerate([(0, k) for k in range(8)] + [(k, 0) for k in range(8)]):
        weights[0, i * share : (i + 1) * share] = torch.outer(wave(u), wave(v))
    return weights


def generator_state(build: Build) -> Tensors:
    found = layer("initial_conv.0", LATENT, 2 * LATENT, 4, 4, bias=False)
    found |= {"initial_conv.0.bias": torch.randn(2 * LATENT)} | norm("initial_conv.1", 2 * LATENT)
    widths = (LATENT, *WIDTHS[: build.stages])
    for i in range(build.stages):
        a, b, up = widths[i], widths[i + 1], f"layers.{i}.0"
        wide = b if build.early else a  # of what the convolution reads
        if build.shuffle:
            found |= layer(f"{up}.0.net.0", 4 * wide, a, 1, 1)
        if build.blur:
            found[f"{up}.1.f"] = torch.tensor([1.0, 2.0, 1.0])
        found |= layer(f"{up}.2.1" if build.same else f"{up}.2", 2 * b, wide, *((4, 4) if build.same else (3, 3)))
        if build.noise:
            found[f"{up}.3.weight"] = torch.rand(1) + 0.3
        found |= norm(f"{up}.{4 if build.noise else 3}", 2 * b)
        if i >= 1 and i + 3 < build.stages:
            c = widths[i + 4]
            squeezed = max(3, c // (4 if build.frequency else 2))
            if build.frequency:
                found[f"layers.{i}.1.dct_weights"] = cosines(8 << i, b)
            else:
                found |= layer(f"layers.{i}.1.to_k", 1, b, 1, 1)
            found |= layer(f"layers.{i}.1.net.0", squeezed, b, 1, 1)
            found |= layer(f"layers.{i}.1.net.2", c, squeezed, 1, 1)
        if (4 << i) in build.attended:
            name, inner = f"layers.{i}.2", 64 * HEADS
            found |= {f"{name}.norm.g": 1 + torch.rand(1, a, 1, 1), f"{name}.norm.b": torch.randn(1, a, 1, 1)}
            linear = "to_lin_" if build.attention == "both" else "to_"
            found |= layer(f"{name}.fn.{linear}q", inner, a, 1, 1, bias=False)
            found |= layer(f"{name}.fn.{linear}kv.net.0", a, 1, 3, 3, bias=False)
            found |= layer(f"{name}.fn.{linear}kv.net.1", 2 * inner, a, 1, 1, bias=False)
            if build.attention == "both":
                found |= layer(f"{name}.fn.to_q", inner, a, 1, 1, bias=False)
                found |= layer(f"{name}.fn.to_kv", 2 * inner, a, 1, 1, bias=False)
            found |= layer(f"{name}.fn.to_out", a, 2 * inner if build.attention == "both" else inner, 1, 1)
    return found | layer("out_conv", build.channels, widths[-1], 3, 3)


def write(path: Path, build: Build, version: str = "1.2.1") -> Tensors:
    """A file with the generator in training, the averaged one, and something of a critic; returns the averaged."""
    networks = {}
    for prefix in ("G", "GE"):
        state = generator_state(build)
        noise = [torch.randn(2, 1, 8 << i, 8 << i) for i in range(build.stages)] if build.noise else None
        network = Reference(state)
        network.settling = True
        network.generate(torch.randn(2, LATENT), noise)
        settle(state, network)
        networks[prefix] = state
    critic = layer("residual_layers.0.0.branches.0.1", 4, 3, 4, 4)
    tensors = {f"{prefix}.{k}": v for prefix, state in networks.items() for k, v in state.items()}
    tensors |= {f"D.{k}": v for k, v in critic.items()} | {f"D_aug.D.{k}": v for k, v in critic.items()}
    torch.save({"GAN": tensors, "version": version, "G_scaler": {}, "D_scaler": {}}, path)
    return networks["GE"]


def content_of(path: Path) -> Content:
    return Content(path, "torch", torch.load(path, weights_only=True))


# ---- the reference: float64, layer by layer, head by head ---------------------------------------------------------


class Reference:
    def __init__(self, state: Tensors, bilinear: bool = False) -> None:
        self.state = {k: v.double() for k, v in state.items()}
        self.settling, self.bilinear = False, bilinear

    def conv(self, x: Tensor, name: str, padding: int = 0, groups: int = 1) -> Tensor:
        bias = self.state.get(f"{name}.bias")
        return F.conv2d(x, self.state[f"{name}.weight"], bias, padding=padding, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        return batch_norm(self.state, name, x, self.settling)

    def linear_attention(self, x: Tensor, name: str, prefix: str) -> Tensor:
        queries = self.conv(x, f"{name}.fn.{prefix}q")
        kv = self.conv(x, f"{name}.fn.{prefix}kv.net.0", padding=1, groups=x.shape[1])
        keys, values = self.conv(kv, f"{name}.fn.{prefix}kv.net.1").chunk(2, dim=1)
        outs = []
        for q, k, v in zip(queries.split(64, dim=1), keys.split(64, dim=1), values.split(64, dim=1), strict=True):
            q, k, v = (t.flatten(2).transpose(1, 2) for t in (q, k, v))  # N×pixels×64
            weights = q.softmax(dim=2) / 8 @ k.softmax(dim=1).transpose(1, 2)  # N×pixels×pixels
            outs.append((weights @ v).transpose(1, 2).reshape(len(x), 64, *x.shape[2:]))
        return F.gelu(torch.cat(outs, dim=1))

    def near_attention(self, x: Tensor, name: str) -> Tensor:
        queries = self.conv(x, f"{name}.fn.to_q")
        keys, values = self.conv(x, f"{name}.fn.to_kv").chunk(2, dim=1)
        side = x.shape[2]

        def shifted(t: Tensor) -> list[Tensor]:
            t = F.pad(t, (1, 1, 1, 1))
            return [t[:, :, i : i + side, j : j + side] for i in range(3) for j in range(3)]

        outs = []
        for q, k, v in zip(queries.split(64, dim=1), keys.split(64, dim=1), values.split(64, dim=1), strict=True):
            scores = torch.stack([(q / 8 * key).sum(dim=1) for key in shifted(k)])  # 9×N×H×W
            weights = scores.softmax(dim=0)
            outs.append(sum(w[:, None] * value for w, value in zip(weights, shifted(v), strict=True)))
        return torch.cat(outs, dim=1)  # type: ignore[arg-type]

    def attend(self, x: Tensor, name: str) -> Tensor:
        spread = (x.var(dim=1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        y = (x - x.mean(dim=1, keepdim=True)) / spread * self.state[f"{name}.norm.g"] + self.state[f"{name}.norm.b"]
        if f"{name}.fn.to_lin_q.weight" in self.state:
            y = torch.cat([self.linear_attention(y, name, "to_lin_"), self.near_attention(y, name)], dim=1)
        else:
            y = self.linear_attention(y, name, "to_")
        return x + self.conv(y, f"{name}.fn.to_out")

    def excite(self, x: Tensor, name: str) -> Tensor:
        if f"{name}.to_k.weight" in self.state:
            weights = self.conv(x, f"{name}.to_k").flatten(2).softmax(dim=2)  # N×1×pixels
            x = (x.flatten(2) @ weights.transpose(1, 2))[..., None]
        else:
            x = (x * self.state[f"{name}.dct_weights"]).sum(dim=(2, 3), keepdim=True)
        return torch.sigmoid(self.conv(F.leaky_relu(self.conv(x, f"{name}.net.0"), 0.1), f"{name}.net.2"))

    def stage(self, x: Tensor, name: str, noise: Tensor | None) -> Tensor:
        has = self.state.__contains__
        if has(f"{name}.0.net.0.weight"):
            x = F.pixel_shuffle(F.silu(self.conv(x, f"{name}.0.net.0")), 2)
        elif self.bilinear:
            for dim in (2, 3):
                before, after = x.narrow(dim, 0, 1), x.narrow(dim, x.shape[dim] - 1, 1)
                below = torch.cat([before, x.narrow(dim, 0, x.shape[dim] - 1)], dim)
                above = torch.cat([x.narrow(dim, 1, x.shape[dim] - 1), after], dim)
                x = torch.stack([0.75 * x + 0.25 * below, 0.75 * x + 0.25 * above], dim + 1).flatten(dim, dim + 1)
        else:
            x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        if has(f"{name}.1.f"):
            f = self.state[f"{name}.1.f"]
            kernel = (torch.outer(f, f) / 16)[None, None]
            padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
            x = torch.cat([F.conv2d(channel, kernel) for channel in padded.split(1, dim=1)], dim=1)
        if has(f"{name}.2.1.weight"):
            x = self.conv(F.pad(x, (2, 1, 2, 1)), f"{name}.2.1")
        else:
            x = self.conv(x, f"{name}.2", padding=1)
        noisy = has(f"{name}.4.running_mean")
        if noisy and noise is not None:
            x = x + self.state[f"{name}.3.weight"] * noise.double()
        return F.glu(self.norm(x, f"{name}.{4 if noisy else 3}"), dim=1)

    def generate(self, z: Tensor, noise: list[Tensor] | None) -> Tensor:
        """In the original's range, about [0, 1]."""
        weight, bias = self.state["initial_conv.0.weight"], self.state["initial_conv.0.bias"]
        x = F.glu(self.norm(F.conv_transpose2d(z.double()[:, :, None, None], weight, bias), "initial_conv.1"), dim=1)
        x = x / x.square().sum(dim=1, keepdim=True).sqrt()
        weighs = {7: 3, 8: 4, 9: 5, 10: 6}  # map of side 2ⁿ: made by the excitation of the stage that starts at 2ᵐ
        factors = {}
        i = 0
        while any(name.startswith(f"layers.{i}.0.") for name in self.state):
            if f"layers.{i}.2.norm.g" in self.state:
                x = self.attend(x, f"layers.{i}.2")
            x = self.stage(x, f"layers.{i}.0", None if noise is None else noise[i])
            starts, ends = i + 2, i + 3
            if f"layers.{i}.1.net.0.weight" in self.state:
                factors[starts] = self.excite(x, f"layers.{i}.1")
            if weighs.get(ends) in factors:
                x = x * factors[weighs[ends]]
            i += 1
        return self.conv(x, "out_conv", padding=1)


def settle(state: Tensors, network: Reference) -> None:
    """Running averages as training leaves them: those of the reference's last pictures."""
    for name in state:
        if name.endswith(("running_mean", "running_var")):
            state[name] = network.state[name].float()


def own_noise(build: Build) -> list[Tensor] | None:
    if not build.noise:
        return None
    return [draw_z(NOISE_SEED + i, n * n).view(1, 1, n, n) for i, n in enumerate(8 << i for i in range(build.stages))]


def off(ours: Tensor, expected: Tensor) -> float:
    """The largest difference; of pictures beyond [−1, 1], as a share of how far they go."""
    return float((ours.double() - expected).abs().max() / max(1.0, float(expected.abs().max())))
