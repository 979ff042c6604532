"""Projected GAN's FastGAN (Sauer et al. 2021, arXiv:2111.01007): pickles of its training, or a state dictionary.

The networks lie in the file as whole modules of classes of their own, of which only the tensors are read. The generator
is FastGAN's under `synthesis.`, without a head for smaller pictures and with a bias in the last layer; of 128 px it
holds a scale more than it draws. With classes (`embed`, `conv1`, `bn1` …) every norm but the first takes its scale and
shift from the class's vector, and both noises of a scale have one strength; the table of vectors has a thousand rows
however many classes there are, which only the module itself says. The discriminator reads the features of a frozen
network and is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.fastgan import DOUBLE, EXCITED, FastGAN, FastGANConfig
from generator.model import Model
from generator.weights import load_into

from .fastgan import SIGNS, read_excitation, read_generator, read_seed
from .naming import foreign_model, numbered_classes, unknown_provenance
from .reading.content import Content, Inert
from .state import BATCH_NORM_EPSILON, State, folded
from .state_dicts import averaged_first, named

NAME = "projected_fastgan"  # in saved files: stays when this file is renamed
TITLE = "FastGAN (Projected GAN)"
PREFIX = "synthesis."
SMALLEST = 128  # px; from 256 on the last scale that the file holds is drawn
CLASS_SIGNS = ("init.init.0.weight_orig", "feat_8.conv1.weight_orig", "feat_16.conv.weight_orig", "embed.weight")
NO_CRITIC = "Its discriminator was left out: it needs the frozen network that it was trained on."


def recognises(content: Content) -> bool:
    """Whether a FastGAN generator's tensors lie under `synthesis.`, with a bias in its last layer."""
    return bool(_generators(content))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator (G_ema; G without it). CheckpointError: what is missing, or a discriminator asked for."""
    found = _generators(content)
    if not found:
        raise CheckpointError(f"{content.path.name} holds no generator of this format.")
    if critic is not None:
        raise CheckpointError(f"{critic.path.name} is of no use here. {NO_CRITIC}")
    what = f"The generator in {content.path.name}"
    state = State({name.removeprefix(PREFIX): t for name, t in found[0].items()}, what)
    if "embed.weight" in state:
        config, weights = _with_classes(state, _class_count(content.root))
    else:
        config, weights = read_generator(state, _resolution(state, "feat_{}.5"))
    weights["generator.to_rgb.bias"] = state.take("to_big.bias", config.img_channels)
    state.refuse_the_rest(known=("feat_256.", "se_256.") if config.resolution == SMALLEST else ())
    family = FastGAN(replace(config, projected=True))
    load_into(family, folded(weights, what), TITLE)
    judged = isinstance(content.root, dict) and "D" in content.root
    provenance = unknown_provenance(content.path, content.path.stem, NO_CRITIC if judged else "")
    classes = numbered_classes(config.num_classes)
    return foreign_model(content.path, family, family.averages(), provenance, classes)


def _generators(content: Content) -> list[dict[str, Tensor]]:
    plain = averaged_first(named(content.root, *(PREFIX + sign for sign in (*SIGNS, "to_big.bias"))))
    return plain or averaged_first(named(content.root, *(PREFIX + sign for sign in (*CLASS_SIGNS, "to_big.bias"))))


def _resolution(state: State, last: str) -> int:
    """128 where the last layer reads the maps of that side, which are twice as wide as those of 256; else 0: all.

    `last`: the name of the last convolution to a side.
    """
    inputs = state.shape("to_big.weight_orig", 4)[1]
    wide = state.shape(f"{last.format(128)}.weight_orig", 4)[0] // 2
    larger = {"feat_512.1.weight_orig", "feat_512.conv1.weight_orig"} & set(state.tensors)
    return SMALLEST if inputs == wide and not larger else 0


def _class_count(root: Any) -> int:
    """How many classes the averaged module says that it has; 0 where nothing says it."""
    network = (root.get("G_ema") or root.get("G")) if isinstance(root, dict) else root
    count = network.state.get("c_dim") if isinstance(network, Inert) else None
    return count if type(count) is int else 0


def _with_classes(state: State, classes: int) -> tuple[FastGANConfig, dict[str, Tensor]]:
    """Configuration and folded weights of a generator with classes, up to the resolution that it draws."""
    rows, z_dim = state.shape("embed.weight", 2)
    sides = [
        side for side in (8, 16, 32, 64, 128, 256, 512, 1024) if f"feat_{side}.bn{_second(side)}.stored_mean" in state
    ]
    smallest = _resolution(state, "feat_{}.conv2")
    sides = [side for side in sides if side <= (smallest or sides[-1])]
    first, weights = read_seed(state)
    if not sides or sides != [8 << i for i in range(len(sides))] or sides[-1] < SMALLEST:
        raise CheckpointError(f"{state.what} lacks a scale between two others.")
    width = {4: first}
    for i, side in enumerate(sides):
        name, twice = f"feat_{side}", side in DOUBLE
        width[side] = state.shape(f"{name}.conv{_second(side)}.weight_orig", 4)[0] // 2
        for j, number in enumerate(("1", "2") if twice else ("",)):
            to, wide = f"generator.stages.{i}.{j}", width[side // 2] if j == 0 else width[side]
            weight = state.spectral(f"{name}.conv{number}", 2 * width[side], wide, 3, 3)
            mean = state.take(f"{name}.bn{number}.stored_mean", 2 * width[side])
            variance = state.take(f"{name}.bn{number}.stored_var", 2 * width[side])
            if (variance < 0).any():
                raise CheckpointError(f"{state.what} has a negative variance in {name}.bn{number}.stored_var.")
            spread = (variance + BATCH_NORM_EPSILON).rsqrt()
            weights |= {f"{to}.weight": weight * spread.view(-1, 1, 1, 1), f"{to}.bias": -mean * spread}
            if twice:
                weights[f"{to}.noise_gain"] = state.take(f"{name}.noise.weight", 1) * spread
            parts = [f"{name}.bn{number}.{kind}" for kind in ("gain", "bias")]
            gain, shift = (state.spectral(part, 2 * width[side], z_dim) for part in parts)
            gain_bias, shift_bias = (state.take(f"{part}.bias", 2 * width[side]) for part in parts)
            weights[f"{to}.affine.weight"] = torch.cat([gain, shift])
            weights[f"{to}.affine.bias"] = torch.cat([1 + gain_bias, shift_bias])
        if side in EXCITED:
            weights |= read_excitation(
                state, f"generator.excitations.{side}", f"se_{side}", width[EXCITED[side]], width[side]
            )
    channels = state.shape("to_big.weight_orig", 4)[0]
    if channels not in (1, 3):
        raise CheckpointError(f"{state.what} draws pictures of {channels} channels, not of 1 or 3.")
    weights["generator.to_rgb.weight"] = state.spectral("to_big", channels, width[sides[-1]], 3, 3)
    count = classes if 0 < classes <= rows else rows
    weights["embeddings"] = state.take("embed.weight", rows, z_dim)[:count]
    return FastGANConfig(sides[-1], channels, z_dim, tuple(width.values()), num_classes=count), weights


def _second(side: int) -> str:
    """What the last convolution to a side is called by: where there are two, the second."""
    return "2" if side in DOUBLE else ""
