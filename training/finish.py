"""From a run to a checkpoint: w averages, directions, calibration, evaluation, sheets, card.

`python -m training.finish --run training-runs/orchard --data PICTURES` does it again from a run's saved state, also
while the run goes on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from generator import Averages, Critic, Direction, Generator, Model, Provenance, open_checkpoint, save_checkpoint
from generator.measuring import averages as measuring
from generator.measuring import feature_network, network_for, sample_styles
from generator.storage import check_name

from .card import write_card, write_index
from .curves import write_curves
from .data import Data, load_data
from .errors import TrainingError
from .evaluate import PAIRS_FILE, evaluate, write_results
from .loop import Settings, read_state
from .machine import machine
from .name_directions import name_directions
from .samples import as_float, generate
from .scoring import COUNT, SMALLEST
from .sheet import write_sheet
from .start import began_with
from .steering import add_to

W_SAMPLES = 1000  # per class
DIRECTIONS = 10


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was last saved: `generator` is the averaged one, `seconds` those of training steps."""

    settings: Settings
    generator: Generator
    critic: Critic
    pictures: int
    seconds: float
    machine: str


def load_run(folder: Path) -> Run:
    """The run in a folder; TrainingError if there is none, or its new layers are still fading in."""
    path = folder / "state.pt"
    settings, state = read_state(path)
    if state.get("fade"):
        raise TrainingError(f"{path} is of a run whose new layers are still fading in: train on first.")
    try:
        generator, critic = Generator(settings.generator), Critic(settings.critic)
        generator.load_state_dict(state["ema"])
        critic.load_state_dict(state["d"])
        return Run(
            settings,
            generator,
            critic,
            int(state["step"]) * settings.batch,
            float(state["seconds"]),
            str(state.get("machine", machine())),  # older states do not say
        )
    except Exception as error:  # many kinds, see read_state
        raise TrainingError(f"{path} cannot be read ({type(error).__name__}: it is not a saved state).") from error


def describe(name: str, about: Path | None, data: Path, rest: Data) -> dict[str, str]:
    """Title, licence, attribution and so on for the card, from the file `about`.

    Raises what would otherwise be found only after hours of training: a name that is none, a file that does not
    describe a model, too few pictures held out to measure it with.
    """
    check_name(name)
    if len(rest) < SMALLEST:
        raise TrainingError(f"{data} leaves {len(rest)} held-out pictures: too few to measure a model with.")
    if about is None:
        return {"title": name, "licence": "unknown", "attribution": "unknown", "data": data.name}
    try:
        facts = json.loads(about.read_text(encoding="utf-8"))
    except ValueError:
        raise TrainingError(f"{about} is not JSON.") from None
    required, optional = ("title", "licence", "attribution", "data"), ("subject", "notes", "source", "opens_with")
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise TrainingError(f"{about} must be a JSON object of texts.")
    if wrong := sorted(set(required) - set(facts)) + sorted(set(facts) - {*required, *optional}):
        raise TrainingError(f"{about} needs {', '.join(required)}, may have {', '.join(optional)}: see {wrong[0]!r}.")
    if (opens_with := facts.get("opens_with", "")) not in ("", *rest.classes):
        raise TrainingError(f"{about} opens with {opens_with!r}, which is none of the classes in {data}.")
    return {key: value for key, value in facts.items() if key not in ("source", "opens_with")}


def told(about: Path | None, key: str) -> str:
    """What a file `about` (checked by `describe`) says besides: `source`, the link to a training picture (see
    `generator.measuring.Index`), or `opens_with`, a class; "" where it does not."""
    return "" if about is None else str(json.loads(about.read_text(encoding="utf-8")).get(key, ""))


def averages_and_directions(
    generator: Generator, class_weights: Tensor, seed: int = 1
) -> tuple[Averages, list[Direction]]:
    """w averages over everything and per class, and the principal directions within classes."""
    config = generator.config
    styles = sample_styles(generator.mapping, config.z_dim, config.num_classes, W_SAMPLES, seed)
    averages, directions = measuring.averages_and_directions(styles, class_weights, DIRECTIONS)
    return Averages(averages.everything, averages.classes if config.num_classes else None), directions


def finish(
    run: Path,
    data: Path,
    about: Path | None,
    out: Path,
    name: str,
    version: str = "1.0",
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write checkpoints/NAME from the run's saved state; returns the folder. `say` is told what is being measured."""
    last = load_run(run)
    settings, pictures, seconds = last.settings, last.pictures, last.seconds
    train, rest = load_data(data, settings.generator.resolution)
    facts = describe(name, about, data, rest)
    weights = train.class_weights()
    provenance = Provenance(**facts, pictures_seen=pictures, trained=f"{seconds / 3600:.2f} hours of training steps")
    averages, directions = averages_and_directions(last.generator, weights)
    model = Model(
        name,
        version,
        last.generator.eval(),
        last.critic.eval(),
        train.classes,
        averages,
        tuple(directions),
        None,
        provenance,
        opens_with=told(about, "opens_with"),
    )
    folder = out / name
    # Everything is measured on the weights as they are stored (half precision), not on those of the run.
    save_checkpoint(model, folder)
    model = open_checkpoint(folder, precision="fp32")
    number = len(train.classes)
    model.directions = tuple(name_directions(model, directions, lambda i: i % number if number else None))
    network = feature_network(network_for(folder), folder)
    add_to(model, train, say)
    evaluation = evaluate(model, train, rest, network, COUNT, source=told(about, "source"), say=say)
    model.calibration = evaluation.calibration
    save_checkpoint(model, folder)

    labels = torch.arange(64) % max(number, 1)
    for psi, file in ((1.0, "samples.jpg"), (0.7, "samples_psi07.jpg")):
        write_sheet(as_float(generate(model, labels, psi)), folder / file, enlarge=max(1, 128 // model.resolution))
    if (run / "log.csv").exists():
        write_curves(run / "log.csv", folder / "curves.png")
    run_facts = {
        "name": name,
        "version": version,
        "pictures_seen": pictures,
        "training_seconds": round(seconds),
        "machine": last.machine,
    }
    figures = write_results(evaluation, folder, run / PAIRS_FILE, run_facts)
    write_card(model, settings, figures, _last_rows(run / "log.csv"), folder, began_with(run))
    write_index(out)
    return folder


def _last_rows(log: Path, count: int = 50) -> dict[str, float]:
    if not log.exists():
        return {}
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))[-count:]
    keys = ("loss_g", "loss_d", "pictures_per_second")
    return {key: sum(float(row[key]) for row in rows) / len(rows) for key in keys} if rows else {}


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(
        prog="python -m training.finish", description="Make a checkpoint of a run's saved state."
    )
    p.add_argument("--run", type=Path, required=True, help="the run's folder")
    p.add_argument("--data", type=Path, required=True, help="the pictures it was trained on")
    p.add_argument("--about", type=Path, help="JSON with title, licence, attribution, data, subject, notes, source")
    p.add_argument("--out", type=Path, default=Path("checkpoints"))
    p.add_argument("--name", help="default: the run's name")
    p.add_argument("--version", default="1.0")
    args = p.parse_args(argv)
    try:
        folder = finish(args.run, args.data, args.about, args.out, args.name or args.run.name, args.version)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
