"""Is a picture found again, and how soon? `python -m bench.projection [--pictures FILE.zip] [--count 20]`

Generated pictures of a model, each of its own seed and class, are looked for as a visitor's upload is; `--pictures`:
held-out ones of these training pictures, too. Seconds are those of the processor as well as of the clock: on one thread
and a quiet machine both are the same. Prints medians and, as the last line, one JSON object; exit code 1 if a bound was
broken: a first guess within 100 ms, 200 steps within 30 s (of the processor), 30 dB for generated pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np
import torch
from numpy.typing import NDArray

from studio import Recipe, Studio
from studio.tools.project import STEPS, error_of, first_guess, refine
from training.sources import load_data

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
GUESS_MS, SEARCH_SECONDS, DECIBELS = 100.0, 30.0, 30.0


def search(studio: Studio, recipe: Recipe, target: NDArray[np.float32]) -> dict[str, float]:
    """One search from its first guess to its end."""
    began, worked = time.perf_counter(), time.process_time()
    state = first_guess(studio, recipe, target, taken_for=studio.taken_for(recipe.model, target))
    guess, guess_work = time.perf_counter() - began, time.process_time() - worked
    first = error_of(studio, recipe, state, target)
    began, worked = time.perf_counter(), time.process_time()
    state = refine(studio, recipe, target, state)
    taken, work = time.perf_counter() - began, time.process_time() - worked
    last = error_of(studio, recipe, state, target, features=True)
    return {
        "guess_ms": 1e3 * guess, "guess_work_ms": 1e3 * guess_work, "seconds": taken, "work_seconds": work,
        "first_db": first.psnr, "db": last.psnr, "features": last.features or 0.0, "distance": last.distance,
    }  # fmt: skip


def medians(found: list[dict[str, float]]) -> dict[str, float]:
    """Each figure's median."""
    return {name: round(float(np.median([each[name] for each in found])), 3) for name in found[0]}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.projection", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="orchard")
    parser.add_argument("--count", type=int, default=20, help="pictures of each kind (default: %(default)s)")
    parser.add_argument("--pictures", type=Path, metavar="FILE", help="the training pictures, for held-out ones")
    options = parser.parse_args()
    studio = Studio(CHECKPOINTS, default=options.model)
    model = studio.opened()
    classes: list[str | None] = [*model.classes] or [None]
    recipes = [Recipe(seed=seed, label=classes[seed % len(classes)]) for seed in range(options.count)]
    search(studio, recipes[0], studio.render(recipes[0], critic="none").raw)  # the first of all measures the model's w
    found = {"generated": [search(studio, each, studio.render(each, critic="none").raw) for each in recipes]}
    if options.pictures is not None:
        _, rest = load_data(options.pictures, model.resolution)
        chosen = np.random.default_rng(0).permutation(len(rest))[: options.count]
        pixels = rest.batch(torch.from_numpy(chosen)).permute(0, 2, 3, 1).numpy().astype(np.float32) / np.float32(255)
        labels = [classes[int(rest.labels[number])] for number in chosen]
        found["held out"] = [
            search(studio, Recipe(label=label), target) for label, target in zip(labels, pixels, strict=True)
        ]
    figures = {kind: medians(each) for kind, each in found.items()}
    for kind, each in figures.items():
        print(f"{kind}, medians of {options.count}, {STEPS} steps")
        for name, value in each.items():
            print(f"  {name.replace('_', ' '):16}{value:10.2f}")
    generated = figures["generated"]
    broken = [
        line
        for line, kept in {
            f"a first guess took {generated['guess_work_ms']:.0f} ms": generated["guess_work_ms"] <= GUESS_MS,
            f"a search took {generated['work_seconds']:.1f} s": generated["work_seconds"] <= SEARCH_SECONDS,
            f"pictures were found again at {generated['db']:.1f} dB": generated["db"] >= DECIBELS,
        }.items()
        if not kept
    ]
    print(*broken, sep="\n", end="\n" if broken else "")
    print(json.dumps({**figures, "broken": broken}))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
