"""Models of other families than StyleGAN2: a small network of their own behind the same door as `Model`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .directions import Direction
from .errors import CheckpointError
from .model import MIXED, PRECISIONS, Averages, Layer, Model, Provenance


class Family(nn.Module, ABC):
    """A generator and (if it came along) its critic of one architecture. All tensors float32; buffers and no gradients.

    `z_dim`: numbers a visitor draws. `w_dim`: numbers in each of the `num_ws` rows that `map` makes of them.
    `noise_sizes`: side of each noise map that `synthesize` takes, empty for a family without noise inputs.
    `has_mapping`: whether w is learnt from z; else it is z, perhaps normalised, perhaps beside what stands for a class.
    """

    title: str  # such as "StyleGAN3-T"
    resolution: int
    img_channels: int
    num_classes: int
    z_dim: int
    w_dim: int
    num_ws: int
    layers: tuple[Layer, ...]
    noise_sizes: tuple[int, ...] = ()
    flops: int  # of one picture's convolutions
    has_critic: bool
    has_mapping: bool = False

    @abstractmethod
    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes weights (None without classes) → N×w_dim, one w that all rows repeat."""

    @abstractmethod
    def synthesize(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32, not clipped. `noise` None: the checkpoint's own; `strength` 0: none."""

    def style_weights(self) -> Tensor:
        """R×w_dim float32: the rows of every layer that reads w, for `directions.closed_form_directions`.

        Here: of every affine layer. A family that reads w by its first layer alone says so itself.
        """
        parameters = [t for name, t in self.named_parameters() if name.endswith("affine.weight")]
        return torch.cat([t.detach() for t in parameters])

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits; only called if `has_critic`. Each picture alone, or `together` as one batch."""
        raise NotImplementedError

    def use(self, dtype: torch.dtype) -> None:
        """Prepare the convolutions for this type; a family may ignore it."""


class FamilyModel(Model):
    """A `Model` round a `Family`. What the base class does (truncation, moves, mixing, checks) stays as it is."""

    def __init__(
        self,
        name: str,
        family: Family,
        averages: Averages,
        provenance: Provenance,
        *,
        version: str = "1",
        classes: tuple[str, ...] = (),
        directions: tuple[Direction, ...] = (),
    ) -> None:
        self.family = family.requires_grad_(False).eval()
        self.name, self.version, self.classes = name, version, classes
        self.averages, self.directions, self.provenance = averages, directions, provenance
        self.calibration, self.timings = None, {}
        self.use("fp32")

    # ---- what it is, from the family ------------------------------------------------------------------------------

    @property
    def resolution(self) -> int:
        """Side of its pictures in pixels."""
        return self.family.resolution

    @property
    def img_channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.family.img_channels

    @property
    def z_dim(self) -> int:
        """Length of z."""
        return self.family.z_dim

    @property
    def w_dim(self) -> int:
        """Length of w."""
        return self.family.w_dim

    @property
    def num_ws(self) -> int:
        """How many rows a picture is made from."""
        return self.family.num_ws

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What each row steers, coarse to fine."""
        return self.family.layers

    @property
    def flops(self) -> int:
        """Work of one picture."""
        return self.family.flops

    @property
    def has_critic(self) -> bool:
        """Whether the discriminator came with it."""
        return self.family.has_critic

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.family.parameters()).device

    def use(self, precision: str) -> None:
        """Prepare the networks in "fp32", in "bf16", or in "mixed": pictures in fp32, and the critic with them, since
        a family has one type for both."""
        if precision not in (*PRECISIONS, MIXED):
            raise CheckpointError(f"Precision is one of {', '.join((*PRECISIONS, MIXED))}, not {precision!r}.")
        self.family.use(PRECISIONS["fp32" if precision == MIXED else precision])
        self._mapping = self.family.map
        self._synthesis = self.family.synthesize
        self._critic = self.family.criticize if self.family.has_critic else None
        self.precision = precision

    def __repr__(self) -> str:
        """The base class would print a StyleGAN2's networks, which a family lacks."""
        return f"FamilyModel({self.name!r}, {self.family.title}, {self.resolution} px)"

    def _noise_sizes(self) -> list[int]:
        return list(self.family.noise_sizes)

    def describe(self) -> dict[str, Any]:
        """What a visitor may want to know of the networks."""
        return {
            "architecture": self.family.title,
            "resolution": self.resolution,
            "parameters": sum(p.numel() for p in self.family.parameters()),
            "critic_parameters": 0,
            "precision": self.precision,
        }
