"""Opening and writing checkpoints: a folder with generator.safetensors and critic.safetensors."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .calibration import Calibration
from .config import CriticConfig, GeneratorConfig
from .directions import Direction
from .engine import lay_out_all
from .errors import CheckpointError
from .formats.registry import open_foreign
from .model import Averages, Model, Provenance
from .networks import Critic, Generator
from .storage import Undrawn, kind_of, load_into, read_network, write_network

GENERATOR_FILE = "generator.safetensors"
CRITIC_FILE = "critic.safetensors"
HUB_FILE = "model.safetensors"  # of a folder that PyTorchModelHubMixin wrote
MEASURED = {"w_avg", "w_avg_classes", "directions", "calibration_real", "calibration_generated"}  # under "exact."
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def list_checkpoints(folder: Path) -> dict[str, Path]:
    """Name → folder of every checkpoint below `folder`, in alphabetical order."""
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder of checkpoints at {folder}.")
    found = sorted(path.parent for path in folder.glob(f"*/{GENERATOR_FILE}"))
    return {path.name: path for path in found}


def open_checkpoint(
    path: str | Path, critic_path: str | Path | None = None, *, precision: str | None = None, device: str = "cpu"
) -> Model:
    """The model in a folder or a generator.safetensors with its critic beside it, or in another program's file.

    `critic_path`: a second file that holds the discriminator. `precision`: "fp32", "bf16", or None: a checkpoint of
    ours is timed in both and uses the faster, a foreign one opens in fp32, in which it gives the original's numbers.
    Raises CheckpointError, one sentence.
    """
    path = Path(path)
    beside = None if critic_path is None else Path(critic_path)
    if not _is_ours(path):
        model = open_foreign(path / HUB_FILE if path.is_dir() else path, beside, device)
        if precision not in (None, model.precision):  # else its engines would only be made a second time
            model.use(precision)
        return model
    if beside is not None and not beside.is_file():
        raise CheckpointError(f"There is no file {beside.name} in {beside.parent.name or beside.parent}.")
    folder = path if path.is_dir() else path.parent
    file = path / GENERATOR_FILE if path.is_dir() else path
    if kind_of(file) == "foreign":
        from .packing import open_packed  # which needs this module

        model = open_packed(file)
        model.use(precision or "fp32")
        return model
    tensors, header = read_network(file, "generator")
    own, exact = split_exact(tensors)
    config = GeneratorConfig.from_dict(header.get("config"))
    with Undrawn():
        generator = Generator(config)
    load_into(generator, own, "generator")
    lay_out_all(generator.synthesis)
    classes = read_classes(header, generator.config.num_classes)
    model = Model(
        name=read_text(header, "name"),
        version=read_text(header, "version"),
        generator=generator.to(device),
        critic=_open_critic(beside or folder / CRITIC_FILE, generator.config, header, device),
        classes=classes,
        averages=read_averages(exact, generator.w_avg, len(classes), device),
        directions=read_directions(header, exact, generator.config.w_dim),
        calibration=read_calibration(header, exact),
        provenance=read_provenance(header),
        precision=precision or "fp32",
        opens_with=read_opening(header, classes),
    )
    if precision is None and device == "cpu":
        model.probe()
    return model


def _is_ours(path: Path) -> bool:
    """Whether a path is one of this project's, or nothing that could be opened otherwise."""
    if path.is_dir():
        return (path / GENERATOR_FILE).exists() or not (path / HUB_FILE).exists()
    return not path.is_file() or bool(kind_of(path))


def check_name(name: str) -> None:
    """Raise CheckpointError unless a model may be called so: its name is also that of its folder."""
    if not NAME.fullmatch(name):
        raise CheckpointError(f"A model's name is lower-case letters, digits, - and _, not {name!r}.")


def save_checkpoint(model: Model, folder: str | Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a model's two files, weights as `dtype`, measurements as float32; `open_checkpoint` gives it back."""
    folder = Path(folder)
    check_name(model.name)
    exact, header = measurements(model)
    header["config"] = model.generator.config.to_dict()
    write_network(folder / GENERATOR_FILE, "generator", {**model.generator.state_dict(), **exact}, header, dtype)
    if model.critic is not None:
        critic = {
            "name": model.name,
            "version": model.version,
            "classes": list(model.classes),
            "config": model.critic.config.to_dict(),
        }
        write_network(folder / CRITIC_FILE, "critic", dict(model.critic.state_dict()), critic, dtype)


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


def _open_critic(path: Path, config: GeneratorConfig, header: dict[str, Any], device: str) -> Critic | None:
    if not path.exists():
        return None
    tensors, own = read_network(path, "critic")
    critic_config = CriticConfig.from_dict(own.get("config"))
    with Undrawn():
        critic = Critic(critic_config)
    theirs = (critic.config.resolution, critic.config.num_classes, critic.config.img_channels)
    if theirs != (config.resolution, config.num_classes, config.img_channels):
        raise CheckpointError(
            "The critic beside the generator judges other pictures (resolution, classes or colours differ)."
        )
    if any(own.get(key) != header.get(key) for key in ("name", "version", "classes")):
        raise CheckpointError("The critic beside the generator belongs to another model or version.")
    load_into(critic, tensors, "critic")
    return critic.to(device)


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
