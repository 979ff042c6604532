"""Generator and critic of the StyleGAN2 family, written from the papers, in their trainable form.

Karras et al. 2019 (arXiv:1812.04948): mapping network, truncation, noise. Karras et al. 2020 (arXiv:1912.04958):
modulated convolutions, skip generator, residual discriminator. Layers are numbered as the field does: one w for
each convolution, and the RGB layer of a block reads the w of the following convolution.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import CriticConfig, GeneratorConfig
from .layers import (
    ROOT_HALF,
    SLOPE,
    SQRT2,
    Conv,
    FullyConnected,
    ModulatedConv,
    bound,
    full,
    halve_rgb,
    interleave,
    minibatch_std,
    module_list,
    normalize_2nd_moment,
    upsample_rgb,
)
from .prior import Prior


class Mapping(nn.Module):
    """z (and a class) → w. The class embedding is normalised like z and set beside it; both widths 0: w_dim."""

    def __init__(
        self,
        z_dim: int,
        num_classes: int,
        w_dim: int,
        num_layers: int,
        embed_dim: int = 0,
        hidden: int = 0,
        prior: Prior | None = None,
    ) -> None:
        super().__init__()
        self.prior = prior
        embed_dim = embed_dim or w_dim
        self.embed = FullyConnected(num_classes, embed_dim) if num_classes else None
        inner = [hidden or w_dim] * (num_layers - 1) + [w_dim] if num_layers else []
        widths = [z_dim + (embed_dim if num_classes else 0), *inner]
        self.layers = module_list(FullyConnected(a, b, lr_multiplier=0.01, activate=True) for a, b in pairwise(widths))

    def forward(self, z: Tensor | None, label: Tensor | None) -> Tensor:
        """N×z_dim (None: the critic's mapping has no z) and N×num_classes → N×w_dim."""
        if self.prior is not None and z is not None:
            z = self.prior(z, label)
        return self.of_codes(z, label)

    def of_codes(self, z: Tensor | None, label: Tensor | None) -> Tensor:
        """The same without the prior, for codes as an encoder gives them."""
        parts = [] if z is None else [normalize_2nd_moment(z)]
        if self.embed is not None:
            parts.append(normalize_2nd_moment(self.embed(label)))
        x = torch.cat(parts, dim=1)
        for layer in self.layers:
            x = layer(x)
        return x


class SynthesisLayer(nn.Module):
    """Modulated 3×3 convolution, noise, bias, leaky ReLU, and a bound where there is one."""

    noise_const: Tensor

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        w_dim: int,
        resolution: int,
        up: int = 1,
        clamp: float = 0.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.gain, self.clamp = SQRT2 * gain, clamp * gain  # the gain scales what is bounded already
        self.conv = ModulatedConv(channels_in, channels_out, 3, w_dim, up=up)
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.resolution = resolution

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None, half: bool = False) -> Tensor:
        """N×I×h×w → N×O×H×W; `noise` N×1×H×W (or 1×1×H×W), scaled here by the learnt strength."""
        x = self.conv(x, w, self.gain, half)  # the activation's gain goes in before it, where it costs nothing
        if noise is not None:
            x = x + (noise * (self.noise_strength * self.gain)).to(x.dtype)
        x = x + (self.conv.bias * self.gain).view(1, -1, 1, 1).to(x.dtype)
        return bound(F.leaky_relu(x, SLOPE), self.clamp)


class Synthesis(nn.Module):
    """w → picture: blocks 4, 8, … each adding its RGB to the up-sampled sum of those before (skip generator)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        sizes = config.block_resolutions
        clamp, residual = config.conv_clamp, config.architecture == "resnet"
        self.const = nn.Parameter(torch.randn(config.channels(4), 4, 4))
        self.start = FullyConnected(config.w_dim, config.channels(4) * 16) if config.start == "styled" else None
        if self.start is not None:
            nn.init.zeros_(self.start.weight)  # begins as the constant
        layers = [SynthesisLayer(config.channels(4), config.channels(4), config.w_dim, 4, clamp=clamp)]
        for below, size in pairwise(sizes):
            a, b = config.channels(below), config.channels(size)
            layers.append(SynthesisLayer(a, b, config.w_dim, size, up=2, clamp=clamp))
            layers.append(SynthesisLayer(b, b, config.w_dim, size, clamp=clamp, gain=ROOT_HALF if residual else 1.0))
        self.layers = module_list(layers)
        self.to_rgb = module_list(
            ModulatedConv(config.channels(sizes[block]), config.img_channels, 1, config.w_dim, demodulate=False)
            for block in (config.rgb_blocks if config.head == "rgb" else config.rgb_blocks[:-1])
        )
        if residual:
            self.skips = module_list(
                Conv(config.channels(below), config.channels(size), 1, bias=False) for below, size in pairwise(sizes)
            )
        if config.head != "rgb":
            top = config.channels(sizes[-1])
            self.head = ModulatedConv(top, 4 * config.img_channels, 3, config.w_dim, demodulate=False)
            with torch.no_grad():  # the four sub-pixels begin alike, without a checkerboard (Aitken et al. 2017)
                self.head.weight.copy_(self.head.weight[::4].repeat_interleave(4, dim=0))

    def draw_noise(self, count: int, generator: torch.Generator) -> list[Tensor]:
        """Fresh noise N×1×H×W for each layer, as in training."""
        return [torch.randn(count, 1, n, n, generator=generator) for n in (layer.resolution for layer in self.layers)]

    def forward(
        self, ws: Tensor, noise: list[Tensor] | None = None, half: bool = False, maps: torch.dtype | None = None
    ) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W, about [−1, 1]. `noise` None: the constant buffers.

        `half`: convolutions with bfloat16 operands; `maps`: what is held between layers, bfloat16 only with `half`;
        None: as the weights are, so is the picture.
        """
        if noise is None:
            noise = [layer.noise_const[None, None] for layer in self.layers]
        x = self.const.expand(ws.shape[0], -1, -1, -1)
        if self.start is not None:
            x = x + self.start(ws[:, 0]).view_as(x)
        x = (x if maps is None else x.to(maps)).contiguous(memory_format=torch.channels_last)
        x = self.layers[0](x, ws[:, 0], noise[0], half)
        rgb: Tensor | None = None
        to_rgb = dict(zip(self.config.rgb_blocks, self.to_rgb, strict=False))  # all but a sub-pixel head
        for block, size in enumerate(self.config.block_resolutions):
            first = 2 * block - 1
            if block:
                past = None
                if self.config.architecture == "resnet":
                    past = upsample_rgb(self.skips[block - 1](x, ROOT_HALF, half))
                x = self.layers[first](x, ws[:, first], noise[first], half)
                x = self.layers[first + 1](x, ws[:, first + 1], noise[first + 1], half)
                x = x if past is None else past + x
            if block not in self.config.rgb_blocks:
                continue
            w = ws[:, first + 2]
            if rgb is not None:
                rgb = upsample_rgb(rgb)
            if block in to_rgb:
                layer = to_rgb[block]
                y = full(layer(x, w, half=half and maps == torch.bfloat16))
                y = bound(y + layer.bias.view(1, -1, 1, 1), self.config.conv_clamp)
            else:
                assert size * 2 == self.config.resolution
                y = full(self.head(x, w, half=half)) + self.head.bias.view(1, -1, 1, 1)
                y = interleave(y, smooth=self.config.head == "smooth")
                rgb = upsample_rgb(rgb) if rgb is not None else None
            rgb = y if rgb is None else rgb + y
        assert rgb is not None
        return rgb


class Generator(nn.Module):
    """Mapping and synthesis together, as they are trained."""

    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.embed_dim, config.mapping_width
        shape = config.z_dim, config.num_classes, config.prior_layers, config.prior_width
        prior = Prior(*shape) if config.prior_layers else None
        self.mapping = Mapping(config.z_dim, config.num_classes, config.w_dim, config.mapping_layers, *widths, prior)
        self.synthesis = Synthesis(config)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, label: Tensor | None, noise: list[Tensor] | None = None) -> Tensor:
        """N×z_dim and N×num_classes → N×C×H×W."""
        w = self.mapping(z, label)
        return self.synthesis(w[:, None].expand(-1, self.config.num_ws, -1), noise)


class CriticBlock(nn.Module):
    """Block that halves the resolution; if residual, both branches are scaled by √½ so that variance is kept."""

    def __init__(self, channels_in: int, channels_out: int, residual: bool = True, clamp: float = 0.0) -> None:
        super().__init__()
        self.conv0 = Conv(channels_in, channels_in, 3, activate=True, clamp=clamp)
        self.conv1 = Conv(channels_in, channels_out, 3, down=2, activate=True, clamp=clamp)
        self.skip = Conv(channels_in, channels_out, 1, down=2, bias=False) if residual else None

    def forward(self, x: Tensor, half: bool = False) -> Tensor:
        """N×I×H×W → N×O×H/2×W/2."""
        if self.skip is None:
            return self.conv1(self.conv0(x, half=half), half=half)
        return self.skip(x, ROOT_HALF, half) + self.conv1(self.conv0(x, half=half), ROOT_HALF, half)


class Critic(nn.Module):
    """The discriminator: picture (and class) → one logit, higher for what looks like training data."""

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.config = config
        sizes, clamp = config.block_resolutions, config.conv_clamp
        top = config.channels(sizes[0] if sizes else 4)
        if config.stem == "rgb":
            self.stem = Conv(config.img_channels, top, 1, activate=True, clamp=clamp)
        else:
            self.stem = Conv(config.img_channels, top, 4, stride=2, padding=1, activate=True, clamp=clamp)
        residual = config.architecture == "resnet"
        self.blocks = module_list(
            CriticBlock(config.channels(size), config.channels(size // 2), residual, clamp) for size in sizes
        )
        if config.architecture == "skip":  # what reads the halved pictures; the authors bound all but the last
            halved = [(config.channels(size // 2), clamp if size > 8 else 0.0) for size in sizes]
            self.from_rgb = module_list(Conv(config.img_channels, a, 1, activate=True, clamp=b) for a, b in halved)
        width = config.channels(4)
        self.conv = Conv(width + config.mbstd_channels, width, 3, activate=True, clamp=clamp)
        self.fc = FullyConnected(width * 16, width, activate=True)
        self.out = FullyConnected(width, config.cmap_dim if config.num_classes else 1)
        if config.num_classes:
            widths = config.embed_dim, config.mapping_width
            self.mapping = Mapping(0, config.num_classes, config.cmap_dim, config.mapping_layers, *widths)

    def forward(
        self, images: Tensor, label: Tensor | None = None, group: int | None = None, half: bool = False
    ) -> Tensor:
        """N×C×H×W in [−1, 1] and N×num_classes → N logits. `group` overrides the minibatch statistics' group size."""
        x = self.stem(images, half=half)
        for index, block in enumerate(self.blocks):
            x = block(x, half)
            if self.config.architecture == "skip":
                images = halve_rgb(images)
                x = x + self.from_rgb[index](images, half=half)
        x = minibatch_std(x, self.config.mbstd_group if group is None else group, self.config.mbstd_channels)
        x = self.conv(x, half=half)
        x = self.out(self.fc(full(x).flatten(1)))
        if self.config.num_classes:
            x = (x * self.mapping(None, label)).sum(dim=1, keepdim=True) / math.sqrt(self.config.cmap_dim)
        return x[:, 0]
