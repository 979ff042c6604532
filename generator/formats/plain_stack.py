"""Small GANs as courses, tutorials and first projects save them: layers one after another, by whatever names.

Dense layers, transposed or ordinary convolutions, batch norms; how they lie together is found out (`plain_search`).
What the family DCGAN reads (4×4 kernels throughout) is left to it. Discriminators of this kind are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import torch
from torch import Tensor

from generator.families.plain import Plain
from generator.formats.reading.content import Content
from generator.model import Model

from ..errors import CheckpointError
from . import dcgan
from .naming import foreign_model, numbered_classes, unknown_provenance
from .plain_search import Found, Norm, Part, fits_together, search
from .state_dicts import AVERAGED, numbers, state_dicts

NAME = "plain_stack"  # in saved files: stays when this file is renamed
TITLE = "a small GAN"
MOST_NUMBERS = 1 << 27
OTHERS = re.compile(r"(net|model|opt\w*)?_?(d|dis|disc\w*|critic)", re.IGNORECASE)  # what stands beside a generator
LABELS = re.compile(r"emb", re.IGNORECASE)  # names of what holds a vector for each class
UNTOLD = 1.0  # misfit of a norm from which on nothing agrees with it


@dataclass
class _Stack:
    """A network's layers in the order of the file: name, tensors, and those of the batch norm behind; and what stands
    for its classes, C×E."""

    layers: list[tuple[str, dict[str, Tensor], dict[str, Tensor] | None]] = field(default_factory=list)
    labels: tuple[str, Tensor] | None = None


def recognises(content: Content) -> bool:
    """Whether a generator of this kind is in it."""
    return not dcgan.recognises(content) and _found(content) is not None


def load(content: Content, critic: Content | None = None) -> Model:
    """The generator; CheckpointError for a discriminator, which is not read."""
    if critic is not None:
        raise CheckpointError(
            f"{critic.path.name} cannot be read beside {content.path.name}, which is a small GAN of plain layers: of "
            "those only the generator opens."
        )
    stack = _found(content) or _Stack()
    parts = [_part(content, *layer) for layer in stack.layers]
    labels = None if stack.labels is None else numbers(content, *stack.labels)
    found = search(parts, labels)
    if found is None:
        raise CheckpointError(f"{content.path.name} has layers that do not lead to a square picture.")
    family = Plain(found.steps, found.channels, found.uniform, labels, found.joined)
    provenance = unknown_provenance(content.path, "", _told(found))
    return foreign_model(content.path, family, family.averages(), provenance, numbered_classes(family.num_classes))


def _found(content: Content) -> _Stack | None:
    """The generator in it, an average's first."""
    networks = [(f"{place}.{head}", own) for place, all_ in state_dicts(content.root) for head, own in _split(all_)]
    for _, tensors in sorted(networks, key=lambda pair: not AVERAGED.search(pair[0].lower())):
        stack = _stack(tensors)
        shapes = [Part(own["weight"], None, None) for _, own, _ in stack.layers]
        if shapes and fits_together(shapes, 0 if stack.labels is None else stack.labels[1].shape[1]):
            return stack
    return None


def _split(tensors: dict[str, Tensor]) -> list[tuple[str, dict[str, Tensor]]]:
    """A state dictionary, and without the discriminator that may stand beside the generator in it."""
    own = {n: t for n, t in tensors.items() if not OTHERS.fullmatch(n.partition(".")[0])}
    return [("", tensors)] if len(own) in (0, len(tensors)) else [("", own)]


def _stack(tensors: dict[str, Tensor]) -> _Stack:
    """The layers among these tensors; none if there is anything else among them."""
    grouped: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        place, _, last = name.rpartition(".")
        grouped.setdefault(place, {})[last] = tensor
    stack = _Stack()
    for name, own in grouped.items():
        if {"running_mean", "running_var"} & set(own):
            if not stack.layers or stack.layers[-1][2] is not None:
                return _Stack()
            stack.layers[-1] = (*stack.layers[-1][:2], own)
        elif set(own) == {"weight"} and own["weight"].ndim == 2 and LABELS.search(name) and stack.labels is None:
            stack.labels = f"{name}.weight", own["weight"]
        elif "weight" in own and own["weight"].ndim in (2, 4) and set(own) <= {"weight", "bias"}:
            stack.layers.append((name, own, None))
        else:
            return _Stack()
    return stack if sum(own["weight"].numel() for _, own, _ in stack.layers) <= MOST_NUMBERS else _Stack()


def _part(content: Content, name: str, own: dict[str, Tensor], norm: dict[str, Tensor] | None) -> Part:
    """A layer's numbers; CheckpointError names what is missing or misshapen."""
    file = content.path.name
    weight = numbers(content, f"{name}.weight", own["weight"])
    bias = numbers(content, f"{name}.bias", own["bias"]) if "bias" in own else None
    outputs = set(weight.shape[:2]) if weight.ndim == 4 else {weight.shape[0]}
    if bias is not None and (bias.ndim != 1 or len(bias) not in outputs):
        raise CheckpointError(
            f"{file} has {name}.bias of shape {tuple(bias.shape)}, which fits no output of its layer."
        )
    if norm is None:
        return Part(weight, bias, None)
    for key in ("running_mean", "running_var"):
        if key not in norm:
            raise CheckpointError(f"{file} has a batch norm behind {name} without {key}.")
    mean, variance = (numbers(content, f"{key} behind {name}", norm[key]) for key in ("running_mean", "running_var"))
    scale = numbers(content, f"a scale behind {name}", norm.get("weight", torch.ones_like(mean)))
    shift = numbers(content, f"a shift behind {name}", norm.get("bias", torch.zeros_like(mean)))
    width = len(mean) if mean.ndim == 1 else 0
    fits = width in outputs or (weight.ndim == 2 and width and weight.shape[0] % width == 0)
    if not fits or any(each.shape != mean.shape for each in (variance, scale, shift)):
        raise CheckpointError(f"{file} has a batch norm behind {name} that does not fit its layer.")
    if (variance < 0).any():
        raise CheckpointError(f"{file} has a negative variance behind {name}.")
    return Part(weight, bias, Norm(mean, variance, scale, shift))


def _told(found: Found) -> str:
    """What was found out, for the model's notes."""
    taken = f"a leaky ReLU of slope {found.slope:g}" if found.slope else "ReLU"
    if not found.norms:
        return f"Its file does not say what lies between its layers: {taken} was taken."
    if found.misfit > UNTOLD:
        return (
            "Its file does not say how its layers lie together, and its batch norms agree with no usual way: its "
            "pictures may be wrong."
        )
    drawn = ", on numbers spread evenly over (−1, 1)" if found.uniform else ""
    return f"How its layers lie together was told from its batch norms' running averages: {taken} between them{drawn}."
