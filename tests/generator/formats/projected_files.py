"""Projected GAN's FastGAN as its program writes it: a pickle of whole modules, with torch's own layers and norms.

The modules are written from the papers (Liu et al. 2021; Sauer et al. 2021) on torch's layers, none folded, and are the
oracle as well: in float64 they give the pictures that ours are held against.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from .build_files import write_pickle

NZ, NGF = 12, 8
MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # of NGF
WIDTH = {side: int(multiple * NGF) for side, multiple in MULTIPLES.items()}


def conv(a: int, b: int, kernel: int, bias: bool = False) -> nn.Module:
    return spectral_norm(nn.Conv2d(a, b, kernel, padding=1 if kernel == 3 else 0, bias=bias))


class Noise(nn.Module):
    """Adds the noise that it is given, times a learnt strength."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1) + 0.2)
        self.given: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        return x if self.given is None else x + self.weight * self.given.to(x)


def plain_up(a: int, b: int, double: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2, mode="nearest")]
    for wide in (a, b) if double else (a,):
        layers += [conv(wide, 2 * b, 3), *([Noise()] if double else []), nn.BatchNorm2d(2 * b), nn.GLU(dim=1)]
    return nn.Sequential(*layers)


class Excitation(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.main = nn.Sequential(nn.AdaptiveAvgPool2d(4), conv(a, b, 4), nn.SiLU(), conv(b, b, 1), nn.Sigmoid())

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        return large * self.main(small)


class ClassNorm(nn.Module):
    """Batch norm without numbers of its own, then 1 + a gain and a shift that are linear in the class's vector."""

    stored_mean: Tensor
    stored_var: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain, self.bias = (spectral_norm(nn.Linear(NZ, width)) for _ in range(2))
        self.register_buffer("stored_mean", torch.randn(width) * 0.2)
        self.register_buffer("stored_var", torch.rand(width) + 0.5)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        mean, var = (buffer[None, :, None, None] for buffer in (self.stored_mean, self.stored_var))
        gain, bias = (layer(y)[:, :, None, None] for layer in (self.gain, self.bias))
        return (x - mean) / torch.sqrt(var + 1e-5) * (1 + gain) + bias


class ClassUp(nn.Module):
    """One doubling with classes; where there are two convolutions, they share the strength of their noise."""

    def __init__(self, a: int, b: int, double: bool) -> None:
        super().__init__()
        self.twice = double
        if double:
            self.conv1, self.conv2 = conv(a, 2 * b, 3), conv(b, 2 * b, 3)
            self.bn1, self.bn2 = ClassNorm(2 * b), ClassNorm(2 * b)
            self.noise = Noise()
        else:
            self.conv, self.bn = conv(a, 2 * b, 3), ClassNorm(2 * b)
        self.given: list[Tensor] = []

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        if not self.twice:
            return nn.functional.glu(self.bn(self.conv(x), y), dim=1)
        for i, (convolution, norm) in enumerate(((self.conv1, self.bn1), (self.conv2, self.bn2))):
            self.noise.given = self.given[i] if self.given else None
            x = nn.functional.glu(norm(self.noise(convolution(x)), y), dim=1)
        return x


class Start(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first = spectral_norm(nn.ConvTranspose2d(NZ, 2 * WIDTH[4], 4, bias=False))
        self.init = nn.Sequential(first, nn.BatchNorm2d(2 * WIDTH[4]), nn.GLU(dim=1))

    def forward(self, z: Tensor) -> Tensor:
        return self.init(z[:, :, None, None])


class Synthesis(nn.Module):
    """Every scale up to 256 is there, also where pictures are smaller; larger ones have theirs."""

    def __init__(self, resolution: int, table: int = 0) -> None:
        super().__init__()
        self.resolution, self.table = resolution, table
        self.init = Start()
        up = ClassUp if table else plain_up
        for side in (8, 16, 32, 64, 128, 256):
            self.add_module(f"feat_{side}", up(WIDTH[side // 2], WIDTH[side], side in (8, 32, 128)))
        for side, small in ((64, 4), (128, 8), (256, 16)):
            self.add_module(f"se_{side}", Excitation(WIDTH[small], WIDTH[side]))
        self.to_big = conv(WIDTH[resolution], 3, 3, bias=True)
        if resolution > 256:
            self.feat_512, self.se_512 = up(WIDTH[256], WIDTH[512], True), Excitation(WIDTH[32], WIDTH[512])
        if resolution > 512:
            self.feat_1024 = up(WIDTH[512], WIDTH[1024], False)
        if table:
            self.embed = nn.Embedding(table, NZ)

    def forward(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        given = () if classes is None else (classes.to(z) @ self.embed.weight[: classes.shape[1]],)
        z = z / (z.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
        maps = {4: self.init(z)}
        for side in (8, 16, 32, 64, 128, 256, 512, 1024):
            if side > self.resolution:
                break
            x = self.get_submodule(f"feat_{side}")(maps[side // 2], *given)
            if 64 <= side <= 512:
                x = self.get_submodule(f"se_{side}")(maps[side // 16], x)
            maps[side] = x
        return self.to_big(maps[self.resolution])


class Mapping(nn.Module):
    """Nothing."""


class Generator(nn.Module):
    """`classes` of `table` vectors; its own program makes a thousand of these whatever the number of classes."""

    def __init__(self, resolution: int, classes: int = 0, table: int = 0) -> None:
        super().__init__()
        self.c_dim = classes
        self.mapping, self.synthesis = Mapping(), Synthesis(resolution, table)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith(".bias"):
                    nn.init.normal_(parameter, std=0.4)
            last = self.get_parameter("synthesis.to_big.bias")
            nn.init.normal_(last, std=3.0)  # beyond what a tanh would let through
            norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
            for norm in norms:
                norm.momentum = None  # the mean of all batches: as long training leaves them
            for _ in range(2):
                some = nn.functional.one_hot(torch.arange(8) % classes, classes) if classes else None
                self.train()(torch.randn(8, NZ), some)
            for norm in norms:
                norm.momentum = 0.1
        self.eval().requires_grad_(False)

    def forward(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        return self.synthesis(z, classes)


class ProjectedDiscriminator(nn.Module):
    """Something with a frozen network in it."""

    def __init__(self) -> None:
        super().__init__()
        self.feature_network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU())


def expected(generator: Generator, z: Tensor, noise: list[Tensor] | None, classes: Tensor | None = None) -> Tensor:
    """What the module itself draws, in float64; `noise`: a map for each that adds some, or none."""
    network = copy.deepcopy(generator).double()
    left = iter(noise or [])
    for module in network.modules():
        if isinstance(module, ClassUp) and module.twice:
            module.given = [each for each in (next(left, None), next(left, None)) if each is not None]
        elif isinstance(module, Noise):
            module.given = next(left, None) if classes is None else None
    return network(z.double(), classes)


def write(path: Path, generator: Generator) -> Path:
    """A training's snapshot: the network that was trained is another than its average."""
    other = Generator(generator.synthesis.resolution, generator.c_dim, generator.synthesis.table)
    root = {"G": other, "D": ProjectedDiscriminator(), "G_ema": generator, "training_set_kwargs": {"path": "plums.zip"}}
    return write_pickle(path, root)
