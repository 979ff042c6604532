"""A run's history for the lessons: `python -m training.history --run training-runs/NAME --data PICTURES`.

Of the snapshots that a run kept, some evenly spaced in log time, the first and the last among them, each written as a
small checkpoint of its own that `generator.open_checkpoint` opens, and history.json with the losses and scores of each.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from generator import (
    Calibration,
    Critic,
    CriticConfig,
    Generator,
    GeneratorConfig,
    Model,
    Provenance,
    open_checkpoint,
    save_checkpoint,
)
from generator.companions import OpenClassifier
from generator.families.stylegan2 import StyleGAN2, stylegan2_of
from generator.measuring import FeatureNetwork, feature_network, network_for
from generator.storage import load_into, read_network, write_whole

from .data import Data
from .errors import TrainingError
from .facts import describe
from .finish import averages_and_directions, load_run
from .log import log_rows
from .samples import Sample, as_float, generate
from .scoring import Reference, judge, score
from .sources import read_data
from .start import read_seconds
from .terms import kept_terms

_C = TypeVar("_C", GeneratorConfig, CriticConfig)
_N = TypeVar("_N", bound=nn.Module)
LOSSES = ("loss_g", "loss_d", "real", "fake", "r1", "sureness", "augment")
SCORED = 2000  # pictures behind a moment's scores
LOOKED_AT = 1000  # behind its critic's calibration, and by the classifier


@dataclass(frozen=True)
class Moment:
    """Both networks as they were after so many pictures and seconds of training steps."""

    pictures: int
    seconds: float
    generator: Generator
    critic: Critic
    logged: bool = True  # whether the run's log tells of it


def pick(moments: Sequence[int], count: int) -> list[int]:
    """`count` of the picture counts, evenly spaced in log time: the last and (if two or more) the first among them.

    The moment before any training has no logarithm: it is taken besides, the others are spaced from the next one on.
    """
    ordered = sorted(set(moments))
    if not 1 <= count <= len(ordered):
        raise TrainingError(f"Of {len(ordered)} moments, 1 to {len(ordered)} can be chosen, not {count}.")
    if count == 1:
        return ordered[-1:]
    chosen = [ordered.pop(0)] if ordered[0] == 0 else []
    targets = np.geomspace(ordered[0], ordered[-1], count - len(chosen)) if count - len(chosen) > 1 else [ordered[-1]]
    for i, target in enumerate(targets):
        left = len(targets) - 1 - i  # as many must stay behind this one
        nearest = min(ordered[: len(ordered) - left], key=lambda moment: abs(math.log(moment / target)))
        chosen.append(nearest)
        ordered = [moment for moment in ordered if moment > nearest]
    return chosen


def snapshots(run: Path) -> dict[int, Path]:
    """Pictures seen → folder, of all snapshots of a run."""
    found = {}
    for folder in sorted((run / "snapshots").glob("*/")):
        _, header = read_network(folder / "generator.safetensors", "generator")
        found[int(header["pictures_seen"])] = folder
    return found


def read_moments(run: Path, count: int, upto: int | None = None) -> list[Moment]:
    """`count` moments of a run; the last one is its saved state, or the last snapshot at `upto` pictures or before."""
    last = load_run(run)
    found = snapshots(run)
    moments = []
    end = last.pictures if upto is None else upto
    for shown in pick([number for number in {*found, last.pictures} if number <= end], count):
        if shown == last.pictures:
            moments.append(Moment(shown, last.seconds, last.generator, last.critic))
            continue
        generator, seconds = _read(found[shown], "generator", GeneratorConfig, Generator)
        critic, _ = _read(found[shown], "critic", CriticConfig, Critic)
        moments.append(Moment(shown, seconds, generator, critic))
    return moments


def finished(checkpoint: Path) -> Moment:
    """A finished checkpoint as a moment: an earlier version, of a run whose snapshots are no longer there."""
    model = open_checkpoint(checkpoint, precision="fp32")
    networks = stylegan2_of(model)
    if networks.critic is None:
        raise TrainingError(f"{checkpoint} holds no critic: it is no moment of a history.")
    seconds = read_seconds(checkpoint)
    return Moment(model.provenance.pictures_seen, seconds, networks.generator, networks.critic, logged=False)


def _read(folder: Path, kind: str, config: type[_C], build: Callable[[_C], _N]) -> tuple[_N, float]:
    """A network of a snapshot and the seconds until then; of its own configuration, since runs grow."""
    tensors, header = read_network(folder / f"{kind}.safetensors", kind)
    network = build(config.from_dict(header.get("config")))
    load_into(network, tensors, kind)
    return network, float(header["seconds"])


def losses_at(log: Path, pictures: int) -> dict[str, float | None]:
    """The row of the log (a mean over some steps) into which a moment falls; the last one for the end."""
    rows = log_rows(log)
    if not rows:
        raise TrainingError(f"{log} holds no row.")
    row = next((row for row in rows if int(row["pictures"]) >= pictures), rows[-1])
    numbers = {key: float(row[key]) for key in LOSSES}
    return {key: number if math.isfinite(number) else None for key, number in numbers.items()}


def sample(model: Model, reference: Reference) -> Sample:
    """Generated pictures for the critic and the classifier to look at."""
    labels = reference.training.labels[:LOOKED_AT]
    return Sample(generate(model, labels), labels, torch.empty(len(labels), 0))  # neither needs the features


def calibrate(model: Model, reference: Reference, fakes: Sample) -> Calibration:
    """The critic's calibration on held-out and as many generated pictures; fewer than for a finished checkpoint."""
    on_real, on_fakes = judge(model, reference.held_out.rows(slice(LOOKED_AT)), fakes)
    return Calibration.measure(on_real.tolist(), on_fakes.tolist())


def recognised(classifier: OpenClassifier, fakes: Sample) -> dict[str, float]:
    """Share of generated pictures of each class, by name, that the classifier takes for what was asked for."""
    right = classifier.classify(as_float(fakes.pictures)) == fakes.labels
    shares = {}
    for label, name in enumerate(classifier.classes):
        own = right[fakes.labels == label]
        if len(own):
            shares[name] = round(float(own.double().mean()), 4)
    return shares


def write_moment(
    moment: Moment, name: str, version: str, facts: dict[str, str], train: Data, reference: Reference, folder: Path
) -> tuple[Model, Sample]:
    """A checkpoint without directions in `folder`, its critic calibrated, as it is stored; the pictures behind that."""
    provenance = Provenance(**facts, pictures_seen=moment.pictures, trained=f"{moment.seconds / 60:.1f} minutes")
    averages, _ = averages_and_directions(moment.generator, train.class_weights())
    model = Model(
        name, version, StyleGAN2(moment.generator, moment.critic), train.classes, averages, (), None, provenance
    )
    save_checkpoint(model, folder, torch.int8)
    model = open_checkpoint(folder, precision="fp32")  # rounded to 8 bits, as it will be used
    fakes = sample(model, reference)
    model.calibration = calibrate(model, reference, fakes)
    save_checkpoint(model, folder, torch.int8)
    return model, fakes


def write_history(
    run: Path,
    data: Path,
    about: Path | None,
    network: FeatureNetwork,
    out: Path,
    name: str,
    version: str,
    count: int,
    upto: int | None = None,
    also: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Write `count` moments of a run and history.json into the folder `out`; returns what history.json lists.

    The moments are scored against all of `data`, whatever share of it the run was trained on. `also`: finished
    checkpoints that are moments of the same history.
    """
    settings = load_run(run).settings
    references: dict[int, tuple[Data, Reference]] = {}
    rows = []
    moments = [*read_moments(run, count, upto), *map(finished, also)]
    for moment in sorted(moments, key=lambda moment: moment.pictures):
        folder, resolution = f"{moment.pictures:09d}", moment.generator.config.resolution
        if resolution not in references:  # a moment before the run grew is compared with pictures of its own size
            loaded = read_data(data, resolution, kept_terms(run))
            train, rest = loaded.train, loaded.rest
            facts = describe(name, about, data, rest)
            references[resolution] = train, Reference.measure(train, rest, network, SCORED)
        train, reference = references[resolution]
        model, fakes = write_moment(moment, name, version, facts, train, reference, out / folder)
        figures = {key: round(value, 4) for key, value in score(model, reference).items()}
        row: dict[str, Any] = {
            "pictures": moment.pictures,
            "seconds": round(moment.seconds, 1),
            "folder": folder,
            "losses": losses_at(run / "log.csv", moment.pictures) if moment.logged else dict.fromkeys(LOSSES),
            "scores": figures,
        }
        if isinstance(network, OpenClassifier):
            row["recognised"] = recognised(network, fakes)
        rows.append(row)
        print(f"{moment.pictures:>9,} pictures  Fréchet ratio {figures['frechet_ratio']:.2f}", flush=True)
    history = {
        "name": name,
        "version": version,
        "run": run.name,
        "features": network.name,
        "counts": {"generated": len(reference.training), "held_out": len(reference.held_out)},
        "settings": settings.to_dict(),
        "moments": rows,
    }
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "history.json", json.dumps(history, indent=1) + "\n")
    return rows


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m training.history", description="Write a run's history.")
    p.add_argument("--run", type=Path, required=True, help="the run's folder")
    p.add_argument("--data", type=Path, required=True, help="the pictures to score the moments with")
    p.add_argument("--about", type=Path, help="JSON with title, licence, attribution, data, subject, notes")
    p.add_argument("--name", help="the model's name; default: the run's")
    p.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="where the model's folder lies")
    p.add_argument("--out", type=Path, help="default: CHECKPOINTS/NAME/history")
    p.add_argument("--version", default="1.0")
    p.add_argument("--moments", type=int, default=6)
    p.add_argument("--upto", type=int, help="pictures at which the history ends; default: where the run is")
    p.add_argument("--also", type=Path, nargs="*", default=(), help="folders of finished checkpoints to take in too")
    args = p.parse_args(argv)
    name = args.name or args.run.name
    folder = args.checkpoints / name
    try:
        network = feature_network(network_for(folder), folder)
        out = args.out or folder / "history"
        write_history(
            args.run, args.data, args.about, network, out, name, args.version, args.moments, args.upto, args.also
        )
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
