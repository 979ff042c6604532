"""Convolutions whose weights no longer change: what can be worked out once is folded into them beforehand."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FixedConv(nn.Module):
    """A convolution (or a transposed one) for inference. The float32 weights stay; it works on a copy in `dtype`.

    `weight`: O×I×k×k, or I×O×k×k if `transposed`; `bias`: O, or None. `extra`: rows and columns more that a transposed
    one makes. After a move to another device call `prepare`.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        stride: int = 1,
        padding: int = 0,
        transposed: bool = False,
        extra: int = 0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.float().contiguous(memory_format=torch.channels_last), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias.float(), requires_grad=False)
        self.stride, self.padding, self.transposed, self.extra = stride, padding, transposed, extra
        self.prepare(torch.float32)

    def prepare(self, dtype: torch.dtype) -> None:
        """Compute in this type from now on."""
        self._weight = self.weight.detach().to(dtype)
        self._bias = None if self.bias is None else self.bias.detach().to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        """N×I×H×W of any floating type → N×O×H'×W' in the prepared one."""
        x, kernel = x.to(self._weight.dtype), (self._weight, self._bias, self.stride, self.padding)
        return F.conv_transpose2d(x, *kernel, self.extra) if self.transposed else F.conv2d(x, *kernel)

    def flops(self, side: int) -> int:
        """Work for one picture with maps of this side at the smaller end, a multiply-add counted as two."""
        return 2 * self.weight.numel() * side * side


class FixedDense(nn.Module):
    """A dense layer for inference, always in float32. `weight`: O×I, `bias`: O, or None."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.float().contiguous(), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias.float(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×I → N×O."""
        return F.linear(x, self.weight, self.bias)


def prepare(network: nn.Module, dtype: torch.dtype) -> None:
    """Let every convolution of the network compute in this type."""
    for module in network.modules():
        if isinstance(module, FixedConv):
            module.prepare(dtype)


def one_by_one(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`function` of each row alone: a picture is then the same, bit for bit, alone and in a batch.

    On a processor that is no slower; elsewhere the batch goes through at once.
    """
    if x.device.type != "cpu" or len(x) == 1:
        return function(x)
    return torch.cat([function(row) for row in x.split(1)])


def upsampling_kernel(weight: Tensor) -> Tensor:
    """O×I×3×3 → I×O×4×4: nearest-neighbour doubling and then that convolution, as one transposed convolution.

    Of stride 2 and padding 1. The three taps fall on doubled pixels, so two of them always read the same one: 16
    products a pixel of the small map in place of 36, and the same sums up to rounding, borders included.
    """
    rows = torch.stack([weight[:, :, 2], weight[:, :, 1] + weight[:, :, 2], weight[:, :, 0] + weight[:, :, 1],
                        weight[:, :, 0]], dim=2)  # fmt: skip
    both = torch.stack([rows[..., 2], rows[..., 1] + rows[..., 2], rows[..., 0] + rows[..., 1], rows[..., 0]], dim=3)
    return both.transpose(0, 1)
