"""Sliders for what can be measured: directions of w along which a named property of the pictures grows.

A class says "coast" or "plains"; how much sea a picture shows is a number. Least squares of that number on w gives the
direction in which it grows fastest, as the normal of a linear classifier does for a yes or no (InterFaceGAN, Shen et
al. 2020, arXiv:1907.10786, §2.1). Such directions lead the list, before the principal ones.

`python -m training.steering --checkpoint checkpoints/terra --data relief` finds them for a finished checkpoint; its
networks are left alone.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from generator import Direction, Model, draw_z, open_checkpoint

from .data import Data, Measure
from .samples import as_pixels
from .sources import load_data
from .store import store

COUNT = 1500  # pictures behind each direction
RIDGE = 0.1  # of the mean variance of w: few pictures do not say how every dimension acts
CHECKED = 64  # further pictures, which are moved to see what a direction does
AMOUNT = 2.0  # standard deviations by which they are


@dataclass(frozen=True, eq=False)
class Steered:
    """A direction for a measure. `explained`: share of the measure's variance over unseen pictures that w along it
    explains linearly, at most 1; `less`, `plain`, `more`: the measure's mean over them, at −`AMOUNT`, 0, +`AMOUNT`."""

    direction: Direction
    explained: float
    less: float
    plain: float
    more: float


def steer(
    model: Model, measures: Mapping[str, Measure], class_weights: Tensor, count: int = COUNT, seed: int = 0
) -> list[Steered]:
    """A direction for each measure, from `count` pictures at ψ = 1 with classes drawn by `class_weights` [C]."""
    if not measures:
        return []
    ws, pictures = _draw(model, class_weights, count, seed)
    unseen, checked = _draw(model, class_weights, CHECKED, seed + 1)
    found = []
    for name, measure in measures.items():
        vector = slope(ws, measure.of(pictures))
        along = (ws @ vector) - (ws @ vector).mean()
        sigma = float(along.std())
        values = measure.of(checked)
        step = vector * (sigma * AMOUNT)
        less, more = (float(measure.of(_paint(model, unseen + move)).mean()) for move in (-step, step))
        correlation = torch.corrcoef(torch.stack([unseen @ vector, values]))[0, 1]
        direction = Direction(name, measure.title, vector, sigma)
        found.append(Steered(direction, float(correlation.square()), less, float(values.mean()), more))
    return found


def slope(ws: Tensor, values: Tensor) -> Tensor:
    """The unit vector [w_dim] along which `values` [M] grow, by ridge regression on `ws` M×w_dim."""
    x = (ws - ws.mean(dim=0)).double()
    y = (values - values.mean()).double()
    gram = x.T @ x / len(x)
    gram += torch.eye(len(gram), dtype=torch.double) * (RIDGE * gram.diagonal().mean())
    vector = torch.linalg.solve(gram, x.T @ y / len(x))
    return (vector / vector.norm().clamp(min=1e-12)).float()


def _draw(model: Model, class_weights: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """w, count×w_dim, and the pictures, count×C×R×R uint8."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.multinomial(class_weights, count, replacement=True, generator=rng) if model.classes else None
    z = torch.stack([draw_z(seed * count + i, model.z_dim) for i in range(count)])
    ws = model.map(z, labels)[:, 0]
    return ws, _paint(model, ws)


def _paint(model: Model, ws: Tensor) -> Tensor:
    rows = ws[:, None].expand(-1, model.num_ws, -1)
    return torch.cat([as_pixels(model.synthesize(row)) for row in rows.split(1)])


def add_to(model: Model, data: Data, say: Callable[[str], None] = lambda line: None) -> None:
    """Put the directions for the measures of `data` before the others that the model has, in place of earlier ones."""
    steered = steer(model, data.measures, data.class_weights())
    for each in steered:
        say(
            f"{each.direction.name}: {each.less:.3f} … {each.plain:.3f} … {each.more:.3f} at −{AMOUNT:g}, 0, "
            f"+{AMOUNT:g} standard deviations; explains {each.explained:.0%} of unseen pictures"
        )
    names = {each.direction.name for each in steered}
    others = [direction for direction in model.directions if direction.name not in names]
    model.directions = (*(each.direction for each in steered), *others)


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(
        prog="python -m training.steering", description="Add directions for what can be measured to a checkpoint."
    )
    p.add_argument("--checkpoint", type=Path, required=True, help="its folder")
    p.add_argument("--data", type=Path, required=True, help="the pictures it was trained on")
    p.add_argument("--opens-with", help="also: the class that its page begins with")
    p.add_argument("--version", help="also: the version that the checkpoint becomes")
    args = p.parse_args(argv)
    try:
        model = open_checkpoint(args.checkpoint, precision="fp32")
        data, _ = load_data(args.data, model.resolution)
        if args.opens_with and args.opens_with not in model.classes:
            raise ValueError(f"{model.name} has no class {args.opens_with!r}.")
        model.opens_with = args.opens_with or model.opens_with
        model.version = args.version or model.version
        add_to(model, data, print)
        store(model, args.checkpoint)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
