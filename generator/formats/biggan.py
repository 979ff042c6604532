"""BigGAN-deep as pytorch-pretrained-BigGAN saves it: a state dictionary, generator only, and perhaps a config.json.

Weights under spectral norm are divided by their norm once and for all. Which blocks double the side is the one thing
that shapes do not tell: config.json does if it lies beside the file, else it is every second block, as in all three
released models (128, 256 and 512 pixels).
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from generator.families.biggan import COLOURS, NORMS, Attention, BigGAN, Block, Norm
from generator.families.folding import FixedConv
from generator.formats.reading.content import Content
from generator.model import Model

from ..errors import CheckpointError
from .beside import config_beside
from .naming import foreign_model, numbered_classes, unknown_provenance
from .state import State
from .state_dicts import averaged_first, named

NAME = "biggan"  # in saved files: stays when this file is renamed
TITLE = "BigGAN-deep"
EPSILON = 1e-4  # of the norms, in all released configurations
MARKS = ("embeddings.weight", "generator.bn.running_means", "generator.bn.running_vars")
BLOCK, ATTENTION = "conv_3.bias", "gamma"  # what tells the two kinds of layers apart
MAX_LAYERS = 19  # nine doublings make 2048 pixels; the largest released model has 15 layers


def recognises(content: Content) -> bool:
    """Whether it holds embeddings and a norm with tables of statistics."""
    return _tensors(content) is not None


def load(content: Content, critic: Content | None = None) -> Model:
    """The generator. A second file is refused: BigGAN's discriminators were never released in this format."""
    if critic is not None:
        raise CheckpointError(f"{critic.path.name} cannot be its discriminator: BigGAN came without one.")
    state = State(_tensors(content) or {}, content.path.name)
    config = config_beside(content.path)
    family = _network(state, config)
    return foreign_model(
        content.path,
        family,
        family.averages(),
        unknown_provenance(content.path, ""),
        classes=numbered_classes(family.num_classes),
    )


def _tensors(content: Content) -> dict[str, Tensor] | None:
    return next(iter(averaged_first(named(content.root, *MARKS))), None)


def _network(state: State, config: dict[str, Any]) -> BigGAN:
    embed_dim, classes = state.shape("embeddings.weight", 2)
    width = state.shape("generator.bn.running_means", 2)[1]
    (maps,) = state.shape("generator.gen_z.bias", 1)
    name = "weight" if "generator.gen_z.weight" in state else "weight_orig"
    condition = state.shape(f"generator.gen_z.{name}", 2)[1]
    if condition <= embed_dim or maps % 16:
        raise CheckpointError(f"{state.what} is a BigGAN whose first layer does not fit z and the class's embedding.")
    first = state.spectral("generator.gen_z", maps, condition), state.take("generator.gen_z.bias", maps)
    kinds = _kinds(state)
    widths, channels = [], maps // 16
    for place, kind in kinds:
        if kind == BLOCK:
            after = state.shape(f"generator.layers.{place}.{BLOCK}", 1)[0]
            if after not in (channels, channels // 2):
                raise CheckpointError(f"{state.what} has a block {place} from {channels} to {after} channels.")
            widths.append((channels, after))
            channels = after
    if channels != width:
        raise CheckpointError(f"{state.what} ends with {channels} channels, but its last norm has {width}.")
    eps = config.get("eps", EPSILON)
    eps = float(eps) if isinstance(eps, float) and 0 < eps < 1 else EPSILON
    layers: list[Block | Attention] = []
    steps = iter(zip(widths, _doublings(config, widths), strict=True))
    channels = maps // 16
    for place, kind in kinds:
        if kind == BLOCK:
            (before, channels), up = next(steps)
            layers.append(Block(_block(state, f"generator.layers.{place}", before, channels, condition), up, eps))
        else:
            layers.append(Attention(_attention(state, f"generator.layers.{place}", channels)))
    norm = Norm(*_statistics(state, "generator.bn", width), eps)
    gain, offset = state.take("generator.bn.weight", width), state.take("generator.bn.bias", width)
    colours = state.shape("generator.conv_to_rgb.bias", 1)[0]
    last = FixedConv(
        state.spectral("generator.conv_to_rgb", colours, width, 3, 3)[:COLOURS],
        state.take("generator.conv_to_rgb.bias", colours)[:COLOURS],
        padding=1,
    )
    embeddings = state.take("embeddings.weight", embed_dim, classes)
    state.refuse_the_rest()
    if colours < COLOURS:
        raise CheckpointError(f"{state.what} makes only {colours} of the {COLOURS} colours.")
    return BigGAN(embeddings, first, layers, norm, gain, offset, last)


def _kinds(state: State) -> list[tuple[int, str]]:
    """Number and kind of each layer, in order."""
    found: dict[int, str] = {}
    for name in state.tensors:
        if match := re.fullmatch(rf"generator\.layers\.([0-9]{{1,4}})\.({re.escape(BLOCK)}|{ATTENTION})", name):
            found[int(match[1])] = match[2]
    if sorted(found) != list(range(len(found))) or not 0 < len(found) <= MAX_LAYERS:
        raise CheckpointError(f"{state.what} is a BigGAN whose layers are not numbered from 0 on.")
    return sorted(found.items())


def _doublings(config: dict[str, Any], widths: list[tuple[int, int]]) -> list[bool]:
    """Which blocks double the side: what a configuration of these very widths says, else every second one."""
    told = config.get("layers")
    unit = widths[-1][1]
    wanted = [[before // unit, after // unit] for before, after in widths]
    if isinstance(told, list) and all(isinstance(row, list) and row[:1] in ([True], [False]) for row in told):
        doublings = [bool(row[0]) for row in told]
        if [row[1:] for row in told] == wanted and sum(doublings) <= MAX_LAYERS // 2:
            return doublings
    return [bool(i % 2) for i in range(len(widths))]


def _block(state: State, name: str, before: int, after: int, condition: int) -> dict[str, Tensor]:
    (middle,) = state.shape(f"{name}.conv_0.bias", 1)
    channels = (before, middle, middle, middle, after)
    tensors: dict[str, Tensor] = {}
    for i in range(NORMS):
        norm, conv, side = f"{name}.bn_{i}", f"{name}.conv_{i}", 3 if i in (1, 2) else 1
        tensors[f"means_{i}"], tensors[f"variances_{i}"] = _statistics(state, norm, channels[i])
        tensors[f"scale_{i}"] = state.spectral(f"{norm}.scale", channels[i], condition)
        tensors[f"offset_{i}"] = state.spectral(f"{norm}.offset", channels[i], condition)
        tensors[f"weight_{i}"] = state.spectral(conv, channels[i + 1], channels[i], side, side)
        tensors[f"bias_{i}"] = state.take(f"{conv}.bias", channels[i + 1])
    return tensors


def _attention(state: State, name: str, channels: int) -> dict[str, Tensor]:
    eighth, half = channels // 8, channels // 2
    shapes = {"theta": (eighth, channels), "phi": (eighth, channels), "g": (half, channels), "o": (channels, half)}
    names = {"o": "snconv1x1_o_conv"}
    convs = {
        key: state.spectral(f"{name}.{names.get(key, f'snconv1x1_{key}')}", *shape, 1, 1)
        for key, shape in shapes.items()
    }
    return {**convs, "gamma": state.take(f"{name}.gamma", 1)}


def _statistics(state: State, name: str, width: int) -> tuple[Tensor, Tensor]:
    """Tables S×width of means and variances, S ≥ 2."""
    rows = state.shape(f"{name}.running_means", 2)[0]
    means, variances = state.take(f"{name}.running_means", rows, width), state.take(f"{name}.running_vars", rows, width)
    if rows < 2 or (variances < 0).any():
        raise CheckpointError(f"{state.what} has statistics in {name} that no batch of pictures can have.")
    return means, variances
