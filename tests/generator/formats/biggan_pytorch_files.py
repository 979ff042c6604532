"""BigGAN-PyTorch's files with random numbers, and the plain float64 form of its networks.

Written from Brock et al. 2019 (arXiv:1809.11096), appendix B (figures 15 and 16), and Miyato and Koyama 2018 for the
discriminator's projection; names, and how far its spectral norm has come, as its state dictionaries hold them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Build:
    """`widths`: of the maps before the first block and after each (BigGAN-deep: after each pair); `attended`: after
    which block attention stands; `chunk`: numbers of z a part of a hierarchical generator, 0 for all in the first."""

    widths: tuple[int, ...] = (16, 16, 8, 8)
    z: int = 5
    embed: int = 4
    classes: int = 3
    chunk: bool = True
    shared: bool = True
    deep: bool = False
    attended: int = 1
    spectral: bool = True
    stem: str = "stored_{}"

    @property
    def z_dim(self) -> int:
        return self.z * len(self.widths) if self.chunk and not self.deep else self.z

    @property
    def resolution(self) -> int:
        return 4 << (len(self.widths) - 1)


def _layer(state: State, name: str, *shape: int, bias: bool = True, spectral: bool = True) -> None:
    state[f"{name}.weight"] = torch.randn(shape) / torch.Size(shape[1:]).numel() ** 0.5
    if spectral:
        state[f"{name}.u0"], state[f"{name}.sv0"] = F.normalize(torch.randn(1, shape[0])), torch.ones(1)
    if bias:
        state[f"{name}.bias"] = torch.randn(shape[0]) * 0.2


def _norm(state: State, name: str, width: int, build: Build) -> None:
    if build.shared:
        given = build.embed + (build.z if build.chunk or build.deep else 0)
        for kind in ("gain", "bias"):
            _layer(state, f"{name}.{kind}", width, given, bias=False, spectral=build.spectral)
    else:
        for kind in ("gain", "bias"):
            state[f"{name}.{kind}.weight"] = torch.randn(build.classes, width) * 0.5
    _statistics(state, name, width, build)


def _statistics(state: State, name: str, width: int, build: Build) -> None:
    state[f"{name}.{build.stem.format('mean')}"] = torch.randn(width) * 0.3
    state[f"{name}.{build.stem.format('var')}"] = torch.rand(width) + 0.3


def _attention(state: State, name: str, width: int, spectral: bool) -> None:
    for key, o, i in (("theta", width // 8, width), ("phi", width // 8, width), ("g", width // 2, width),
                      ("o", width, width // 2)):  # fmt: skip
        _layer(state, f"{name}.{key}", o, i, 1, 1, bias=False, spectral=spectral)
    state[f"{name}.gamma"] = torch.tensor(0.6)


def steps(build: Build) -> list[tuple[int, int, bool]]:
    """Width before and after each block, and whether it doubles the side."""
    pairs = list(zip(build.widths[:-1], build.widths[1:], strict=True))
    if not build.deep:
        return [(a, b, True) for a, b in pairs]
    return [step for a, b in pairs for step in ((a, a, False), (a, b, True))]


def generator_state(build: Build, seed: int = 0) -> State:
    """Names and shapes of its generator's."""
    torch.manual_seed(seed)
    state: State = {}
    if build.shared:
        state["shared.weight"] = torch.randn(build.classes, build.embed)
    given = build.z + build.embed if build.deep else build.z
    _layer(state, "linear", 16 * build.widths[0], given, spectral=build.spectral)
    for i, (before, after, _) in enumerate(steps(build)):
        name = f"blocks.{i}.0"
        middle = before // 4
        inner = (before, middle, middle, middle, after) if build.deep else (before, after, after)
        for k in range(len(inner) - 1):
            side = 3 if not build.deep or k in (1, 2) else 1
            _layer(state, f"{name}.conv{k + 1}", inner[k + 1], inner[k], side, side, spectral=build.spectral)
            _norm(state, f"{name}.bn{k + 1}", inner[k], build)
        if not build.deep:
            _layer(state, f"{name}.conv_sc", after, before, 1, 1, spectral=build.spectral)
        if i == build.attended:
            _attention(state, f"blocks.{i}.1", after, build.spectral)
    width = build.widths[-1]
    state["output_layer.0.gain"], state["output_layer.0.bias"] = torch.rand(width), torch.randn(width) * 0.2
    _statistics(state, "output_layer.0", width, build)
    _layer(state, "output_layer.2", 9 if build.deep else 3, width, 3, 3, spectral=build.spectral)
    return state


def critic_state(build: Build, seed: int = 1) -> State:
    """Names and shapes of its discriminator's, wide: the last block keeps the side."""
    torch.manual_seed(seed)
    state: State = {}
    widths = (3, 8, 16, 16)
    for i, (before, after) in enumerate(itertools.pairwise(widths)):
        name = f"blocks.{i}.0"
        _layer(state, f"{name}.conv1", after, before, 3, 3)
        _layer(state, f"{name}.conv2", after, after, 3, 3)
        if i < 2:
            _layer(state, f"{name}.conv_sc", after, before, 1, 1)
        if i == 0:
            _attention(state, "blocks.0.1", after, spectral=True)
    _layer(state, "linear", 1, widths[-1])
    _layer(state, "embed", build.classes, widths[-1], bias=False)
    return state


# ---- what they compute --------------------------------------------------------------------------------------------


class Plain:
    """One of its networks in float64."""

    def __init__(self, state: State, build: Build) -> None:
        self.state, self.build = {name: t.double() for name, t in state.items()}, build

    def weight(self, name: str) -> Tensor:
        weight = self.state[f"{name}.weight"]
        if f"{name}.u0" not in self.state:
            return weight
        matrix = weight.reshape(len(weight), -1)
        v = (self.state[f"{name}.u0"] @ matrix)[0]
        return weight / torch.linalg.vector_norm(matrix @ (v / v.norm()))

    def conv(self, x: Tensor, name: str) -> Tensor:
        weight = self.weight(name)
        return F.conv2d(x, weight, self.state.get(f"{name}.bias"), padding=weight.shape[2] // 2)

    def attention(self, x: Tensor, name: str) -> Tensor:
        query = self.conv(x, f"{name}.theta").flatten(2)
        key, value = (F.max_pool2d(self.conv(x, f"{name}.{part}"), 2).flatten(2) for part in ("phi", "g"))
        shares = torch.softmax(torch.einsum("ncq,nck->nqk", query, key), dim=2)
        found = torch.einsum("nck,nqk->ncq", value, shares).unflatten(2, x.shape[2:])
        return x + self.state[f"{name}.gamma"] * self.conv(found, f"{name}.o")

    def norm(self, x: Tensor, name: str, gain: Tensor, offset: Tensor) -> Tensor:
        mean, var = (self.state[f"{name}.{self.build.stem.format(kind)}"].view(1, -1, 1, 1) for kind in ("mean", "var"))
        return (x - mean) / torch.sqrt(var + 1e-5) * gain[:, :, None, None] + offset[:, :, None, None]

    def conditional(self, x: Tensor, name: str, condition: Tensor) -> Tensor:
        if self.build.shared:
            gain, offset = (condition @ self.weight(f"{name}.{kind}").t() for kind in ("gain", "bias"))
        else:
            gain, offset = (condition @ self.state[f"{name}.{kind}.weight"] for kind in ("gain", "bias"))
        return self.norm(x, name, 1 + gain, offset).relu()

    def paint(self, z: Tensor, classes: Tensor) -> Tensor:
        """N×z_dim and N×classes weights → pictures."""
        build, z = self.build, z.double()
        y = classes.double() @ self.state["shared.weight"] if build.shared else classes.double()
        parts = list(z.split(build.z, dim=1)) if build.chunk and not build.deep else [z] * 99
        first = torch.cat([z, y], dim=1) if build.deep else parts[0]
        x = first @ self.weight("linear").t() + self.state["linear.bias"]
        x = x.unflatten(1, (-1, 4, 4))
        for i, (_, after, doubles) in enumerate(steps(build)):
            name = f"blocks.{i}.0"
            given = first if build.deep else torch.cat([y, parts[i + 1]], dim=1) if build.chunk else y

            def larger(maps: Tensor, doubles: bool = doubles) -> Tensor:
                return maps.repeat_interleave(2, 2).repeat_interleave(2, 3) if doubles else maps

            if build.deep:
                h = self.conv(self.conditional(x, f"{name}.bn1", given), f"{name}.conv1")
                h = self.conv(larger(self.conditional(h, f"{name}.bn2", given)), f"{name}.conv2")
                h = self.conv(self.conditional(h, f"{name}.bn3", given), f"{name}.conv3")
                h = self.conv(self.conditional(h, f"{name}.bn4", given), f"{name}.conv4")
                x = h + larger(x[:, :after])
            else:
                h = self.conv(larger(self.conditional(x, f"{name}.bn1", given)), f"{name}.conv1")
                h = self.conv(self.conditional(h, f"{name}.bn2", given), f"{name}.conv2")
                x = h + self.conv(larger(x), f"{name}.conv_sc")
            if i == build.attended:
                x = self.attention(x, f"blocks.{i}.1")
        gain, offset = (self.state[f"output_layer.0.{kind}"][None] for kind in ("gain", "bias"))
        x = self.norm(x, "output_layer.0", gain, offset).relu()
        return torch.tanh(self.conv(x, "output_layer.2")[:, :3])

    def judge(self, images: Tensor, classes: Tensor) -> Tensor:
        """N logits of a discriminator's."""
        x = images.double()
        for i in range(3):
            name = f"blocks.{i}.0"
            h = self.conv(x.relu() if i else x, f"{name}.conv1")
            h = self.conv(h.relu(), f"{name}.conv2")
            if i < 2:
                h, x = F.avg_pool2d(h, 2), F.avg_pool2d(self.conv(x, f"{name}.conv_sc"), 2)
            x = h + x
            if i == 0:
                x = self.attention(x, "blocks.0.1")
        x = x.relu().sum(dim=(2, 3))
        out = x @ self.weight("linear").t() + self.state["linear.bias"]
        return out[:, 0] + (classes.double() @ self.weight("embed") * x).sum(dim=1)
