"""Converted checkpoints of families other than StyleGAN2: what their format reads, in a file of ours.

The tree that `formats.content` made of the foreign file goes into one generator.safetensors, its tensors as they are
and its structure as JSON, and is handed to the same format again when the file is opened. Nothing of the training that
no picture needs goes along (optimisers, the generator that was not averaged).
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.formats.beside import config_beside
from generator.formats.reading.content import Content, Inert, Persistent
from generator.formats.registry import formats
from generator.model import Model

from .headers import (
    GENERATOR_FILE,
    MEASURED,
    check_name,
    measurements,
    read_averages,
    read_calibration,
    read_classes,
    read_directions,
    read_provenance,
    read_text,
)
from .network_file import read_network, write_network

KIND = "foreign"
TREE = "exact.tree"
TRAINING = {
    "g_optim", "d_optim", "opt_g", "opt_d", "optimizer", "optimizerG", "optimizerD", "training_set_kwargs",
    "augment_pipe", "progress",
}  # fmt: skip
SMALLEST_HALF = 1024  # numbers; smaller tensors (biases, averages, frequencies) cost nothing and keep float32
LARGEST_HALF = 60_000.0
MAX_DEPTH = 64


def pack(contents: list[Content], half: bool) -> dict[str, Tensor]:
    """The tensors to write: those of the trees, and one with their structure. `half`: large ones may be float16."""
    tensors: dict[str, Tensor] = {}
    names: dict[int, str] = {}
    trees = [
        {
            "name": content.path.name,
            "kind": content.kind,
            "metadata": content.metadata,
            "root": _encode(_without_training(content.root), tensors, names, half, MAX_DEPTH),
        }
        for content in contents
    ]
    text = json.dumps(trees, separators=(",", ":")).encode()
    return {**tensors, TREE: torch.frombuffer(bytearray(text), dtype=torch.uint8)}


def unpack(tensors: dict[str, Tensor], family: object, folder: Path, found: object = None) -> Model:
    """The model that `pack` wrote, opened by the format called `family`, from `folder`; CheckpointError.

    `found`: what the format had found out of the same content, which it checks."""
    broken = CheckpointError("The converted checkpoint does not describe its own tensors properly.")
    tree = tensors.get(TREE)
    if tree is None or tree.dtype != torch.uint8:
        raise broken
    try:
        trees = json.loads(bytes(tree.tolist()))
        contents = [
            Content(
                folder / Path(str(each["name"])).name,
                str(each["kind"]),
                _decode(each["root"], tensors, MAX_DEPTH),
                {str(k): str(v) for k, v in each["metadata"].items()},
                found,
            )
            for each in trees
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise broken from None
    known = {each.NAME: each for each in formats()}
    if not isinstance(family, str) or family not in known or not 1 <= len(contents) <= 2:
        raise CheckpointError("The converted checkpoint is of a format that this program does not know.")
    try:
        return known[family].load(contents[0], contents[1] if len(contents) > 1 else None)
    except CheckpointError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        raise broken from None


def save_foreign(model: Model, family: str, contents: list[Content], folder: Path, half: bool) -> None:
    """Write a model of the format `family` and what was measured of it to `folder`; `open_packed` gives it back."""
    check_name(model.name)
    exact, header = measurements(model)
    header["family"] = family
    if model.family.found:
        header["found"] = dict(model.family.found)
    if beside := config_beside(contents[0].path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(beside), encoding="utf-8")
    write_network(
        folder / GENERATOR_FILE,
        KIND,
        {**pack(contents, half), **exact},
        header,
        torch.float16 if half else torch.float32,
    )


def open_packed(path: Path) -> Model:
    """The model in a file that `save_foreign` wrote; CheckpointError."""
    tensors, header = read_network(path, KIND)
    exact = {
        name.removeprefix("exact."): tensors.pop(name)
        for name in [f"exact.{each}" for each in MEASURED]
        if name in tensors
    }
    model = unpack(tensors, header.get("family"), path.parent, header.get("found"))
    model.name, model.version = read_text(header, "name"), read_text(header, "version")
    model.classes = read_classes(header, len(model.classes))
    model.averages = read_averages(exact, model.averages.everything, len(model.classes))
    model.directions = read_directions(header, exact, model.w_dim)
    model.calibration = read_calibration(header, exact)
    model.provenance = read_provenance(header)
    return model


def recognised_format(content: Content) -> str:
    """The NAME of the format that takes this content; CheckpointError if none does."""
    for known in formats():
        if known.recognises(content):
            return known.NAME
    raise CheckpointError(f"{content.path.name} holds no generator that this program knows.")


def _without_training(root: Any) -> Any:
    if not isinstance(root, dict):
        return root
    unneeded = TRAINING | ({"G"} if "G_ema" in root else set())
    return {key: value for key, value in root.items() if key not in unneeded}


def _encode(value: Any, tensors: dict[str, Tensor], names: dict[int, str], half: bool, depth: int) -> Any:
    if depth == 0:
        raise CheckpointError("The checkpoint's values are nested too deeply to be converted.")

    def inner(each: Any) -> Any:
        return _encode(each, tensors, names, half, depth - 1)

    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"number": repr(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Tensor):
        if id(value) not in names:
            large = value.is_floating_point() and value.ndim > 1 and value.numel() >= SMALLEST_HALF
            small = half and large and bool(value.abs().max() < LARGEST_HALF)
            names[id(value)] = f"{'' if small else 'exact.'}t{len(names)}"
            tensors[names[id(value)]] = value.detach().clone()  # views share storages, which safetensors refuses
        return {"tensor": names[id(value)]}
    if isinstance(value, dict):
        return {"dict": [[key, inner(each)] for key, each in value.items()]}
    if isinstance(value, (list, tuple, set, frozenset)):
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return {kind: [inner(each) for each in value]}
    if isinstance(value, Inert):
        return {"inert": [value.module, value.name, inner(value.args), inner(value.state)]}
    if isinstance(value, Persistent):
        parts = (value.state, value.init_args, value.init_kwargs, value.parameters, value.buffers, value.modules)
        return {"persistent": [value.class_name, *map(inner, parts)]}
    return None  # a large blob of bytes that no format reads


def _decode(value: Any, tensors: dict[str, Tensor], depth: int) -> Any:
    if depth == 0:
        raise ValueError
    if not isinstance(value, dict):
        if isinstance(value, (list, float)):
            raise ValueError
        return value
    ((kind, content),) = value.items()

    def inner(each: Any) -> Any:
        return _decode(each, tensors, depth - 1)

    if kind == "tensor":
        return tensors[content]
    if kind == "number":
        return float(content)
    if kind == "bytes":
        return base64.b64decode(content, validate=True)
    if kind == "dict":
        return {key: inner(each) for key, each in content}
    if kind in ("list", "tuple", "set"):
        return {"list": list, "tuple": tuple, "set": set}[kind](inner(each) for each in content)
    if kind == "inert":
        module, name, args, state = content
        return Inert(str(module), str(name), tuple(inner(args)), dict(inner(state)))
    if kind == "persistent":
        name, *parts = content
        state, args, kwargs, parameters, buffers, modules = map(inner, parts)
        return Persistent(
            str(name), dict(state), tuple(args), dict(kwargs), dict(parameters), dict(buffers), dict(modules)
        )
    raise ValueError
