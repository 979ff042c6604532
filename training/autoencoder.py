"""Train the vector-quantised autoencoder of a model: `python -m training.autoencoder --data PICTURES --name NAME`."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import math
import sys

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.companions import (
    AUTOENCODER_FILE,
    AUTOENCODER_KIND,
    Autoencoder,
    AutoencoderConfig,
    OpenAutoencoder,
    open_autoencoder,
    save_companion,
)

from .companion import Clock, Figures, command_line, description, load, parameters, run, shuffled, to_input
from .data import Data

COMMITMENT = 0.25  # β of equation 3
WARM_UP = 100  # steps before the codebook begins: the encoder finds its scale first


class CodebookAverages:
    """The codebook as exponential moving averages of what is assigned to each code (appendix A.1).

    A code that is hardly used any more is put where a vector of the present batch lies ("random restarts",
    Dhariwal et al. 2020, arXiv:2005.00341, §3.1); all begin so.
    """

    def __init__(self, codebook: Tensor, seed: int = 0, decay: float = 0.99, least: float = 0.5) -> None:
        self.codebook, self.decay, self.least = codebook, decay, least
        self.counts = torch.zeros(len(codebook), device=codebook.device)
        self.sums = torch.zeros_like(codebook)
        self.rng = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def update(self, rows: Tensor, codes: Tensor) -> None:
        """Move the codebook, in place, towards M×D vectors that were assigned to M codes."""
        number = len(self.codebook)
        count = torch.bincount(codes, minlength=number).float()
        total = torch.zeros_like(self.sums).index_add_(0, codes, rows)
        self.counts.lerp_(count, 1 - self.decay)
        self.sums.lerp_(total, 1 - self.decay)
        dead = (self.counts < self.least).nonzero()[:, 0]
        if len(dead):
            chosen = torch.randint(len(rows), (len(dead),), generator=self.rng).to(rows.device)
            self.sums[dead] = rows[chosen]
            self.counts[dead] = 1.0
        self.codebook.copy_(self.sums / self.counts[:, None])


def psnr(images: Tensor, again: Tensor) -> float:
    """Peak signal-to-noise ratio of all pictures at once, in dB; as a viewer gets them: clipped, 8 bits."""
    eight_bits = ((again.clamp(-1, 1) + 1) * 127.5).round()
    error = (eight_bits - (images + 1) * 127.5).square().mean()
    return 10 * math.log10(255**2 / max(float(error), 1e-12))


def measure(opened: OpenAutoencoder, data: Data, border: int = 2) -> Figures:
    """Reconstruction of the held-out pictures, on the whole and without the padding; how evenly the codes are used."""
    images = to_input(data.batch(torch.arange(len(data))))
    codes = opened.encode(images)
    again = opened.decode(codes)
    inner = (..., slice(border, -border), slice(border, -border))
    share = torch.bincount(codes.flatten(), minlength=opened.codes).double() / codes.numel()
    entropy = -float((share[share > 0] * share[share > 0].log2()).sum())
    return {
        "psnr": round(psnr(images, again), 2),
        "psnr_without_padding": round(psnr(images[inner], again[inner]), 2),
        "codes_used": int((share > 0).sum()),
        "code_entropy_bits": round(entropy, 2),
        "test_pictures": len(data),
    }


def train_network(network: Autoencoder, args: argparse.Namespace, data: Data) -> float:
    """Train in place; returns the seconds it took."""
    sample = torch.randperm(len(data), generator=torch.Generator().manual_seed(args.seed))[:2000]
    variance = float(to_input(data.batch(sample)).var())  # the error is measured in its units
    optimiser = torch.optim.Adam(network.parameters(), args.learning_rate)
    averages = CodebookAverages(network.codebook, args.seed)
    clock = Clock(optimiser, args.learning_rate, args.passes * (len(data) // min(args.batch, len(data))))
    for epoch in range(args.passes):
        for index in shuffled(len(data), args.batch, args.seed, epoch):
            x = to_input(data.batch(index), args.device).contiguous(memory_format=torch.channels_last)
            z = network.encoder(x)
            commitment = x.new_zeros(())
            if clock.step >= WARM_UP:
                codes = network.nearest(z)
                averages.update(z.detach().permute(0, 2, 3, 1).flatten(0, 2), codes.flatten())
                chosen = network.vectors(codes)
                commitment = F.mse_loss(z, chosen)
                z = z + (chosen - z).detach()  # straight through: the decoder's gradient reaches the encoder (§3.2)
            error = F.mse_loss(network.decoder(z), x)
            optimiser.zero_grad(set_to_none=True)
            (error / variance + COMMITMENT * commitment).backward()
            optimiser.step()
            clock.tick(error.item())
    return clock.seconds


def train(args: argparse.Namespace) -> str:
    """Train, measure on the held-out split, write the file."""
    data, rest, provenance = load(args)
    torch.manual_seed(args.seed)
    config = AutoencoderConfig(
        args.resolution, len(data.classes), args.codes, args.code_dim, args.width, img_channels=data.channels
    )
    network = Autoencoder(config).to(args.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    seconds = train_network(network, args, data)
    path = args.out / args.name / AUTOENCODER_FILE
    save_companion(path, AUTOENCODER_KIND, network, config, description(args, data, provenance, seconds))
    figures = measure(open_autoencoder(path), rest)  # as it is stored
    save_companion(path, AUTOENCODER_KIND, network, config, description(args, data, provenance, seconds, figures))
    return f"wrote {path}: {parameters(network):,} parameters, {figures}"


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = command_line("autoencoder", "Train the vector-quantised autoencoder.", passes=8, batch=128, rate=2e-3)
    p.add_argument("--codes", type=int, default=256)
    p.add_argument("--code-dim", type=int, default=32)
    p.add_argument("--width", type=int, default=48)
    return run(train, p.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
