"""How quickly the classroom answers: `python -m bench.classroom`. Prints a table; the last line is JSON.

Everything is asked as the page asks it, through the lessons' own server functions, on the models that come along. Each
figure is the median (and the 90th percentile) of some requests in milliseconds, without the network and the drawing.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from classroom import Codes, Dice, Networks, find_codes, find_histories
from generator import list_checkpoints
from ui.classroom import bottleneck, dice, duel, layers

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
ASKED = 12  # requests behind a figure
LIVE_SECONDS = 4.0
VISITORS = 10

Ask = Callable[[Any], dict[str, Any]]


def timed(ask: Callable[[int], dict[str, Any]], count: int = ASKED) -> dict[str, float]:
    """Median and 90th percentile of `count` requests, in ms, after one that is not counted."""
    ask(count)
    taken = []
    for i in range(count):
        began = time.perf_counter()
        reply = ask(i)
        taken.append((time.perf_counter() - began) * 1e3)
        assert "error" not in reply, reply
    return {"ms": round(statistics.median(taken), 1), "p90": round(sorted(taken)[int(0.9 * count)], 1)}


def functions(found: Sequence[Ask]) -> dict[str, Ask]:
    """A lesson's server functions by name."""
    return {function.__name__: function for function in found}


def moments(folders: dict[str, Path], name: str) -> dict[str, float]:
    """The time slider: 16 pictures and both readings of a moment that nobody has looked at yet."""
    histories = find_histories(folders)
    ask = functions(duel.history_functions(histories))["moment"]
    length = len(histories[name])
    for index in range(length):
        histories[name].model(index)  # opened once for all; the slider's own work is what is timed
    return timed(lambda i: ask({"model": name, "index": i % length, "label": i // length}), min(ASKED, length))


def live(visitors: int) -> float:
    """Updates a second that each of so many visitors sees of a duel that trains as fast as it goes."""
    asks = functions(duel.duel_functions())
    updates = [0] * visitors

    def visit(number: int) -> None:
        token = f"{number:032d}"
        asks["begin"]({"token": token, "seed": number})
        ends = time.perf_counter() + LIVE_SECONDS
        while time.perf_counter() < ends:
            asks["advance"]({"token": token, "kind": "n", "most": 400})
            updates[number] += 1

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(min(updates) / LIVE_SECONDS, 1)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.classroom", description="How quickly the classroom answers.")
    parser.parse_args(argv)
    folders = list_checkpoints(CHECKPOINTS)
    wardrobe = folders["wardrobe"]
    inside = functions(layers.functions({"wardrobe": Networks(wardrobe)}))
    walk = functions(dice.functions({"wardrobe": Dice(wardrobe)}))
    codes: dict[str, Codes] = find_codes({"wardrobe": wardrobe})
    squeeze = functions(bottleneck.functions(codes))
    table = squeeze["squeeze"]({"model": "wardrobe", "seed": 0, "label": 0})["table"]
    kernel = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    picture = {"model": "wardrobe", "seed": 0, "label": 0}
    layer = {**picture, "side": "generator", "layer": "conv3"}
    rows: dict[str, tuple[Any, str]] = {
        "time slider, wardrobe": (moments(folders, "wardrobe"), "100 ms"),
        "time slider, orchard": (moments(folders, "orchard"), "400 ms"),
        "map, one place": (timed(lambda i: walk["at"]({**picture, "x": i / 8, "y": -i / 8})), "50 ms (20 a second)"),
        "kernel": (timed(lambda i: inside["kernel"]({**picture, "kernel": kernel})), "60 ms"),
        "channel silenced": (timed(lambda i: inside["inside"]({**layer, "turned": [["conv3", i, 0]]})), "60 ms"),
        "code changed": (timed(lambda i: squeeze["changed"]({"model": "wardrobe", "table": table})), "60 ms"),
        "live, updates a second, 1 visitor": (live(1), "≥ 10"),
        f"live, updates a second, {VISITORS} visitors": (live(VISITORS), "≥ 3"),
        "memory, MB": (round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "1,800"),
    }
    for name, (figure, goal) in rows.items():
        shown = f"{figure['ms']:8.1f} ms, p90 {figure['p90']:8.1f}" if isinstance(figure, dict) else f"{figure:8}"
        print(f"{name:<42}{shown:<28}goal {goal}")
    print(json.dumps({name: figure for name, (figure, _) in rows.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
