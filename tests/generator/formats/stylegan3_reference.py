"""StyleGAN3 in its plainest form, in float64: the oracle for `families.stylegan3`, over a file's own tensor names.

Written from Karras et al. 2021 (arXiv:2106.12423): layer specifications of §3.2 and figure 4c, filters of appendix C.1,
alignment of C.3, input and hyperparameters of appendix F. Raising is zero insertion and a full two-dimensional
convolution, lowering a full two-dimensional convolution and dropping samples; nothing is separated, folded or cut up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from generator.formats.reading.content import Persistent

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Shape:
    """What the constructors of such a generator are given; twice the channels, 1×1 and radial make an R."""

    resolution: int = 32
    z_dim: int = 6
    c_dim: int = 0
    w_dim: int = 8
    img_channels: int = 3
    depth: int = 2
    more: dict[str, object] = field(default_factory=dict)

    def get(self, name: str) -> float:
        """An argument of the synthesis, the published value if it is not given."""
        usual = {"channel_base": 32768, "channel_max": 512, "num_layers": 14, "num_critical": 2, "first_cutoff": 2,
                 "first_stopband": 2**2.1, "last_stopband_rel": 2**0.3, "margin_size": 10, "output_scale": 0.25,
                 "conv_kernel": 3, "filter_size": 6, "lrelu_upsampling": 2, "use_radial_filters": False,
                 "conv_clamp": 256}  # fmt: skip
        return self.more.get(name, usual[name])  # type: ignore[return-value]

    def bands(self, i: int) -> tuple[float, float, int, int, int]:
        """Of layer i's output: cutoff, half-width of the transition band, sampling rate, side, channels."""
        last, count = self.resolution / 2, int(self.get("num_layers"))
        share = min(i / (count - int(self.get("num_critical"))), 1)
        cutoff = self.get("first_cutoff") ** (1 - share) * last**share
        stop = self.get("first_stopband") ** (1 - share) * (last * self.get("last_stopband_rel")) ** share
        rate = 1
        while rate < min(2 * stop, self.resolution) - 1e-9:
            rate *= 2
        size = self.resolution if i >= count - 1 else rate + 2 * int(self.get("margin_size"))
        width = self.img_channels if i == count else round(min(self.get("channel_base") / 2 / cutoff,
                                                               self.get("channel_max")))  # fmt: skip
        return cutoff, max(stop, rate / 2) - cutoff, rate, size, width

    def raised(self, i: int) -> int:
        """The rate at which layer i's leaky ReLU acts."""
        top = max(self.bands(max(i - 1, 0))[2], self.bands(i)[2])
        return top if i == self.get("num_layers") else top * int(self.get("lrelu_upsampling"))


def kaiser_beta(taps: int, width: float, rate: float) -> float:
    """Kaiser's formulas for the attenuation of `taps` over a transition of `width`, and for the window's shape."""
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    return 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21) if attenuation > 21 else 0.0


def lowpass(taps: int, cutoff: float, width: float, rate: float, radial: bool = False) -> np.ndarray:
    """Kaiser-windowed sinc [taps], or the radial jinc taps×taps; sums to 1 (appendix C.1)."""
    times = (np.arange(taps) - (taps - 1) / 2) / rate
    window = np.kaiser(taps, kaiser_beta(taps, width, rate))
    if not radial:
        f = np.sinc(2 * cutoff * times) * window
        return f / f.sum()
    r = np.hypot(times[:, None], times[None])
    turns = (np.arange(4000) + 0.5) / 4000 * math.pi  # Bessel's integral for J1
    bessel = np.cos(turns - 2 * math.pi * cutoff * r[..., None] * np.sin(turns)).mean(axis=-1)
    f = bessel / r * np.outer(window, window)
    return f / f.sum()


def filters(shape: Shape, i: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The two filters of layer i; None where the rate stays or in the last layer."""
    count = int(shape.get("num_layers"))
    (cut0, half0, rate0, *_), (cut1, half1, rate1, *_) = shape.bands(max(i - 1, 0)), shape.bands(i)
    raised, size = shape.raised(i), int(shape.get("filter_size"))
    radial = bool(shape.get("use_radial_filters")) and i < count - shape.get("num_critical")
    up, down = raised // rate0, raised // rate1
    rgb = i == count
    return (
        None if rgb or up == 1 else lowpass(size * up, cut0, 2 * half0, raised),
        None if rgb or down == 1 else lowpass(size * down, cut1, 2 * half1, raised, radial),
    )


# ---- a file's tree, with random numbers in which no term can hide ---------------------------------------------------


def tree(shape: Shape, seed: int = 0) -> Persistent:
    """A generator as `torch_utils.persistence` stores it."""
    rng = torch.Generator().manual_seed(seed)

    def draw(*size: int, scale: float = 1.0, about: float = 0.0) -> Tensor:
        return torch.randn(size, generator=rng) * scale + about

    def dense(inputs: int, outputs: int, scale: float = 1.0, bias: float = 0.0) -> Persistent:
        own = {"weight": draw(outputs, inputs) * scale, "bias": draw(outputs, scale=0.3 * scale, about=bias)}
        return Persistent("FullyConnectedLayer", {}, (inputs, outputs), {}, own, {}, {})

    z, c, w = shape.z_dim, shape.c_dim, shape.w_dim
    inner: dict[str, Persistent] = {"embed": dense(c, w)} if c else {}
    for i in range(shape.depth):
        inner[f"fc{i}"] = dense(w if i else z + (w if c else 0), w, scale=100.0)
    num_ws = int(shape.get("num_layers")) + 2
    mapping = Persistent(
        "MappingNetwork", {}, (),
        {"z_dim": z, "c_dim": c, "w_dim": w, "num_ws": num_ws, "num_layers": shape.depth},
        {}, {"w_avg": draw(w, scale=0.3)}, dict(inner),
    )  # fmt: skip
    *_, width = shape.bands(0)
    synthesis: dict[str, Persistent] = {"input": Persistent(
        "SynthesisInput", {}, (), {}, {"weight": draw(width, width)},
        {"transform": torch.eye(3), "freqs": draw(width, 2, scale=1.2), "phases": draw(width, scale=0.3)},
        {"affine": dense(w, 4, scale=0.2, bias=0.5)},
    )}  # fmt: skip
    for i in range(num_ws - 1):
        *_, inputs = shape.bands(max(i - 1, 0))
        *_, size, outputs = shape.bands(i)
        k = 1 if i == num_ws - 2 else int(shape.get("conv_kernel"))
        buffers = {"magnitude_ema": draw().abs() + 0.5}
        for name, f in zip(("up_filter", "down_filter"), filters(shape, i), strict=True):
            if f is not None:
                buffers[name] = torch.from_numpy(f).float()
        weight = draw(outputs, inputs, k, k)  # without a mean, or what is common to all channels drowns the picture
        own = {"weight": weight - weight.mean(dim=1, keepdim=True), "bias": draw(outputs, scale=0.1)}
        synthesis[f"L{i}_{size}_{outputs}"] = Persistent(
            "SynthesisLayer", {}, (), {}, own, buffers, {"affine": dense(w, inputs, 0.3, bias=1.0)}
        )
    given = {"w_dim": w, "img_resolution": shape.resolution, "img_channels": shape.img_channels, **shape.more}
    body = Persistent("SynthesisNetwork", {}, (), given, {}, {}, dict(synthesis))
    return Persistent("Generator", {}, (z, c, w, shape.resolution, shape.img_channels), dict(shape.more), {}, {},
                      {"synthesis": body, "mapping": mapping})  # fmt: skip


# ---- what it computes ---------------------------------------------------------------------------------------------


def at(weights: Weights, name: str) -> Tensor:
    """One tensor in float64."""
    return weights[name].double()


def affine(x: Tensor, weights: Weights, name: str, rate: float = 1.0) -> Tensor:
    """Fully connected with equalised learning rate."""
    weight = at(weights, f"{name}.weight")
    return x @ (weight * rate / math.sqrt(weight.shape[1])).T + at(weights, f"{name}.bias") * rate


def unit(x: Tensor) -> Tensor:
    """Rows of root mean square 1."""
    return x / torch.sqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e-8)


def bend(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, times √2."""
    return torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)


def mapping(weights: Weights, shape: Shape, z: Tensor, label: Tensor | None) -> Tensor:
    """N×z_dim (and N×c_dim) → N×w_dim."""
    x = unit(z.double())
    if label is not None:
        x = torch.cat([x, unit(affine(label.double(), weights, "mapping.embed"))], dim=1)
    for i in range(shape.depth):
        x = bend(affine(x, weights, f"mapping.fc{i}", 0.01))
    return x


def waves(weights: Weights, shape: Shape, w: Tensor, motion: Tensor) -> Tensor:
    """One w → the input 1×C×size×size, point by point; `motion`: the picture's own, forwards, 3×3."""
    cutoff, _, rate, size, width = shape.bands(0)
    t = affine(w[None], weights, "synthesis.input.affine")[0]
    cos, sin, tx, ty = t / torch.hypot(t[0], t[1])
    turn = torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=torch.float64)
    shift = torch.tensor([[1, 0, -tx], [0, 1, -ty], [0, 0, 1]], dtype=torch.float64)
    plane = turn @ shift @ at(weights, "synthesis.input.transform") @ torch.linalg.inv(motion)
    freqs, phases = at(weights, "synthesis.input.freqs"), at(weights, "synthesis.input.phases")
    fade = ((rate / 2 - (freqs @ plane[:2, :2]).pow(2).sum(1).sqrt()) / (rate / 2 - cutoff)).clamp(0, 1)
    steps = (torch.arange(size).double() - (size - 1) / 2) / rate
    points = torch.stack([steps.expand(size, size), steps[:, None].expand(size, size), torch.ones(size, size)])
    moved = torch.einsum("ij,jhw->ihw", plane, points)[:2]
    x = torch.sin(2 * math.pi * (torch.einsum("cj,jhw->chw", freqs, moved) + phases[:, None, None]))
    weight = at(weights, "synthesis.input.weight") / math.sqrt(width)
    return torch.einsum("oc,chw->ohw", weight, x * fade[:, None, None])[None]


def raise_rate(x: Tensor, f: Tensor, up: int, low: int, high: int) -> Tensor:
    """Zeros between the samples, `low` and `high` more at the ends (or fewer), then the filter; gain up²."""
    n, c, size, _ = x.shape
    y = x.new_zeros(n, c, size * up, size * up)
    y[:, :, ::up, ::up] = x
    y = F.pad(y, (low, high, low, high)) * up**2
    return F.conv2d(y, f.flip(0, 1).expand(c, 1, *f.shape), groups=c)


def lower_rate(x: Tensor, f: Tensor, down: int) -> Tensor:
    """The filter, then one sample in `down`."""
    return F.conv2d(x, f.flip(0, 1).expand(x.shape[1], 1, *f.shape), groups=x.shape[1])[:, :, ::down, ::down]


def square(f: Tensor | None) -> Tensor:
    """A filter in two dimensions, whichever it came in."""
    if f is None:
        return torch.ones(1, 1, dtype=torch.float64)
    return f.double() if f.ndim == 2 else torch.outer(f.double(), f.double())


def layer(weights: Weights, shape: Shape, i: int, x: Tensor, w: Tensor) -> Tensor:
    """One synthesis layer of one picture."""
    *_, size, outputs = shape.bands(i)
    name = f"synthesis.L{i}_{size}_{outputs}"
    rgb = i == shape.get("num_layers")
    styles = affine(w[None], weights, f"{name}.affine")[0]
    weight = at(weights, f"{name}.weight")
    k = weight.shape[2]
    if rgb:
        weight = weight * (styles / math.sqrt(weight[0].numel()))[None, :, None, None]
    else:
        weight = weight / weight.pow(2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        weight = weight * (styles / styles.pow(2).mean().sqrt())[None, :, None, None]
        weight = weight / torch.sqrt(weight.pow(2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
    x = x / at(weights, f"{name}.magnitude_ema").sqrt()
    x = F.conv2d(x, weight, at(weights, f"{name}.bias"), padding=k - 1)
    raised = shape.raised(i)
    up, down = raised // shape.bands(max(i - 1, 0))[2], raised // shape.bands(i)[2]
    fu, fd = (square(weights.get(f"{name}.{which}_filter")) for which in ("up", "down"))
    needed = (size - 1) * down + len(fd)  # before lowering
    total = needed + len(fu) - 1 - x.shape[2] * up
    low = (total + up) // 2
    x = raise_rate(x, fu, up, low, total - low)
    x = x if rgb else bend(x)
    clamp = shape.get("conv_clamp")
    return lower_rate(x if clamp is None else x.clamp(-clamp, clamp), fd, down)


def synthesis(weights: Weights, shape: Shape, ws: Tensor, motion: Tensor | None = None) -> Tensor:
    """N×num_ws×w_dim → N×C×H×W."""
    motion = torch.eye(3, dtype=torch.float64) if motion is None else motion
    pictures = []
    for row in ws.double():
        x = waves(weights, shape, row[0], motion)
        for i in range(int(shape.get("num_layers")) + 1):
            x = layer(weights, shape, i, x, row[i + 1])
        pictures.append(x * shape.get("output_scale"))
    return torch.cat(pictures)
