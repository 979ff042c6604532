"""What the last picture leaves behind, so that the next one is computed from the first layer that differs.

The output of layer i follows from rows 0 … i of ws and from the noise of layers 0 … i alone, so it serves every picture
that shares those, exactly. Edits of fine layers (style mixing, truncation by layer) then cost the fine layers only, and
the full picture after a preview only the layers that the preview left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

KEPT_BYTES = 192 << 20  # all layers of a picture of 512 px in float32; of larger ones, the coarse layers


@dataclass(frozen=True)
class Step:
    """How far a picture had come: layer `layer` is done, its block's RGB is not yet added. Never written to."""

    layer: int
    x: Tensor  # maps after the layer
    rgb: Tensor | None  # RGB sum of the blocks before the layer's

    @property
    def bytes(self) -> int:
        """Memory that it holds."""
        return sum(t.numel() * t.element_size() for t in (self.x, self.rgb) if t is not None)


class Kept:
    """The steps of one picture, coarse to fine, within `KEPT_BYTES`."""

    def __init__(self) -> None:
        self._ws: Tensor | None = None
        self._noise: list[Tensor] | None = None
        self._strength = 0.0
        self._steps: dict[int, Step] = {}

    @property
    def bytes(self) -> int:
        """Memory that the steps hold."""
        return sum(step.bytes for step in self._steps.values())

    def resume(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float, last: int) -> Step | None:
        """The furthest step, up to layer `last`, that this picture shares with the one before; None if there is none.

        `ws` 1×num_ws×w_dim, `noise` and `strength` as for synthesis. Steps that the new picture does not share are let
        go, and what is kept from here on is its own.
        """
        if not strength:
            noise = None  # whatever it is, it is left out
        shared = self._shared(ws, noise, strength)
        self._steps = {layer: step for layer, step in self._steps.items() if layer < shared}
        # Copies: the caller may change its tensors.
        self._ws, self._strength = ws.clone(), strength
        self._noise = None if noise is None else [each.clone() for each in noise]
        return self._steps.get(max((layer for layer in self._steps if layer <= last), default=-1))

    def keep(self, step: Step) -> None:
        """Keep a step of the picture last given to `resume`, if there is room."""
        if self.bytes + step.bytes <= KEPT_BYTES:
            self._steps[step.layer] = step

    def _shared(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float) -> int:
        """How many layers from the first are the same in both pictures; compared exactly."""
        if self._ws is None or self._ws.shape != ws.shape or strength != self._strength:
            return 0
        if (noise is None) != (self._noise is None):
            return 0
        different = (ws != self._ws).any(dim=2)[0].nonzero()  # NaN differs from itself
        rows = int(different[0]) if len(different) else ws.shape[1]
        for layer, (one, two) in enumerate(zip(noise or (), self._noise or (), strict=True)):
            if layer >= rows:
                break
            if not torch.equal(one, two):
                return layer
        return rows
