"""Small GANs as courses, tutorials and first projects save them: layers one after another, by whatever names.

Dense layers, transposed or ordinary convolutions, batch norms; how they lie together is found out (`plain_search`),
their discriminators' too (`plain_critic`), in the same file or a second one. What the family DCGAN reads (4×4 kernels
throughout) is left to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.plain import Plain
from generator.formats.reading.content import Content
from generator.latents import draw_z
from generator.model import Model

from ..errors import CheckpointError
from . import dcgan
from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .plain_critic import may_judge, search_critic
from .plain_search import Found, Norm, Part, fits_together, search
from .state_dicts import AVERAGED, numbers, state_dicts
from .unread import repeats

NAME = "plain_stack"  # in saved files: stays when this file is renamed
TITLE = "a small GAN"
MOST_NUMBERS = 1 << 27
PICTURES = 64  # of the generator's, by which its discriminator's layers are told
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
    """The generator, and its discriminator from `critic` or beside it in the file, where that can be read.

    CheckpointError, also for a discriminator in a second file that does not belong to it.
    """
    stack = _found(content) or _Stack()
    parts = [_part(content, *layer) for layer in stack.layers]
    labels = None if stack.labels is None else numbers(content, *stack.labels)
    earlier = content.found if isinstance(content.found, dict) else {}
    found = search(parts, labels, earlier.get("generator"))
    if found is None:
        raise CheckpointError(f"{content.path.name} has layers that do not lead to a square picture.")
    family = Plain(found.steps, found.channels, found.uniform, labels, found.joined)
    judge, notes = if_it_opens(critic, lambda: _critic(critic or content, family, earlier.get("critic")))
    if critic is not None and judge is None:
        raise CheckpointError(
            f"{critic.path.name} holds no discriminator of plain layers for pictures of {family.resolution} pixels, as "
            f"{content.path.name} makes them."
        )
    if judge is not None:
        family = Plain(found.steps, found.channels, found.uniform, labels, found.joined, judge.steps)
    searched = {"generator": found, "critic": judge}
    family.found = {name: each.known for name, each in searched.items() if each is not None and each.known is not None}
    notes = " ".join(filter(None, (_told(found), notes or _told_of(judge))))
    provenance = unknown_provenance(content.path, "", notes)
    return foreign_model(content.path, family, family.averages(), provenance, numbered_classes(family.num_classes))


def _critic(content: Content, family: Plain, earlier: object) -> Found | None:
    """The last discriminator in the file that may judge the family's pictures; None where there is none at all,
    CheckpointError where none can be read."""
    colours, side = family.img_channels, family.resolution
    networks = _networks(content)
    stacks = [stack for _, tensors in networks if (stack := _stack(tensors)).labels is None]
    fitting = [s for s in stacks if may_judge([own["weight"].shape for _, own, _ in s.layers], colours, side)]
    if not fitting:
        if not any(OTHERS.fullmatch(place.rpartition(".")[2]) for place, _ in networks):
            return None
        raise CheckpointError(f"It is none of plain layers that lead from pictures of {side} pixels to one number.")
    parts = [_part(content, *layer) for layer in fitting[-1].layers]
    z = torch.stack([draw_z(seed, family.z_dim) for seed in range(PICTURES)])
    classes = torch.arange(PICTURES) % max(family.num_classes, 1)
    label = F.one_hot(classes, family.num_classes).float() if family.num_classes else None
    with torch.no_grad():
        return search_critic(parts, family.synthesize(family.map(z, label)[:, None], None, 0.0), earlier)


def _found(content: Content) -> _Stack | None:
    """The generator in it, an average's first."""
    for _, tensors in sorted(_networks(content), key=lambda pair: not AVERAGED.search(pair[0].lower())):
        if repeats(tensors):
            continue
        stack = _stack(tensors)
        shapes = [Part(own["weight"], None, None) for _, own, _ in stack.layers]
        if shapes and fits_together(shapes, 0 if stack.labels is None else stack.labels[1].shape[1]):
            return stack
    return None


def _networks(content: Content) -> list[tuple[str, dict[str, Tensor]]]:
    """Every state dictionary with its place in the file; what stands beside a generator in one of them apart."""
    networks = []
    for place, tensors in state_dicts(content.root):
        heads = {name.partition(".")[0] for name in tensors}
        others = sorted(head for head in heads if OTHERS.fullmatch(head))
        own = {n: t for n, t in tensors.items() if n.partition(".")[0] not in others}
        networks += [(place, own)] if own else []
        networks += [(f"{place}.{o}", {n: t for n, t in tensors.items() if n.startswith(f"{o}.")}) for o in others]
    return networks


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


def _told_of(critic: Found | None) -> str:
    """The same of its discriminator."""
    if critic is None:
        return ""
    between = f"a leaky ReLU of slope {critic.slope:g}" if critic.slope else "ReLU"
    return f"Its discriminator was read with {between} between the layers, which its file does not say."


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
