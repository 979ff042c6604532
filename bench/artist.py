"""Are the artist's tools quick enough? `python -m bench.artist [--model orchard] [--repeats 3]`

Each tool on pictures that were not painted before, seconds of the clock and of the processor: on a busy machine only
the latter say something. At the end one drags a slider for a while alone, then while another exports a film; the ratio
of their frames holds on any machine. Prints a line each and, as the last line, one JSON object; exit code 1 if a bound
was broken by the processor's seconds and by the clock's, or too few frames were left. `bench.drag` and
`bench.projection` measure what those tools are bound to.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event, Thread

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

from studio import Recipe, Studio, asking, data_url
from studio.tools.directions import Way, closed_form, strip
from studio.tools.export import Wish, export_walk
from studio.tools.sheet import ahead, paint, seeds_from
from studio.tools.walk import Walk

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
THUMBNAIL = 128  # px
DRAG_SECONDS = 6.0
FRAMES_KEPT = 0.6  # of a drag's, while another visitor exports


@dataclass(frozen=True)
class Task:
    """What is measured, once for each `repeats`, and how long it may take."""

    name: str
    bound: float | None  # seconds; None: told, not judged
    run: Callable[[], object]
    repeats: int


def tasks(studio: Studio, model: str, repeats: int, folder: Path) -> list[Task]:
    """Every tool that has a bound, on seeds that no other has painted."""
    seeds = count(1_000_000, 2000)
    way = closed_form(studio, model, 1)[0]

    def fresh() -> Recipe:
        return Recipe(model=model, seed=next(seeds))

    def strip_of(way: Way) -> None:
        for recipe in ahead(studio, strip(studio, fresh(), way, 7)):
            rendering = studio.render(recipe, critic="none")
            data_url(rendering.picture, at_most=THUMBNAIL)

    def sheet(number: int, critic: bool = False) -> None:
        for entry in paint(studio, seeds_from(fresh(), number), THUMBNAIL, critic):
            data_url(entry.look.picture)

    def walk() -> None:
        keys = tuple(fresh() for _ in range(4))
        export_walk(studio, Walk(keys, 100), folder / "walk.mp4", Wish("mp4", 25))

    return [
        Task("a strip of 7", 0.150, lambda: strip_of(way), repeats),
        Task("a sheet of 64", 1.0, lambda: sheet(64), repeats),
        Task("a sheet of 64, read by the critic", None, lambda: sheet(64, critic=True), repeats),
        Task("a sheet of 1,000", 15.0, lambda: sheet(1000), 1),
        Task("a walk of 4 s at 25 frames a second", 6.0, walk, repeats),
        Task("SeFa", 1.0, lambda: closed_form(studio, model), repeats),
    ]


def measure(task: Task) -> dict[str, float]:
    """Medians of the clock and of the processor, seconds."""
    taken = []
    for _ in range(task.repeats):
        began, worked = time.perf_counter(), time.process_time()
        task.run()
        taken.append((time.perf_counter() - began, time.process_time() - worked))
    seconds, work = (median(each) for each in zip(*taken, strict=True))
    return {"seconds": round(seconds, 3), "work": round(work, 3)}


def drag(studio: Studio, model: str, seed: int, seconds: float) -> float:
    """Pictures a second that a hand gets which moves on as soon as the last one is there."""
    amounts: Iterator[float] = (number / 1000 % 2 - 1 for number in count())
    began, frames = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        with asking("a hand", frames):
            rendering = studio.render(Recipe(model=model, seed=seed, psi=next(amounts)), critic="none", draft=True)
        data_url(rendering.picture, at_least=192)
        frames += 1
    return frames / (time.perf_counter() - began)


def drag_beside_export(studio: Studio, model: str, folder: Path) -> dict[str, float]:
    """A drag alone, and while another visitor exports a film, in turns of 2 s, so that both meet the same load."""
    alone, beside = [], []
    for turn in range(3):
        alone.append(drag(studio, model, 2 * turn, DRAG_SECONDS / 3))
        ended = Event()

        def hear(share: float, ended: Event = ended) -> None:
            if ended.is_set():
                raise InterruptedError

        def export(hear: Callable[[float], None] = hear, turn: int = turn) -> None:
            keys = tuple(Recipe(model=model, seed=5_000_000 + 10 * turn + i) for i in range(4))
            try:
                with asking("another"):
                    export_walk(studio, Walk(keys, 2000), folder / "beside.mp4", Wish("mp4", 25), hear)
            except InterruptedError:
                pass

        exporting = Thread(target=export)
        exporting.start()
        time.sleep(0.5)  # it has begun
        beside.append(drag(studio, model, 2 * turn + 1, DRAG_SECONDS / 3))
        ended.set()
        exporting.join()
    return {"alone": round(median(alone), 1), "beside": round(median(beside), 1)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.artist", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="orchard")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    studio = Studio(CHECKPOINTS, options.model)
    studio.render(Recipe(seed=0))
    found: dict[str, dict[str, float]] = {}
    broken = []  # a sheet is made on all cores: where these are free, the clock says less than the processor
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in tasks(studio, options.model, options.repeats, folder):
            found[task.name] = row = measure(task)
            if task.bound is not None and min(row["work"], row["seconds"]) > task.bound:
                broken.append(task.name)
            at_most = "" if task.bound is None else f"; {task.bound:g} at most"
            print(f"{task.name}: {row['seconds']:.2f} s, {row['work']:.2f} of the processor{at_most}")
        frames = drag_beside_export(studio, options.model, folder)
    kept = frames["beside"] / frames["alone"]
    print(f"a drag: {frames['alone']} pictures a second alone, {frames['beside']} beside an export, {kept:.0%} of them")
    print(json.dumps({**found, "drag": {**frames, "kept": round(kept, 3)}, "broken": broken}))
    return int(bool(broken) or kept < FRAMES_KEPT)


if __name__ == "__main__":
    sys.exit(main())
