"""The fast path: the same networks as `networks.py`, prepared for inference on a processor.

What is folded away beforehand: equalised-learning-rate gains, the √2 of every activation (a leaky ReLU commutes
with a positive factor), noise strengths. What is chosen per layer: styles multiply the weights or the feature maps,
whichever is smaller. Biases ride on a convolution or on the blur after it. Maps are channels_last, and weights lie as
the convolution reads them (a transposed one: I×O, channels_last, or it is reordered at every call); convolutions run
in `dtype`, everything else in float32. Pictures are made one by one on a processor: that is not slower there, and a
picture is then the same, bit for bit, alone and in a batch.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor

from .incremental import KEPT_BYTES, Kept, Step
from .layers import (
    ROOT_HALF,
    SLOPE,
    SQRT2,
    Conv,
    FullyConnected,
    ModulatedConv,
    blur,
    fir_kernel,
    halve_rgb,
    interleave,
    minibatch_std,
    normalize_2nd_moment,
    upsample_rgb,
)
from .networks import Critic, Mapping, Synthesis, SynthesisLayer
from .prior import Prior

KEPT_ROWS = 64  # of w that one mapping network keeps, half a kilobyte each
ALONE = 1e-4  # the standard deviation within a group of one: √1e-8, what keeps that root differentiable


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _bound_(x: Tensor, clamp: float) -> Tensor:
    """x, in place, within ±`clamp`; 0: as it is."""
    return x.clamp_(-clamp, clamp) if clamp else x


def _rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`function` of each row of N×I alone: a product of N rows may sum in another order than that of one row."""
    if x.device.type != "cpu" or len(x) == 1:
        return function(x)
    return torch.cat([function(row) for row in x.split(1)])


@dataclass(frozen=True)
class _Dense:
    """Fully connected layer with its gains folded in."""

    weight: Tensor  # O×I
    bias: Tensor  # O

    @classmethod
    def of(cls, layer: FullyConnected, gain: float = 1.0) -> _Dense:
        return cls(layer.weight * (layer.weight_gain * gain), layer.bias * (layer.bias_gain * gain))

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)  # N×I → N×O


class _Rows:
    """The rows that a network gave last, by what it was given: while a hand drags, the seed stays."""

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, Tensor] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> Tensor | None:
        with self._lock:
            if (row := self._rows.get(key)) is not None:
                self._rows.move_to_end(key)
            return row

    def put(self, key: bytes, row: Tensor) -> None:
        with self._lock:
            self._rows[key] = row
            while len(self._rows) > KEPT_ROWS:
                self._rows.popitem(last=False)


class MappingEngine:
    """The mapping network prepared: latents and classes → w, in float32, each row by itself."""

    def __init__(self, network: Mapping) -> None:
        with torch.inference_mode():
            self.embed = None if network.embed is None else _Dense.of(network.embed)
            self.layers = [_Dense.of(layer, SQRT2) for layer in network.layers]
        self.prior = network.prior  # as it is: many small products
        self._known = _Rows()

    def __call__(self, z: Tensor | None, label: Tensor | None) -> Tensor:
        """N×z_dim (None: the critic's mapping has no z) and N×num_classes → N×w_dim."""
        given = [each for each in (z, label) if each is not None]
        if len(given[0]) != 1 or given[0].device.type != "cpu":
            return self._map(z, label)
        key = b"".join(each.detach().numpy().tobytes() for each in given)  # of one engine all are as long
        w = self._known.get(key)
        if w is None:
            w = self._map(z, label)
            self._known.put(key, w)
        return w.clone()  # the caller's own

    def _map(self, z: Tensor | None, label: Tensor | None) -> Tensor:
        with torch.inference_mode():
            if self.prior is not None and z is not None:
                z = self._codes(self.prior, z, label)
            parts = [] if z is None else [normalize_2nd_moment(z)]
            if self.embed is not None:
                assert label is not None
                parts.append(normalize_2nd_moment(_rows(self.embed, label)))
            x = torch.cat(parts, dim=1)
            for layer in self.layers:
                x = F.leaky_relu_(_rows(layer, x), SLOPE)
            return x

    @staticmethod
    def _codes(prior: Prior, z: Tensor, label: Tensor | None) -> Tensor:
        if z.device.type != "cpu":
            return prior(z, label)
        labels = [None] * len(z) if label is None else label.split(1)
        return torch.cat([prior(row, one) for row, one in zip(z.split(1), labels, strict=True)])


def _energy(weight: Tensor) -> Tensor:
    """O×I×k×k → O×I sums of squares, in one order of adding up however the weights lie (`lay_out`)."""
    return weight.float().contiguous().square().sum(dim=(2, 3))


class _Styles:
    """w → what modulates and demodulates every convolution: one matrix product for all of them, not one for each."""

    def __init__(self, convs: Sequence[ModulatedConv], rows: Sequence[int], gains: Sequence[float]) -> None:
        parts = [_Dense.of(conv.affine, conv.style_gain) for conv in convs]
        self.affine = _Dense(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts]))
        self.rows, self.widths = rows, [len(part.bias) for part in parts]
        # Demodulation is gain/√(Σ styles² Σ weights² + 1e-8): the gain sits in these sums, I×O.
        self.energies = [
            _energy(conv.weight).t().contiguous() / gain**2 if conv.demodulate else None
            for conv, gain in zip(convs, gains, strict=True)
        ]
        self.epsilons = [conv.weight.new_full((1,), 1e-8 / gain**2) for conv, gain in zip(convs, gains, strict=True)]

    def __call__(self, ws: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """N×num_ws×w_dim → for each convolution its styles N×I and, if it demodulates, its output scales N×O."""
        table = self.affine(ws)  # N×num_ws×ΣI
        squares = table.square()
        result: list[tuple[Tensor, Tensor | None]] = []
        first = 0
        for row, width, energy, epsilon in zip(self.rows, self.widths, self.energies, self.epsilons, strict=True):
            own = slice(first, first + width)
            scales = None if energy is None else torch.addmm(epsilon, squares[:, row, own], energy).rsqrt_()
            result.append((table[:, row, own], scales))
            first += width
        return result


def lay_out(weight: Tensor, up: int) -> Tensor:
    """O×I×k×k in the order of memory in which the engine reads it, so that it need not make a copy of its own."""
    return _channels_last(weight) if up == 1 else _channels_last(weight.transpose(0, 1)).transpose(0, 1)


def lay_out_all(network: Synthesis) -> None:
    """Bring the weights of a network's layers into that order, or the engine would hold a second copy of each."""
    for layer in network.layers:
        layer.conv.weight.data = lay_out(layer.conv.weight.data, layer.conv.up)


class _Modulated:
    """One modulated convolution with its bias; `gain` is folded into the bias, and by `_Styles` into the scales."""

    def __init__(self, conv: ModulatedConv, dtype: torch.dtype, gain: float) -> None:
        self.up, self.padding, self.dtype = conv.up, conv.kernel // 2, dtype
        weight = conv.weight.float()  # O×I×k×k; float32 for what is modulated at every call: it is rounded only once
        self.weight = _channels_last(weight if conv.up == 1 else weight.transpose(0, 1))
        self.plain_weight = self.weight.to(dtype)
        self.bias = (conv.bias * gain).to(dtype)
        self.fir = fir_kernel(len(self.bias), gain=4.0).to(conv.weight.device, dtype)

    def __call__(self, x: Tensor, styles: Tensor, scales: Tensor | None) -> Tensor:
        """N×I×H×W, N×I and N×O → N×O×(up·H)×(up·W)."""
        if x.shape[0] == 1 and self.weight.numel() <= 2 * x.numel():
            factors = styles if scales is None else scales.t() * styles  # O×I
            factors = factors if self.up == 1 else factors.t()
            return self._convolve(x, (self.weight * factors[:, :, None, None]).to(self.dtype), self.bias)
        x = x * styles.to(self.dtype)[:, :, None, None]
        if scales is None:
            return self._convolve(x, self.plain_weight, self.bias)
        x = self._convolve(x, self.plain_weight, None)
        return torch.addcmul(self.bias.view(1, -1, 1, 1), x, scales.to(self.dtype)[:, :, None, None])

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.up == 1:
            return F.conv2d(x, weight, bias, padding=self.padding)
        x = F.conv_transpose2d(x, weight, stride=2)
        return F.conv2d(x, self.fir, bias, padding=1, groups=x.shape[1])  # the blur, as in `layers.blur`


class _Noise:
    """The noise of one layer, scaled by its learnt strength (and the layer's gain)."""

    def __init__(self, layer: SynthesisLayer, dtype: torch.dtype) -> None:
        self.strength = layer.noise_strength.detach() * layer.gain
        self.const = (layer.noise_const * self.strength)[None, None]  # float32: scaled by the visitor's strength first
        self.plain = self.const.to(dtype)

    def __call__(self, given: Tensor | None, strength: float) -> Tensor:
        """1×1×H×W (or N×1×H×W, as `given`); None: the checkpoint's own."""
        if given is None:
            return self.plain if strength == 1.0 else (self.const * strength).to(self.plain.dtype)
        return (given * (self.strength * strength)).to(self.plain.dtype)


class SynthesisEngine:
    """Synthesis prepared in one precision: ws → picture."""

    def __init__(self, network: Synthesis, dtype: torch.dtype) -> None:
        with torch.inference_mode():
            self.config, self.dtype = network.config, dtype
            self.const = _channels_last(network.const[None].to(dtype))
            self.start = None if network.start is None else _Dense.of(network.start)
            layers, gains = [layer.conv for layer in network.layers], [layer.gain for layer in network.layers]
            to_rgb = [*network.to_rgb, *([network.head] if self.config.head != "rgb" else [])]
            self.rgb_index = {block: i for i, block in enumerate(self.config.rgb_blocks)}
            self.layer_styles = _Styles(layers, range(len(layers)), gains)
            self.rgb_styles = _Styles(to_rgb, [2 * block + 1 for block in self.rgb_index], [1.0] * len(to_rgb))
            self.layers = [_Modulated(conv, dtype, gain) for conv, gain in zip(layers, gains, strict=True)]
            self.clamps = [layer.clamp for layer in network.layers]
            self.to_rgb = [_Modulated(conv, dtype, 1.0) for conv in to_rgb]
            self.noise = [_Noise(layer, dtype) for layer in network.layers]
            residual = self.config.architecture == "resnet"
            self.skips = [_PlainConv(conv, dtype, ROOT_HALF) for conv in network.skips] if residual else None
            self.kept = Kept()

    @property
    def preview_resolutions(self) -> tuple[int, ...]:
        """Sides at which a preview may stop, smallest first: blocks before the last that draw RGB."""
        return tuple(self.config.block_resolutions[block] for block in self.config.rgb_blocks[:-1])

    @property
    def most_kept(self) -> int:
        """Bytes that may stay behind from a picture to the next: every layer's step, within KEPT_BYTES, and its noise.

        Residual blocks keep only half of their steps.
        """
        number = torch.finfo(self.dtype).bits // 8
        sizes = [size for block, size in enumerate(self.config.block_resolutions) for _ in range(2 if block else 1)]
        maps = sum(self.config.channels(size) * size * size * number for size in sizes)
        rgb = sum(self.config.img_channels * (size // 2) ** 2 * 4 for size in sizes[1:])
        return min(maps + rgb, KEPT_BYTES) + sum(size * size * 4 for size in sizes)

    def __call__(self, ws: Tensor, noise: Sequence[Tensor] | None = None, strength: float = 1.0) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32, not clipped.

        `noise` None: the checkpoint's constant buffers; else one N×1×H×W (or 1×1×H×W) per layer. `strength` scales
        either; 0 leaves noise out. A single picture begins where it first differs from the one before.
        """
        return self._each(ws, noise, strength, len(self.layers))

    def apart(self, ws: Tensor, noise: Sequence[Tensor] | None = None, strength: float = 1.0) -> Tensor:
        """As a call with one picture, but from its first layer on and without keeping any: for threads."""
        with torch.inference_mode():
            return self._run(ws, noise, strength, len(self.layers))

    def preview(
        self, ws: Tensor, resolution: int, noise: Sequence[Tensor] | None = None, strength: float = 1.0
    ) -> Tensor:
        """The RGB sum up to the block of `resolution`, enlarged as the blocks after it would: the shape and size of the
        picture, without what they add. The picture of the same ws, made next, goes on from there.

        `resolution` is one of `preview_resolutions`, the rest as for a picture.
        """
        rgb = self._each(ws, noise, strength, 2 * self.config.block_resolutions.index(resolution) + 1)
        with torch.inference_mode():
            while rgb.shape[-1] < self.config.resolution:
                rgb = upsample_rgb(rgb)
            return rgb.contiguous()

    def _each(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float, count: int) -> Tensor:
        """The RGB sum of each picture after the first `count` layers."""
        with torch.inference_mode():
            if ws.device.type != "cpu":
                return self._run(ws, noise, strength, count)
            number = ws.shape[0]
            if number == 1:
                return self._run(ws, noise, strength, count, self.kept)
            each = [
                None if noise is None else [n[i : i + 1] if n.shape[0] == number else n for n in noise]
                for i in range(number)
            ]
            return torch.cat([self._run(ws[i : i + 1], each[i], strength, count) for i in range(number)])

    def _run(
        self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float, count: int, kept: Kept | None = None
    ) -> Tensor:
        layer_styles, rgb_styles = self.layer_styles(ws), self.rgb_styles(ws)
        step = None if kept is None else kept.resume(ws, noise, strength, count - 1)
        x = self._first(ws) if step is None else step.x
        rgb = None if step is None else step.rgb
        past: Tensor | None = None
        for i in range(0 if step is None else step.layer, count):
            if step is None or i > step.layer:
                if self.skips is not None and i % 2:  # a block begins
                    past = upsample_rgb(self.skips[i // 2](x))
                x = self.layers[i](x, *layer_styles[i])
                if strength:
                    x.add_(self.noise[i](None if noise is None else noise[i], strength))
                F.leaky_relu_(x, SLOPE)
                _bound_(x, self.clamps[i])
                if past is not None and i % 2 == 0:
                    x, past = past.add_(x), None
                if kept is not None and past is None:  # within a residual block a step would hold two maps
                    kept.keep(Step(i, x, rgb))
            if i % 2 == 0 and i // 2 in self.rgb_index:  # the last layer of its block
                index = self.rgb_index[i // 2]
                y = _bound_(self.to_rgb[index](x, *rgb_styles[index]), self.config.conv_clamp)
                rgb = y.float() if rgb is None else self._add(rgb, y)
        assert rgb is not None
        return rgb.contiguous()

    def _first(self, ws: Tensor) -> Tensor:
        x = self.const.expand(ws.shape[0], -1, -1, -1)
        if self.start is not None:
            x = _channels_last(x + self.start(ws[:, 0]).view(x.shape).to(self.dtype))
        return x

    def _add(self, rgb: Tensor, y: Tensor) -> Tensor:
        rgb = upsample_rgb(rgb)
        if y.shape[1] != self.config.img_channels:  # a sub-pixel head: 4C channels → C at twice the size
            return upsample_rgb(rgb).add_(interleave(y.float(), smooth=self.config.head == "smooth"))
        return rgb.add_(y)


class _PlainConv:
    """The critic's convolution with gains folded in."""

    def __init__(self, conv: Conv, dtype: torch.dtype, gain: float = 1.0) -> None:
        self.clamp = conv.clamp * gain
        gain = gain * (SQRT2 if conv.activate else 1.0)
        self.weight = torch.empty_like(conv.weight, dtype=dtype, memory_format=torch.channels_last)
        torch.mul(conv.weight, conv.weight_gain * gain, out=self.weight)  # without copies on the way
        self.bias = None if conv.bias is None else (conv.bias * gain).to(dtype)
        self.kernel, self.down, self.stride, self.padding = conv.kernel, conv.down, conv.stride, conv.padding
        self.fir = conv.fir.to(dtype) if conv.down == 2 else None
        self.activate = conv.activate

    def __call__(self, x: Tensor) -> Tensor:
        if self.fir is not None and self.kernel == 1:
            x = F.conv2d(blur(x, self.fir, padding=1, stride=2), self.weight, self.bias)
        elif self.fir is not None:
            x = F.conv2d(blur(x, self.fir, padding=self.padding + 1), self.weight, self.bias, stride=2)
        else:
            x = F.conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)
        return _bound_(F.leaky_relu_(x, SLOPE) if self.activate else x, self.clamp)


class CriticEngine:
    """The critic prepared in one precision: pictures → logits."""

    def __init__(self, network: Critic, dtype: torch.dtype) -> None:
        with torch.inference_mode():
            self.config, self.dtype = network.config, dtype
            self.stem = _PlainConv(network.stem, dtype)
            self.blocks = [
                (
                    _PlainConv(b.conv0, dtype),
                    _PlainConv(b.conv1, dtype, 1.0 if b.skip is None else ROOT_HALF),
                    None if b.skip is None else _PlainConv(b.skip, dtype, ROOT_HALF),
                )
                for b in network.blocks
            ]
            skip = self.config.architecture == "skip"
            self.from_rgb = [_PlainConv(conv, dtype) for conv in network.from_rgb] if skip else None
            # A deviation's channel is constant over each picture: what the last convolution makes of it is that one
            # number times a fixed map, which spares the convolution an odd channel.
            last = network.conv
            assert last.bias is not None
            weight = last.weight * (last.weight_gain * SQRT2)
            width, spreads = self.config.channels(4), self.config.mbstd_channels
            self.conv = _channels_last(weight[:, :width].to(dtype)), (last.bias * SQRT2).to(dtype)
            ones = weight.new_ones(1, 1, 4, 4)  # for each channel: 1×O×4×4
            self.deviations = [F.conv2d(ones, weight[:, width + i, None], padding=1) for i in range(spreads)]
            self.fc, self.out = _Dense.of(network.fc, SQRT2), _Dense.of(network.out)
            self.mapping = MappingEngine(network.mapping) if self.config.num_classes else None

    def __call__(self, images: Tensor, label: Tensor | None = None, together: bool = False) -> Tensor:
        """N×C×H×W in [−1, 1] and N×num_classes → N logits, float32.

        `together` judges them as one batch for the minibatch statistics; otherwise each is judged alone, so that a
        picture's logit does not depend on its neighbours.
        """
        with torch.inference_mode():
            if together or images.shape[0] == 1:
                return self._run(images, label, self.config.mbstd_group)
            if images.device.type != "cpu":
                return self._run(images, label, 1)
            # In bfloat16 a few pictures at once cost a quarter less than one by one; in float32 nothing is gained, and
            # the smallest maps' sums would depend on the size of the batch, as the last layers' do in both.
            at_once = 4 if self.dtype == torch.bfloat16 else 1
            maps = [one for few in images.split(at_once) for one in self._maps(few).split(1)]
            labels = [None if label is None else label[i : i + 1] for i in range(len(maps))]
            return torch.cat([self._logits(one, each, 1) for one, each in zip(maps, labels, strict=True)])

    def _run(self, images: Tensor, label: Tensor | None, group: int) -> Tensor:
        return self._logits(self._maps(images), label, group)

    def _maps(self, images: Tensor) -> Tensor:
        images = _channels_last(images.to(self.dtype))
        x = self.stem(images)
        for i, (conv0, conv1, skip) in enumerate(self.blocks):
            y = conv1(conv0(x))
            x = y if skip is None else skip(x).add_(y)
            if self.from_rgb is not None:
                images = halve_rgb(images)
                x.add_(self.from_rgb[i](images))
        return x

    def _logits(self, x: Tensor, label: Tensor | None, group: int) -> Tensor:
        y = F.conv2d(x, *self.conv, padding=1).float()
        if group == 1 or len(x) == 1:
            for deviation in self.deviations:
                y.add_(deviation, alpha=ALONE)
        else:
            spread = minibatch_std(x, group, len(self.deviations))[:, x.shape[1] :, :1, :1].float()
            for i, deviation in enumerate(self.deviations):
                y.addcmul_(spread[:, i, None], deviation)
        y = _bound_(F.leaky_relu_(y, SLOPE), self.config.conv_clamp)
        x = self.out(F.leaky_relu_(self.fc(y.flatten(1)), SLOPE))
        if self.mapping is not None:
            x = (x * self.mapping(None, label)).sum(dim=1, keepdim=True) / math.sqrt(self.config.cmap_dim)
        return x[:, 0]


class CriticOnDemand:
    """A critic prepared when it is first asked: opening a file, or painting alone, takes no second copy of it."""

    def __init__(self, network: Critic, dtype: torch.dtype) -> None:
        self._network, self._dtype = network, dtype
        self._engine: CriticEngine | None = None

    def __call__(self, images: Tensor, label: Tensor | None = None, together: bool = False) -> Tensor:
        """As `CriticEngine` answers."""
        if self._engine is None:
            self._engine = CriticEngine(self._network, self._dtype)
        return self._engine(images, label, together)
