"""What a checkpoint says of itself beside its weights: names, classes, measurements, where it comes from."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import Any

import torch
from torch import Tensor

from generator.calibration import Calibration
from generator.directions import Direction
from generator.errors import CheckpointError
from generator.family import Averages
from generator.model import Model, Provenance

GENERATOR_FILE = "generator.safetensors"
CRITIC_FILE = "critic.safetensors"
ENCODER_FILE = "encoder.safetensors"
MEASURED = {"w_avg", "w_avg_classes", "directions", "calibration_real", "calibration_generated"}  # under "exact."
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def check_name(name: str) -> None:
    """Raise CheckpointError unless a model may be called so: its name is also that of its folder."""
    if not NAME.fullmatch(name):
        raise CheckpointError(f"A model's name is lower-case letters, digits, - and _, not {name!r}.")


def measurements(model: Model) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What was measured of a model: tensors by their names in a file (`exact.…`), and the header without "config"."""
    exact: dict[str, Tensor] = {"exact.w_avg": model.averages.everything.clone()}  # it may be the network's
    if model.averages.classes is not None:
        exact["exact.w_avg_classes"] = model.averages.classes
    if model.directions:
        exact["exact.directions"] = torch.stack([direction.vector for direction in model.directions])
    header: dict[str, Any] = {
        "name": model.name,
        "version": model.version,
        "classes": list(model.classes),
        "provenance": asdict(model.provenance),
        **({"opens_with": model.opens_with} if model.opens_with else {}),
        "directions": [{"name": d.name, "title": d.title, "sigma": d.sigma} for d in model.directions],
    }
    if model.calibration is not None:
        if model.calibration.real:
            exact["exact.calibration_real"] = torch.tensor(model.calibration.real)
        exact["exact.calibration_generated"] = torch.tensor(model.calibration.generated)
        header["calibration"] = {
            "real_count": model.calibration.real_count,
            "generated_count": model.calibration.generated_count,
        }
    return exact, header


def split_exact(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A file's tensors apart: the network's own, and what was measured of it, without the prefix."""
    prefix = "exact."
    own = {name: t for name, t in tensors.items() if not name.startswith(prefix)}
    exact = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    if unknown := sorted(set(exact) - MEASURED):
        raise CheckpointError(f"The checkpoint holds a measurement {unknown[0]!r} that this program does not know.")
    return own, exact


def read_text(header: dict[str, Any], key: str) -> str:
    """A short text from a file's description; CheckpointError if it is not there."""
    value = header.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise CheckpointError(f"The checkpoint's description has no {key}.")
    return value


def read_classes(header: dict[str, Any], count: int) -> tuple[str, ...]:
    """The `count` different names of the classes from a file's description; CheckpointError if they are not there."""
    values = header.get("classes", [])
    if (
        not isinstance(values, list)
        or not all(isinstance(v, str) and v for v in values)
        or len(set(values)) != len(values)
    ):
        raise CheckpointError("The checkpoint's classes are not a list of different names.")
    if len(values) != count:
        raise CheckpointError(f"The checkpoint names {len(values)} classes, but its generator was made for {count}.")
    return tuple(values)


def read_opening(header: dict[str, Any], classes: tuple[str, ...]) -> str:
    """The class that a model opens with, "" where its description names none; CheckpointError if it is no class."""
    value = header.get("opens_with", "")
    if not isinstance(value, str) or value not in ("", *classes):
        raise CheckpointError("The checkpoint opens with a class that it does not have.")
    return value


def read_averages(exact: dict[str, Tensor], w_avg: Tensor, classes: int, device: str = "cpu") -> Averages:
    """The averages of w among the measurements, or `w_avg` [w_dim]; CheckpointError if they do not fit."""
    width = w_avg.shape[0]
    everything = exact.get("w_avg", w_avg)
    per_class = exact.get("w_avg_classes")
    if everything.shape != (width,) or (per_class is not None and per_class.shape != (classes, width)):
        raise CheckpointError("The checkpoint's averages of w do not have its number of classes and dimensions.")
    return Averages(everything.to(device), None if per_class is None else per_class.to(device))


def read_directions(header: dict[str, Any], exact: dict[str, Tensor], w_dim: int) -> tuple[Direction, ...]:
    """The directions in a file and its description; CheckpointError if the two do not fit."""
    rows = header.get("directions", [])
    vectors = exact.get("directions", torch.zeros(0, w_dim))
    if not isinstance(rows, list) or vectors.shape != (len(rows), w_dim):
        raise CheckpointError("The checkpoint's directions do not match their description.")
    directions = []
    for row, vector in zip(rows, vectors, strict=True):
        name, title, sigma = (row.get(k) if isinstance(row, dict) else None for k in ("name", "title", "sigma"))
        number = sigma if isinstance(sigma, (int, float)) and not isinstance(sigma, bool) else 0
        if not (isinstance(name, str) and isinstance(title, str) and name and title and 0 < number < 1e9):
            raise CheckpointError("The checkpoint's directions lack a name, a title or a standard deviation.")
        directions.append(Direction(name, title, vector, float(number)))
    if len({direction.name for direction in directions}) < len(directions):
        raise CheckpointError("The checkpoint has two directions of the same name.")
    return tuple(directions)


def read_calibration(header: dict[str, Any], exact: dict[str, Tensor]) -> Calibration | None:
    """The critic's calibration, None if there is none; CheckpointError if it is incomplete."""
    halves = [name for name in ("calibration_real", "calibration_generated") if name in exact]
    if not halves:
        return None
    if "calibration_generated" not in halves:
        raise CheckpointError("The checkpoint holds only one half of the critic's calibration.")
    counts = header.get("calibration")
    fewest = {"real_count": int("calibration_real" in halves), "generated_count": 1}
    if not isinstance(counts, dict) or not all(
        type(counts.get(key)) is int and counts[key] >= low for key, low in fewest.items()
    ):
        raise CheckpointError("The critic's calibration does not say from how many pictures it was made.")
    if counts["real_count"] and "calibration_real" not in halves:  # without real pictures, the count is 0
        raise CheckpointError("The checkpoint holds only one half of the critic's calibration.")
    real, generated = (
        tuple(exact[f"calibration_{k}"].flatten().tolist()) if f"calibration_{k}" in halves else ()
        for k in ("real", "generated")
    )
    return Calibration(real, generated, counts["real_count"], counts["generated_count"])


def read_provenance(header: dict[str, Any]) -> Provenance:
    """Where a network comes from, from its file's description; CheckpointError if that is missing or malformed."""
    values = header.get("provenance")
    known = {f.name: f.type for f in fields(Provenance)}
    if not isinstance(values, dict) or set(values) - set(known):
        raise CheckpointError("The checkpoint does not say properly where it comes from (provenance).")
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int if known[name] == "int" else str):
            raise CheckpointError(f"The checkpoint's provenance has a wrong {name}.")
    if not all(values.get(name) for name in ("title", "licence", "attribution", "data")):
        raise CheckpointError("The checkpoint does not name its title, licence, attribution and data.")
    return Provenance(**values)
