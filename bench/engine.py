"""Milliseconds and GFLOP/s a picture, against this machine's own matrix product: `python -m bench.engine`.

Measured, one picture at a time, are generator (latent to picture) and critic (picture to logit) of every model in
checkpoints/, and of the paper's configuration at 256 and 512 px with random weights, which cost the same. The paper's
networks run four ways, with the same weights and inputs: as the papers write them down (`bench.plain`), in ONNX Runtime
(`bench.onnx_runtime`), and in our engine in both precisions; "error" is the root mean square difference from the plain
result, relative to its own. The yardstick is a large square matrix product in the same precision.

All take turns, round after round, so that whatever else the machine does hits all alike; of each the fastest picture
counts. No picture is like the one before, of which the engine would have kept the layers. Operations are those of the
trainable networks' convolutions and matrix products, a multiplication and an addition each, as
`torch.utils.flop_counter` counts them: work that an engine saves is no merit here, and work that it adds is none.

The last line is a JSON list of {"network", "way", "dtype", "ms", "gflops", "peak_gflops", "times_plain"}.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import cycle
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
from generator.families.stylegan2 import StyleGAN2, stylegan2_of
from generator.measuring.cost import Cost

from .onnx_runtime import in_onnx_runtime
from .plain import PlainCritic, PlainGenerator

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
THREADS = torch.get_num_threads()
SIDE = 2048  # of the matrices: large enough for the full rate, small enough to take about as long as a picture
PAPER = ((256, 8192), (256, 16384), (512, 16384))  # resolution and channel_base; channel_max is 512
FULL_WIDTH = (256, 32768)


@dataclass
class Job:
    """Something to time: `run` does `gflop` thousand million operations, on the next of `inputs` at each call."""

    network: str
    way: str
    dtype: str
    gflop: float
    run: Callable[[Tensor], Tensor]
    inputs: Sequence[Tensor]
    threads: int = THREADS
    plain: Job | None = None  # the plain form of the same network
    seconds: list[float] = field(default_factory=list)

    @property
    def fastest(self) -> float:
        """Seconds of its fastest call."""
        return min(self.seconds)

    @property
    def rate(self) -> float:
        """GFLOP/s at its fastest."""
        return self.gflop / self.fastest

    @property
    def times_plain(self) -> float | None:
        """How many times faster than the plain form it is."""
        return None if self.plain is None else self.plain.fastest / self.fastest

    @cached_property
    def outputs(self) -> Tensor:
        """What it makes of its inputs."""
        with torch.inference_mode():
            return torch.cat([self.run(each) for each in self.inputs])

    @property
    def error(self) -> float | None:
        """Root mean square difference from the plain form's outputs, in parts of theirs (a logit near zero: of one)."""
        if self.plain is None:
            return None
        apart, size = (float(x.square().mean().sqrt()) for x in (self.outputs - self.plain.outputs, self.plain.outputs))
        return apart / max(size, 1.0)


def gflop(run: Callable[[], object]) -> float:
    """Thousand millions of operations in the convolutions and matrix products of one call."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def matrix_products() -> Iterator[Job]:
    """The yardstick: a product of two square matrices in each precision."""
    for name, dtype in PRECISIONS.items():
        a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
        yield Job("matrix product", "torch", name, 2 * SIDE**3 / 1e9, partial(torch.matmul, a), [b])


def paper_models(resolution: int, channel_base: int) -> dict[str, Model]:
    """StyleGAN2 as published and its discriminator, with random weights: one network, prepared in each precision."""
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(resolution, channel_base=channel_base))
    critic = Critic(CriticConfig(resolution, channel_base=channel_base))
    nowhere = Provenance("StyleGAN2, random weights", "none", "none", "none")
    name, averages = f"stylegan2-{resolution}-{channel_base}", Averages(torch.zeros(generator.config.w_dim))
    return {
        precision: Model(name, "0", StyleGAN2(generator, critic), (), averages, (), None, nowhere, precision)
        for precision in PRECISIONS
    }


def our_jobs(model: Model) -> Iterator[Job]:
    """One picture of the model's generator and, if it has one, one judgement of its critic."""
    latents = [draw_z(seed, model.z_dim)[None] for seed in range(2)]
    label = [0] if model.classes else None
    weights = torch.eye(len(model.classes))[:1] if model.classes else None

    def paint(z: Tensor) -> Tensor:
        return model.synthesize(model.map(z, label))

    networks = stylegan2_of(model)
    threads = 1 if model.light else THREADS  # as the studio paints
    work = gflop(lambda: networks.generator(latents[0], weights))
    yield Job(f"{model.name} generator", "ours", model.precision, work, paint, latents, threads)
    if networks.critic is not None:
        rng = torch.Generator().manual_seed(1)
        shape = (1, model.img_channels, model.resolution, model.resolution)
        pictures, critic = [torch.rand(shape, generator=rng) * 2 - 1 for _ in range(2)], networks.critic
        work = gflop(lambda: critic(pictures[0], weights))

        def judge(images: Tensor) -> Tensor:
            return model.criticize(images, label)

        yield Job(f"{model.name} critic", "ours", model.precision, work, judge, pictures, threads)


def house_jobs(checkpoints: Path) -> Iterator[Job]:
    """Every model of the folder in every precision."""
    paths = list_checkpoints(checkpoints) if checkpoints.is_dir() else {}
    for precision in PRECISIONS:
        for path in paths.values():
            yield from our_jobs(open_checkpoint(path, precision=precision))


def paper_jobs(resolution: int, channel_base: int) -> Iterator[Job]:
    """Generator and critic of the paper's configuration, four ways each."""
    prepared = paper_models(resolution, channel_base)
    networks = stylegan2_of(prepared["fp32"])
    generator, critic = networks.generator, networks.critic
    assert critic is not None
    plain = (PlainGenerator(generator), PlainCritic(critic))
    exported = (
        in_onnx_runtime(generator, torch.zeros(1, generator.config.z_dim), THREADS),
        in_onnx_runtime(critic, torch.zeros(1, 3, resolution, resolution), THREADS),
    )
    for i, ours in enumerate(zip(*(our_jobs(model) for model in prepared.values()), strict=True)):
        model = ours[0]
        reference = Job(model.network, "plain", "fp32", model.gflop, plain[i], model.inputs)
        yield reference
        yield Job(model.network, "ONNX RT", "fp32", model.gflop, exported[i], model.inputs, plain=reference)
        for job in ours:
            job.plain = reference
            yield job


def measure(todo: Sequence[Job], rounds: int) -> None:
    """Fill in `seconds`, taking turns; in each the first call only fills the caches, as the picture before does."""
    inputs = [cycle(job.inputs) for job in todo]
    for _ in range(rounds):
        for job, source in zip(todo, inputs, strict=True):
            torch.set_num_threads(job.threads)
            for counts in (False, True, True):
                x = next(source)
                with torch.inference_mode():
                    began = time.perf_counter()
                    job.run(x)
                    if counts:
                        job.seconds.append(time.perf_counter() - began)


def print_table(jobs: Sequence[Job], peak: dict[str, float]) -> None:
    """A line for each job."""
    print(
        f"{'network':34} {'way':7} {'dtype':5} threads {'GFLOP':>7} {'ms':>8} {'median':>8} {'GFLOP/s':>8} "
        f"{'of peak':>8} {'× plain':>8} {'error':>8}"
    )
    for job in jobs:
        times, error = job.times_plain, job.error
        print(
            f"{job.network:34} {job.way:7} {job.dtype:5} {job.threads:7} {job.gflop:7.2f} {job.fastest * 1e3:8.2f} "
            f"{statistics.median(job.seconds) * 1e3:8.2f} {job.rate:8.1f} {job.rate / peak[job.dtype]:8.0%} "
            f"{'' if times is None else f'{times:.2f}':>8} {'' if error is None else f'{error:.1e}':>8}"
        )


def print_cost(model: Model, rounds: int) -> None:
    """What a picture of this model and its previews cost."""
    torch.set_num_threads(THREADS)
    cost = Cost.measure(model, rounds)
    parts = [*(f"{size} px {ms:.1f}" for size, ms in cost.previews), f"picture {cost.picture:.1f}"]
    print(f"\n{model.name} {model.precision}, ms until the preview of: {', '.join(parts)}")


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
        networks = [*house_jobs(args.checkpoints), *(job for sizes in PAPER for job in paper_jobs(*sizes))]
    except CheckpointError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    measure([*yardstick, *networks], args.rounds)

    peak = {job.dtype: job.rate for job in yardstick}
    print(f"torch {torch.__version__}, {THREADS} threads; fastest and median of {2 * args.rounds} pictures\n")
    print_table([*yardstick, *networks], peak)
    print_cost(paper_models(*FULL_WIDTH)["bf16"], args.rounds)
    print()
    print(
        json.dumps(
            [
                {
                    "network": job.network,
                    "way": job.way,
                    "dtype": job.dtype,
                    "ms": round(job.fastest * 1e3, 3),
                    "gflops": round(job.rate, 1),
                    "peak_gflops": round(peak[job.dtype], 1),
                    "times_plain": None if job.times_plain is None else round(job.times_plain, 3),
                }
                for job in networks
            ]
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
