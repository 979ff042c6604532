"""The log of a run as a picture: losses, logits, speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from .log import log_rows

COLOURS = 32


def write_curves(log: Path, path: Path) -> None:
    """Draw log.csv (columns as in `log.LOG_FIELDS`) over pictures shown, logarithmic in pictures."""
    import matplotlib  # only training needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    rows = [{key: float(value) for key, value in row.items()} for row in log_rows(log)]
    shown = [row["pictures"] for row in rows]
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 3.6), layout="constrained", dpi=80)
    panels = (
        ("losses", (("loss_g", "generator"), ("loss_d", "critic"))),
        ("mean logits (augmented pictures)", (("real", "real"), ("fake", "generated"))),
        ("pictures per second", (("pictures_per_second", "speed"),)),
    )
    for axis, (title, lines) in zip(axes, panels, strict=True):
        for key, label in lines:
            values = [row[key] for row in rows]
            width = max(len(values) // 100, 1)
            smooth = [
                sum(values[max(0, i - width) : i + 1]) / len(values[max(0, i - width) : i + 1])
                for i in range(len(values))
            ]
            (line,) = axis.plot(shown, smooth, label=label)
            axis.plot(shown, values, color=line.get_color(), alpha=0.2, linewidth=0.6)
        axis.set_title(title)
        axis.set_xscale("log")
        axis.set_xlabel("real pictures shown")
        axis.legend()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    pyplot.close(figure)
    # Few colours: every version of it stays in the repository.
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(path, format="PNG", optimize=True)
