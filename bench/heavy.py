"""Does a network that is too heavy for the frame still follow the hand? `python -m bench.heavy`

Measured in Chromium over the real page, with StyleGAN2 as published at 256 px (channel_base 32768) and random weights,
which cost the same as trained ones:
- move to preview: a held slider is moved, until a draft that shows it has loaded; one at a time;
- release to picture: the slider is let go, until the whole picture has loaded (the critic's reading comes after it).
Every move makes a recipe that no cache has seen. Prints medians and, as the last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import numpy as np
from playwright.sync_api import sync_playwright

from generator import save_checkpoint
from generator.measuring.averages import measure_styles
from studio import Studio
from ui import build_page, launch_options

from .engine import FULL_WIDTH, paper_models
from .live import PROBE, served

DRAGS, MOVES = 8, 6
PICTURE, SLIDERS = "#live img.after", "#latent .two-sided input[type=range]"


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m bench.heavy", description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = paper_models(*FULL_WIDTH)["fp32"]
        measure_styles(model)
        save_checkpoint(model, Path(folder) / model.name)
        studio = Studio(Path(folder), default=model.name)
        precision = studio.opened().precision
        with sync_playwright() as playwright, served(build_page(studio), launch_options(studio)) as address:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            tab.goto(address)
            tab.wait_for_selector(PICTURE + "[src]", timeout=60_000)
            tab.wait_for_timeout(10_000)  # neighbours and everything else of the start
            tab.evaluate(PROBE.read_text(encoding="utf-8"), [PICTURE, SLIDERS])
            drafts, wholes = tab.evaluate("([drags, moves]) => window.bench.held(drags, moves)", [DRAGS, MOVES])
            browser.close()
    print(f"{model.name} in {precision}: medians of {len(drafts)} moves and {len(wholes)} releases")
    preview, picture = (round(float(np.median(times)), 1) for times in (drafts, wholes))
    print(f"move to preview    {preview:7.1f} ms")
    print(f"release to picture {picture:7.1f} ms")
    print(json.dumps({"preview_ms": preview, "picture_ms": picture}))


if __name__ == "__main__":
    main()
