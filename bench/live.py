"""How live is the live view? Measured in Chromium, against a stock `gr.Image` wired to the same render.

    python -m bench.live [--checkpoints checkpoints] [--model orchard]

Both pages run in this process over one studio, with critic and two colour steps on, one after the other:
- slider to pixel: a slider is set, until the picture that shows it has loaded; the median of many, one at a time;
- frames a second: a drag of 60 moves a second over the whole slider; pictures that loaded until the drag ended.
Every move makes a recipe that no cache has seen. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import numpy as np
from playwright.sync_api import Page, sync_playwright

from postprocess import StepUse
from studio import Recipe, Studio
from ui import build_page, launch_options

STEPS = ("contrast", "saturation")
LATENCIES = 40
DRAGS = 3
PROBE = Path(__file__).with_name("live.js")


def main() -> None:
    """Measure both pages and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--checkpoints", type=Path, default=Path(__file__).resolve().parents[1] / "checkpoints")
    parser.add_argument("--model", default="orchard")
    arguments = parser.parse_args()
    studio = Studio(arguments.checkpoints, default=arguments.model)
    base = studio.normalise(Recipe(steps=tuple(StepUse(name) for name in STEPS)))
    results = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = {
            "live": (build_page(studio), launch_options(studio), "#live img.after", "#latent .two-sided"),
            "stock": (stock_page(studio, replace(base, seed=2)), {}, "#stock img", "#sliders .block"),
        }
        for name, (page, options, picture, sliders) in pages.items():
            with served(page, options) as address:
                tab = browser.new_page(viewport={"width": 1280, "height": 800})
                tab.goto(f"{address}?{replace(base, seed=1).to_query()}")  # the stock page does not read it
                results[name] = measure(tab, picture, f"{sliders} input[type=range]")
                tab.close()
        browser.close()
    print(f"{'':8}{'slider to pixel':>18}{'frames a second':>18}")
    for name, (milliseconds, frames) in results.items():
        print(f"{name:8}{milliseconds:>15.1f} ms{frames:>18.1f}")
    print(
        json.dumps(
            {
                f"{name}_{key}": round(value, 1)
                for name, values in results.items()
                for key, value in zip(("ms", "fps"), values, strict=True)
            }
        )
    )


def stock_page(studio: Studio, base: Recipe) -> gr.Blocks:
    """What one would write without a live view: sliders, `change`, a `gr.Image`, all defaults."""
    directions = [direction["name"] for direction in studio.models()[0]["directions"]]

    def render(*amounts: float) -> np.ndarray:
        recipe = replace(base, moves=tuple(zip(directions, amounts, strict=True)))
        return (studio.render(recipe).picture * 255).astype(np.uint8)

    with gr.Blocks() as page:
        with gr.Column(elem_id="sliders"):
            sliders: list[Any] = [gr.Slider(-4, 4, 0, step=0.05, label=name) for name in directions]
        image = gr.Image(elem_id="stock")
        for slider in sliders:
            slider.change(render, sliders, image)
        page.load(render, sliders, image)
    return page


@contextmanager
def served(page: gr.Blocks, options: dict[str, Any]) -> Iterator[str]:
    """The page's address while it is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True, **options)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        page.close(verbose=False)


def measure(tab: Page, picture: str, sliders: str) -> tuple[float, float]:
    """Median milliseconds from slider to pixel, and pictures a second while dragging."""
    tab.wait_for_selector(picture + "[src]")
    tab.wait_for_timeout(2500)  # neighbours and everything else of the start
    tab.evaluate(PROBE.read_text(encoding="utf-8"), [picture, sliders])
    latencies = tab.evaluate("(count) => window.bench.latencies(count)", LATENCIES)
    frames = [tab.evaluate("(which) => window.bench.drag(which)", which + 1) for which in range(DRAGS)]
    return float(np.median(latencies)), float(np.median(frames))


if __name__ == "__main__":
    main()
