"""StyleGAN2 behind the door of `Family`: the trainable networks, and their engines made ready for a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.family import Family, Layer, Maps, PlainForm, Progress
from generator.model import Model

from .encoder import Encoder
from .engine import CriticOnDemand, MappingEngine, SynthesisEngine
from .layers import ModulatedConv
from .networks import Critic, Generator

SPREAD_DRAWS = 16  # of a code about its mean, from which its spread as noise is told


class StyleGAN2(Family):
    """Generator and, if they came along, critic and encoder. The engines share what they can of the weights, which stay
    trainable: gradients pass through the same tensors, and nothing is held for them."""

    title = "StyleGAN2"
    has_mapping = True
    makes_apart = True

    def __init__(self, generator: Generator, critic: Critic | None = None, encoder: Encoder | None = None) -> None:
        super().__init__()
        config = generator.config
        self.encoder, self.has_encoder = encoder, encoder is not None
        self.generator, self.critic, self.has_critic = generator, critic, critic is not None
        self.resolution, self.img_channels = config.resolution, config.img_channels
        self.num_classes, self.flops = config.num_classes, config.flops
        self.z_dim, self.w_dim, self.num_ws = config.z_dim, config.w_dim, config.num_ws
        self.noise_sizes = tuple(layer.resolution for layer in generator.synthesis.layers)
        rows = [Layer(i, size, "conv") for i, size in enumerate(self.noise_sizes)]
        self.layers = (*rows, Layer(len(rows), self.resolution, "rgb"))
        self._synthesis: SynthesisEngine | None = None
        self._critic: CriticOnDemand | None = None

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Prepare synthesis and critic in these types; the mapping is always in float32."""
        self._synthesis = self._critic = None  # the engines before go first: the memory need not hold both
        self._mapping = MappingEngine(self.generator.mapping)
        self._synthesis = SynthesisEngine(self.generator.synthesis, pictures)
        self._critic = None if self.critic is None else CriticOnDemand(self.critic, critic)
        self.preview_resolutions, self.kept_bytes = self._synthesis.preview_resolutions, self._synthesis.most_kept

    def map(self, z: Tensor, label: Tensor | None) -> Tensor:
        """N×z_dim and N×num_classes → N×w_dim."""
        return self._mapping(z, label)

    def synthesize(
        self,
        ws: Tensor,
        noise: Sequence[Tensor] | None,
        strength: float,
        *,
        transform: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """N×num_ws×w_dim → N×C×H×W float32. A single picture begins where it first differs from the one before."""
        assert self._synthesis is not None
        return self._synthesis(ws, noise, strength)

    def synthesize_apart(self, ws: Tensor, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
        """1×num_ws×w_dim → 1×C×H×W float32; keeps no maps."""
        assert self._synthesis is not None
        return self._synthesis.apart(ws, noise, strength)

    def preview(self, ws: Tensor, resolution: int, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
        """The RGB sum up to the block of `resolution`, enlarged to the full size."""
        assert self._synthesis is not None
        return self._synthesis.preview(ws, resolution, noise, strength)

    def layer_noise(self) -> list[Tensor]:
        """The constant buffers."""
        return [layer.noise_const.detach()[None, None] for layer in self.generator.synthesis.layers]

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits."""
        assert self._critic is not None
        return self._critic(images, label, together)

    def encode(self, images: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor]:
        """Each picture by itself: its code, led back through the prior to the noise that a seed would have drawn. The
        spread there is that of SPREAD_DRAWS codes drawn about the mean, always the same draws."""
        encoder, prior = self.encoder, self.generator.mapping.prior
        assert encoder is not None
        draws = torch.randn(SPREAD_DRAWS, self.z_dim, generator=torch.Generator().manual_seed(0)).to(self.device)
        means, spreads = [], []
        for i in range(len(images)):
            image, one = images[i : i + 1], None if label is None else label[i : i + 1]
            mean, log_variance = encoder(image.contiguous(memory_format=torch.channels_last), one)
            spread = (0.5 * log_variance).exp()
            if prior is not None:
                around = None if one is None else one.expand(SPREAD_DRAWS, -1)
                drawn = prior.inverse(mean + draws * spread, around)[0]
                mean = prior.inverse(mean, one)[0]
                spread = (drawn - mean).square().mean(dim=0, keepdim=True).sqrt()
            means.append(mean)
            spreads.append(spread)
        empty = torch.zeros(0, self.z_dim, device=self.device)
        return torch.cat([empty, *means]), torch.cat([empty, *spreads])

    def parameter_counts(self) -> tuple[int, int]:
        """Numbers that were learnt: the generator's, and the critic's."""
        networks = (self.generator, self.critic)
        generator, critic = (0 if n is None else sum(p.numel() for p in n.parameters()) for n in networks)
        return generator, critic

    def style_weights(self) -> Tensor:
        """R×w_dim: the rows of all affine layers, as they act."""
        layers = [m.affine for m in self.generator.synthesis.modules() if isinstance(m, ModulatedConv)]
        return torch.cat([layer.weight.detach() * layer.weight_gain for layer in layers])

    def plain_form(self) -> PlainForm:
        """The trainable networks themselves. Their maps: after each convolution's activation; the critic's: after its
        stem, each block, and the last convolution."""
        generator, critic = self.generator, self.critic

        def synthesize(ws: Tensor, noise: Sequence[Tensor] | None, strength: float) -> Tensor:
            given = noise or [layer.noise_const[None, None] for layer in generator.synthesis.layers]
            maps = [each.to(ws) * strength if strength else None for each in given]
            return generator.synthesis(ws, maps)

        def criticize(images: Tensor, label: Tensor | None) -> Tensor:
            assert critic is not None
            return critic(images, label, group=1)

        config = generator.config
        blocks = config.block_resolutions
        sizes = [blocks[0], *(size for size in blocks[1:] for _ in range(2))]
        layers = zip(sizes, generator.synthesis.layers, strict=True)
        return PlainForm(
            generator.mapping,
            synthesize,
            None if critic is None else criticize,
            tuple(Maps(f"conv{i}", layer, config.channels(size), size) for i, (size, layer) in enumerate(layers)),
            () if critic is None else _critic_maps(critic),
        )


def _critic_maps(critic: Critic) -> tuple[Maps, ...]:
    config, sizes = critic.config, critic.config.block_resolutions
    top = sizes[0] if sizes else 4
    stem = Maps("stem", critic.stem, config.channels(top), top)
    halved = zip(critic.blocks, pairwise((*sizes, 4)), strict=True)
    blocks = [Maps(f"block{i}", block, config.channels(to), to) for i, (block, (_, to)) in enumerate(halved)]
    return (stem, *blocks, Maps("conv", critic.conv, config.channels(4), 4))


def stylegan2_of(model: Model) -> StyleGAN2:
    """A model's networks, where they are of this family; CheckpointError where they are not."""
    if not isinstance(model.family, StyleGAN2):
        raise CheckpointError(f"{model.name} is of the {model.family.title} family, not a StyleGAN2.")
    return model.family
