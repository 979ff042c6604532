"""A run whose generator is the mean of two moments' weights: `python -m training.average --run RUN --earlier STATE
--out FOLDER`.

Weights along one run's path may be averaged where they lie in one valley (Izmailov et al. 2018, "Averaging weights
leads to wider optima and better generalization", arXiv:1803.05407). The running average does that over a few thousand
pictures; this does it over two states as far apart as one likes. Averaged are the generator's average and the encoder;
all else, such as the critic, is the later state's. The result is there to be finished (`training.finish`), not to be
gone on with.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import TrainingError
from .settings import Settings, read_state

BESIDES = ("log.csv", "settings.json", "account.json", "account.txt", "start.txt")  # what `finish` reads of a run


@torch.no_grad()
def average(earlier: dict[str, Any], later: dict[str, Any], share: float) -> dict[str, Any]:
    """`later` with the generator's average and the encoder moved, in place, to share·later + (1 − share)·earlier.

    TrainingError for a share outside 0 … 1, or states of other networks.
    """
    if not 0 <= share <= 1:
        raise TrainingError("The later state's share must be from 0 to 1.")
    pairs = [(earlier["ema"], later["ema"])]
    if later.get("encoding"):
        pairs.append(((earlier.get("encoding") or {}).get("encoder", {}), later["encoding"]["encoder"]))
    for old, new in pairs:
        if _shapes(old) != _shapes(new):
            raise TrainingError("The two states are of other networks: they cannot be averaged.")
        for name, value in new.items():
            if value.is_floating_point():
                value.lerp_(old[name], 1 - share)
    return later


def _shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def average_run(run: Path, earlier: Path, out: Path, share: float = 0.5) -> Settings:
    """Write the averaged state, and what belongs to it, into the folder `out`; returns the run's settings."""
    if out.resolve() == run.resolve():
        raise TrainingError("The averaged state needs a folder of its own: the run could not go on.")
    settings, state = read_state(run / "state.pt")
    state = average(read_state(earlier)[1], state, share)
    out.mkdir(parents=True, exist_ok=True)
    torch.save(state, out / "state.pt")
    for name in BESIDES:
        if (run / name).exists():
            shutil.copyfile(run / name, out / name)
    return settings


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    p.add_argument("--run", type=Path, required=True, help="the run's folder")
    p.add_argument("--earlier", type=Path, required=True, help="a copy of the run's state.pt, made earlier")
    p.add_argument("--share", type=float, default=0.5, help="of the run's present weights")
    p.add_argument("--out", type=Path, required=True, help="the folder for the averaged run")
    args = p.parse_args(argv)
    try:
        average_run(args.run, args.earlier, args.out, args.share)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
