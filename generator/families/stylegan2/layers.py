"""The few layers that StyleGAN2 is made of, in their trainable form (Karras et al. 2020, arXiv:1912.04958).

Shapes: N pictures, I and O channels in and out, H×W positions, k×k kernels. Every weight is stored with unit
variance and scaled at run time ("equalised learning rate", Karras et al. 2018, §4.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_M = TypeVar("_M", bound=nn.Module)
SQRT2 = math.sqrt(2.0)
ROOT_HALF = math.sqrt(0.5)  # of both branches of a residual block
SLOPE = 0.2  # of the leaky ReLU
SMOOTHING = torch.outer(*[torch.tensor([-1.0, 4.0, 10.0, 4.0, -1.0]) / 16] * 2)  # 5×5, sums to 1, see `interleave`


def module_list(modules: Iterable[_M]) -> Sequence[_M]:
    """nn.ModuleList that keeps the type of what it holds."""
    return cast("Sequence[_M]", nn.ModuleList(modules))


def lrelu(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, scaled so that a unit-variance input keeps about unit variance."""
    return F.leaky_relu(x, SLOPE) * SQRT2


def bound(x: Tensor, clamp: float) -> Tensor:
    """x within ±`clamp`; 0: as it is. The authors bound activations to fit float16, and so train with the bound."""
    return x.clamp(-clamp, clamp) if clamp else x


def normalize_2nd_moment(x: Tensor, eps: float = 1e-8) -> Tensor:
    """N×C → N×C with mean square 1 per row (Karras et al. 2018, §4.2)."""
    return x * (x.square().mean(dim=1, keepdim=True) + eps).rsqrt()


def full(x: Tensor) -> Tensor:
    """Maps held in bfloat16 as float32, others as they are."""
    return x.float() if x.dtype == torch.bfloat16 else x


def conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0, half: bool = False
) -> Tensor:
    """F.conv2d whose operands alone may be bfloat16: what comes out has the type of `x`, in which all else is reckoned.

    So a network is told by its input alone whether its maps are held in float32 or, with `half`, in bfloat16, which
    are half the bytes to move; weights, gradients' sums and losses stay in float32 either way.
    """
    if not half:
        return F.conv2d(x, weight, bias, stride=stride, padding=padding)
    bias = None if bias is None else bias.bfloat16()
    return F.conv2d(x.bfloat16(), weight.bfloat16(), bias, stride=stride, padding=padding).to(x.dtype)


def conv_transpose2d(x: Tensor, weight: Tensor, *, half: bool = False) -> Tensor:
    """Transposed convolution of stride 2; `weight` O×I×k×k as for a convolution. H×W → (2H+k−2)×(2W+k−2)."""
    weight = weight.transpose(0, 1)
    if not half:
        return F.conv_transpose2d(x, weight, stride=2)
    return F.conv_transpose2d(x.bfloat16(), weight.bfloat16(), stride=2).to(x.dtype)


def fir_kernel(channels: int, gain: float = 1.0) -> Tensor:
    """The separable [1, 3, 3, 1] low-pass filter as a depthwise kernel C×1×4×4 that sums to `gain`."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps)
    return (kernel * (gain / kernel.sum())).expand(channels, 1, 4, 4).contiguous()


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution with a fixed kernel, whose gradient is one too: with zeros between, and turned round.

    torch's own gradient of one in bfloat16 is twenty times slower than this on a processor.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(kernel)
        ctx.stride, ctx.padding, ctx.size = stride, padding, x.shape[2:]
        return F.conv2d(x, kernel, bias, stride, padding, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (kernel,) = ctx.saved_tensors
        (g,) = gradients
        rest = kernel.shape[2] - 1 - ctx.padding
        if ctx.stride > 1:
            height, width = (size + kernel.shape[2] - 1 for size in ctx.size)
            apart = g.new_zeros(*g.shape[:2], height, width).contiguous(memory_format=torch.channels_last)
            rows, columns = (slice(rest, rest + ctx.stride * (n - 1) + 1, ctx.stride) for n in g.shape[2:])
            apart[:, :, rows, columns] = g
            g, rest = apart, 0
        return _Depthwise.apply(g, kernel.flip(2, 3), None, 1, rest), None, None, None, None


def depthwise(x: Tensor, kernel: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0) -> Tensor:
    """Convolution of each channel by its own kernel C×1×k×k, in the type of `x`; kernel and bias have no gradients."""
    kernel = kernel.to(x.dtype)
    if x.dtype != torch.bfloat16:
        return F.conv2d(x, kernel, bias, stride, padding, groups=x.shape[1])
    return cast(Tensor, _Depthwise.apply(x, kernel, bias, stride, padding))


def blur(x: Tensor, kernel: Tensor, padding: int, stride: int = 1) -> Tensor:
    """Depthwise 4×4 filtering; H×W → (H + 2·padding − 3)/stride."""
    return depthwise(x, kernel, padding=padding, stride=stride)


def upsample_rgb(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×2H×2W by zero insertion and the [1, 3, 3, 1] filter.

    That filter's two phases are (1, 3)/4 and (3, 1)/4: linear interpolation, but with zeros beyond the border.
    """
    padded = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=2, mode="bilinear", align_corners=False)
    return padded[:, :, 2:-2, 2:-2]


def halve_rgb(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×H/2×W/2 by the [1, 3, 3, 1] filter."""
    return blur(x, fir_kernel(x.shape[1]).to(x), padding=1, stride=2)


def interleave(x: Tensor, smooth: bool) -> Tensor:
    """N×4C×H×W → N×C×2H×2W, four channels to each square of 2×2 pixels (sub-pixel convolution, Shi et al. 2016).

    `smooth` then filters with [−1, 4, 10, 4, −1] both ways. Its response is zero at the frequency of a checkerboard,
    which is what four independent sub-pixels draw first and a critic of strided convolutions is late to notice
    (Sugawara et al. 2019, arXiv:1806.02658), and flatter below it than the plain [1, 2, 1].
    """
    x = F.pixel_shuffle(x, 2)
    if smooth:
        channels = x.shape[1]
        kernel = SMOOTHING.to(x).expand(channels, 1, 5, 5)
        x = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel, groups=channels)
    return x


def minibatch_std(x: Tensor, group: int, channels: int = 1) -> Tensor:
    """Append the mean standard deviation within groups of pictures (Karras et al. 2018, §3), over each of `channels`
    equal shares of the maps: N×C×H×W → N×(C + channels)×H×W.

    The batch is split so that pictures n, n + N/g, n + 2N/g … form a group of g.
    """
    if not channels:
        return x
    count, _, height, width = x.shape
    g = min(group, count)
    while count % g:  # a batch that the group does not divide is split into the largest even groups
        g -= 1
    spread = x.float().reshape(g, count // g, channels, -1, height, width)
    spread = (spread.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(2, 3, 4))  # (N/g)×channels
    spread = spread.to(x.dtype).repeat(g, 1)[:, :, None, None]
    return torch.cat([x, spread.expand(-1, -1, height, width)], dim=1)


class FullyConnected(nn.Module):
    """Dense layer with equalised learning rate; `lr_multiplier` slows it down (mapping network: 0.01)."""

    def __init__(
        self,
        features_in: int,
        features_out: int,
        *,
        bias_init: float = 0.0,
        lr_multiplier: float = 1.0,
        activate: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features_out, features_in) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((features_out,), bias_init / lr_multiplier))
        self.weight_gain = lr_multiplier / math.sqrt(features_in)
        self.bias_gain = lr_multiplier
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """N×in → N×out."""
        x = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return lrelu(x) if self.activate else x


class Conv(nn.Module):
    """Plain convolution with equalised learning rate, as the critic uses it; `down=2` blurs and halves."""

    fir: Tensor

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        bias: bool = True,
        down: int = 1,
        stride: int = 1,
        padding: int | None = None,
        activate: bool = False,
        clamp: float = 0.0,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out)) if bias else None
        self.weight_gain = 1.0 / math.sqrt(channels_in * kernel * kernel)
        self.kernel, self.down, self.stride, self.activate = kernel, down, stride, activate
        self.padding = kernel // 2 if padding is None else padding
        if down == 2:
            self.register_buffer("fir", fir_kernel(channels_in), persistent=False)

    def forward(self, x: Tensor, gain: float = 1.0, half: bool = False) -> Tensor:
        """N×I×H×W → N×O×H'×W' scaled by `gain` (after the activation, if there is one)."""
        clamp = self.clamp * gain
        if self.activate:
            gain *= SQRT2
        # A positive factor commutes with the leaky ReLU: it scales the small weights instead of the large maps.
        weight = self.weight * (self.weight_gain * gain)
        bias = None if self.bias is None else self.bias * gain
        within = bias if x.dtype == torch.bfloat16 else None  # added before the sum is rounded, and in one go
        if self.down == 2 and self.kernel == 1:
            x = conv2d(blur(x, self.fir, padding=1, stride=2), weight, within, half=half)
        elif self.down == 2:
            x = conv2d(blur(x, self.fir, padding=self.padding + 1), weight, within, stride=2, half=half)
        else:
            x = conv2d(x, weight, within, stride=self.stride, padding=self.padding, half=half)
        if bias is not None and within is None:
            x = x + bias.view(1, -1, 1, 1)
        return bound(F.leaky_relu(x, SLOPE) if self.activate else x, clamp)


class ModulatedConv(nn.Module):
    """Modulated, demodulated convolution (Karras et al. 2020, §2.2), trainable form.

    Scaling the input maps by the styles and the output maps by the demodulation is the same as scaling the weights
    for each picture (equations 1 and 3), and lets a whole batch share one convolution.
    """

    fir: Tensor

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        w_dim: int,
        *,
        up: int = 1,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.affine = FullyConnected(w_dim, channels_in, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.kernel, self.up, self.demodulate = kernel, up, demodulate
        self.style_gain = 1.0 / math.sqrt(channels_in * kernel * kernel)
        if up == 2:
            self.register_buffer("fir", fir_kernel(channels_out, gain=4.0), persistent=False)

    def forward(self, x: Tensor, w: Tensor, gain: float = 1.0, half: bool = False) -> Tensor:
        """N×I×H×W and N×w_dim → N×O×(up·H)×(up·W), demodulated to variance `gain`², without bias."""
        # Demodulation cancels any common scale, so the equalising gain can sit in the styles in both cases.
        styles = self.affine(w) * self.style_gain  # N×I
        x = x * styles[:, :, None, None].to(x.dtype)
        if self.up == 2:
            x = blur(conv_transpose2d(x, self.weight, half=half), self.fir, padding=1)
        else:
            x = conv2d(x, self.weight, padding=self.kernel // 2, half=half)
        if self.demodulate:
            energy = styles.square() @ self.weight.square().sum(dim=(2, 3)).t()  # N×O
            x = x * ((energy + 1e-8).rsqrt() * gain)[:, :, None, None].to(x.dtype)
        return x
