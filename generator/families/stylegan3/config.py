"""What a StyleGAN3 generator is made of: its configuration, and the shape of every layer that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from generator.config import RESOLUTIONS, Config
from generator.errors import CheckpointError


@dataclass(frozen=True)
class LayerShape:
    """One synthesis layer: sizes and sampling rates in samples per picture width (Karras et al. 2021, figure 4c).

    A map is `in_size`² samples at `in_rate`, margins included. The convolution runs at the input's rate; its result
    is padded by `padding` (before, after; negative crops) in samples of the raised rate, raised by `up`, filtered with
    `up_taps` taps, bent by the leaky ReLU, filtered with `down_taps` taps and lowered by `down`.
    """

    in_channels: int
    out_channels: int
    in_size: int
    out_size: int
    out_rate: int
    kernel: int
    up: int
    down: int
    up_taps: int
    down_taps: int
    radial: bool
    rgb: bool
    padding: tuple[int, int]

    @property
    def conv_size(self) -> int:
        """Side of the convolution's result: it sees every position that touches the map."""
        return self.in_size + self.kernel - 1

    @property
    def raised_size(self) -> int:
        """Side of the map on which the leaky ReLU acts."""
        return (self.out_size - 1) * self.down + self.down_taps

    @property
    def flops(self) -> int:
        """Work for one picture: the convolution and the filters' taps that do not meet an inserted zero."""
        conv = self.kernel**2 * self.in_channels * self.conv_size**2
        raise_ = (self.up_taps // self.up) * self.raised_size * (self.conv_size + self.raised_size)
        lower = self.down_taps**2 * self.out_size**2
        return 2 * self.out_channels * (conv + raise_ + lower)


def layer_shape(
    channels: tuple[int, int],
    sizes: tuple[int, int],
    rates: tuple[int, int],
    *,
    rgb: bool = False,
    kernel: int = 3,
    filter_size: int = 6,
    lrelu_upsampling: int = 2,
    radial: bool = False,
) -> LayerShape:
    """The shape of a layer between two maps, each told by its channels, side and sampling rate: (in, out).

    The last layer, `rgb`, only mixes channels: its `kernel` is 1, and it neither raises nor filters nor lowers.
    """
    raised = max(rates) * (1 if rgb else lrelu_upsampling)
    up, down = raised // rates[0], raised // rates[1]
    up_taps = 1 if rgb or up == 1 else filter_size * up
    down_taps = 1 if rgb or down == 1 else filter_size * down
    kernel = 1 if rgb else kernel
    # What must be there before the filters and the lowering, less what the convolution gives. The halves differ
    # by `up` so that samples lie symmetrically about the picture's centre (appendix C.3).
    pad = (sizes[1] - 1) * down + 1 + up_taps + down_taps - 2 - (sizes[0] + kernel - 1) * up
    low = (pad + up) // 2
    return LayerShape(
        in_channels=channels[0],
        out_channels=channels[1],
        in_size=sizes[0],
        out_size=sizes[1],
        out_rate=rates[1],
        kernel=kernel,
        up=up,
        down=down,
        up_taps=up_taps,
        down_taps=down_taps,
        radial=radial and not rgb,
        rgb=rgb,
        padding=(low, pad - low),
    )


@dataclass(frozen=True)
class StyleGAN3Config(Config):
    """Alias-free generator (Karras et al. 2021, arXiv:2106.12423, §3.2 and appendix F).

    Configuration T: `conv_kernel` 3, separable filters. R: `conv_kernel` 1, radial down-sampling filters except in the
    `num_critical` critically sampled last layers, twice the channels. `first_cutoff`, `first_stopband`: in cycles per
    picture width. `last_stopband_rel`: the last layers' stopband over their cutoff. `margin_size`: samples beyond each
    border. `filter_size`: taps of the low-pass filters, in samples of the lower rate. `conv_clamp`: None for no clamp.
    `embed_dim`: of the embedded class, 0 for `w_dim`.
    """

    resolution: int
    num_classes: int = 0
    z_dim: int = 512
    w_dim: int = 512
    img_channels: int = 3
    mapping_layers: int = 2
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    output_scale: float = 0.25
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    use_radial_filters: bool = False
    conv_clamp: float | None = 256.0
    embed_dim: int = 0

    def __post_init__(self) -> None:
        self.require_choice("resolution", (16, *RESOLUTIONS))
        self.require("embed_dim", 0, 4096)
        self.require_choice("img_channels", (1, 3))
        self.require_choice("use_radial_filters", (False, True))
        self.require("num_classes", 0, 10_000)
        self.require("z_dim", 1, 4096)
        self.require("w_dim", 1, 4096)
        self.require("mapping_layers", 1, 16)
        self.require("channel_base", 16, 1 << 18)
        self.require("channel_max", 1, 4096)
        self.require("num_layers", 2, 32)
        self.require("num_critical", 0, self.num_layers - 1)
        self.require("margin_size", 0, 64)
        self.require("conv_kernel", 1, 7)
        self.require("filter_size", 1, 16)
        self.require("lrelu_upsampling", 1, 4)
        self._require_between("first_cutoff", 0.1, self.resolution / 2)
        self._require_between("first_stopband", 0.1, self.resolution)
        self._require_between("last_stopband_rel", 0.5, 4.0)
        self._require_between("output_scale", 1e-6, 1e6)
        if self.conv_clamp is not None:
            self._require_between("conv_clamp", 1e-3, 1e9)

    def _require_between(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise CheckpointError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")

    @property
    def cutoffs(self) -> list[float]:
        """Cutoff frequency of each layer's output: a geometric progression up to half the resolution."""
        return self._progression(self.first_cutoff, self.resolution / 2)

    @property
    def rates(self) -> list[int]:
        """Sampling rate of each layer's output: the power of two that holds its stopband, at most the resolution."""
        stopbands = self._progression(self.first_stopband, self.resolution / 2 * self.last_stopband_rel)
        return [2 ** max(math.ceil(math.log2(min(2 * stop, self.resolution))), 0) for stop in stopbands]

    @property
    def widths(self) -> list[int]:
        """Channels of each layer's output; the last are the picture's."""
        widths = [round(min(self.channel_base / 2 / cutoff, self.channel_max)) for cutoff in self.cutoffs]
        return [*(max(width, 1) for width in widths[:-1]), self.img_channels]

    @property
    def sizes(self) -> list[int]:
        """Side of each layer's output with its margins, which the last two layers do without."""
        sizes = [rate + 2 * self.margin_size for rate in self.rates]
        return [*sizes[:-2], self.resolution, self.resolution]

    @property
    def layers(self) -> tuple[LayerShape, ...]:
        """Every layer, coarse to fine; the last turns features into colours and neither bends nor filters."""
        return tuple(self._layer(i) for i in range(self.num_layers + 1))

    def _progression(self, first: float, last: float) -> list[float]:
        steps = self.num_layers - self.num_critical
        return [first * (last / first) ** min(i / steps, 1.0) for i in range(self.num_layers + 1)]

    def _layer(self, i: int) -> LayerShape:
        before = max(i - 1, 0)
        return layer_shape(
            (self.widths[before], self.widths[i]),
            (self.sizes[before], self.sizes[i]),
            (self.rates[before], self.rates[i]),
            rgb=i == self.num_layers,
            kernel=self.conv_kernel,
            filter_size=self.filter_size,
            lrelu_upsampling=self.lrelu_upsampling,
            radial=self.use_radial_filters and i < self.num_layers - self.num_critical,
        )
