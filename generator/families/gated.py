"""What the light families (FastGAN, lightweight-gan) are made of: convolutions for inference, and gated linear units.

Whatever is linear beside a convolution (spectral norm, batch norm with its running averages) is folded into its
weights when a checkpoint is read, so that one convolution with a bias is all that is left of the three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.latents import draw_z

from .folding import upsampling_kernel

DOUBLES_FROM = 16  # side of the smallest map that a doubling convolution pays for
NOISE_SEED = 20210112  # of the constant noise; any number would do, but it has to stay this one


class Convolution(nn.Module):
    """Convolution with a bias, in the type that `use` chose; weights O×I×k×k, float32, channels_last.

    `exact`: always in float32, for what works on a few numbers and decides about many.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        exact: bool = False,
    ) -> None:
        super().__init__()
        weight = torch.zeros(channels_out, channels_in, kernel, kernel).to(memory_format=torch.channels_last)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.kernel, self.stride = kernel, stride
        self.padding = kernel // 2 if padding is None else padding
        self.exact, self.dtype = exact, torch.float32
        self._rounded: tuple[Tensor, Tensor] | None = None

    @property
    def multiplications(self) -> int:
        """How many a single position of its output takes."""
        return self.weight.numel()

    def use(self, dtype: torch.dtype) -> None:
        """Compute in this type from now on, unless it is exact."""
        if self.exact:
            return
        self.dtype = dtype
        same = dtype == torch.float32
        self._rounded = None if same else (self.weight.detach().to(dtype), self.bias.detach().to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        """N×I×H×W → N×O×H'×W' in the chosen type. An even kernel of stride 1 keeps H×W: it looks one more back."""
        weight, bias = self._rounded or (self.weight, self.bias)
        x, padding = x.to(self.dtype), self.padding
        if self.kernel % 2 == 0 and self.stride == 1 and padding:
            x, padding = F.pad(x, (padding, padding - 1, padding, padding - 1)), 0
        return F.conv2d(x, weight, bias, stride=self.stride, padding=padding)


class GatedConvolution(Convolution):
    """Convolution to 2·O channels, perhaps noise, then a gated linear unit (Dauphin et al. 2017): N×I×H×W → N×O×H×W.

    `noise_gain`: what a unit of noise adds to each of the 2·O channels (its learnt strength, through the batch norm).
    `doubles`: each pixel is first repeated to 2×2, of which a 3×3 kernel makes fewer products than it seems: both
    together are a transposed convolution, measured at half the time from maps of side 8 on. N×I×H×W → N×O×2H×2W.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, noise: bool, doubles: bool = False) -> None:
        super().__init__(channels_in, 2 * channels_out, kernel)
        self.noise_gain = nn.Parameter(torch.zeros(2 * channels_out)) if noise else None
        self.doubles = doubles
        self._doubling: tuple[Tensor, Tensor] | None = None

    @property
    def multiplications(self) -> int:
        """How many a single position of its output takes: of a doubling kernel's 4×4, every second each way."""
        return self.weight.numel() * 4 // 9 if self.doubles else self.weight.numel()

    def use(self, dtype: torch.dtype) -> None:
        """Compute in this type from now on."""
        if not self.doubles:
            return super().use(dtype)
        kernel = upsampling_kernel(self.weight.detach()).to(dtype).contiguous(memory_format=torch.channels_last)
        self.dtype, self._doubling = dtype, (kernel, self.bias.detach().to(dtype))
        return None

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """`noise`: N×1×h×w or 1×1×h×w of the output's size, already scaled; None leaves it out."""
        if self.doubles:
            assert self._doubling is not None  # `use` prepares it
            x = F.conv_transpose2d(x.to(self.dtype), *self._doubling, stride=2, padding=1)
        else:
            x = super().forward(x)
        if noise is not None and self.noise_gain is not None:
            x = x + (noise * self.noise_gain.view(1, -1, 1, 1)).to(x.dtype)
        return F.glu(self.modulated(x), dim=1)

    def modulated(self, x: Tensor) -> Tensor:
        """What goes through the gate: here x itself."""
        return x


class ClassGatedConvolution(GatedConvolution):
    """The same with a class-conditional batch norm (Dumoulin et al. 2017; Brock et al. 2019): what is folded into the
    convolution is the norm alone, and a scale and a shift of each channel are linear in the class's vector.

    `steer` is told that vector before each picture, in float32.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, *, condition: int, noise: bool, doubles: bool = False
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, noise=noise, doubles=doubles)
        self.affine = nn.Linear(condition, 4 * channels_out)  # scales, then shifts
        self._by: tuple[Tensor, Tensor] | None = None

    def steer(self, condition: Tensor) -> None:
        """N×condition: of the classes of the next pictures."""
        scale, shift = self.affine(condition)[:, :, None, None].chunk(2, dim=1)
        self._by = scale, shift

    def modulated(self, x: Tensor) -> Tensor:
        """N×2O×H×W scaled and shifted."""
        assert self._by is not None  # `steer` comes first
        scale, shift = self._by
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


class Seed(nn.Module):
    """z → the first map: a transposed convolution over a single pixel, which is a matrix product; then a gate."""

    def __init__(self, z_dim: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(z_dim, 2 * channels, 4, 4))
        self.bias = nn.Parameter(torch.zeros(2 * channels))

    @property
    def multiplications(self) -> int:
        """Of the whole map."""
        return self.weight.numel()

    def forward(self, z: Tensor) -> Tensor:
        """N×z_dim → N×channels×4×4 float32."""
        x = (z @ self.weight.flatten(1)).view(-1, len(self.bias), 4, 4)
        return F.glu(x + self.bias.view(1, -1, 1, 1), dim=1).contiguous(memory_format=torch.channels_last)


def constant_noise(sizes: Sequence[int]) -> list[Tensor]:
    """One 1×1×n×n map for each layer. The original programs draw theirs afresh at each picture, so a file holds none:
    these are drawn once, by seed, the same for every picture, machine and checkpoint."""
    return [draw_z(NOISE_SEED + i, n * n).view(1, 1, n, n) for i, n in enumerate(sizes)]


class ConstantNoise(nn.Module):
    """The noise maps of every layer: the constant ones, or those given, times a strength."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        for i, noise in enumerate(constant_noise(sizes)):
            self.register_buffer(f"noise_{i}", noise, persistent=False)

    def forward(self, given: Sequence[Tensor] | None, strength: float) -> list[Tensor | None]:
        """One N×1×n×n or 1×1×n×n a layer; None at strength 0. `given` None: the constant ones."""
        maps: Sequence[Tensor] = list(self.buffers()) if given is None else given
        return [noise * strength if strength else None for noise in maps]


def use_everywhere(network: nn.Module, dtype: torch.dtype) -> None:
    """Let every convolution of a network compute in this type."""
    for module in network.modules():
        if isinstance(module, Convolution):
            module.use(dtype)


def one_by_one(
    picture: Callable[[Tensor, list[Tensor | None]], Tensor], x: Tensor, noise: Sequence[Tensor | None] = ()
) -> Tensor:
    """`picture` of each row of a batch alone on a processor, where it is then the same, bit for bit, alone and in a
    batch; of all together elsewhere. `noise`: maps of one row (for all) or of as many as the batch has."""
    count = len(x)
    if x.device.type != "cpu" or count == 1:
        return picture(x, list(noise))
    rows = [[n if n is None or len(n) != count else n[i : i + 1] for n in noise] for i in range(count)]
    return torch.cat([picture(x[i : i + 1], rows[i]) for i in range(count)])
