"""What training the networks beside the generator has in common: command line, batches, a clock, the description."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from generator import Provenance
from generator.companions import Description

from .data import Data
from .errors import TrainingError
from .facts import add_facts, describe, facts_of
from .machine import machine
from .sources import read_data
from .terms import add_terms, terms_of

Figures = dict[str, float | int | str]


def command_line(name: str, summary: str, passes: int, batch: int, rate: float) -> argparse.ArgumentParser:
    """The options that all of them take."""
    p = argparse.ArgumentParser(prog=f"python -m training.{name}", description=summary)
    p.add_argument("--data", type=Path, required=True, help="the pictures: as for training.train")
    p.add_argument("--name", required=True, help="the model that it stands beside")
    p.add_argument("--out", type=Path, default=Path("checkpoints"), help="where the folder NAME lies, or is made")
    p.add_argument("--version", default="1.0")
    p.add_argument("--resolution", type=int, default=32)
    p.add_argument("--passes", type=int, default=passes, help="times that each picture is shown")
    p.add_argument("--batch", type=int, default=batch)
    p.add_argument("--learning-rate", type=float, default=rate)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add_facts(p)
    add_terms(p)
    return p


def run(main: Callable[[argparse.Namespace], str], args: argparse.Namespace) -> int:
    """Call `main`, print what it answers, turn its errors into one sentence; returns the exit code."""
    try:
        print(main(args), flush=True)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


def load(args: argparse.Namespace) -> tuple[Data, Data, Provenance]:
    """Training and held-out pictures, and where they come from; checked before anything is trained."""
    for name in ("passes", "batch"):
        if getattr(args, name) < 1:
            raise TrainingError(f"--{name} must be at least 1.")
    loaded = read_data(args.data, args.resolution, terms_of(args))
    print("\n".join(loaded.account.lines()), flush=True)
    facts = describe(args.name, args.about, args.data, loaded.rest, facts_of(args))
    return loaded.train, loaded.rest, Provenance(**facts, pictures_seen=args.passes * len(loaded.train))


def to_input(pixels: Tensor, device: torch.device | str = "cpu") -> Tensor:
    """uint8 → float32 in [−1, 1]."""
    return pixels.to(device).float() / 127.5 - 1


def shuffled(count: int, batch: int, seed: int, epoch: int) -> Iterator[Tensor]:
    """The numbers 0 … count−1 in a random order, in batches of one size (the last, shorter one is left out)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
    yield from order[: max(count // batch, 1) * batch].split(min(batch, count))


class Clock:
    """Progress of a training of `total` steps: its learning rate (one cycle, Smith & Topin 2017) and the time."""

    def __init__(self, optimiser: torch.optim.Optimizer, rate: float, total: int) -> None:
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=total + 1, pct_start=0.15)
        self.total, self.step, self.began = total, 0, time.monotonic()

    def tick(self, loss: float, every: int = 200) -> None:
        """Once a step: moves the learning rate on and says from time to time how far things are."""
        self.step += 1
        self.schedule.step()
        if self.step % every == 0 or self.step == self.total:
            print(f"{self.step:>7,} of {self.total:,} steps  {self.seconds:6.0f} s  loss {loss:.4f}", flush=True)

    @property
    def seconds(self) -> float:
        """Since the training began."""
        return time.monotonic() - self.began


def description(
    args: argparse.Namespace, data: Data, provenance: Provenance, seconds: float, measured: Figures | None = None
) -> Description:
    """What the file will say: the figures, and how they were come by."""
    figures = {
        **(measured or {}),
        "seconds": round(seconds),
        "machine": machine(args.device),
        "settings": f"passes {args.passes}, batch {args.batch}, learning rate {args.learning_rate}, seed {args.seed}",
    }
    provenance = replace(provenance, trained=f"{seconds / 60:.1f} minutes")
    return Description(args.name, args.version, data.classes, provenance, figures)


def parameters(network: nn.Module) -> int:
    """How many trainable numbers it has."""
    return sum(p.numel() for p in network.parameters())
