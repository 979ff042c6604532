"""FastGAN files written in the original program's layout, and a plain float64 reference of what they paint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from generator import Model
from generator.families.gated import NOISE_SEED
from generator.formats.reading.content import Content
from generator.latents import draw_z
from tests.generator.formats.batch_norm import batch_norm

NZ, NGF = 12, 8
MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # of ngf, the paper's program
JUDGED = {4: 16, 8: 16, 16: 8, 32: 4, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # of ndf
Tensors = dict[str, Tensor]


# ---- files in the original layout ---------------------------------------------------------------------------------


def spectral(name: str, *shape: int) -> Tensors:
    """A weight as torch.nn.utils.spectral_norm keeps it: dimension 1 counts as the rows of a transposed convolution."""
    rows = shape[1] if name == "init.init.0" else shape[0]
    columns = torch.Size(shape).numel() // rows
    vectors = {
        "weight_u": F.normalize(torch.randn(rows), dim=0),
        "weight_v": F.normalize(torch.randn(columns), dim=0),
    }
    weight = torch.randn(shape)
    matrix = (weight.transpose(0, 1) if name == "init.init.0" else weight).flatten(1)
    for _ in range(3):  # as training leaves them: nearly, not quite, the first singular vectors
        vectors["weight_v"] = F.normalize(matrix.t() @ vectors["weight_u"], dim=0)
        vectors["weight_u"] = F.normalize(matrix @ vectors["weight_v"], dim=0)
    return {f"{name}.weight_orig": weight, **{f"{name}.{k}": v for k, v in vectors.items()}}


def norm(name: str, channels: int) -> Tensors:
    return {
        f"{name}.weight": 1 + torch.rand(channels),
        f"{name}.bias": torch.randn(channels) / 2,
        f"{name}.running_mean": torch.randn(channels) / 10,  # `write` puts those of some pictures into their places
        f"{name}.running_var": 0.5 + torch.rand(channels),
        f"{name}.num_batches_tracked": torch.tensor(17),
    }


def excitation(name: str, a: int, b: int) -> Tensors:
    return spectral(f"{name}.main.1", b, a, 4, 4) | spectral(f"{name}.main.3", b, b, 1, 1)


def up(name: str, a: int, b: int, double: bool) -> Tensors:
    if not double:
        return spectral(f"{name}.1", 2 * b, a, 3, 3) | norm(f"{name}.2", 2 * b)
    found: Tensors = {}
    for place, wide in ((1, a), (5, b)):
        found |= spectral(f"{name}.{place}", 2 * b, wide, 3, 3)
        found |= {f"{name}.{place + 1}.weight": torch.rand(1) + 0.2}
        found |= norm(f"{name}.{place + 2}", 2 * b)
    return found


def generator_state(size: int, channels: int = 3) -> Tensors:
    """In the order in which the original registers its layers: heads before those that only large sizes have."""
    c = {side: int(multiple * NGF) for side, multiple in MULTIPLES.items()}
    found = spectral("init.init.0", NZ, 2 * c[4], 4, 4) | norm("init.init.1", 2 * c[4])
    for side in (8, 16, 32, 64, 128, 256):
        found |= up(f"feat_{side}", c[side // 2], c[side], double=side in (8, 32, 128))
    for side, small in ((64, 4), (128, 8), (256, 16)):
        found |= excitation(f"se_{side}", c[small], c[side])
    found |= spectral("to_128", channels, c[128], 1, 1) | spectral("to_big", channels, c[size], 3, 3)
    if size > 256:
        found |= up("feat_512", c[256], c[512], double=True) | excitation("se_512", c[32], c[512])
    if size > 512:
        found |= up("feat_1024", c[512], c[1024], double=False)
    return found


def critic_state(size: int, channels: int = 3) -> Tensors:
    c = {side: int(multiple * NGF) for side, multiple in JUDGED.items()}
    if size == 1024:
        found = spectral("down_from_big.0", c[1024], channels, 4, 4)
        found |= spectral("down_from_big.2", c[512], c[1024], 4, 4) | norm("down_from_big.3", c[512])
    else:
        found = spectral("down_from_big.0", c[512], channels, *((4, 4) if size == 512 else (3, 3)))
    for n, a, b in ((4, 512, 256), (8, 256, 128), (16, 128, 64), (32, 64, 32), (64, 32, 16)):
        found |= spectral(f"down_{n}.main.0", c[b], c[a], 4, 4) | norm(f"down_{n}.main.1", c[b])
        found |= spectral(f"down_{n}.main.3", c[b], c[b], 3, 3) | norm(f"down_{n}.main.4", c[b])
        found |= spectral(f"down_{n}.direct.1", c[b], c[a], 1, 1) | norm(f"down_{n}.direct.2", c[b])
    found |= spectral("rf_big.0", c[8], c[16], 1, 1) | norm("rf_big.1", c[8]) | spectral("rf_big.3", 1, c[8], 4, 4)
    for name, a, b in (("se_2_16", 512, 64), ("se_4_32", 256, 32), ("se_8_64", 128, 16)):
        found |= excitation(name, c[a], c[b])
    found |= spectral("down_from_small.0", c[256], channels, 4, 4)
    for place, a, b in ((2, 256, 128), (3, 128, 64), (4, 64, 32)):
        found |= spectral(f"down_from_small.{place}.main.0", c[b], c[a], 4, 4)
        found |= norm(f"down_from_small.{place}.main.1", c[b])
    found |= spectral("rf_small", 1, c[32], 4, 4)
    return found | spectral("decoder_big.main.1.1", 16, c[16], 3, 3) | norm("decoder_big.main.1.2", 16)


def is_parameter(name: str) -> bool:
    return not name.endswith(("weight_u", "weight_v", "running_mean", "running_var", "num_batches_tracked"))


def write(path: Path, size: int, prefix: str = "", channels: int = 3) -> tuple[Tensors, Tensors]:
    """A training file, its averages well away from its own weights; returns the generator to expect, the critic."""
    own, critic = generator_state(size, channels), critic_state(size, channels)
    other = generator_state(size, channels)
    averaged = {k: torch.lerp(v, other[k], 0.3) for k, v in own.items() if is_parameter(k)}
    noise = [torch.randn(2, 1, side, side) for side in (8, 8, 32, 32, 128, 128, 512, 512)]
    settle(own, Reference(own | averaged), lambda network: network.generate(torch.randn(2, NZ), noise))
    settle(critic, Reference(critic), lambda network: network.judge(torch.rand(2, channels, size, size) * 2 - 1))
    torch.save(
        {
            "g": {prefix + k: v for k, v in own.items()},
            "d": {prefix + k: v for k, v in critic.items()},
            "g_ema": list(averaged.values()),
            "opt_g": {"state": {}, "param_groups": [{"lr": 2e-4, "betas": (0.5, 0.999), "params": [0, 1]}]},
            "opt_d": {"state": {}, "param_groups": []},
        },
        path,
    )
    return own | averaged, critic


def content_of(path: Path) -> Content:
    return Content(path, "torch", torch.load(path, weights_only=True))


# ---- the reference: float64, straight from the paper's layers -----------------------------------------------------


class Reference:
    def __init__(self, state: Tensors) -> None:
        self.state = {k: v.double() for k, v in state.items()}
        self.settling = False

    def weight(self, name: str) -> Tensor:
        w, u, v = (self.state[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        matrix = w.transpose(0, 1) if name == "init.init.0" else w
        return w / torch.dot(u, matrix.reshape(len(u), -1) @ v)

    def norm(self, x: Tensor, name: str) -> Tensor:
        return batch_norm(self.state, name, x, self.settling)

    def excite(self, name: str, small: Tensor, large: Tensor) -> Tensor:
        x = F.conv2d(F.adaptive_avg_pool2d(small, 4), self.weight(f"{name}.main.1"))
        x = F.conv2d(x * torch.sigmoid(x), self.weight(f"{name}.main.3"))
        return large * torch.sigmoid(x)

    def generate(self, z: Tensor, noise: list[Tensor] | None) -> Tensor:
        left = iter(noise or [])
        x = F.conv_transpose2d(z.double()[:, :, None, None], self.weight("init.init.0"))
        maps = {4: F.glu(self.norm(x, "init.init.1"), dim=1)}
        side = 4
        while f"feat_{side * 2}.1.weight_orig" in self.state:
            x, side = F.interpolate(maps[side], scale_factor=2), side * 2
            name = f"feat_{side}"
            double = f"{name}.5.weight_orig" in self.state
            for place in (1, 5) if double else (1,):
                x = F.conv2d(x, self.weight(f"{name}.{place}"), padding=1)
                if double and noise is not None:
                    x = x + self.state[f"{name}.{place + 1}.weight"] * next(left).double()
                x = F.glu(self.norm(x, f"{name}.{place + 2 if double else place + 1}"), dim=1)
            if f"se_{side}.main.1.weight_orig" in self.state:
                x = self.excite(f"se_{side}", maps[side // 16], x)
            maps[side] = x
        x = F.conv2d(maps[side], self.weight("to_big"), padding=1)
        return x.tanh() if side == 1024 else x

    def lrelu(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2)

    def down(self, x: Tensor, name: str) -> Tensor:
        a = self.lrelu(self.norm(F.conv2d(x, self.weight(f"{name}.main.0"), stride=2, padding=1), f"{name}.main.1"))
        a = self.lrelu(self.norm(F.conv2d(a, self.weight(f"{name}.main.3"), padding=1), f"{name}.main.4"))
        b = F.conv2d(F.avg_pool2d(x, 2), self.weight(f"{name}.direct.1"))
        return (a + self.lrelu(self.norm(b, f"{name}.direct.2"))) / 2

    def judge(self, images: Tensor) -> Tensor:
        images = images.double()
        size = images.shape[-1]
        first = self.weight("down_from_big.0")
        x = self.lrelu(F.conv2d(images, first, stride=1 if size == 256 else 2, padding=1))
        if size == 1024:
            x = F.conv2d(x, self.weight("down_from_big.2"), stride=2, padding=1)
            x = self.lrelu(self.norm(x, "down_from_big.3"))
        two = x
        four = self.down(two, "down_4")
        eight = self.down(four, "down_8")
        sixteen = self.excite("se_2_16", two, self.down(eight, "down_16"))
        last = self.excite("se_4_32", four, self.down(sixteen, "down_32"))
        last = self.excite("se_8_64", eight, self.down(last, "down_64"))
        big = self.lrelu(self.norm(F.conv2d(last, self.weight("rf_big.0")), "rf_big.1"))
        big = F.conv2d(big, self.weight("rf_big.3"))
        step = size // 128
        x = images[:, :, ::step, ::step]
        x = self.lrelu(F.conv2d(x, self.weight("down_from_small.0"), stride=2, padding=1))
        for i in (2, 3, 4):
            x = F.conv2d(x, self.weight(f"down_from_small.{i}.main.0"), stride=2, padding=1)
            x = self.lrelu(self.norm(x, f"down_from_small.{i}.main.1"))
        small = F.conv2d(x, self.weight("rf_small"))
        assert big.shape[2:] == small.shape[2:] == (5, 5)
        return torch.cat([big.flatten(1), small.flatten(1)], dim=1).mean(dim=1)


def own_noise(model: Model) -> list[Tensor]:
    sizes = model.family.noise_sizes
    return [draw_z(NOISE_SEED + i, n * n).view(1, 1, n, n) for i, n in enumerate(sizes)]


def settle(state: Tensors, network: Reference, run: Callable[[Reference], object]) -> None:
    """Running averages as training leaves them, or forty layers of random weights end in numbers beyond comparing."""
    network.settling = True
    run(network)
    for name in state:
        if name.endswith(("running_mean", "running_var")):
            state[name] = network.state[name].float()


def off(ours: Tensor, expected: Tensor) -> float:
    """The largest difference; of pictures beyond [−1, 1], as a share of how far they go."""
    return float((ours.double() - expected).abs().max() / max(1.0, float(expected.abs().max())))
