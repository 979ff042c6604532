"""Projected GAN's FastGAN (Sauer et al. 2021, arXiv:2111.01007): pickles of its training, or a state dictionary.

The networks lie in the file as whole modules of classes of their own, of which only the tensors are read. The generator
is FastGAN's under `synthesis.`, without a head for smaller pictures and with a bias in the last layer; of 128 px it
holds a scale more than it draws. The discriminator reads the features of a frozen network and is left out.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.fastgan import FastGAN
from generator.family import Averages
from generator.model import Model
from generator.weights import load_into

from .fastgan import SIGNS, read_generator
from .naming import foreign_model, unknown_provenance
from .reading.content import Content
from .state import State, folded
from .state_dicts import averaged_first, named

NAME = "projected_fastgan"  # in saved files: stays when this file is renamed
TITLE = "FastGAN (Projected GAN)"
PREFIX = "synthesis."
SMALLEST = 128  # px; from 256 on the last scale that the file holds is drawn
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
    config, weights = read_generator(state, _resolution(state))
    weights["generator.to_rgb.bias"] = state.take("to_big.bias", config.img_channels)
    state.refuse_the_rest(known=("feat_256.", "se_256.") if config.resolution == SMALLEST else ())
    family = FastGAN(replace(config, projected=True))
    load_into(family, folded(weights, what), TITLE)
    judged = isinstance(content.root, dict) and "D" in content.root
    provenance = unknown_provenance(content.path, content.path.stem, NO_CRITIC if judged else "")
    return foreign_model(content.path, family, Averages(torch.zeros(config.z_dim)), provenance)


def _generators(content: Content) -> list[dict[str, Tensor]]:
    return averaged_first(named(content.root, *(PREFIX + sign for sign in (*SIGNS, "to_big.bias"))))


def _resolution(state: State) -> int:
    """128 where the last layer reads the maps of that side, which are twice as wide as those of 256; else 0: all."""
    inputs = state.shape("to_big.weight_orig", 4)[1]
    wide = state.shape("feat_128.5.weight_orig", 4)[0] // 2
    larger = "feat_512.1.weight_orig" in state
    return SMALLEST if inputs == wide and not larger else 0
