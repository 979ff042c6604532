"""From a run to a checkpoint: w averages, directions, calibration, evaluation, sheets, card.

`python -m training.finish --run training-runs/orchard --data PICTURES` does it again from a run's saved state, also
while the run goes on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from generator import (
    Averages,
    Critic,
    Direction,
    Generator,
    Model,
    Provenance,
    measuring,
    open_checkpoint,
)
from generator.families.stylegan2 import Encoder, StyleGAN2
from generator.measuring import INDEX_FILE, REMEMBERED_FILE, feature_network, network_for, sample_styles

from .card import write_card, write_index
from .curves import write_curves
from .data import Loaded, Terms
from .encoding import encoder_config
from .errors import TrainingError
from .evaluate import PAIRS_FILE, evaluate, write_results
from .facts import add_facts, describe, facts_of, told
from .latest import end_with_the_model
from .log import log_rows
from .machine import machine
from .name_directions import name_directions
from .reconstruction import SHEET, measure_reconstruction, remember, remembered_before, write_reconstructions
from .samples import as_float, generate
from .scoring import COUNT, JUDGED
from .settings import Settings, read_state
from .sheet import write_sheet
from .sources import read_data
from .start import began_with
from .steering import add_to
from .store import store
from .terms import add_terms, keep_account, kept_terms, same_split, terms_of

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
    encoder: Encoder | None


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
        encoder = None
        if settings.encoder:
            encoder = Encoder(encoder_config(settings.generator, settings.critic))
            encoder.load_state_dict(state["encoding"]["encoder"])
        return Run(
            settings,
            generator,
            critic,
            int(state["step"]) * settings.batch,
            float(state["seconds"]),
            str(state.get("machine", machine())),  # older states do not say
            encoder,
        )
    except Exception as error:  # many kinds, see read_state
        raise TrainingError(f"{path} cannot be read ({type(error).__name__}: it is not a saved state).") from error


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
    *,
    given: Mapping[str, str] | None = None,
    terms: Terms | None = None,
    loaded: Loaded | None = None,
    short_of_room: bool = False,
    like: Path | None = None,
) -> Path:
    """Write checkpoints/NAME from the run's saved state; returns the folder. `say` is told what is being measured.

    `given`: what the card says in place of `about`. `terms`: how the pictures are read, else as the run's were;
    `loaded`: they themselves, if they are at hand. `short_of_room`, `like`: as for `store`. With none held out nothing
    is measured, and the card says so.
    """
    last = load_run(run)
    settings, pictures, seconds = last.settings, last.pictures, last.seconds
    terms = terms or kept_terms(run) or Terms()
    loaded = loaded or read_data(data, settings.generator.resolution, terms)
    train, rest = loaded.train, loaded.rest
    measured = terms.held_out > 0
    facts = describe(name, about, data, rest, given, measured)
    weights = train.class_weights()
    provenance = Provenance(**facts, pictures_seen=pictures, trained=f"{seconds / 3600:.2f} hours of training steps")
    averages, directions = averages_and_directions(last.generator, weights)
    model = Model(
        name,
        version,
        StyleGAN2(last.generator, last.critic, last.encoder),
        train.classes,
        averages,
        tuple(directions),
        None,
        provenance,
        opens_with=told(about, "opens_with"),
    )
    folder = out / name
    # Everything is measured on the weights as they are stored (rounded), not on those of the run.
    store(model, folder, short_of_room, like)
    whole, model = model, open_checkpoint(folder, precision="fp32")
    number = len(train.classes)
    model.directions = tuple(name_directions(model, directions, lambda i: i % number if number else None))
    network = feature_network(network_for(folder), folder)
    add_to(model, train, say)
    evaluation = None
    if measured:
        evaluation = evaluate(model, train, rest, network, COUNT, source=told(about, "source"), say=say)
        model.calibration = evaluation.calibration
    else:
        say("the critic, on generated pictures alone")
        model.calibration = measuring.calibrate(model, None, JUDGED, lambda share: True)
    whole.directions, whole.calibration = model.directions, model.calibration
    # Rounded as before: what is rounded already need not come out the same again.
    store(whole, folder, short_of_room, like)
    besides: dict[str, float | list[str]] = {}
    before = remembered_before(folder)
    for stale in (REMEMBERED_FILE, SHEET):
        (folder / stale).unlink(missing_ok=True)
    if model.has_encoder and evaluation is not None:
        say("reconstructions of held-out pictures")
        measures, shown = measure_reconstruction(model, rest, network)
        besides = {**measures, "reconstructed": list(shown.records)}
        write_reconstructions(shown, folder, run)
        remember(model, train, evaluation.index.records, before).save(folder)

    labels = torch.arange(64) % max(number, 1)
    for psi, file in ((1.0, "samples.jpg"), (0.7, "samples_psi07.jpg")):
        write_sheet(as_float(generate(model, labels, psi)), folder / file, enlarge=max(1, 128 // model.resolution))
    for stale in ("curves.png", "evaluation.json", INDEX_FILE):  # of an earlier model in this folder
        (folder / stale).unlink(missing_ok=True)
    rows = _last_rows(run / "log.csv")
    if rows:
        write_curves(run / "log.csv", folder / "curves.png")
    run_facts = {
        "name": name,
        "version": version,
        "pictures_seen": pictures,
        "training_seconds": round(seconds),
        "machine": last.machine,
    }
    figures = None if evaluation is None else write_results(evaluation, folder, run / PAIRS_FILE, run_facts | besides)
    if figures is not None:
        end_with_the_model(folder)
    keep_account(loaded.account, terms, folder)
    write_card(model, settings, figures, rows, folder, began_with(run), loaded.account)
    write_index(out)
    return folder


def _last_rows(log: Path, count: int = 50) -> dict[str, float]:
    if not log.exists():
        return {}
    rows = log_rows(log)[-count:]
    keys = ("loss_g", "loss_d", "pictures_per_second")
    values = {key: [value for row in rows if not math.isnan(value := float(row[key]))] for key in keys}
    return {key: sum(found) / len(found) if found else math.nan for key, found in values.items()} if rows else {}


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(
        prog="python -m training.finish", description="Make a checkpoint of a run's saved state."
    )
    p.add_argument("--run", type=Path, required=True, help="the run's folder")
    p.add_argument("--data", type=Path, required=True, help="the pictures it was trained on")
    p.add_argument("--out", type=Path, default=Path("checkpoints"))
    p.add_argument("--name", help="default: the run's name")
    p.add_argument("--version", default="1.0")
    p.add_argument("--short-of-room", action="store_true", help="weights in 8 bits or fewer: a third of the size")
    p.add_argument(
        "--stored-like", type=Path, metavar="FOLDER", help="a checkpoint: what it holds to the bit is stored as there"
    )
    add_facts(p)
    add_terms(p)
    args = p.parse_args(argv)
    try:
        terms = terms_of(args, kept_terms(args.run))
        same_split(terms, args.run)
        loaded = read_data(args.data, load_run(args.run).settings.generator.resolution, terms)
        print("\n".join(loaded.account.lines()), flush=True)
        folder = finish(
            args.run,
            args.data,
            args.about,
            args.out,
            args.name or args.run.name,
            args.version,
            given=facts_of(args),
            terms=terms,
            loaded=loaded,
            short_of_room=args.short_of_room,
            like=args.stored_like,
        )
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
