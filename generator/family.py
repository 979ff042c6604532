"""A kind of network behind the one `Model`: what each family says of itself and does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

Progress = Callable[[int, int], None]  # layers done, layers in all; may raise to cancel


@dataclass(frozen=True)
class Layer:
    """One row of ws: what it steers. `role`: "conv", or "rgb" for the last one."""

    index: int
    resolution: int
    role: str


@dataclass(frozen=True)
class Transform:
    """Something that moves the whole picture: a slider's name, title, range and unit. 0 leaves the picture alone."""

    name: str
    title: str
    minimum: float
    maximum: float
    unit: str


@dataclass(frozen=True)
class Averages:
    """Averages of w that truncation pulls towards: of everything [w_dim], per class C×w_dim (None without classes)."""

    everything: Tensor
    classes: Tensor | None = None


@dataclass(frozen=True)
class Maps:
    """A place of a network whose feature maps can be looked at: what `module` puts out, 1×`channels`×side×side."""

    name: str
    module: nn.Module
    channels: int
    side: int


@dataclass(frozen=True)
class PlainForm:
    """A family's networks as plain functions that gradients pass, in the type of its weights.

    `map` and `synthesize` as the family's own; `criticize` judges each picture alone. `maps`, `critic_maps`: where the
    feature maps of either can be looked at, in the order of the data.
    """

    map: Callable[[Tensor, Tensor | None], Tensor]
    synthesize: Callable[[Tensor, Sequence[Tensor] | None, float], Tensor]
    criticize: Callable[[Tensor, Tensor | None], Tensor] | None
    maps: tuple[Maps, ...] = ()
    critic_maps: tuple[Maps, ...] = ()


class Family(nn.Module, ABC):
    """A generator and (if it came along) its critic of one architecture. All tensors float32; buffers and no gradients.

    `z_dim`: numbers a visitor draws. `w_dim`: numbers in each of the `num_ws` rows that `map` makes of them.
    `noise_sizes`: side of each noise map that `synthesize` takes, empty for a family without noise inputs.
    `has_mapping`: whether w is learnt from z; else it is z, perhaps normalised, perhaps beside what stands for a class.
    `transforms`: what `synthesize` can move its pictures by. `tells_progress`: whether it says how far it is, and can
    be ended between two layers. `makes_apart`: whether several threads may make a picture each. `preview_resolutions`:
    sides at which `preview` may stop, smallest first. `kept_bytes`: memory that the last picture may hold, so that the
    next is made from where it differs. `found`: what a search found out that the file does not say, JSON-able: a
    converted model keeps it, and its format is given it again, so that the search is made once.
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
    has_encoder: bool = False
    has_mapping: bool = False
    transforms: tuple[Transform, ...] = ()
    tells_progress: bool = False
    makes_apart: bool = False
    preview_resolutions: tuple[int, ...] = ()
    kept_bytes: int = 0
    found: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes weights (None without classes) → N×w_dim, one w that all rows repeat."""

    @abstractmethod
    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32, not clipped. `noise` None: the checkpoint's own; `strength` 0: none.

        `transform` and `progress` are given only to a family that has `transforms`, or `tells_progress`.
        """

    def synthesize_apart(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
        """As `synthesize` of one picture, bit for bit, without anything from the one before or for the next, so that
        threads may call it at once; only called if `makes_apart`."""
        raise NotImplementedError

    def preview(self, ws: Tensor, resolution: int, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
        """As `synthesize`, without what is finer than `resolution`, one of `preview_resolutions`."""
        raise NotImplementedError

    def layer_noise(self) -> Sequence[Tensor]:
        """The checkpoint's own noise map of each layer, 1×1×n×n, as `synthesize` takes it; here: layers have none."""
        return ()

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits; only called if `has_critic`. Each picture alone, or `together` as one batch."""
        raise NotImplementedError

    def encode(self, images: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """N×C×R×R → means and spreads of z, N×z_dim each; only called if `has_encoder`."""
        raise NotImplementedError

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Prepare the convolutions for these types; a family may ignore it, or have one type, `pictures`, for both."""

    def style_weights(self) -> Tensor:
        """R×w_dim float32: the rows of every layer that reads w, for `directions.closed_form_directions`.

        Here: of every affine layer. A family that reads w by its first layer alone says so itself.
        """
        parameters = [t for name, t in self.named_parameters() if name.endswith("affine.weight")]
        return torch.cat([t.detach() for t in parameters])

    def critic_parts(self) -> list[nn.Module]:
        """The modules that belong to the critic. Here: `self.critic`, if there is such a one."""
        critic = getattr(self, "critic", None)
        return [critic] if isinstance(critic, nn.Module) else []

    def parameter_counts(self) -> tuple[int, int]:
        """Numbers that were learnt: the generator's, and the critic's."""
        critic = sum(p.numel() for part in self.critic_parts() for p in part.parameters())
        return sum(p.numel() for p in self.parameters()) - critic, critic

    def plain_form(self) -> PlainForm:
        """The networks in a form that gradients pass. Here: the family's own functions, one type for everything.

        LatentError for a family that has none.
        """

        def alone(images: Tensor, label: Tensor | None) -> Tensor:
            return self.criticize(images, label, False)

        return PlainForm(self.map, self.synthesize, alone if self.has_critic else None)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device
