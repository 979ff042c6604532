"""Does a dragged point land, and is the picture still one? `python -m bench.drag [--model orchard] [--tries 10]`

In each picture (seeds 0 …, classes in turn) a point at the subject's edge is dragged across a fifth of the picture:
`--edges top,left,…`: the topmost and lowest point towards the middle, the outermost at either side away from it.
Told are how far from its target the tool finds the point in the end; how far, by the pixels alone, the square that is
most like the handle's own (normalised cross-correlation) is from there; steps and seconds, of the processor too; and
where the critic's logit stood among generated pictures before and after. `--sheet FILE.png` draws them all. The last
line is one JSON object; exit code 1 where fewer than 8 of 10 land within 3 px, or half of them take more than 15 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from postprocess import find_regions
from studio import Recipe, Rendering, Studio
from studio.tools.drag import STEPS, Pull, begin, distances, dragged, go_on

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
FAR = 0.2  # of the picture's side
PIXELS, SECONDS, SHARE = 3.0, 15.0, 0.8
INSET = 2  # px from the subject's edge to the handle, which is to lie on the subject
SQUARE, AROUND = 6, 30  # px: half a side of the square that is looked for, and how far from the target
VIEW = 256
EDGES = ("top", "bottom", "left", "right")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Try:
    """One drag and what came of it."""

    pull: Pull
    before: Rendering
    after: Rendering
    facts: dict[str, float]


def pull_of(picture: Floats, edge: str) -> Pull:
    """The point at that edge of the subject, and where it goes."""
    rows, columns = np.nonzero(find_regions(picture).subject >= 0.5)
    side = len(picture)
    along, across = (rows, columns) if edge in ("top", "bottom") else (columns, rows)
    low = edge in ("top", "left")
    last = along.min() if low else along.max()
    at, beside = last + (INSET if low else -INSET), round(float(across[along == last].mean()))
    inwards = 1 if low else -1
    to = at + FAR * side * (inwards if edge in ("top", "bottom") else -inwards)
    ends = [(float(each) + 0.5) / side for each in (at, np.clip(to, SQUARE, side - 1 - SQUARE))]
    aside = (beside + 0.5) / side
    (start, end) = ends
    return Pull(aside, start, aside, end) if edge in ("top", "bottom") else Pull(start, aside, end, aside)


def found_by_pixels(before: Floats, after: Floats, pull: Pull) -> float:
    """Pixels from the target to the middle of the square that is most like the one round the handle."""
    side, width = len(before), 2 * SQUARE + 1
    spread = ((SQUARE, SQUARE), (SQUARE, SQUARE), (0, 0))
    row, column = (min(int(each * side), side - 1) for each in (pull.y, pull.x))
    wanted = np.pad(before, spread, mode="edge")[row : row + width, column : column + width]
    wanted = wanted - wanted.mean(axis=(0, 1))
    squares = np.lib.stride_tricks.sliding_window_view(np.pad(after, spread, mode="edge"), (width, width), axis=(0, 1))
    rows, columns = np.mgrid[:side, :side] + 0.5
    apart = np.hypot(rows - pull.to_y * side, columns - pull.to_x * side)
    near = apart <= AROUND
    seen = squares[near].transpose(0, 2, 3, 1)
    seen = seen - seen.mean(axis=(1, 2), keepdims=True)
    likeness = (seen * wanted).sum(axis=(1, 2, 3)) / np.sqrt((seen**2).sum(axis=(1, 2, 3)) + 1e-9)
    return float(apart[near][likeness.argmax()])


def attempt(studio: Studio, recipe: Recipe, edge: str) -> Try:
    """One drag from its first step to its last."""
    before = studio.render(recipe, critic="raw")
    pull = pull_of(before.raw, edge)
    side = len(before.raw)
    began, worked = time.perf_counter(), time.process_time()
    state = go_on(studio, recipe, [pull], begin(studio, recipe, [pull]))
    seconds, work = time.perf_counter() - began, time.process_time() - worked
    after = studio.render(dragged(studio, recipe, state), critic="raw")
    facts = {
        "error": max(distances(state, [pull], side)), "by_pixels": found_by_pixels(before.raw, after.raw, pull),
        "steps": state.done, "seconds": seconds, "work": work, "far": float(np.sqrt((state.at**2).mean())),
    }  # fmt: skip
    for name, rendering in (("before", before), ("after", after)):
        if rendering.critic is not None:
            facts[f"percentile_{name}"] = rendering.critic.percentile_generated or 0.0
    return Try(pull, before, after, facts)


def drawn(tries: list[Try], columns: int = 10) -> Image.Image:
    """Before above after; handle and target as circles."""
    rows = -(-len(tries) // columns)
    sheet = Image.new("RGB", (columns * VIEW, rows * 2 * VIEW), "white")
    for number, each in enumerate(tries):
        for below, rendering in enumerate((each.before, each.after)):
            pixels = Image.fromarray((rendering.raw.clip(0, 1) * 255 + 0.5).astype(np.uint8))
            pixels = pixels.resize((VIEW, VIEW), Image.Resampling.LANCZOS)
            pen = ImageDraw.Draw(pixels)
            for x, y, colour in ((each.pull.x, each.pull.y, "blue"), (each.pull.to_x, each.pull.to_y, "red")):
                pen.ellipse((x * VIEW - 4, y * VIEW - 4, x * VIEW + 4, y * VIEW + 4), outline=colour, width=2)
            sheet.paste(pixels, (number % columns * VIEW, (number // columns * 2 + below) * VIEW))
    return sheet


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.drag", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="orchard")
    parser.add_argument("--tries", type=int, default=10, help="at each edge (default: %(default)s)")
    parser.add_argument("--edges", default="top", help=f"of {', '.join(EDGES)}, with commas (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="all pictures before and after")
    options = parser.parse_args()
    studio = Studio(CHECKPOINTS, options.model)
    classes = next(each["classes"] for each in studio.models() if each["name"] == options.model) or [None]
    tries: list[Try] = []
    for edge in options.edges.split(","):
        for seed in range(options.tries):
            recipe = studio.normalise(Recipe(model=options.model, seed=seed, label=classes[5 * seed % len(classes)]))
            tries.append(attempt(studio, recipe, edge))
            told = ", ".join(f"{name} {value:.1f}" for name, value in tries[-1].facts.items())
            print(f"{edge}, seed {seed}, {recipe.label}: {told}", flush=True)
    landed = sum(each.facts["error"] <= PIXELS for each in tries)
    medians = {name: round(median(each.facts[name] for each in tries), 2) for name in tries[0].facts}
    print(f"{landed} of {len(tries)} landed within {PIXELS:g} px, steps at most {STEPS}")
    print(json.dumps({"tries": len(tries), "landed": landed, "medians": medians}))
    if options.sheet is not None:
        drawn(tries, options.tries).save(options.sheet)
    return int(landed < SHARE * len(tries) or medians["work"] > SECONDS)


if __name__ == "__main__":
    sys.exit(main())
