"""StyleGAN (Karras et al. 2019, arXiv:1812.04948): styles as scales and shifts of normalised maps (§2, AdaIN).

A learnt constant at 4×4, two layers a scale; after each convolution noise, bias and a leaky ReLU, then every map is
brought to mean 0 and variance 1 and styled by w. Maps are doubled by repetition and smoothed with [1, 2, 1]. As
Progressive GAN's, a network may have been saved while a scale was faded in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.family import Family, Layer, Maps, PlainForm, Progress

from .folding import FixedConv, FixedDense, prepare, upsampling_kernel
from .gated import one_by_one
from .stylegan2.layers import SLOPE, minibatch_std, module_list, normalize_2nd_moment

START = 4  # side of the first maps
EPSILON = 1e-8
Weights = tuple[Tensor, Tensor]  # weight O×I(×k×k) and bias O, the equalising constant folded in


@dataclass(frozen=True)
class LayerWeights:
    """`convolution`: None for the first, which the constant stands for. `bias`, `noise_gain`: C, before the activation;
    `noise`: side×side; `style`: of the affine layer to C scales, less one, and C shifts. `turned`: the convolution
    doubles, and its kernel lies as a transposed convolution spreads it (as from 128 px on), not as one of doubled maps.
    """

    convolution: Tensor | None
    bias: Tensor
    noise_gain: Tensor
    noise: Tensor
    style: Weights
    turned: bool = False


@dataclass(frozen=True)
class GeneratorWeights:
    """`embedding`: classes×z_dim, beside z; `layers`: two a scale; `to_rgb`: that of the largest scale drawn, and
    before it that of the one below, if there is one. `missing`: how many scales are not drawn yet (`lod`)."""

    embedding: Tensor | None
    mapping: Sequence[Weights]
    constant: Tensor
    layers: Sequence[LayerWeights]
    to_rgb: Sequence[Weights]
    missing: float = 0.0


@dataclass(frozen=True)
class CriticWeights:
    """`from_rgb`; `blocks`: two convolutions a halving, largest first; the convolution and dense layers at 4×4, the
    last to a logit, or one for each class. `group`: of the minibatch's standard deviation, 0: there is none."""

    from_rgb: Weights
    blocks: Sequence[tuple[Weights, Weights]]
    end: Weights
    dense: Weights
    out: Weights
    group: int


class Smooth(nn.Module):
    """[1, 2, 1]/4 both ways, zeros around: N×C×H×W → the same."""

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([0.25, 0.5, 0.25])
        kernel = torch.outer(taps, taps).expand(channels, 1, 3, 3).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """In the type of x."""
        return F.conv2d(x, self.kernel.to(x.dtype), padding=1, groups=x.shape[1])


class StyledLayer(nn.Module):
    """One layer: its convolution (doubled, then smoothed, where `up`), noise, bias, activation, normal maps, style."""

    noise: Tensor

    def __init__(self, weights: LayerWeights, up: bool) -> None:
        super().__init__()
        self.conv: FixedConv | None = None
        self.smooth: Smooth | None = None
        if weights.convolution is not None and up:
            kernel = weights.convolution.flip(2, 3) if weights.turned else weights.convolution
            self.conv = FixedConv(upsampling_kernel(kernel), None, stride=2, padding=1, transposed=True)
            self.smooth = Smooth(len(weights.bias))
        elif weights.convolution is not None:
            self.conv = FixedConv(weights.convolution, None, padding=weights.convolution.shape[2] // 2)
        self.bias = nn.Parameter(weights.bias.float(), requires_grad=False)
        self.noise_gain = nn.Parameter(weights.noise_gain.float(), requires_grad=False)
        self.affine = FixedDense(*weights.style)
        self.register_buffer("noise", weights.noise.float()[None, None])

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """N×I×H×W and N×w_dim → N×O×H'×W'. `noise`: N×1×H'×W' or 1×1×H'×W'."""
        if self.conv is not None:
            x = self.conv(x)
        if self.smooth is not None:
            x = self.smooth(x)
        x = x.float()
        if noise is not None:
            x = x + noise * self.noise_gain.view(1, -1, 1, 1)
        x = F.leaky_relu(x + self.bias.view(1, -1, 1, 1), SLOPE)
        x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x * (x.square().mean(dim=(2, 3), keepdim=True) + EPSILON).rsqrt()
        scale, shift = self.affine(w)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(shift, x, scale + 1)


class StyleGANCritic(nn.Module):
    """Pictures → one logit, or one for each class."""

    def __init__(self, weights: CriticWeights) -> None:
        super().__init__()
        self.group = weights.group
        self.from_rgb = _conv(weights.from_rgb)
        self.convs = module_list(_conv(one) for pair in weights.blocks for one in pair)
        self.smooth = module_list(Smooth(one[0].shape[1]) for _, one in weights.blocks)
        self.end, self.dense, self.out = _conv(weights.end), FixedDense(*weights.dense), FixedDense(*weights.out)

    def maps(self, images: Tensor) -> Tensor:
        """N×C×H×W → N×channels×4×4, each picture by itself."""
        x = _active(self.from_rgb(images.contiguous(memory_format=torch.channels_last)))
        for i, smooth in enumerate(self.smooth):
            x = _active(self.convs[2 * i](x))
            halving = self.convs[2 * i + 1]
            # The activation follows the average, so bias and average may change places.
            x = _active(F.avg_pool2d(halving(smooth(x)), 2))
        return x.float()

    def logits(self, x: Tensor) -> Tensor:
        """N×channels×4×4 → N×max(classes, 1)."""
        if self.group > 1:
            x = minibatch_std(x, self.group)
        x = _active(self.end(x)).float().flatten(1)
        return self.out(F.leaky_relu(self.dense(x), SLOPE))


def _conv(weights: Weights) -> FixedConv:
    return FixedConv(*weights, padding=weights[0].shape[2] // 2)


def _active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)


class StyleGAN(Family):
    """StyleGAN behind the door of `Family`: a row of w for each layer."""

    title = "StyleGAN"
    has_mapping = True

    def __init__(self, generator: GeneratorWeights, critic: CriticWeights | None, num_classes: int = 0) -> None:
        super().__init__()
        self.num_classes, self.missing = num_classes, generator.missing
        self.num_ws = len(generator.layers)
        self.resolution = START << (self.num_ws // 2 - 1)
        self.img_channels = len(generator.to_rgb[-1][0])
        self.w_dim = len(generator.mapping[-1][0])
        self.z_dim = generator.mapping[0][0].shape[1] // (2 if num_classes else 1)
        self.embedding = None
        if generator.embedding is not None:
            self.embedding = nn.Parameter(generator.embedding.float(), requires_grad=False)
        self.mapping = module_list(FixedDense(*weights) for weights in generator.mapping)
        self.constant = nn.Parameter(generator.constant.float(), requires_grad=False)
        self.synthesis = module_list(
            StyledLayer(weights, up=i > 1 and i % 2 == 0) for i, weights in enumerate(generator.layers)
        )
        self.to_rgb = module_list(_conv(weights) for weights in generator.to_rgb)
        self.critic = None if critic is None else StyleGANCritic(critic)
        self.has_critic = self.critic is not None
        self.noise_sizes = tuple(START << i // 2 for i in range(self.num_ws))
        self.layers = tuple(Layer(i, size, "conv") for i, size in enumerate(self.noise_sizes))
        self.flops = self._flops()

    def _flops(self) -> int:
        work = self.to_rgb[-1].flops(self.resolution)
        for layer, side in zip(self.synthesis, self.noise_sizes, strict=True):
            if layer.conv is not None:
                work += layer.conv.flops(side // layer.conv.stride)
        return work

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Convolutions in these types; what is normalised, styled and judged stays in float32."""
        prepare(self, pictures)
        if self.critic is not None:
            prepare(self.critic, critic)

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes → N×w_dim."""
        x = z if label is None or self.embedding is None else torch.cat([z, label @ self.embedding], dim=1)
        x = normalize_2nd_moment(x)
        for dense in self.mapping:
            x = F.leaky_relu(dense(x), SLOPE)
        return x

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32, about [−1, 1]. `noise` None: the checkpoint's own."""
        given = [layer.noise for layer in self.synthesis] if noise is None else noise
        maps = [each * strength if strength else None for each in given]
        return one_by_one(self._picture, ws, maps)

    def plain_form(self) -> PlainForm:
        """Its own functions. Maps: after each layer, styled; of scales that are not drawn yet there are none."""
        drawn = self.num_ws - 2 * int(self.missing)
        layers = zip(self.synthesis[:drawn], self.noise_sizes, strict=False)
        maps = (Maps(f"conv{i}", layer, len(layer.bias), side) for i, (layer, side) in enumerate(layers))
        return replace(super().plain_form(), maps=tuple(maps))

    def layer_noise(self) -> list[Tensor]:
        """The checkpoint's own."""
        return [layer.noise for layer in self.synthesis]

    def _picture(self, ws: Tensor, noise: Sequence[Tensor | None]) -> Tensor:
        x = self.constant.expand(len(ws), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        before, last = x, self.num_ws - 2 * int(self.missing)
        for i, layer in enumerate(self.synthesis[:last]):
            if i == last - 2:
                before = x  # what the scale below ended with
            x = layer(x, ws[:, i], noise[i])
        picture = self.to_rgb[-1](x).float()
        if share := self.missing % 1.0:
            old = F.interpolate(self.to_rgb[0](before).float(), scale_factor=2, mode="nearest")
            picture = torch.lerp(picture, old, share)
        if int(self.missing):
            picture = F.interpolate(picture, size=self.resolution, mode="nearest")
        return picture.contiguous()

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits; with classes, that of the class asked for (Mescheder et al. 2018)."""
        critic = self.critic
        assert critic is not None
        maps = one_by_one(lambda picture, _: critic.maps(picture), images)
        logits = critic.logits(maps) if together else torch.cat([critic.logits(one) for one in maps.split(1)])
        return logits[:, 0] if label is None else (logits * label).sum(dim=1)
