"""What a frozen network looks at of a picture larger than its side: the whole, made smaller, or a part at full size.

Made smaller, a picture has lost its finest octave, and with it the weave and stipple that a generator fakes detail
with; a part has it, but not the whole's shape. So some pictures of a batch are shown one way, the others the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Views:
    """How each of N pictures is shown: `corners` N×2 int64 (row, column) of the part, `parts` N bool (False: whole)."""

    corners: Tensor
    parts: Tensor
    side: int

    @classmethod
    def draw(cls, count: int, shape: torch.Size, side: int, share: float, rng: torch.Generator) -> Views:
        """A part of each picture of this shape with probability `share`, 0 for those no larger than `side`."""
        height, width = shape[-2:]
        if share <= 0 or min(height, width) <= side:
            return cls(torch.zeros(count, 2, dtype=torch.long), torch.zeros(count, dtype=torch.bool), side)
        rows = torch.randint(0, height - side + 1, (count,), generator=rng)
        columns = torch.randint(0, width - side + 1, (count,), generator=rng)
        return cls(torch.stack([rows, columns], dim=1), torch.rand(count, generator=rng) < share, side)

    def __call__(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C×side×side, with gradients."""
        s, small = self.side, fitted(x, self.side)
        if not bool(self.parts.any()):
            return small
        shown = zip(self.corners.tolist(), self.parts.tolist(), x.unbind(), small.unbind(), strict=True)
        return torch.stack([one[:, r : r + s, c : c + s] if part else whole for (r, c), part, one, whole in shown])


def fitted(x: Tensor, side: int) -> Tensor:
    """N×C×H×W → N×C×side×side, the whole of each."""
    if x.shape[2:] == (side, side):
        return x
    return F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
