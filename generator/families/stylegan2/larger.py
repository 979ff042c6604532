"""Pictures larger than a StyleGAN2 was trained for, from a larger constant and styles that change from place to place.

The constant is laid out as often as is wished, each 4×4 of it a tile with styles of its own, and between the tiles'
middles styles go over into each other; the convolutions then join what they draw. (A field of styles, as in Karras et
al. 2020, §2.2, where scaling maps by styles is the same as scaling weights, so that each place may have its own.)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.errors import LatentError
from generator.model import Model

from .family import StyleGAN2
from .layers import SLOPE, ModulatedConv, blur, bound, conv2d, conv_transpose2d, interleave, upsample_rgb

AROUND = 3  # tiles of styles wanted on every side of what is painted
RIM = 8  # positions painted beyond it at every size: more than two convolutions, halved and again, can see
START = 4  # positions a tile's side has at first


def can_paint_larger(model: Model) -> bool:
    """Whether `paint_larger` takes this model: a StyleGAN2 with the skip architecture."""
    return isinstance(model.family, StyleGAN2) and model.family.generator.config.architecture == "skip"


@torch.inference_mode()
def paint_larger(model: Model, styles: Tensor, strength: float = 1.0, maps: Sequence[Tensor] | None = None) -> Tensor:
    """(h + 2·AROUND)×(w + 2·AROUND)×num_ws×w_dim → 1×C×(h·R)×(w·R) float32, about [−1, 1], not clipped.

    `styles`: of each tile painted and of AROUND more on every side. What a tile looks like depends on those near it and
    on nothing else, so windows of one world fit together, within rounding (1e-4); where tiles repeat, so does the
    picture. `strength`: of the noise; `maps`: of each layer, 1×1×R×R (None: the model's own), the same in every tile.
    LatentError for another model or shape.
    """
    if not can_paint_larger(model):
        raise LatentError(f"{model.name} cannot paint larger pictures than it was trained for.")
    if styles.ndim != 4 or styles.shape[2:] != (model.num_ws, model.w_dim) or min(styles.shape[:2]) <= 2 * AROUND:
        raise LatentError(f"A larger picture takes styles of {2 * AROUND + 1} tiles or more a side.")
    assert isinstance(model.family, StyleGAN2)
    synthesis = model.family.generator.synthesis
    config, field = synthesis.config, _Field(styles.float())

    def convolved(x: Tensor, place: int, rim: int) -> Tensor:
        layer, conv = synthesis.layers[place], synthesis.layers[place].conv
        x = _modulated(conv, x, field, place, layer.resolution // conv.up, rim // conv.up, layer.gain)
        if strength:
            begin = -rim % layer.resolution  # the noise lies in every tile as it does in one
            noise = layer.noise_const if maps is None else maps[place][0, 0]
            noise = noise.repeat([-(-side // layer.resolution) + 1 for side in x.shape[2:]])
            noise = noise[begin : begin + x.shape[2], begin : begin + x.shape[3]]
            x = x + noise * (layer.noise_strength * layer.gain * strength)
        x = x + (conv.bias * layer.gain).view(1, -1, 1, 1)
        return bound(F.leaky_relu(x, SLOPE), layer.clamp)

    tiles = field.height + 2 * RIM // START, field.width + 2 * RIM // START
    x = synthesis.const[None].repeat(1, 1, *tiles)
    if synthesis.start is not None:
        own = synthesis.start(styles[1:-1, 1:-1, 0].reshape(-1, model.w_dim).float())
        x = x + own.view(*tiles, -1, START, START).permute(2, 0, 3, 1, 4).reshape(x.shape)
    x = convolved(x, 0, RIM)
    rgb: Tensor | None = None
    to_rgb = dict(zip(config.rgb_blocks, synthesis.to_rgb, strict=False))
    for block, size in enumerate(config.block_resolutions):
        first = 2 * block - 1
        if block:  # the rim has doubled; half of it goes, and with it all that met the border's zeros
            x = _without_rim(convolved(convolved(x, first, 2 * RIM), first + 1, 2 * RIM))
        if block not in config.rgb_blocks:
            continue
        if rgb is not None:
            rgb = _without_rim(upsample_rgb(rgb))
        if block in to_rgb:
            y = _modulated(to_rgb[block], x, field, first + 2, size, RIM)
            y = bound(y + to_rgb[block].bias.view(1, -1, 1, 1), config.conv_clamp)
        else:
            y = _modulated(synthesis.head, x, field, first + 2, size, RIM) + synthesis.head.bias.view(1, -1, 1, 1)
            y = _without_rim(interleave(y, smooth=config.head == "smooth"))
            rgb = None if rgb is None else _without_rim(upsample_rgb(rgb))
        rgb = y if rgb is None else rgb + y
    assert rgb is not None
    return _without_rim(rgb)


def _without_rim(x: Tensor) -> Tensor:
    return x[:, :, RIM:-RIM, RIM:-RIM]


class _Field:
    """Values of tiles as values of places: each tile's own in its middle, smoothly over into the next ones' between."""

    def __init__(self, styles: Tensor) -> None:
        self.styles = styles  # tiles×tiles×num_ws×w_dim
        self.height, self.width = (side - 2 * AROUND for side in styles.shape[:2])

    def of(self, values: Tensor, size: int, rim: int) -> Tensor:
        """tiles×tiles×K → 1×K×(height·size + 2·rim)×(width·size + 2·rim)."""
        rows, columns = (self._shares(count, size, rim) for count in (self.height, self.width))
        return torch.einsum("yxk,hy,wx->khw", values, rows, columns)[None]

    @staticmethod
    def _shares(count: int, size: int, rim: int) -> Tensor:
        """How much each tile has in each position along one axis; a position's shares sum to 1."""
        place = (torch.arange(-rim, count * size + rim) + 0.5) / size - 0.5 + AROUND
        first = place.floor()
        t = place - first
        t = t * t * (3 - 2 * t)
        shares = torch.zeros(len(place), count + 2 * AROUND)
        rows = torch.arange(len(place))
        shares[rows, first.long()] = 1 - t
        shares[rows, first.long() + 1] = t
        return shares


def _modulated(
    conv: ModulatedConv, x: Tensor, field: _Field, layer: int, size: int, rim: int, gain: float = 1.0
) -> Tensor:
    """A modulated convolution whose styles change from place to place: 1×I×H×W → 1×O×(up·H)×(up·W). `size` and `rim`
    are those of `x`."""
    own = conv.affine(field.styles[:, :, layer]) * conv.style_gain  # tiles×tiles×I
    x = x * field.of(own, size, rim)
    if conv.up == 2:
        x = blur(conv_transpose2d(x, conv.weight), conv.fir, padding=1)
    else:
        x = conv2d(x, conv.weight, padding=conv.kernel // 2)
    if conv.demodulate:
        styles = field.of(own, conv.up * size, conv.up * rim)
        energy = F.conv2d(styles.square(), conv.weight.square().sum(dim=(2, 3))[:, :, None, None])
        x = x * ((energy + 1e-8).rsqrt() * gain)
    return x
