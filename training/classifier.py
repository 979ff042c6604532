"""Train the classifier beside a model: `python -m training.classifier --data PICTURES --name NAME`.

It measures the models (`training.evaluate`) and recognises what the recurrent network wrote; it trains none of them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.companions import CLASSIFIER_FILE, CLASSIFIER_KIND, Classifier, ClassifierConfig, save_companion

from .companion import Clock, command_line, description, load, parameters, run, shuffled, to_input
from .data import Data

REACH = 2  # pixels


def jitter(x: Tensor, rng: torch.Generator) -> Tensor:
    """Shift each picture by up to two pixels both ways; the border is repeated."""
    n, _, height, width = x.shape
    padded = F.pad(x, (REACH,) * 4, mode="replicate")
    shifts = torch.randint(0, 2 * REACH + 1, (n, 2), generator=rng).tolist()
    return torch.stack([padded[i, :, dy : dy + height, dx : dx + width] for i, (dy, dx) in enumerate(shifts)])


@torch.inference_mode()
def accuracy(network: Classifier, data: Data, device: str) -> float:
    """Share of pictures whose likeliest class is theirs."""
    network.eval()
    hits = 0
    for index in torch.arange(len(data)).split(256):
        hits += int((network(to_input(data.batch(index), device)).argmax(1).cpu() == data.labels[index]).sum())
    return hits / len(data)


def train(args: argparse.Namespace) -> str:
    """Train, measure on the held-out split, write the file."""
    data, rest, provenance = load(args)
    torch.manual_seed(args.seed)
    config = ClassifierConfig(args.resolution, len(data.classes), img_channels=data.channels)
    network = Classifier(config).to(args.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), args.learning_rate, weight_decay=0.05)
    clock = Clock(optimiser, args.learning_rate, args.passes * (len(data) // min(args.batch, len(data))))
    rng = torch.Generator().manual_seed(args.seed)
    for epoch in range(args.passes):
        for index in shuffled(len(data), args.batch, args.seed, epoch):
            x = jitter(to_input(data.batch(index)), rng).to(args.device, memory_format=torch.channels_last)
            loss = F.cross_entropy(network(x), data.labels[index].to(args.device), label_smoothing=0.05)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            clock.tick(loss.item())
    seconds = clock.seconds
    network.half().float()  # measured as it is stored
    figures = {"test_accuracy": round(accuracy(network, rest, args.device), 4), "test_pictures": len(rest)}
    path = args.out / args.name / CLASSIFIER_FILE
    save_companion(path, CLASSIFIER_KIND, network, config, description(args, data, provenance, seconds, dict(figures)))
    return f"wrote {path}: {parameters(network):,} parameters, test accuracy {figures['test_accuracy']:.2%}"


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = command_line("classifier", "Train the classifier beside a model.", passes=10, batch=128, rate=4e-3)
    return run(train, p.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
