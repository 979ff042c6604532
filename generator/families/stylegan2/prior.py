"""A learned prior: an invertible network between plain Gaussian noise and the codes that an encoder gives pictures.

What an encoder makes of pictures does not fill N(0, I): samples from there fall into the holes between the codes, and a
generator was never shown what to paint for them. So the codes' own distribution is learnt, class by class, by a flow of
affine coupling layers (Dinh et al. 2017, "Density estimation using Real NVP", arXiv:1605.08803, §3) with maximum
likelihood. It is exact both ways in one pass: noise → code paints a seed, code → noise gives an encoded picture the z
that a recipe can carry.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.errors import CheckpointError

from .layers import module_list

REACH = 1.5  # of the logarithm of a coupling's factor: within e^±1.5, so that no layer tears the space


class Coupling(nn.Module):
    """One half of the numbers, scaled and shifted by what a small network makes of the other half and the class."""

    def __init__(self, dim: int, num_classes: int, width: int, flipped: bool) -> None:
        super().__init__()
        self.kept, self.flipped = dim // 2, flipped
        self.first = nn.Linear(self.kept, width)
        self.embed = nn.Linear(num_classes, width, bias=False) if num_classes else None
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, 2 * (dim - self.kept))
        nn.init.zeros_(self.last.weight)  # a new layer changes nothing
        nn.init.zeros_(self.last.bias)

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = x[:, : self.kept], x[:, -(x.shape[1] - self.kept) :]
        return (x[:, -self.kept :], x[:, : x.shape[1] - self.kept]) if self.flipped else (a, b)

    def _join(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([b, a] if self.flipped else [a, b], dim=1)

    def _factors(self, a: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        h = self.first(a)
        if self.embed is not None:
            h = h + self.embed(label)
        scale, shift = self.last(F.silu(self.second(F.silu(h)))).chunk(2, dim=1)
        return REACH * torch.tanh(scale / REACH), shift

    def to_noise(self, x: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """N×dim → N×dim, and the logarithm of the volume it spans there, N."""
        a, b = self._split(x)
        scale, shift = self._factors(a, label)
        return self._join(a, (b - shift) * torch.exp(-scale)), -scale.sum(dim=1)

    def to_code(self, x: Tensor, label: Tensor | None) -> Tensor:
        """The inverse, N×dim → N×dim."""
        a, b = self._split(x)
        scale, shift = self._factors(a, label)
        return self._join(a, b * torch.exp(scale) + shift)


class Prior(nn.Module):
    """Couplings in turn, with a fixed shuffle of the numbers between them."""

    order: Tensor

    def __init__(self, dim: int, num_classes: int, layers: int, width: int) -> None:
        super().__init__()
        self.dim = dim
        self.layers = module_list(Coupling(dim, num_classes, width, bool(i % 2)) for i in range(layers))
        # One shuffle each, drawn once and kept with the weights: flat, since rows may be stored in 8 bits.
        order = torch.cat([torch.randperm(dim) for _ in range(layers)])
        self.register_buffer("order", order)

    def check(self) -> None:
        """Raise CheckpointError unless each shuffle, as read from a file, names every number once."""
        if not torch.equal(self._orders().sort(dim=1).values, torch.arange(self.dim).expand(len(self.layers), -1)):
            raise CheckpointError("The checkpoint's prior does not shuffle its numbers properly.")

    def _orders(self) -> Tensor:
        return self.order.view(len(self.layers), self.dim)

    def forward(self, z: Tensor, label: Tensor | None) -> Tensor:
        """Noise and classes → codes: N×dim and N×num_classes → N×dim."""
        for layer, back in zip(reversed(self.layers), self._orders().argsort(dim=1).flip(0), strict=True):
            z = layer.to_code(z, label)[:, back]
        return z

    def inverse(self, code: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Codes → the noise that gives them, N×dim, and the logarithm of the map's volume there, N."""
        volume = torch.zeros(len(code), device=code.device)
        for layer, order in zip(self.layers, self._orders(), strict=True):
            code, change = layer.to_noise(code[:, order], label)
            volume = volume + change
        return code, volume

    def log_density(self, code: Tensor, label: Tensor | None) -> Tensor:
        """Of codes under the prior, in nats: N×dim → N."""
        z, volume = self.inverse(code, label)
        return volume - 0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=1)
