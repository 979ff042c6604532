"""The filtered leaky ReLU of StyleGAN3: raise the sampling rate, bend, filter away what the lower rate cannot hold.

Karras et al. 2021 (arXiv:2106.12423), §3.2 and appendices C.2, C.3. On a processor:
- Raising is a product with a banded matrix on each axis, cut into blocks: the same sums as zero insertion and filtering
  without the zeros, at the speed of matrix products (3 times faster than phases or a transposed convolution).
- Lowering is a depthwise convolution with stride: whole 2-D kernels in float32, where they are as fast as two passes
  and serve radial filters too; two passes in bfloat16, where those are 6 times faster.
- Strips of rows go through all of it together, so that the raised map, four times as large, never exists as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.stylegan2.layers import SLOPE

from .config import LayerShape

STRIP = 32  # rows of the output at a time
BLOCK = 64  # columns of the raised map at a time


@dataclass(frozen=True)
class _Block:
    """A part of an axis: what it reads (`source`), what it makes of it (`matrix`), where that goes (`target`)."""

    source: slice
    matrix: Tensor
    target: slice


class FilteredLeakyReLU:
    """One layer's raise, leaky ReLU, clamp and lower, prepared in one precision.

    `up_filter`: [up_taps] or None. `down_filter`: [down_taps], down_taps×down_taps if radial, or None. The activation's
    gain is not in here: a leaky ReLU commutes with it, so the convolution before carries it.
    """

    def __init__(
        self,
        shape: LayerShape,
        up_filter: Tensor | None,
        down_filter: Tensor | None,
        clamp: float | None,
        dtype: torch.dtype,
    ) -> None:
        self.shape, self.clamp = shape, clamp
        self.bare = up_filter is None and down_filter is None and shape.padding == (0, 0)
        one = torch.ones(1)
        self.up = (one if up_filter is None else up_filter).double() * shape.up
        self.rows: list[tuple[_Block, slice]] = []
        self.columns: list[_Block] = []
        self.lowering: list[tuple[Tensor, tuple[int, int]]] = []
        if self.bare:
            return
        for first in range(0, shape.out_size, STRIP):
            last = min(first + STRIP, shape.out_size)
            raised = slice(first * shape.down, (last - 1) * shape.down + shape.down_taps)
            self.rows.append((self._raise(raised, dtype), slice(first, last)))
        for first in range(0, shape.raised_size, BLOCK):
            self.columns.append(self._raise(slice(first, min(first + BLOCK, shape.raised_size)), dtype))
        self.lowering = self._lower(one if down_filter is None else down_filter, dtype)

    def _raise(self, target: slice, dtype: torch.dtype) -> _Block:
        """The rows `target` of the matrix that pads, inserts zeros and filters (a true convolution) along one axis."""
        up, taps, pad, size = self.shape.up, self.shape.up_taps, self.shape.padding[0], self.shape.conv_size
        first = min(max(-((pad - target.start) // up), 0), size)  # sample i lies at pad + up·i of the padded axis
        last = min(max((target.stop + taps - 2 - pad) // up + 1, first), size)
        lag = pad + up * torch.arange(first, last) - torch.arange(target.start, target.stop)[:, None]
        inside = (lag >= 0) & (lag < taps)
        flipped = self.up.flip(0).cpu()
        matrix = torch.where(inside, flipped[lag.clamp(0, taps - 1)], 0.0)
        return _Block(slice(first, last), matrix.to(self.up.device, dtype), target)

    def _lower(self, kernel: Tensor, dtype: torch.dtype) -> list[tuple[Tensor, tuple[int, int]]]:
        """Depthwise kernels C×1×h×w with their strides, to be applied one after another."""
        down, width = self.shape.down, self.shape.out_channels
        if kernel.ndim == 2:
            parts = [(kernel, (down, down))]
        elif dtype == torch.float32:
            parts = [(torch.outer(kernel, kernel), (down, down))]
        else:
            parts = [(kernel[None], (1, down)), (kernel[:, None], (down, 1))]
        return [(k.flip(0, 1).expand(width, 1, *k.shape).to(dtype).contiguous(), stride) for k, stride in parts]

    def __call__(self, x: Tensor) -> Tensor:
        """1×C×H×W, channels_last, → 1×C×out_size×out_size."""
        if self.bare:
            return self._bend(x)
        x = x.permute(0, 2, 3, 1)[0].contiguous()  # H×W×C: a matrix along an axis then needs no transposition
        size, channels = self.shape.raised_size, x.shape[2]
        out = x.new_empty(self.shape.out_size, self.shape.out_size, channels)
        for row, target in self.rows:
            strip = x[row.source]  # h×W×C
            wide = x.new_empty(strip.shape[0], size, channels)
            for column in self.columns:
                matrices = column.matrix.expand(strip.shape[0], -1, -1)
                wide[:, column.target] = torch.bmm(matrices, strip[:, column.source])
            y = self._bend((row.matrix @ wide.flatten(1)).view(1, -1, size, channels)).permute(0, 3, 1, 2)
            for kernel, stride in self.lowering:
                y = F.conv2d(y, kernel, stride=stride, groups=channels)
            out[target] = y[0].permute(1, 2, 0)
        return out.permute(2, 0, 1)[None]

    def _bend(self, x: Tensor) -> Tensor:
        if not self.shape.rgb:
            x = F.leaky_relu_(x, SLOPE)
        return x if self.clamp is None else x.clamp_(-self.clamp, self.clamp)
