"""BigGAN and BigGAN-deep as BigGAN-PyTorch (Andrew Brock) saves them: `G.pth`, `G_ema.pth` and `D.pth`, each a state
dictionary.

Weights under its own spectral norm lie beside a vector u and are divided by |W·Wᵀu| over |Wᵀu|, one step of power
iteration, as its networks do when they paint. Each class has a vector (`shared`), or each norm a table of its own. Of
z a hierarchical generator gives the first layer and each block a part, BigGAN-deep gives all of it to everything.
"""

from __future__ import annotations

import re

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.biggan import (
    COLOURS,
    NORMS,
    Attention,
    BigGAN,
    Block,
    Judging,
    Norm,
    ProjectionCritic,
    Residual,
)
from generator.families.folding import FixedConv
from generator.model import Model

from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .reading.content import Content
from .state import State
from .state_dicts import averaged_first, named

NAME = "biggan_pytorch"  # in saved files: stays when this file is renamed
TITLE = "BigGAN (BigGAN-PyTorch)"
SIGNS = ("linear.weight", "blocks.0.0.bn1.gain.weight", "output_layer.0.gain")
CRITIC_SIGNS = ("linear.weight", "embed.weight", "blocks.0.0.conv1.weight")
EPSILON = 1e-5  # of the norms, unless the training was told otherwise; no file says it
SIDE = 4  # of the first maps
PLACE = re.compile(r"blocks\.(\d{1,3})\.(\d{1,2})\.(conv1\.weight|theta\.weight)")
MOST = 40  # blocks
STATISTICS = ("stored_{}", "bn.stored_{}", "bn.running_{}")  # by which of its batch norms it was trained with
NORM_ONLY = ("accumulation_counter", ".sv0", ".num_batches_tracked")  # ends of names that no picture needs


def recognises(content: Content) -> bool:
    """Whether there is a generator whose blocks' norms take their gains from the class."""
    return bool(_generators(content) or _critics(content))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator (`G_ema`, `ema` in its place in the file) and its discriminator, mostly a second file."""
    found = _generators(content)
    if not found:
        raise CheckpointError(
            f"{content.path.name} holds a BigGAN discriminator, but no generator: give that file too (often G_ema.pth)."
        )
    what = f"The generator in {content.path.name}"
    family = _network(_State(found[0], what))
    source = content if critic is None else critic
    judges = _critics(source)
    if critic is not None and not judges:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of BigGAN-PyTorch.")

    def read() -> ProjectionCritic | None:
        if not judges:
            return None
        state = _State(judges[0], f"The discriminator in {source.path.name}")
        return _critic(state, family.img_channels, family.num_classes)

    family.critic, notes = if_it_opens(critic, read)
    family.has_critic = family.critic is not None
    provenance = unknown_provenance(content.path, "", notes)
    return foreign_model(
        content.path, family, family.averages(), provenance, classes=numbered_classes(family.num_classes)
    )


def _generators(content: Content) -> list[dict[str, Tensor]]:
    return averaged_first(named(content.root, *SIGNS))


def _critics(content: Content) -> list[dict[str, Tensor]]:
    return averaged_first(named(content.root, *CRITIC_SIGNS))


class _State(State):
    """Tensors under this program's own spectral norm."""

    def normed(self, name: str, *shape: int) -> Tensor:
        """`NAME.weight` of this shape, divided by its largest singular value as far as `NAME.u0` knows it."""
        weight = self.take(f"{name}.weight", *shape)
        if f"{name}.u0" not in self:
            return weight
        matrix = weight.flatten(1)
        across = F.normalize(self.take(f"{name}.u0", 1, shape[0]) @ matrix, eps=1e-12)
        sigma = (matrix @ across.t()).norm()
        if not sigma:
            raise CheckpointError(f"{self.what} has a spectral norm of zero at {name}.")
        return weight / sigma

    def bias(self, name: str, width: int) -> Tensor:
        """`NAME.bias`."""
        return self.take(f"{name}.bias", width)

    def statistics(self, name: str, width: int) -> tuple[Tensor, Tensor]:
        """Means and variances of a norm as tables of two equal rows."""
        for pattern in STATISTICS:
            mean, variance = (f"{name}.{pattern.format(kind)}" for kind in ("mean", "var"))
            if mean in self:
                means, variances = self.take(mean, width), self.take(variance, width)
                if (variances < 0).any():
                    raise CheckpointError(f"{self.what} has a negative variance in {variance}.")
                return means.expand(2, -1), variances.expand(2, -1)
        raise CheckpointError(f"{self.what} lacks the tensor {name}.stored_mean.")

    def finish(self) -> None:
        """Refuse what nobody took."""
        self.refuse_the_rest()


def _without_counters(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(NORM_ONLY)}


def _places(state: State) -> list[tuple[str, bool]]:
    """Every layer of the blocks in order: its name, and whether it is attention."""
    found: dict[tuple[int, int], tuple[str, bool]] = {}
    for name in state.tensors:
        if match := PLACE.fullmatch(name):
            row, column = int(match[1]), int(match[2])
            found[row, column] = f"blocks.{row}.{column}", match[3].startswith("theta")
    order = sorted(found)
    if not order or len(order) > MOST or sorted({row for row, _ in order}) != list(range(order[-1][0] + 1)):
        raise CheckpointError(f"{state.what} is a BigGAN whose blocks are not numbered from 0 on.")
    return [found[place] for place in order]


def _network(state: _State) -> BigGAN:
    state.tensors = _without_counters(state.tensors)
    rows, given = state.shape("linear.weight", 2)
    places = _places(state)
    deep = f"{places[0][0]}.conv4.weight" in state
    columns = _condition(state, f"{places[0][0]}.bn1")
    shared = "shared.weight" in state
    classes, embed_dim = state.shape("shared.weight", 2) if shared else (columns, columns)
    part = columns - embed_dim if shared else 0  # of z, in each block
    blocks = [name for name, attends in places if not attends]
    z_dim = given - embed_dim if deep else given * (1 + len(blocks) * bool(part))
    if rows % SIDE**2 or z_dim < 1 or part not in (0, z_dim if deep else given):
        raise CheckpointError(f"{state.what} is a BigGAN whose first layer does not fit z and its blocks.")
    channels = rows // SIDE**2
    # Its rows have the channels outside, ours inside.
    weight = state.normed("linear", rows, given).view(channels, SIDE**2, given).transpose(0, 1).reshape(rows, given)
    bias = state.bias("linear", rows).view(channels, SIDE**2).t().reshape(rows)
    first = F.pad(weight, (0, z_dim + embed_dim - given)), bias
    layers: list[Block | Residual | Attention] = []
    number = 0
    for name, attends in places:
        if attends:
            layers.append(Attention(_attention(state, name, channels)))
            continue
        number += 1

        def condition(table: Tensor, number: int = number) -> Tensor:
            """C×columns of what a block is given, as C×(z and the class)."""
            if deep:
                return table
            of_class, of_z = table[:, :embed_dim], table[:, embed_dim:]
            wide = table.new_zeros(len(table), z_dim + embed_dim)
            wide[:, z_dim:] = of_class
            if part:
                wide[:, number * part : (number + 1) * part] = of_z
            return wide

        (after,) = state.shape(f"{name}.conv{4 if deep else 2}.bias", 1)
        if deep:
            tensors, up = _deep(state, name, channels, after, columns), number % 2 == 0
        else:
            tensors = _shallow(state, name, channels, after, columns)
            up = "weight_skip" in tensors
        for key in [key for key in tensors if key.startswith(("scale_", "offset_"))]:
            tensors[key] = condition(tensors[key])
        layers.append(Block(tensors, up, EPSILON) if deep else Residual(tensors, up, EPSILON))
        channels = after
    norm = Norm(*state.statistics("output_layer.0", channels), EPSILON)
    gain, offset = state.take("output_layer.0.gain", channels), state.take("output_layer.0.bias", channels)
    colours = state.shape("output_layer.2.bias", 1)[0]
    kernel = state.normed("output_layer.2", colours, channels, 3, 3)
    last = FixedConv(kernel[:COLOURS], state.bias("output_layer.2", colours)[:COLOURS], padding=1)
    embeddings = state.take("shared.weight", classes, embed_dim).t() if shared else torch.eye(classes)
    state.finish()
    if colours < COLOURS:
        raise CheckpointError(f"{state.what} makes only {colours} of the {COLOURS} colours.")
    return BigGAN(embeddings, first, layers, norm, gain, offset, last, "BigGAN-deep" if deep else "BigGAN")


def _condition(state: State, name: str) -> int:
    """How many numbers the gains of a norm are made of; without `shared`, a table has a row for each class."""
    rows, columns = state.shape(f"{name}.gain.weight", 2)
    return columns if "shared.weight" in state else rows


def _gains(state: _State, name: str, width: int, columns: int) -> dict[str, Tensor]:
    """`scale` and `offset` of a norm, C×columns each, and its statistics."""
    means, variances = state.statistics(name, width)
    shared = "shared.weight" in state
    scale, offset = (
        state.normed(f"{name}.{kind}", width, columns)
        if shared
        else state.take(f"{name}.{kind}.weight", columns, width).t()
        for kind in ("gain", "bias")
    )
    return {"means": means, "variances": variances, "scale": scale, "offset": offset}


def _convolution(state: _State, name: str, after: int, before: int, side: int) -> tuple[Tensor, Tensor]:
    return state.normed(name, after, before, side, side), state.bias(name, after)


def _shallow(state: _State, name: str, before: int, after: int, columns: int) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for i, (inputs, outputs) in enumerate(((before, after), (after, after))):
        gains = _gains(state, f"{name}.bn{i + 1}", inputs, columns)
        tensors |= {f"{kind}_{i}": tensor for kind, tensor in gains.items()}
        tensors[f"weight_{i}"], tensors[f"bias_{i}"] = _convolution(state, f"{name}.conv{i + 1}", outputs, inputs, 3)
    if f"{name}.conv_sc.weight" in state:
        tensors["weight_skip"], tensors["bias_skip"] = _convolution(state, f"{name}.conv_sc", after, before, 1)
    elif before != after:
        raise CheckpointError(f"{state.what} lacks the tensor {name}.conv_sc.weight.")
    return tensors


def _deep(state: _State, name: str, before: int, after: int, columns: int) -> dict[str, Tensor]:
    (middle,) = state.shape(f"{name}.conv1.bias", 1)
    if after > before:
        raise CheckpointError(f"{state.what} has a block {name} from {before} to {after} channels.")
    widths = (before, middle, middle, middle, after)
    tensors: dict[str, Tensor] = {}
    for i in range(NORMS):
        gains = _gains(state, f"{name}.bn{i + 1}", widths[i], columns)
        tensors |= {f"{kind}_{i}": tensor for kind, tensor in gains.items()}
        pair = _convolution(state, f"{name}.conv{i + 1}", widths[i + 1], widths[i], 3 if i in (1, 2) else 1)
        tensors[f"weight_{i}"], tensors[f"bias_{i}"] = pair
    return tensors


def _attention(state: _State, name: str, channels: int) -> dict[str, Tensor]:
    eighth, half = channels // 8, channels // 2
    shapes = {"theta": (eighth, channels), "phi": (eighth, channels), "g": (half, channels), "o": (channels, half)}
    convs = {key: state.normed(f"{name}.{key}", *shape, 1, 1) for key, shape in shapes.items()}
    return {**convs, "gamma": state.take(f"{name}.gamma")}


def _critic(state: _State, colours: int, classes: int) -> ProjectionCritic:
    state.tensors = _without_counters(state.tensors)
    places = _places(state)
    if f"{places[0][0]}.conv4.weight" in state:
        raise CheckpointError(f"{state.what} is a BigGAN-deep's, which this program does not read.")
    channels, blocks = colours, list[Judging | Attention]()
    for name, attends in places:
        if attends:
            blocks.append(Attention(_attention(state, name, channels)))
            continue
        (middle,) = state.shape(f"{name}.conv1.bias", 1)
        (after,) = state.shape(f"{name}.conv2.bias", 1)
        tensors: dict[str, Tensor] = {}
        for i, (inputs, outputs) in enumerate(((channels, middle), (middle, after))):
            pair = _convolution(state, f"{name}.conv{i + 1}", outputs, inputs, 3)
            tensors[f"weight_{i}"], tensors[f"bias_{i}"] = pair
        if f"{name}.conv_sc.weight" in state:
            tensors["weight_skip"], tensors["bias_skip"] = _convolution(state, f"{name}.conv_sc", after, channels, 1)
        elif channels != after:
            raise CheckpointError(f"{state.what} lacks the tensor {name}.conv_sc.weight.")
        blocks.append(Judging(tensors, bare=not blocks))
        channels = after
    out = state.normed("linear", 1, channels), state.bias("linear", 1)
    rows = state.shape("embed.weight", 2)[0]
    if rows != classes:
        raise CheckpointError(f"{state.what} knows {rows} classes, the generator {classes}.")
    embeddings = state.normed("embed", rows, channels)
    state.finish()
    return ProjectionCritic(blocks, out, embeddings)
