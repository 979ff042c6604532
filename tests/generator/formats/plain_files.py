"""Small GANs as courses and first projects build them, of torch's own layers: what a reader must find out again.

Their batch norms have seen pictures go by, as in a training; the weights are random.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PASSES, BATCH = 40, 64


def course() -> nn.Module:
    """Transposed convolutions of 3×3 and 4×4, unpadded: 28 px from 16 numbers."""

    def block(a: int, b: int, kernel: int, stride: int) -> nn.Module:
        return nn.Sequential(nn.ConvTranspose2d(a, b, kernel, stride), nn.BatchNorm2d(b), nn.ReLU())

    last = nn.Sequential(nn.ConvTranspose2d(8, 1, 4, 2), nn.Tanh())
    return nn.Sequential(Spot(), block(16, 32, 3, 2), block(32, 16, 4, 1), block(16, 8, 3, 2), last)


def dense_first(width: int = 32) -> nn.Module:
    """A dense layer, a norm of channels, 4×4 convolutions and leaky ReLUs: 32 px in colour."""
    a, b, c = width, width // 2, width // 4
    return nn.Sequential(
        nn.Linear(20, a * 16), nn.Unflatten(1, (a, 4, 4)), nn.BatchNorm2d(a), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(b, c, 4, 2, 1, bias=False), nn.BatchNorm2d(c), nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(c, 3, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def doubling(first: int = 7) -> nn.Module:
    """Doublings and ordinary convolutions, norms with ε = 0.8 behind the first: 28 px, or four times the `first`."""
    return nn.Sequential(
        nn.Linear(12, 16 * first**2), nn.Unflatten(1, (16, first, first)), nn.BatchNorm2d(16),
        nn.Upsample(scale_factor=2), nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16, 0.8), nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 3, padding=1), nn.BatchNorm2d(8, 0.8), nn.LeakyReLU(0.2),
        nn.Conv2d(8, 1, 3, padding=1), nn.Tanh(),
    )  # fmt: skip


def dense() -> nn.Module:
    """Dense layers with norms: 28 px."""
    return nn.Sequential(
        nn.Linear(24, 48), nn.LeakyReLU(0.2), nn.Linear(48, 64), nn.BatchNorm1d(64), nn.LeakyReLU(0.2),
        nn.Linear(64, 96), nn.BatchNorm1d(96), nn.LeakyReLU(0.2), nn.Linear(96, 784), nn.Tanh(),
    )  # fmt: skip


def judge(side: int = 28, colours: int = 1, epsilon: float = 0.8) -> nn.Module:
    """3×3 convolutions of stride 2, norms behind activations and dropout, a dense layer at the end."""
    return nn.Sequential(
        nn.Conv2d(colours, 8, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25),
        nn.Conv2d(8, 16, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25), nn.BatchNorm2d(16, epsilon),
        nn.Conv2d(16, 24, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25), nn.BatchNorm2d(24, epsilon),
        nn.Flatten(), nn.Linear(24 * 16, 1), nn.Sigmoid(),
    )  # fmt: skip


def judge_of_fours(colours: int = 3) -> nn.Module:
    """Unpadded and padded 4×4 convolutions with norms before the activations, down from 32 px to one number."""
    return nn.Sequential(
        nn.Conv2d(colours, 8, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(8, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(16 * 64, 1), nn.Sigmoid(),
    )  # fmt: skip


def judge_of_dense(numbers: int = 784) -> nn.Module:
    """Dense layers without norms."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(numbers, 32), nn.LeakyReLU(0.2), nn.Linear(32, 16), nn.LeakyReLU(0.2),
        nn.Linear(16, 1), nn.Sigmoid(),
    )  # fmt: skip


class Spot(nn.Module):
    """N×C → N×C×1×1."""

    def forward(self, z: Tensor) -> Tensor:
        """As a map of one pixel."""
        return z[:, :, None, None]


class Conditional(nn.Module):
    """Another generator whose numbers are joined by a vector for the class."""

    def __init__(self, model: nn.Module, numbers: int, classes: int, way: str) -> None:
        super().__init__()
        self.way = way
        self.label_emb = nn.Embedding(classes, numbers)
        self.model = model

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        """N×Z and N → pictures."""
        own = self.label_emb(label)
        joined = z * own if self.way == "times" else torch.cat([own, z] if self.way == "before" else [z, own], 1)
        return self.model(joined)  # type: ignore[no-any-return]


def trained(network: nn.Module, numbers: int, uniform: bool = False, classes: int = 0) -> nn.Module:
    """The network with lively scales, its norms having seen pictures, no longer training."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.weight.uniform_(0.7, 1.5)
                module.bias.normal_(0, 0.5)
                module.momentum = None  # an average of all passes: nothing is left of what it began with
            if isinstance(module, (nn.ConvTranspose2d, nn.Conv2d)) and module.bias is not None:
                module.bias.normal_(0, 0.2)
        for _ in range(PASSES):
            z = torch.rand(BATCH, numbers) * 2 - 1 if uniform else torch.randn(BATCH, numbers)
            network(z, torch.randint(classes, (BATCH,))) if classes else network(z)
    return network.eval()


def having_judged(critic: nn.Module, generator: nn.Module, numbers: int, side: int) -> nn.Module:
    """The critic, its norms having seen the generator's pictures and others in turn, as in a training."""
    for module in critic.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        for i in range(PASSES):
            made = generator(torch.randn(BATCH, numbers)).reshape(BATCH, -1, side, side)
            critic(made if i % 2 else (made + 0.2 * torch.randn_like(made)).clamp(-1, 1))
    return critic.eval()
