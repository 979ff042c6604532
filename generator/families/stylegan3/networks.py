"""StyleGAN3, the alias-free generator, behind the same door as the others (Karras et al. 2021, arXiv:2106.12423).

The picture is made from Fourier features on a plane that w turns and shifts (appendix F), and that a visitor may turn
and shift too. Layers are modulated as in StyleGAN2, without noise and without skips; their inputs are scaled by a
moving average of their magnitude. The discriminator is StyleGAN2's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.errors import LatentError
from generator.families.stylegan2.engine import CriticOnDemand, MappingEngine
from generator.families.stylegan2.layers import SQRT2, FullyConnected, module_list
from generator.families.stylegan2.networks import Critic
from generator.families.stylegan2.networks import Mapping as MappingNetwork
from generator.family import Family, Layer, PlainForm, Progress, Transform

from .config import LayerShape, StyleGAN3Config
from .filters import FilteredLeakyReLU

TRANSFORMS = (
    Transform("rotation", "Rotation", -180.0, 180.0, "°"),
    Transform("x", "Shift to the right", -1.0, 1.0, "of the width"),
    Transform("y", "Shift downwards", -1.0, 1.0, "of the height"),
)


def input_transform(rotation: float = 0.0, x: float = 0.0, y: float = 0.0) -> Tensor:
    """3×3 float64: where the plane of the Fourier features is sampled for a picture that is moved so.

    The picture is turned by `rotation` degrees anticlockwise about its centre, then shifted by `x` of its width to the
    right and `y` of its height downwards. Coordinates run right and down, one picture width is 1. To move a picture
    forwards its samples are taken backwards, so this is the inverse of that motion, as such files store it.
    """
    angle = math.radians(rotation)
    cos, sin = math.cos(angle), math.sin(angle)
    motion = torch.tensor([[cos, sin, x], [-sin, cos, y], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return torch.linalg.inv(motion)


class FourierInput(nn.Module):
    """Random sine waves on a plane that w turns and shifts, mixed by a matrix (appendix F)."""

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, channels: int, size: int, rate: int, bandwidth: float) -> None:
        super().__init__()
        self.size, self.rate, self.bandwidth = size, rate, bandwidth
        self.affine = FullyConnected(w_dim, 4)
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.randn(channels, 2))
        self.register_buffer("phases", torch.rand(channels) - 0.5)

    def forward(self, w: Tensor, motion: Tensor | None = None) -> Tensor:
        """1×w_dim (and what `input_transform` gives) → 1×C×size×size, channels_last."""
        plane = self._learnt(w) @ self.transform.double()
        if motion is not None:
            plane = plane @ motion.to(plane)
        freqs = self.freqs.double() @ plane[:2, :2]  # C×2
        phases = self.phases.double() + self.freqs.double() @ plane[:2, 2]
        # Waves that the motion made too fine for the sampling rate fade out.
        excess = (freqs.norm(dim=1) - self.bandwidth) / (self.rate / 2 - self.bandwidth)
        amplitudes = (1 - excess).clamp(0, 1).float()
        steps = (torch.arange(self.size, device=w.device, dtype=torch.float64) + 0.5 - self.size / 2) / self.rate
        across, along = torch.outer(steps, freqs[:, 0]), torch.outer(steps, freqs[:, 1]) + phases  # size×C
        turns = along[:, None] + across[None]  # rows (y) × columns (x) × C
        waves = torch.sin((turns - turns.round()).float().mul_(2 * math.pi)) * amplitudes
        x = waves @ (self.weight / math.sqrt(len(self.phases))).t()
        return x.permute(2, 0, 1)[None]

    def _learnt(self, w: Tensor) -> Tensor:
        """w's own rotation (a cosine and a sine, normalised) after its shift, as 3×3 float64."""
        values = self.affine(w)[0].double()
        cos, sin, x, y = values / values[:2].norm()
        zero, one = torch.zeros_like(cos), torch.ones_like(cos)
        turn = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one]).view(3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one]).view(3, 3)
        return turn @ shift


class AliasFreeLayer(nn.Module):
    """Modulated convolution and filtered leaky ReLU; the last layer does neither demodulate nor bend nor filter."""

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, shape: LayerShape, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.shape, self.clamp = shape, clamp
        self.affine = FullyConnected(w_dim, shape.in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(shape.out_channels, shape.in_channels, shape.kernel, shape.kernel))
        self.bias = nn.Parameter(torch.zeros(shape.out_channels))
        self.register_buffer("magnitude_ema", torch.ones([]))
        down = (shape.down_taps,) * (2 if shape.radial else 1)
        self.register_buffer("up_filter", None if shape.up_taps == 1 else torch.zeros(shape.up_taps))
        self.register_buffer("down_filter", None if shape.down_taps == 1 else torch.zeros(down))

    def prepare(self, dtype: torch.dtype) -> None:
        """Fold what does not depend on w: weights of unit mean square, the input's magnitude, the activation's √2."""
        self.dtype = dtype
        self.filtered = FilteredLeakyReLU(self.shape, self.up_filter, self.down_filter, self.clamp, dtype)
        gain = 1.0 if self.shape.rgb else SQRT2
        weight: Tensor = self.weight
        if not self.shape.rgb:
            weight = weight * weight.square().mean(dim=(1, 2, 3), keepdim=True).rsqrt()
        self.energy = weight.square().sum(dim=(2, 3))  # O×I, before the input's scale: demodulation comes first
        weight = weight * (gain * self.magnitude_ema.rsqrt())
        self.ready_weight = weight.contiguous(memory_format=torch.channels_last)
        self.ready_bias = (self.bias * gain).to(dtype)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """1×I×in_size×in_size and 1×w_dim → 1×O×out_size×out_size, in the type that was prepared."""
        styles = self.affine(w)  # 1×I
        if self.shape.rgb:
            factors = styles / math.sqrt(self.shape.in_channels * self.shape.kernel**2)
        else:
            styles = styles * styles.square().mean().rsqrt()
            scales = ((self.energy @ styles.square().t()) + 1e-8).rsqrt()  # O×1
            factors = scales * styles
        weight = (self.ready_weight * factors[:, :, None, None]).to(self.dtype)
        x = F.conv2d(x.to(self.dtype), weight, self.ready_bias, padding=self.shape.kernel - 1)
        return self.filtered(x)


class StyleGAN3(Family):
    """The generator with (if it came along) its critic. Its `transforms` move the picture without changing it."""

    transforms = TRANSFORMS
    has_mapping = True
    tells_progress = True

    def __init__(
        self,
        config: StyleGAN3Config,
        critic: Critic | None = None,
        layers: tuple[LayerShape, ...] = (),
        title: str = "",
    ) -> None:
        """`layers`: where they do not follow from the configuration alone, which then describes the first of them."""
        super().__init__()
        self.config, shapes = config, layers or config.layers
        # A one-by-one convolution sees no direction: that is what makes R equivariant to rotation (§3.2).
        self.title = title or ("StyleGAN3-R" if config.conv_kernel == 1 else "StyleGAN3-T")
        self.resolution, self.img_channels = shapes[-1].out_size, config.img_channels
        self.num_classes, self.flops = config.num_classes, sum(shape.flops for shape in shapes)
        # One w for the input's rotation and translation, one for each layer.
        self.z_dim, self.w_dim, self.num_ws = config.z_dim, config.w_dim, 1 + len(shapes)
        self.layers = (
            Layer(0, shapes[0].out_rate, "conv"),  # where the plane lies
            *(Layer(i + 1, shape.out_rate, "rgb" if shape.rgb else "conv") for i, shape in enumerate(shapes)),
        )
        self.mapping = MappingNetwork(
            config.z_dim, config.num_classes, config.w_dim, config.mapping_layers, config.embed_dim
        )
        first = shapes[0]
        self.input = FourierInput(config.w_dim, first.in_channels, first.in_size, first.out_rate, config.first_cutoff)
        self.convs = module_list(AliasFreeLayer(shape, config.w_dim, config.conv_clamp) for shape in shapes)
        self.critic, self.has_critic = critic, critic is not None

    def use(self, pictures: torch.dtype, critic: torch.dtype) -> None:
        """Prepare convolutions, filters and critic in `pictures`; mapping, modulation and waves stay in float32."""
        with torch.inference_mode():
            self._mapping = MappingEngine(self.mapping)
            self._critic = None if self.critic is None else CriticOnDemand(self.critic, pictures)
            for layer in self.convs:
                layer.prepare(pictures)

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
        """N×num_ws×w_dim → N×C×H×W float32, not clipped, one picture after another. There is no noise in here.

        `transform`: the picture is turned about its centre, anticlockwise, then shifted by parts of its width, right
        and down. `progress` hears of each layer.
        """
        motion = None if transform is None else input_transform(**transform)
        done, of = 0, len(ws) * len(self.convs)
        pictures = [ws.new_empty(0, self.img_channels, self.resolution, self.resolution)]
        with torch.inference_mode():
            for n in range(len(ws)):
                row = ws[n : n + 1]
                x = self.input(row[:, 0], motion)
                for i, layer in enumerate(self.convs):
                    x = layer(x, row[:, i + 1])
                    done += 1
                    if progress is not None:
                        progress(done, of)
                pictures.append((x.float() * self.config.output_scale).contiguous())
            return torch.cat(pictures)

    def plain_form(self) -> PlainForm:
        """None: it takes seconds a picture, and works in place."""
        raise LatentError("Gradients do not pass through a StyleGAN3 here: a picture alone takes it seconds.")

    def criticize(self, images: Tensor, label: Tensor | None, together: bool) -> Tensor:
        """N logits of N×C×H×W pictures."""
        assert self._critic is not None
        return self._critic(images, label, together)
