"""Milliseconds and GFLOP/s a picture, against this machine's own matrix product: `python -m bench.engine`.

Measured are every model in checkpoints/ and the paper's configuration at 256 px with `channel_base` 8192 (random
weights: they cost the same), generator (latent to picture) and critic (picture to logit), one picture at a time. The
yardstick is a large square matrix product in the same precision. All take turns, round after round, so that whatever
else the machine does hits all alike; of each the fastest picture counts. Operations are those of the plain networks'
convolutions and matrix products, a multiplication and an addition each, as `torch.utils.flop_counter` counts them:
work that the engine saves is no merit here, and work that it adds is none either.

The last line is a JSON list of {"network", "dtype", "ms", "gflops", "peak_gflops"}.
"""

from __future__ import annotations

import os

# As the app sets them; read when torch is loaded. A thread that has done its part sleeps, after some 20 µs of waiting.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from generator import (
    PRECISIONS,
    Averages,
    CheckpointError,
    Critic,
    CriticConfig,
    Generator,
    GeneratorConfig,
    Model,
    Provenance,
    draw_z,
    list_checkpoints,
    open_checkpoint,
)

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
THREADS = torch.get_num_threads()
SIDE = 2048  # of the matrices: large enough for the full rate, small enough to take about as long as a picture


@dataclass
class Job:
    """Something to time: `run` does `gflop` thousand million operations."""

    network: str
    dtype: str
    gflop: float
    run: Callable[[], object]
    threads: int
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """GFLOP/s at its fastest."""
        return self.gflop / min(self.seconds)


def gflop(run: Callable[[], object]) -> float:
    """Thousand millions of operations in the convolutions and matrix products of one call."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def matrix_products() -> Iterator[Job]:
    """The yardstick: a product of two square matrices in each precision."""
    for name, dtype in PRECISIONS.items():
        a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
        yield Job("matrix product", name, 2 * SIDE**3 / 1e9, partial(torch.matmul, a, b), THREADS)


def paper_model(precision: str) -> Model:
    """StyleGAN2 as published, at 256 px with `channel_base` 8192, and its discriminator; random weights."""
    generator, critic = GeneratorConfig(256, channel_base=8192), CriticConfig(256, channel_base=8192)
    nowhere = Provenance("StyleGAN2, random weights", "none", "none", "none")
    return Model(
        "stylegan2-256-8192", "0", Generator(generator), Critic(critic), (), Averages(torch.zeros(generator.w_dim)), (),
        None, nowhere, precision,
    )


def models(checkpoints: Path) -> Iterator[Model]:
    """Every model in every precision."""
    paths = list_checkpoints(checkpoints) if checkpoints.is_dir() else {}
    for precision in PRECISIONS:
        for path in paths.values():
            yield open_checkpoint(path, precision=precision)
        yield paper_model(precision)


def jobs(model: Model) -> Iterator[Job]:
    """One picture of the model's generator and, if it has one, one judgement of its critic."""
    z = draw_z(0, model.z_dim)[None]
    label = [0] if model.classes else None
    weights = torch.eye(len(model.classes))[:1] if model.classes else None

    def picture() -> Tensor:
        return model.synthesize(model.map(z, label, psi=0.7))

    threads = 1 if model.light else THREADS  # as the studio paints
    work = gflop(lambda: model.generator(z, weights))
    yield Job(f"{model.name} generator", model.precision, work, picture, threads)
    if model.critic is not None:
        shown, critic = picture(), model.critic
        work = gflop(lambda: critic(shown, weights))
        yield Job(f"{model.name} critic", model.precision, work, lambda: model.criticize(shown, label), threads)


def measure(todo: list[Job], rounds: int) -> None:
    """Fill in `seconds`, taking turns; in each the first call only fills the caches, as the picture before does."""
    for _ in range(rounds):
        for job in todo:
            torch.set_num_threads(job.threads)
            job.run()
            for _ in range(2):
                began = time.perf_counter()
                job.run()
                job.seconds.append(time.perf_counter() - began)


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="turns that each network takes, of two pictures each")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    yardstick = list(matrix_products())
    try:
        networks = [job for model in models(args.checkpoints) for job in jobs(model)]
    except CheckpointError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    measure([*yardstick, *networks], args.rounds)

    peak = {job.dtype: job.rate for job in yardstick}
    print(f"torch {torch.__version__}, {THREADS} threads; fastest and median of {2 * args.rounds} pictures\n")
    print(f"{'network':34} {'dtype':5} threads {'GFLOP':>7} {'ms':>8} {'median':>8} {'GFLOP/s':>8} {'of peak':>8}")
    for job in (*yardstick, *networks):
        fastest, median = min(job.seconds) * 1e3, statistics.median(job.seconds) * 1e3
        print(f"{job.network:34} {job.dtype:5} {job.threads:7} {job.gflop:7.2f} {fastest:8.2f} {median:8.2f} "
              f"{job.rate:8.1f} {job.rate / peak[job.dtype]:8.0%}")
    print()
    print(json.dumps([
        {"network": job.network, "dtype": job.dtype, "ms": round(min(job.seconds) * 1e3, 3),
         "gflops": round(job.rate, 1), "peak_gflops": round(peak[job.dtype], 1)}
        for job in networks
    ]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
