"""How quickly the classroom answers: `python -m bench.classroom`. Prints a table; the last line is JSON.

Requests are asked as the page asks them, through the lessons' own server functions, on the models that come along. Each
figure is the median (and the 90th percentile) of some requests in milliseconds, without the network and the drawing.
Then the program is started and every chapter of every lesson is looked at in Chromium (not with `--no-browser`): how
long it takes from a lesson's address until it says what is seen, and what the program holds afterwards. The load of the
machine stands above the table: beside other work all of this takes longer.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.memory import program, resident
from classroom import Codes, Dice, Encodings, Garments, Networks, Specimens, find_codes, find_histories
from generator import list_checkpoints
from studio import Studio
from ui.classroom import afterwards, bottleneck, dice, duel, find_lessons, layers

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
ASKED = 12  # requests behind a figure
LIVE_SECONDS = 4.0
VISITORS = 10
SEEN = "document.querySelector('.chapter:not([hidden]) .seen')?.textContent"
PATIENCE = 120_000  # ms

Ask = Callable[[Any], dict[str, Any]]


def timed(ask: Callable[[int], dict[str, Any]], count: int = ASKED) -> dict[str, float]:
    """Median and 90th percentile of `count` requests, in ms, after one that is not counted; and the processor's time
    for the median one, which other work on the machine hardly changes."""
    ask(count)
    taken, worked = [], []
    for i in range(count):
        began, busy = time.perf_counter(), time.process_time()
        reply = ask(i)
        taken.append((time.perf_counter() - began) * 1e3)
        worked.append((time.process_time() - busy) * 1e3)
        assert "error" not in reply, reply
    middle, late = statistics.median(taken), sorted(taken)[int(0.9 * count)]
    return {"ms": round(middle, 1), "p90": round(late, 1), "processor": round(statistics.median(worked), 1)}


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


def live(visitors: int, asks: Sequence[Ask], fields: dict[str, Any] | None = None) -> float:
    """Updates a second that each of so many visitors sees of a duel that trains as fast as it goes. `asks`: what begins
    it, and what lets it go on; `fields`: of what begins it, beside token and seed."""
    begin, advance = asks
    updates = [0] * visitors

    def visit(number: int) -> None:
        token = f"{number:032d}"
        while "preparing" in begin({**(fields or {}), "token": token, "seed": number}):
            pass
        ends = time.perf_counter() + LIVE_SECONDS
        while time.perf_counter() < ends:
            advance({"token": token, "kind": "n", "most": 400})
            updates[number] += 1

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(min(updates) / LIVE_SECONDS, 1)


def beside_others(ask: Callable[[int], dict[str, Any]]) -> dict[str, float]:
    """One visitor's requests, a hand's pause apart, while VISITORS others train as fast as it goes."""
    asks = functions(duel.duel_functions())
    over = threading.Event()

    def visit(number: int) -> None:
        token = f"{number:032d}"
        asks["begin"]({"token": token, "seed": number})
        while not over.is_set():
            asks["advance"]({"token": token, "kind": "n", "most": 400})

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    try:
        return timed(ask)
    finally:
        over.set()
        for thread in threads:
            thread.join()


def lessons() -> tuple[dict[str, float], float]:
    """Seconds from each lesson's address to what is seen there, by name; GB of the program when every chapter of each
    was looked at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    taken = {}
    with tempfile.TemporaryDirectory() as kept, program(Path(kept), port) as process, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{port}/classroom/")
        for lesson in find_lessons():
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/classroom/{lesson.name}?lang=en")
            wait(page)
            taken[lesson.name] = round(time.perf_counter() - began, 2)
            for tab in page.get_by_role("tab").all():
                tab.click()
                wait(page)
        held = resident(process.pid)
        browser.close()
    return taken, held


def wait(page: Page) -> None:
    """Until a chapter says what is seen."""
    page.wait_for_function(SEEN, timeout=PATIENCE)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.classroom", description="How quickly the classroom answers.")
    parser.add_argument("--no-browser", action="store_true", help="only what can be asked without one")
    options = parser.parse_args(argv)
    print(f"load of the machine (1, 5, 15 minutes): {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    folders = list_checkpoints(CHECKPOINTS)
    wardrobe = folders["wardrobe"]
    inside = functions(layers.functions({"wardrobe": Networks(wardrobe)}))
    walk = functions(dice.functions({"wardrobe": Dice(wardrobe)}))
    codes: dict[str, Codes] = find_codes({"wardrobe": wardrobe})
    squeeze = functions(bottleneck.functions(codes))
    table = squeeze["squeeze"]({"model": "wardrobe", "seed": 0, "label": 0})["table"]
    specimens = Specimens(Studio(CHECKPOINTS))
    treated = functions(afterwards.functions(specimens))["treated"]
    encoded = functions(bottleneck.colour_functions(Encodings(specimens, {})))["encoded"]
    apple = {"model": "orchard", "kind": "made", "seed": 0, "label": 0, "keep": 16}
    kernel = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    picture = {"model": "wardrobe", "seed": 0, "label": 0}
    layer = {**picture, "side": "generator", "layer": "conv3"}
    points, garments = duel.duel_functions(), duel.garment_functions({"wardrobe": Garments(wardrobe)})
    boots = {"model": "wardrobe", "label": 9}
    rows: dict[str, tuple[Any, str]] = {
        "time slider, wardrobe": (moments(folders, "wardrobe"), "100 ms"),
        "time slider, orchard": (moments(folders, "orchard"), "400 ms"),
        "map, one place": (timed(lambda i: walk["at"]({**picture, "x": i / 8, "y": -i / 8})), "50 ms (20 a second)"),
        "kernel": (timed(lambda i: inside["kernel"]({**picture, "kernel": kernel})), "60 ms"),
        "channel silenced": (timed(lambda i: inside["inside"]({**layer, "turned": [["conv3", i, 0]]})), "60 ms"),
        "code changed": (timed(lambda i: squeeze["changed"]({"model": "wardrobe", "table": table})), "60 ms"),
        "code in colour changed": (timed(lambda i: encoded({**apple, "changed": [[i, 1.5]]})), "60 ms"),
        "live, updates a second, 1 visitor": (live(1, points), "≥ 10"),
        f"live, updates a second, {VISITORS} visitors": (live(VISITORS, points), "≥ 3"),
        "live pictures, 1 visitor": (live(1, garments, boots), "≥ 10"),
        f"live pictures, {VISITORS} visitors": (live(VISITORS, garments, boots), "≥ 3"),
        f"kernel beside {VISITORS} who train": (
            beside_others(lambda i: inside["kernel"]({**picture, "kernel": kernel})),
            "50 ms more than alone",
        ),
        "a step afterwards, orchard": (
            timed(
                lambda i: treated(
                    {"model": "orchard", "seed": 1, "label": 0}
                    | {"steps": [{"name": "gaussian_blur", "parameters": {"sigma": 0.5 + i / 10}}]}
                )
            ),
            "60 ms",
        ),
    }
    if not options.no_browser:
        taken, held = lessons()
        slowest = max(taken, key=lambda name: taken[name])
        rows["slowest lesson's first sentence"] = (taken[slowest], f"2 s ({slowest})")
        rows["all lessons opened, GB"] = (round(held, 2), "1.8")
    for name, (figure, goal) in rows.items():
        shown = f"{figure:8}" if not isinstance(figure, dict) else ""
        if isinstance(figure, dict):
            shown = f"{figure['ms']:8.1f} ms, p90 {figure['p90']:8.1f}, processor {figure['processor']:8.1f}"
        print(f"{name:<42}{shown:<48}goal {goal}")
    print(json.dumps({name: figure for name, (figure, _) in rows.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
