"""Train the recurrent network over an autoencoder's codes: `python -m training.recurrent --data PICTURES --name NAME`.

The autoencoder must lie in the model's folder (`training.autoencoder`), and the classifier too if it is to be said how
often the class that was asked for is recognised (`training.classifier`).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.companions import (
    CLASSIFIER_FILE,
    RECURRENT_FILE,
    RECURRENT_KIND,
    OpenAutoencoder,
    OpenRecurrent,
    Recurrent,
    RecurrentConfig,
    open_autoencoder,
    open_classifier,
    open_recurrent,
    save_companion,
)

from .companion import Clock, Figures, command_line, description, load, parameters, run, shuffled, to_input
from .data import Data
from .errors import TrainingError

JUDGED = 2000  # pictures that the classifier looks at
COOLER = 0.8  # a temperature besides 1 at which it looks: fewer slips, less variety


def codes_of(autoencoder: OpenAutoencoder, data: Data) -> Tensor:
    """The codes of all pictures, N×side×side."""
    batches = torch.arange(len(data)).split(1024)
    return torch.cat([autoencoder.encode(to_input(data.batch(index))) for index in batches])


def unigram_bits(train: Tensor, rest: Tensor, number: int, *, by_place: bool = False) -> float:
    """Mean −log₂ of held-out codes by how often each occurs in training, wherever (or, `by_place`, where it stands).

    One is added to each count (Laplace), so that what never occurred costs a finite number.
    """
    train, rest = train.flatten(1), rest.flatten(1)
    if not by_place:
        train, rest = train.reshape(-1, 1), rest.reshape(-1, 1)
    total = 0.0
    for column, seen in zip(rest.t(), train.t(), strict=True):
        counts = torch.bincount(seen, minlength=number).double() + 1
        total -= float((counts / counts.sum()).log2()[column].mean())
    return total / train.shape[1]


def recognised(
    recurrent: OpenRecurrent, autoencoder: OpenAutoencoder, classifier_file: Path, temperature: float
) -> float:
    """Share of sampled pictures (classes in turn, seeds 0 …) that the classifier takes for what was asked for."""
    labels = torch.arange(JUDGED) % len(recurrent.classes)
    pictures = autoencoder.decode(recurrent.sample(labels, temperature=temperature)).clamp(-1, 1)
    return float((open_classifier(classifier_file).classify(pictures) == labels).double().mean())


def measure(folder: Path, train: Tensor, rest: Tensor, labels: Tensor) -> Figures:
    """Held-out code likelihood against unigrams, and how often the asked class is recognised."""
    recurrent, autoencoder = open_recurrent(folder), open_autoencoder(folder)
    figures: Figures = {
        "bits_per_code": round(float(recurrent.bits(rest, labels).mean()), 3),
        "bits_per_code_unigram": round(unigram_bits(train, rest, autoencoder.codes), 3),
        "bits_per_code_unigram_by_place": round(unigram_bits(train, rest, autoencoder.codes, by_place=True), 3),
        "test_pictures": len(rest),
    }
    if recurrent.classes and (folder / CLASSIFIER_FILE).exists():
        for key, temperature in (("class_agreement", 1.0), (f"class_agreement_at_{COOLER}", COOLER)):
            share = recognised(recurrent, autoencoder, folder / CLASSIFIER_FILE, temperature)
            figures[key] = round(share, 4)
        figures["class_agreement_pictures"] = JUDGED
    return figures


def train_network(network: Recurrent, args: argparse.Namespace, codes: Tensor, labels: Tensor) -> float:
    """Train in place to say the next code (teacher forcing); returns the seconds it took."""
    optimiser = torch.optim.Adam(network.parameters(), args.learning_rate)
    clock = Clock(optimiser, args.learning_rate, args.passes * (len(codes) // min(args.batch, len(codes))))
    for epoch in range(args.passes):
        for index in shuffled(len(codes), args.batch, args.seed, epoch):
            part = codes[index].to(args.device)
            logits = network(part, labels[index].to(args.device))
            loss = F.cross_entropy(logits.flatten(0, 1), part.flatten())
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            clock.tick(loss.item())
    return clock.seconds


def train(args: argparse.Namespace) -> str:
    """Train, measure on the held-out split, write the file."""
    data, rest, provenance = load(args)
    folder = args.out / args.name
    autoencoder = open_autoencoder(folder)
    size = autoencoder.network.config.resolution
    if size != args.resolution:
        raise TrainingError(f"The autoencoder in {folder} takes pictures of {size} px, not {args.resolution}.")
    codes, held_out = codes_of(autoencoder, data), codes_of(autoencoder, rest)
    torch.manual_seed(args.seed)
    config = RecurrentConfig(autoencoder.codes, autoencoder.side, len(data.classes), args.hidden)
    network = Recurrent(config).to(args.device)
    seconds = train_network(network, args, codes.flatten(1), data.labels)
    path = folder / RECURRENT_FILE
    save_companion(path, RECURRENT_KIND, network, config, description(args, data, provenance, seconds))
    figures = measure(folder, codes, held_out, rest.labels)  # as it is stored
    save_companion(path, RECURRENT_KIND, network, config, description(args, data, provenance, seconds, figures))
    return f"wrote {path}: {parameters(network):,} parameters, {figures}"


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = command_line("recurrent", "Train the recurrent network over the codes.", passes=6, batch=128, rate=4e-3)
    p.add_argument("--hidden", type=int, default=192)
    return run(train, p.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
