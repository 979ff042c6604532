"""What gradients pass: a model's networks in their plain form, with a look at, and a hand on, their feature maps.

For projecting a picture into the latent space, dragging points, and seeing what the critic attends to or a channel
draws. `Model` itself answers in inference mode, from engines that no gradient passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from .errors import LatentError
from .family import Maps
from .model import Labels, Model
from .noise import OWN, Noise

Seen = dict[str, Tensor]  # name of a place → its maps, N×channels×side×side


class Differentiable:
    """A model's networks as functions that gradients pass; made by `differentiable`.

    Pictures and logits are those of the model, within rounding (1e-4 or better in float32). The weights are the model's
    own and take no gradient; everything is in their type and on their device. Slower than the model (about two times
    for StyleGAN2); inside `torch.no_grad()` no graph is kept. As the model, not thread-safe.

    `maps`, `critic_maps`: the places whose feature maps can be seen and scaled, each with `name`, `channels` and
    `side`, in the order of the data: of StyleGAN2 "conv0" …, after noise, bias and activation; of its critic "stem",
    "block0" …, "conv"; of a DCGAN its convolutions. Empty for families that name none.
    """

    def __init__(self, model: Model) -> None:
        self._model, self._plain = model, model.family.plain_form()
        self.dtype = next(model.family.parameters()).dtype

    @property
    def maps(self) -> tuple[Maps, ...]:
        """The generator's places, coarse to fine."""
        return self._plain.maps

    @property
    def critic_maps(self) -> tuple[Maps, ...]:
        """The critic's places, fine to coarse."""
        return self._plain.critic_maps

    def map(
        self,
        z: Tensor,
        label: Labels = None,
        psi: float = 1.0,
        cutoff: int | None = None,
        centre: str = "class",
    ) -> Tensor:
        """As `Model.map`: N×z_dim → N×num_ws×w_dim."""
        return self._model.map_by(self._plain.map, _usable(z), label, psi, cutoff, centre, self.dtype)

    def synthesize(
        self,
        ws: Tensor,
        noise: Noise = OWN,
        *,
        scales: Mapping[str, Tensor] | None = None,
        seen: Seen | None = None,
    ) -> Tensor:
        """As `Model.synthesize`: N×num_ws×w_dim → N×C×H×W, not clipped.

        `scales`: name of a place → what its maps are multiplied by, a number a channel [channels] or a place
        [channels×side×side]: 0 silences a channel (Bau et al. 2019, arXiv:1811.10597). `seen` is given the maps of
        every place, after they were scaled. LatentError for a place that there is not, or a scale that does not fit.
        """
        ws, given, strength = self._model.check_styles(_usable(ws), noise, self.dtype)
        with _watched(self._plain.maps, scales, seen):
            return self._plain.synthesize(ws, given, strength)

    def look(self, ws: Tensor, places: Sequence[str], noise: Noise = OWN) -> list[Tensor]:
        """The maps of these places that `synthesize` would pass, each 1×channels×side×side; nothing that comes after
        the last of them is computed. `ws`: 1×num_ws×w_dim. LatentError for a place that there is not."""
        known = [place.name for place in self._plain.maps]
        for name in places:
            if name not in known:
                raise LatentError(f"There are no maps called {name!r}; there are {', '.join(known) or 'none'}.")
        ws, given, strength = self._model.check_styles(_usable(ws), noise, self.dtype)
        found: dict[str, Tensor] = {}
        last = max(places, key=known.index)

        def hook(name: str, module: nn.Module, args: object, output: Tensor) -> None:
            found[name] = output
            if name == last:
                raise _Enough

        handles = [
            place.module.register_forward_hook(partial(hook, place.name))
            for place in self._plain.maps
            if place.name in places
        ]
        try:
            self._plain.synthesize(ws, given, strength)
        except _Enough:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return [found[name] for name in places]

    def criticize(
        self,
        images: Tensor,
        label: Labels = None,
        *,
        scales: Mapping[str, Tensor] | None = None,
        seen: Seen | None = None,
    ) -> Tensor:
        """As `Model.criticize`, each picture judged alone: N×C×H×W → N logits. `scales` and `seen` as above."""
        self._model.check_pictures(images)
        assert self._plain.criticize is not None  # of a model with a critic
        weights = self._model.class_weights(label, len(images))
        with _watched(self._plain.critic_maps, scales, seen):
            return self._plain.criticize(
                _usable(images).to(self._model.device, self.dtype), None if weights is None else weights.to(self.dtype)
            )


def differentiable(model: Model) -> Differentiable:
    """A model as what gradients pass. Holds no weights of its own. LatentError for a family that cannot (StyleGAN3)."""
    return Differentiable(model)


class _Enough(Exception):  # noqa: N818 (no error: what was to be seen has been)
    """Ends a pass through the network."""


def _usable(x: Tensor) -> Tensor:
    """A copy of what came out of the model, which is in inference mode and could not be part of a graph."""
    return x.clone() if x.is_inference() and not torch.is_inference_mode_enabled() else x


@contextmanager
def _watched(places: tuple[Maps, ...], scales: Mapping[str, Tensor] | None, seen: Seen | None) -> Iterator[None]:
    """Within: maps are scaled, and kept; families that make pictures one by one pass each place as often."""
    known = {place.name: place for place in places}
    kept: dict[str, list[Tensor]] = {name: [] for name in known}
    factors = {name: _factor(known, name, scale) for name, scale in (scales or {}).items()}

    def hook(name: str, module: nn.Module, args: object, output: Tensor) -> Tensor:
        if (factor := factors.get(name)) is not None:
            output = output * factor.to(output)
        if seen is not None:
            kept[name].append(output)
        return output

    handles = [
        place.module.register_forward_hook(partial(hook, place.name))
        for place in places
        if seen is not None or place.name in factors
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    if seen is not None:
        seen.update({name: torch.cat(maps) for name, maps in kept.items()})


def _factor(known: Mapping[str, Maps], name: str, scale: Tensor) -> Tensor:
    if name not in known:
        raise LatentError(f"There are no maps called {name!r}; there are {', '.join(known) or 'none'}.")
    channels, side = known[name].channels, known[name].side
    if scale.shape not in ((channels,), (channels, side, side)):
        raise LatentError(f"{name} is scaled by {channels} or {channels}×{side}×{side} numbers, not {scale.numel()}.")
    if not torch.isfinite(scale).all():
        raise LatentError(f"{name} is scaled by finite numbers.")
    return scale.view(1, channels, *(scale.shape[1:] or (1, 1)))
