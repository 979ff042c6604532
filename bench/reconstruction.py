"""What a reconstruction's distance means: `python -m bench.reconstruction --pictures FILE.zip [--searched 24]`

Held-out pictures beside what is left of them: made smaller and larger again, saved as JPEG, painted of their encoder's
code, and found by the search of "Your picture" (the first `--searched` of them, with the networks' own features and
without). Each as the card has it: the distance of features in shares of that of two pictures of a class, and PSNR. Only
the last rows depend on the model; the others tell how strict the measure is. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from generator.measuring import feature_network, network_for
from studio import Recipe, Studio
from studio.tools.project import STEPS, first_guess, found, refine
from training.reconstruction import held_out, likeness, painted_again
from training.samples import as_float, as_pixels
from training.sources import load_data

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
SIDES = (96, 80, 64, 48, 32)  # px, of pictures of 128
QUALITIES = (50, 36, 30, 20, 10)


def smaller(pictures: Tensor, side: int) -> Tensor:
    """N×C×R×R uint8 → the same, made `side` px wide and then R again."""
    x = interpolate(as_float(pictures), size=side, mode="bilinear", antialias=True)
    return as_pixels(interpolate(x, size=pictures.shape[-1], mode="bicubic"))


def as_jpeg(pictures: Tensor, quality: int) -> tuple[Tensor, float]:
    """N×3×R×R uint8 → the same, saved and read, and the bytes of one on average."""
    sizes, again = [], []
    for picture in pictures.permute(0, 2, 3, 1).numpy():
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        sizes.append(file.tell())
        again.append(np.asarray(Image.open(file)))
    return torch.from_numpy(np.stack(again)).permute(0, 3, 1, 2), float(np.mean(sizes))


def searched(studio: Studio, name: str, pictures: Tensor, labels: list[str | None], features: bool) -> Tensor:
    """N×3×R×R uint8 → what a search for each finds."""
    again = []
    for picture, label in zip(pictures.permute(0, 2, 3, 1).numpy(), labels, strict=True):
        target, recipe = picture.astype(np.float32) / np.float32(255), Recipe(model=name, label=label)
        state = first_guess(studio, recipe, target, taken_for=studio.taken_for(recipe.model, target))
        state = refine(studio, recipe, target, state, features=features)
        again.append(studio.render(found(studio, recipe, state), critic="none").raw)
    return as_pixels(torch.from_numpy(np.stack(again)).permute(0, 3, 1, 2) * 2 - 1)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.reconstruction", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="orchard")
    parser.add_argument("--pictures", type=Path, required=True, metavar="FILE", help="the training pictures")
    parser.add_argument("--searched", type=int, default=24, help="pictures searched for (default: %(default)s)")
    options = parser.parse_args()
    studio = Studio(CHECKPOINTS, default=options.model)
    model = studio.opened()
    network = feature_network(network_for(CHECKPOINTS / options.model), CHECKPOINTS / options.model)
    _, rest = load_data(options.pictures, model.resolution)
    order = held_out(rest)  # those that the card reconstructs
    real, labels = rest.batch(order), rest.labels[order]
    rows: dict[str, dict[str, float]] = {}

    def tell(name: str, made: Tensor, size: float | None = None) -> None:
        count = len(made)
        figures = rows[f"{name}, {count}"] = likeness(real, made, labels, network)
        beside = "" if size is None else f"  {size:8,.0f} bytes"
        ratio, psnr = (figures[f"reconstruction_{each}"] for each in ("ratio", "psnr"))
        print(f"{name:40} of {count:4}: {ratio:5.2f}  {psnr:5.1f} dB{beside}", flush=True)

    for side in SIDES:
        tell(f"{side} px and back", smaller(real, side))
    for quality in QUALITIES:
        tell(f"JPEG of quality {quality}", *as_jpeg(real, quality))
    if model.has_encoder:
        again = painted_again(model, real, labels)
        for made in (again, again[: options.searched]):
            tell("painted of its code", made, float(model.z_dim))
    few = real[: options.searched]
    names = [model.classes[c] if model.classes else None for c in labels[: options.searched].tolist()]
    for features in (False, True):
        what = "pixels and features" if features else "pixels alone"
        tell(f"searched, {STEPS} steps, {what}", searched(studio, options.model, few, names, features))
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
