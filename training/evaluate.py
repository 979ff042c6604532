"""Measure a checkpoint: `python -m training.evaluate --checkpoint checkpoints/NAME --data PICTURES`.

Writes evaluation.json and index.safetensors into its folder, and the figures into its card and the list of checkpoints;
the weights are left alone. What is compared with what, and why, stands in `training.scoring`. Besides: quality and
variety as truncation changes, memorisation, the critic's word as a probability, whether a classifier recognises the
class that was asked for.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator import Calibration, Model, open_checkpoint
from generator.companions import OpenClassifier
from generator.measuring import INDEX_FILE, MAX_RECORDS, FeatureNetwork, Index, feature_network, network_for, open_index
from generator.storage import write_whole

from .card import update_card, write_index
from .data import Data
from .distances import Moments, density_coverage, frechet_distance, precision_recall
from .errors import TrainingError
from .memorisation import closest, memorisation, nearest, write_pairs
from .metrics import diversity, reliability, roc_auc, sliced_wasserstein
from .probe import fit_probe
from .samples import Sample, as_float, generated, real_features
from .scoring import COUNT, SEED, Reference, compare, critic_figures, judge, neighbourhoods, with_floor
from .sources import read_data
from .terms import add_terms, kept_terms, same_split, terms_of

PSIS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
SWEEP = 250  # pictures for each psi
PER_CLASS = 50  # pictures of a class below which its own precision and recall are not worth telling
SWD = 1024  # pictures of either set, at most
SWD_DIRECTIONS = 128  # a quarter of the published number: sorting would take longer than all other distances together
PAIRS_FILE = "closest_pairs.png"

Classify = Callable[[Sample], Tensor]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """`figures` as they go into evaluation.json; the critic's calibration (None without one); the index of the training
    pictures; the closest pairs, generated and training pictures K×C×R×R uint8."""

    figures: dict[str, Any]
    calibration: Calibration | None
    index: Index
    pairs: tuple[Tensor, Tensor]


def evaluate(
    model: Model,
    train: Data,
    rest: Data,
    network: FeatureNetwork,
    count: int = COUNT,
    psi: float = 1.0,
    source: str = "",
    say: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Everything that is measured of a model. `source`: see `Index`. `say` is told what is going on."""
    say(f"features of {min(count, len(rest)):,} held-out and up to {count:,} training pictures")
    reference = Reference.measure(train, rest, network, count)
    reference.check(model)
    held_out = reference.held_out
    say(f"{len(reference.training):,} generated pictures")
    fakes = generated(model, network, reference.training.labels, psi)
    say("distances")
    figures: dict[str, Any] = with_floor(compare(held_out, fakes, reference.axes), reference.floor)
    figures |= _textures(held_out, reference.training, fakes)
    calibration = None
    if model.has_critic:
        say("the critic")
        on_real, on_fakes = judge(model, held_out, fakes)
        on_seen, _ = judge(model, reference.training.rows(slice(len(held_out))), fakes.rows(slice(0)))
        calibration = Calibration.measure(on_real.tolist(), on_fakes.tolist())
        figures |= critic_figures(on_real, on_fakes)
        figures["critic_auc_training_pictures"] = roc_auc(on_seen, on_fakes)
        figures["critic_reliability"] = reliability(on_real, on_fakes)
    say("features of the other training pictures")
    records, features = _records(train, network, reference)
    figures |= _to_training(features[~torch.isin(records, reference.floor_index)], reference.training, fakes)
    index = Index.build(network.name, tuple(train.names[i] for i in records), features, held_out.features, source)
    found = nearest(fakes.features, features)
    figures["memorisation"] = memorisation(found, nearest(held_out.features, features))
    pairs = closest(found)
    copied = records[found.place[pairs]]
    figures["closest_pairs"] = [
        {"seed": int(i), "class": _class(model, fakes.labels[i]), "record": train.names[j], "distance": float(d)}
        for i, j, d in zip(pairs, copied, found.distance[pairs], strict=True)
    ]
    if model.classes:
        say("classes")
        classify = _classifier(network, model, features, train.labels[records])
        figures |= _classes(model.classes, classify, reference, fakes)
    say("truncation")
    figures["truncation"] = [_truncated(model, reference, fakes if value == psi else None, value) for value in PSIS]
    figures["psi"] = psi
    figures["features"] = f"{network.name}, {network.dimensions} numbers a picture; resize: {network.resize}"
    figures["counts"] = {
        "generated": len(fakes),
        "floor": len(reference.training),
        "held_out_pictures": len(held_out),
        "training_pictures": len(train),
        "records": len(records),
        "truncation": min(SWEEP, len(fakes)),
        "swd": min(SWD, len(held_out), len(fakes)),
        "seeds": f"generated 0 … {len(fakes) - 1}, draws {SEED}",
    }
    return Evaluation(rounded(figures), calibration, index, (fakes.pictures[pairs], train.batch(copied)))


def _textures(held_out: Sample, training: Sample, fakes: Sample) -> dict[str, Any]:
    """What needs no feature network: sliced Wasserstein distance and its floor, variety within classes."""
    size = min(SWD, len(held_out), len(fakes))
    real, other, made = (as_float(sample.pictures[:size]) for sample in (held_out, training, fakes))
    distance, floor = (sliced_wasserstein(real, x, directions=SWD_DIRECTIONS) for x in (made, other))
    return {
        "swd": distance,
        "swd_floor": floor,
        "swd_ratio": sum(distance) / max(sum(floor), 1e-12),
        "diversity": diversity(made, fakes.labels[:size]),
        "diversity_real": diversity(real, held_out.labels[:size]),
    }


def _records(train: Data, network: FeatureNetwork, reference: Reference) -> tuple[Tensor, Tensor]:
    """Numbers (ascending) and features of the training pictures that are looked through: all, or MAX_RECORDS of them,
    those of the floor among them."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SEED + 2))
    others = order[~torch.isin(order, reference.floor_index)][: max(MAX_RECORDS - len(reference.floor_index), 0)]
    features = [reference.training.features]
    if len(others):
        features.append(real_features(train, network, others))
    records, places = torch.cat([reference.floor_index, others]).sort()
    return records, torch.cat(features)[places]


def _to_training(others: Tensor, floor: Sample, fakes: Sample) -> dict[str, float]:
    """The Fréchet distance on all features once more, to the training pictures that are not of the floor.

    There are more of them, so there is less bias in it; and it stands where the held-out ones are no fair sample (tiles
    of a few places of a map). But copies of training pictures would do well here. Left out where they are too few.
    """
    if len(others) < len(fakes):
        return {}
    reference = Moments.of(others)
    made, real = (frechet_distance(reference, Moments.of(sample.features)) for sample in (fakes, floor))
    return with_floor({"frechet_training": made}, {"frechet_training": real})


def _class(model: Model, label: Tensor) -> str | None:
    return model.classes[int(label)] if model.classes else None


def _classifier(network: FeatureNetwork, model: Model, features: Tensor, labels: Tensor) -> Classify:
    """A classifier that trained no generator: the feature network itself, or a linear one on its features."""
    if isinstance(network, OpenClassifier):
        if network.classes != model.classes:
            raise TrainingError(f"The classifier beside {model.name} knows other classes.")
        return lambda sample: network.classify(as_float(sample.pictures))
    probe = fit_probe(features, labels, len(model.classes))
    return lambda sample: probe.classify(sample.features)


def _classes(classes: tuple[str, ...], classify: Classify, reference: Reference, fakes: Sample) -> dict[str, Any]:
    """How often the class that was asked for is recognised, with the same for held-out pictures; and class by class.

    Precision, recall, density and coverage of a class compare its generated pictures with as many training pictures of
    it (the held-out ones are too few); None where that is less than PER_CLASS.
    """
    right, truly = (classify(sample) == sample.labels for sample in (fakes, reference.held_out))
    table: dict[str, Any] = {}
    for c, name in enumerate(classes):
        mine, theirs = fakes.labels == c, reference.training.labels == c
        if not mine.any():
            continue
        row: dict[str, Any] = {"count": int(mine.sum()), "recognised": float(right[mine].double().mean())}
        held = reference.held_out.labels == c
        row["recognised_real"] = float(truly[held].double().mean()) if held.any() else None
        if int(mine.sum()) >= PER_CLASS:
            real, made = reference.training.features[theirs], fakes.features[mine]
            row["precision"], row["recall"] = precision_recall(real, made)
            row["density"], row["coverage"] = density_coverage(real, made)
        table[name] = row
    return {
        "class_agreement": float(right.double().mean()),
        "class_agreement_real": float(truly.double().mean()),
        "class_agreement_mean_of_classes": sum(row["recognised"] for row in table.values()) / len(table),
        "per_class": table,
    }


def _truncated(model: Model, reference: Reference, fakes: Sample | None, psi: float) -> dict[str, float]:
    """Quality and variety at one psi, from the first SWEEP seeds: comparable with each other, not with other counts."""
    if fakes is None:
        fakes = generated(model, reference.network, reference.training.labels[:SWEEP], psi)
    held_out, made = reference.held_out.features.double(), fakes.features[:SWEEP].double()
    moments = Moments.of(held_out @ reference.axes), Moments.of(made @ reference.axes)
    return {"psi": psi, "frechet_pca64": frechet_distance(*moments), **neighbourhoods(held_out, made)}


def rounded(value: Any, digits: int = 4) -> Any:
    """The same JSON-able value with every float rounded to that many significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    return [rounded(item, digits) for item in value] if isinstance(value, (list, tuple)) else value


def write_results(evaluation: Evaluation, folder: Path, pairs: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write evaluation.json and index.safetensors into `folder`, and the sheet of the closest pairs to `pairs`, outside
    of it: training pictures must not always be passed on. `facts` go before the figures; returns them all."""
    everything = {**facts, **evaluation.figures}
    text = json.dumps(everything, indent=1, ensure_ascii=False)
    write_whole(folder / "evaluation.json", text + "\n")
    evaluation.index.save(folder)
    write_pairs(*evaluation.pairs, pairs)
    return everything


def earlier_facts(model: Model, folder: Path) -> dict[str, Any]:
    """What evaluation.json said besides the figures (such as the time it took to train), and whose figures they are."""
    path = folder / "evaluation.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        raise TrainingError(f"{path} is not JSON.") from None
    own = {"name": model.name, "version": model.version, "pictures_seen": model.provenance.pictures_seen}
    return {**own, **(facts if isinstance(facts, dict) else {}), **own}


def earlier_source(folder: Path) -> str:
    """The links of the index that is there already; "" if there is none."""
    return open_index(folder).source if (folder / INDEX_FILE).exists() else ""


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m training.evaluate", description="Measure a checkpoint.")
    p.add_argument("--checkpoint", type=Path, required=True, help="its folder")
    p.add_argument("--data", type=Path, required=True, help="the pictures it was trained on")
    p.add_argument("--count", type=int, default=COUNT, help="generated pictures, and real ones for the floor")
    p.add_argument("--psi", type=float, default=1.0, help="truncation of the generated pictures")
    p.add_argument("--source", help="link to a training picture: https://… with {number}; default: as before")
    p.add_argument("--pairs", type=Path, help="where to draw the closest pairs; default: in training-runs/NAME")
    add_terms(p)
    args = p.parse_args(argv)
    began = time.monotonic()
    try:
        before = kept_terms(args.checkpoint)
        if before is not None and not before.held_out:
            raise TrainingError(
                f"{args.checkpoint} was trained on all of its pictures: none are left to measure it with."
            )
        model = open_checkpoint(args.checkpoint, precision="fp32")
        network = feature_network(network_for(args.checkpoint), args.checkpoint)
        terms = terms_of(args, before)
        same_split(terms, args.checkpoint)
        loaded = read_data(args.data, model.resolution, terms)
        print("\n".join(loaded.account.lines()), flush=True)
        train, rest = loaded.train, loaded.rest
        source = earlier_source(args.checkpoint) if args.source is None else args.source
        evaluation = evaluate(
            model, train, rest, network, args.count, args.psi, source, lambda line: print(f"{line} …", flush=True)
        )
        facts = {**earlier_facts(model, args.checkpoint), "evaluation_seconds": round(time.monotonic() - began)}
        pairs = args.pairs or Path("training-runs") / model.name / PAIRS_FILE
        update_card(args.checkpoint, write_results(evaluation, args.checkpoint, pairs, facts))
        write_index(args.checkpoint.resolve().parent)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {args.checkpoint / 'evaluation.json'} and its card; look at {pairs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
