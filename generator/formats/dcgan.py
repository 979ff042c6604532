"""DCGAN as PyTorch's example and tutorial save it: an `nn.Sequential` of convolutions and batch norms.

`main.0.weight`, `main.1.running_mean` …, under any prefix (`module.`, `netG.`), at any depth, plain or nested in a
training file. Generator and discriminator mostly lie in two files; which is which is told by the shapes alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from generator.families.dcgan import DCGAN, KERNEL, Weights, fold_batch_norm, side_of
from generator.family import Averages
from generator.formats.reading.content import Content
from generator.model import Model

from ..errors import CheckpointError
from .critics import if_it_opens
from .naming import foreign_model, unknown_provenance
from .state_dicts import flat_tensors, numbers

NAME = "dcgan"  # in saved files: stays when this file is renamed
TITLE = "DCGAN"
COLOURS = (1, 3)
MOST = 10_000  # of a layer's number
DEPTHS = range(3, 10)  # convolutions: pictures of 16 to 1024 pixels
NORM = ("weight", "bias", "running_mean", "running_var")
_Place = tuple[int, ...]
_Part = dict[str, Tensor]


@dataclass(frozen=True)
class _Stack:
    """One network: where it lies in the file, and for each of its convolutions that and the batch norm's tensors."""

    place: str
    generates: bool
    steps: list[tuple[str, _Part, str, _Part | None]]


def recognises(content: Content) -> bool:
    """Whether a generator of this kind is in it, or a discriminator and nothing else."""
    stacks = _stacks(content)
    layers = [n for n, t in flat_tensors(content.root).items() if n.endswith("weight") and t.ndim > 1]
    return any(stack.generates for stack in stacks) or 0 < sum(len(stack.steps) for stack in stacks) == len(layers)


def load(content: Content, critic: Content | None = None) -> Model:
    """Generator and discriminator from one file or two, in either order."""
    files = [content] if critic is None else [content, critic]
    found = [(file, stack) for file in files for stack in _stacks(file)]
    makers = [pair for pair in found if pair[1].generates]
    judges = [pair for pair in found if not pair[1].generates]
    if not makers:
        raise CheckpointError(
            f"{content.path.name} holds a DCGAN discriminator, but no generator: give that file too (often netG…)."
        )
    if critic is not None and not judges:
        raise CheckpointError(f"{critic.path.name} holds no DCGAN discriminator.")
    # A training file may hold an average of the generator beside the generator itself.
    file, maker = next((p for p in makers if any(word in p[1].place.lower() for word in ("ema", "avg"))), makers[0])
    generator = _weights(file, maker)

    def read() -> Weights | None:
        if not judges:
            return None
        judge = _weights(*judges[-1])
        _check_pair(generator, judge, judges[-1][0])
        return judge

    judge, notes = if_it_opens(critic, read)
    family = DCGAN(generator, judge)
    path = file.path
    return foreign_model(path, family, Averages(torch.zeros(family.w_dim)), unknown_provenance(path, "", notes))


def _check_pair(generator: Weights, critic: Weights, file: Content) -> None:
    made = side_of(generator), generator[-1][0].shape[1]
    judged = side_of(critic), critic[0][0].shape[1]
    if made != judged:
        raise CheckpointError(
            f"The discriminator in {file.path.name} judges pictures of {judged[0]} pixels in {judged[1]} colours, "
            f"but the generator makes {made[0]} pixels in {made[1]}."
        )


def _stacks(content: Content) -> list[_Stack]:
    """Every network of this kind in the file, in its order."""
    sequences: dict[str, dict[_Place, _Part]] = {}
    for name, tensor in _numbered(flat_tensors(content.root)).items():
        *parts, last = name.split(".")
        numbered = len(parts)
        while numbered and re.fullmatch(r"[0-9]{1,6}", parts[numbered - 1]):
            numbered -= 1
        if numbered < len(parts):
            place = tuple(int(part) for part in parts[numbered:])
            sequences.setdefault(".".join(parts[:numbered]), {}).setdefault(place, {})[last] = tensor
    stacks = (_stack(place, sequence) for place, sequence in sequences.items())
    return [stack for stack in stacks if stack is not None]


def _numbered(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with pytorch_GAN_zoo's names of layers as numbers in the order of the data: `formatLayer`, then
    `main.batchNorm0`, `main.convTranspose1` … `main.outlayer`; its discriminator counts down to `decisionLayer`."""
    for name in [name for name in tensors if name.endswith(("formatLayer.weight", "decisionLayer.weight"))]:
        place, first = name.rpartition(".weight")[0].removesuffix("formatLayer"), name.endswith("formatLayer.weight")
        place = place.removesuffix("decisionLayer")
        own = {n: t for n, t in tensors.items() if n.startswith((f"{place}main.", name))}
        rest = {n: t for n, t in tensors.items() if n not in own}
        for theirs, tensor in own.items():
            layer, _, last = theirs.removeprefix(place).removeprefix("main.").rpartition(".")
            kind, digits = layer.rstrip("0123456789"), re.sub(r"\D", "", layer)[:4]
            step = (int(digits or 0) if first else MOST - int(digits or 0)) * 2 + (kind == "batchNorm")
            number = {"formatLayer": 0, "outlayer": 4 * MOST, "decisionLayer": 4 * MOST}.get(layer, step)
            rest[f"{place}main.{number}.{last}"] = tensor
        tensors = rest
    return tensors


def _stack(place: str, sequence: dict[_Place, _Part]) -> _Stack | None:
    """The network that a numbered sequence of layers is, or None if it is not of this kind."""
    steps: list[tuple[str, _Part, str, _Part | None]] = []
    for position in sorted(sequence):
        part = sequence[position]
        name = ".".join([place] * bool(place) + [str(n) for n in position])
        if "weight" in part and part["weight"].ndim == 4:
            steps.append((name, part, "", None))
        elif steps and steps[-1][3] is None and ("running_mean" in part or "running_var" in part):
            steps[-1] = (*steps[-1][:2], name, part)
        else:
            return None
    shapes = [tuple(part["weight"].shape) for _, part, _, _ in steps]
    if len(steps) not in DEPTHS or any(shape[2:] != (KERNEL, KERNEL) or not min(shape) for shape in shapes):
        return None
    if shapes[-1][1] in COLOURS and all(a[1] == b[0] for a, b in pairwise(shapes)):  # transposed: I×O×4×4
        return _Stack(place, True, steps)
    if shapes[-1][0] == 1 and shapes[0][1] in COLOURS and all(a[0] == b[1] for a, b in pairwise(shapes)):
        return _Stack(place, False, steps)
    return None


def _weights(content: Content, stack: _Stack) -> Weights:
    """Its convolutions with the batch norms folded in; CheckpointError names a tensor that is missing or misshapen."""
    result: list[tuple[Tensor, Tensor | None]] = []
    for name, part, norm_name, norm in stack.steps:
        weight = numbers(content, f"{name}.weight", part["weight"])
        width = weight.shape[1 if stack.generates else 0]
        bias = _vectors(content, name, part, ["bias"], width)[0] if "bias" in part else None
        if norm is None:
            result.append((weight, bias))
            continue
        gamma, beta, mean, variance = _vectors(content, norm_name, norm, NORM, width)
        if (variance < 0).any():
            raise CheckpointError(f"{content.path.name} has a negative variance in {norm_name}.running_var.")
        result.append(fold_batch_norm(weight, bias, (gamma, beta, mean, variance), stack.generates))
    return result


def _vectors(content: Content, name: str, part: _Part, keys: Sequence[str], width: int) -> list[Tensor]:
    for key in keys:
        if key not in part:
            raise CheckpointError(f"{content.path.name} is a DCGAN network without the tensor {name}.{key}.")
        if part[key].shape != (width,):
            raise CheckpointError(
                f"{content.path.name} has {name}.{key} of shape {tuple(part[key].shape)} for {width} channels."
            )
    return [numbers(content, f"{name}.{key}", part[key]) for key in keys]
