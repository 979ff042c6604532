"""BigGAN and BigGAN-deep (Brock et al. 2019, arXiv:1809.11096, appendix B): residual blocks, class-conditional norm.

The paper's truncation trick (§3.1) shrinks z and takes the batch norm's statistics that were measured for that
truncation. So w is z, the class's embedding and the truncation itself, which `map` sets to 1: pulling w towards its
average, (0, embedding, 0), is then exactly that trick, with the pull as the truncation. One row a block, for mixing.
A generator without such statistics has a table of two equal rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2.layers import module_list
from generator.family import Averages, Family, Layer, Progress

from .folding import FixedConv, FixedDense, one_by_one, prepare, upsampling_kernel

COLOURS = 3  # the last convolution makes more channels; only these are used
NORMS = 4  # in a block, each before a convolution
Tensors = Mapping[str, Tensor]


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.float().contiguous(), requires_grad=False)


def between(table: Tensor, truncation: float) -> Tensor:
    """Row of a table S×C of statistics for the truncations 0, 1/(S−1), … 1.

    Between two rows the released program weights the earlier one by how far the truncation is *past* it. That looks
    the wrong way round, but neighbouring rows are alike, and this gives the pictures that it gives.
    """
    last = len(table) - 1
    past, first = math.modf(truncation / (1.0 / last))
    start = min(int(first), last)
    if not past:
        return table[start]
    return table[start] * past + table[min(start + 1, last)] * (1 - past)


class Norm(nn.Module):
    """Batch norm from tables of statistics: a scale and a shift of each channel."""

    def __init__(self, means: Tensor, variances: Tensor, eps: float) -> None:
        super().__init__()
        self.means, self.variances, self.eps = _fixed(means), _fixed(variances), eps

    def forward(self, x: Tensor, gain: Tensor, offset: Tensor, truncation: float) -> Tensor:
        """1×C×H×W normalised, scaled by `gain` [C], shifted by `offset` [C], and rectified."""
        scale = gain * (between(self.variances, truncation) + self.eps).rsqrt()
        shift = offset - between(self.means, truncation) * scale
        shaped = [v.to(x.dtype).view(1, -1, 1, 1) for v in (shift, scale)]
        return F.relu_(torch.addcmul(shaped[0], x, shaped[1]))


class Block(nn.Module):
    """Residual bottleneck: 1×1, 3×3, 3×3, 1×1, each after a norm; the skip drops channels that are no longer there.

    `tensors`: `means_i`, `variances_i` S×C, `scale_i`, `offset_i` C×(w_dim − 1), and `weight_i`, `bias_i` of the
    convolution after the i-th norm.
    """

    def __init__(self, tensors: Tensors, up: bool, eps: float) -> None:
        super().__init__()
        self.up, self.channels_out = up, len(tensors["weight_3"])
        self.norms = module_list(Norm(tensors[f"means_{i}"], tensors[f"variances_{i}"], eps) for i in range(NORMS))
        # One product for the gains and offsets of all four norms; the truncation, w's last number, has no part in them.
        affine = torch.cat([tensors[f"{kind}_{i}"] for kind in ("scale", "offset") for i in range(NORMS)])
        self.affine = FixedDense(F.pad(affine, (0, 1)))
        self.widths = [len(tensors[f"scale_{i}"]) for i in range(NORMS)]
        self.convs = module_list(self._conv(i, tensors[f"weight_{i}"], tensors[f"bias_{i}"]) for i in range(NORMS))

    def _conv(self, index: int, weight: Tensor, bias: Tensor) -> FixedConv:
        if index == 1 and self.up:
            return FixedConv(upsampling_kernel(weight), bias, stride=2, padding=1, transposed=True)
        return FixedConv(weight, bias, padding=weight.shape[2] // 2)

    def forward(self, x: Tensor, w: Tensor, truncation: float) -> Tensor:
        """1×I×H×W and a row of ws [w_dim] → 1×O×H×W, or twice the side if it is an `up` block."""
        values = self.affine(w).split(self.widths * 2)
        y = x
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            y = conv(norm(y, 1 + values[i], values[NORMS + i], truncation))
        skip = x[:, : self.channels_out]
        if self.up:
            skip = F.interpolate(skip, scale_factor=2, mode="nearest")
        return y.add_(skip)

    def flops(self, side: int) -> int:
        """Work for a picture whose maps come in with this side."""
        after = 2 * side if self.up else side
        sides = (side, side, after, after)
        return sum(conv.flops(n) for conv, n in zip(self.convs, sides, strict=True))


class Residual(nn.Module):
    """BigGAN's own block (figure 15): two 3×3 convolutions, each after a norm, and a 1×1 convolution past them.

    `tensors`: as `Block`'s for i of 0 and 1, and `weight_skip`, `bias_skip` where there is that convolution; without it
    the maps go past as they are.
    """

    def __init__(self, tensors: Tensors, up: bool, eps: float) -> None:
        super().__init__()
        self.up, self.channels_out = up, len(tensors["weight_1"])
        self.norms = module_list(Norm(tensors[f"means_{i}"], tensors[f"variances_{i}"], eps) for i in range(2))
        affine = torch.cat([tensors[f"{kind}_{i}"] for kind in ("scale", "offset") for i in range(2)])
        self.affine = FixedDense(F.pad(affine, (0, 1)))
        self.widths = [len(tensors[f"scale_{i}"]) for i in range(2)]
        weight, bias = tensors["weight_0"], tensors["bias_0"]
        self.first = (
            FixedConv(upsampling_kernel(weight), bias, stride=2, padding=1, transposed=True)
            if up
            else FixedConv(weight, bias, padding=1)
        )
        self.second = FixedConv(tensors["weight_1"], tensors["bias_1"], padding=1)
        skips = "weight_skip" in tensors
        self.skip = FixedConv(tensors["weight_skip"], tensors["bias_skip"]) if skips else None

    def forward(self, x: Tensor, w: Tensor, truncation: float) -> Tensor:
        """1×I×H×W and a row of ws [w_dim] → 1×O×H×W, or twice the side if it is an `up` block."""
        gains, offsets = (half.split(self.widths) for half in self.affine(w).chunk(2))
        y = self.first(self.norms[0](x, 1 + gains[0], offsets[0], truncation))
        y = self.second(self.norms[1](y, 1 + gains[1], offsets[1], truncation))
        skip = x if self.skip is None else self.skip(x)  # 1×1: the same before the doubling as after it
        if self.up:
            skip = F.interpolate(skip, scale_factor=2, mode="nearest")
        return y.add_(skip)

    def flops(self, side: int) -> int:
        """Work for a picture whose maps come in with this side."""
        skip = 0 if self.skip is None else self.skip.flops(side)
        return self.first.flops(side) + skip + self.second.flops(2 * side if self.up else side)


class Attention(nn.Module):
    """Self-attention over all places (Zhang et al. 2019), keys and values pooled to half the side.

    `tensors`: `theta` (queries), `phi` (keys), `g` (values), `o` (back to the maps), and `gamma`, its strength.
    """

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        self.theta, self.phi, self.g = (FixedConv(tensors[name], None) for name in ("theta", "phi", "g"))
        self.o = FixedConv(tensors["o"] * tensors["gamma"], None)

    def forward(self, x: Tensor) -> Tensor:
        """1×C×H×W → the same shape."""
        maps = self.theta(x), F.max_pool2d(self.phi(x), 2), F.max_pool2d(self.g(x), 2)
        query, key, value = (t.flatten(2).transpose(1, 2) for t in maps)  # 1×places×channels
        found = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.o(found.transpose(1, 2).unflatten(2, x.shape[2:]))

    def flops(self, side: int) -> int:
        """Work of its convolutions and of comparing every place with every pooled one."""
        places, pooled = side * side, side * side // 4
        products = len(self.theta.weight) + len(self.g.weight)
        convs = sum(conv.flops(side) for conv in (self.theta, self.phi, self.g, self.o))
        return convs + 2 * places * pooled * products


class Judging(nn.Module):
    """A block of the discriminator: two 3×3 convolutions, and a 1×1 convolution past them where the side is halved.

    `tensors`: `weight_i`, `bias_i` for i of 0 and 1, and of `skip` where it halves. `bare`: no rectifier comes first.
    """

    def __init__(self, tensors: Tensors, bare: bool) -> None:
        super().__init__()
        self.bare, self.halves = bare, "weight_skip" in tensors
        self.first = FixedConv(tensors["weight_0"], tensors["bias_0"], padding=1)
        self.second = FixedConv(tensors["weight_1"], tensors["bias_1"], padding=1)
        self.skip = FixedConv(tensors["weight_skip"], tensors["bias_skip"]) if self.halves else None

    def forward(self, x: Tensor) -> Tensor:
        """1×I×H×W → 1×O×H×W, or half the side."""
        y = self.second(F.relu(self.first(x if self.bare else F.relu(x))))
        if self.skip is None:
            return x + y
        # An average of a 1×1 convolution is that of the average, of which a quarter is reckoned.
        return F.avg_pool2d(y, 2) + self.skip(F.avg_pool2d(x.to(y.dtype), 2))


class ProjectionCritic(nn.Module):
    """The discriminator: blocks, the sum over all places, and a projection on the class (Miyato and Koyama 2018).

    `out`: weight 1×C and bias of the last layer; `embeddings` classes×C.
    """

    def __init__(self, blocks: Sequence[Judging | Attention], out: tuple[Tensor, Tensor], embeddings: Tensor) -> None:
        super().__init__()
        self.blocks, self.out, self.embeddings = module_list(blocks), FixedDense(*out), _fixed(embeddings)

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        """1×C×H×W in [−1, 1] and 1×classes → 1."""
        x = image
        for block in self.blocks:
            x = block(x)
        x = F.relu(x).float().sum(dim=(2, 3))
        return (self.out(x) + (label @ self.embeddings * x).sum(dim=1, keepdim=True))[:, 0]


class BigGAN(Family):
    """The generator, and a discriminator if one came along.

    `embeddings` E×classes; `first`: weight and bias of the layer from (z, embedding) to 4×4 maps, channels last;
    `blocks`: Block or Residual, and Attention, in order; `norm` with its `gain` and `offset`; `last`: the convolution
    to colours.
    """

    def __init__(
        self,
        embeddings: Tensor,
        first: tuple[Tensor, Tensor],
        blocks: Sequence[Block | Residual | Attention],
        norm: Norm,
        gain: Tensor,
        offset: Tensor,
        last: FixedConv,
        title: str = "BigGAN-deep",
        critic: ProjectionCritic | None = None,
    ) -> None:
        super().__init__()
        self.title, self.critic, self.has_critic = title, critic, critic is not None
        embed_dim, self.num_classes = embeddings.shape
        self.z_dim = first[0].shape[1] - embed_dim
        self.w_dim = first[0].shape[1] + 1  # and the truncation
        self.embeddings, self.first = _fixed(embeddings), FixedDense(F.pad(first[0], (0, 1)), first[1])
        self.blocks = module_list(blocks)
        self.norm, self.gain, self.offset, self.last = norm, _fixed(gain), _fixed(offset), last
        self.img_channels = len(last.weight)
        doubled = [not isinstance(block, Attention) and block.up for block in blocks]
        sides = [4 << count for count in accumulate(doubled, initial=0)]  # before each block, and at the end
        own = [4, *(side for side, block in zip(sides[1:], blocks, strict=True) if not isinstance(block, Attention))]
        self.layers = tuple(Layer(i, side, "conv") for i, side in enumerate(own))
        self.resolution, self.num_ws = sides[-1], len(own)
        self.flops = sum(block.flops(side) for block, side in zip(blocks, sides, strict=False))
        self.flops += 2 * self.first.weight.numel() + last.flops(self.resolution)

    def averages(self) -> Averages:
        """What truncation pulls towards: z = 0, truncation 0, and the class's embedding (or the mean of them all)."""
        table = F.pad(self.embeddings.detach().t(), (self.z_dim, 1))
        return Averages(table.mean(dim=0), table)

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Let the convolutions compute in this type."""
        prepare(self, pictures)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes → N×w_dim: z, the classes' embeddings blended by these weights, truncation 1."""
        assert label is not None
        embedded = one_by_one(lambda row: F.linear(row, self.embeddings), label)
        return torch.cat([z, embedded, torch.ones_like(z[:, :1])], dim=1)

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits; nothing in them depends on the batch."""
        assert self.critic is not None and label is not None
        critic = self.critic
        return torch.cat([critic(*one) for one in zip(images.split(1), label.split(1), strict=True)])

    def style_weights(self) -> Tensor:
        """R×w_dim: the first layer, and the gains and offsets of every block."""
        return torch.cat([self.first.weight.detach(), super().style_weights()])

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×num_ws×w_dim → N×3×H×W float32 in (−1, 1), one by one. There are no noise inputs.

        No gradient reaches the truncation, w's last number, which picks rows of a table.
        """
        return torch.cat([self._picture(rows) for rows in ws])

    def _picture(self, rows: Tensor) -> Tensor:
        """num_ws×w_dim → 1×3×H×W."""
        # Statistics exist for 0 … 1; the rounding gives back the decimal number that float32 could not hold.
        truncations = [round(min(max(t, 0.0), 1.0), 6) for t in rows[:, -1].tolist()]
        x = self.first(rows[0]).view(1, 4, 4, -1).permute(0, 3, 1, 2)
        row = 0
        for block in self.blocks:
            if isinstance(block, Attention):
                x = block(x)
            else:
                row += 1
                x = block(x, rows[row], truncations[row])
        x = self.norm(x, self.gain, self.offset, truncations[-1])
        return self.last(x).float().tanh_().contiguous()
