"""Progressive GAN files in the layout of pytorch_GAN_zoo, with random numbers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.formats.reading.content import Content, Inert

State = dict[str, Tensor]
WIDTHS = [12, 10, 8]  # pictures of 16 pixels
Z = 9


def content(root: Any, name: str = "PGAN celeba s2.pth") -> Content:
    return Content(Path(name), "torch", root)


def layer(state: State, name: str, *shape: int) -> None:
    state[f"{name}.weight"], state[f"{name}.bias"] = torch.randn(shape), torch.randn(shape[0])


def generator_state(widths: list[int] = WIDTHS, latent: int = Z, colours: int = 3) -> State:
    state: State = {}
    for i, (before, after) in enumerate(pairwise(widths)):
        layer(state, f"scaleLayers.{i}.0", after, before, 3, 3)
        layer(state, f"scaleLayers.{i}.1", after, after, 3, 3)
    for i, width in enumerate(widths):
        layer(state, f"toRGBLayers.{i}", colours, width, 1, 1)
    layer(state, "formatLayer", 16 * widths[0], latent)
    layer(state, "groupScale0.0", widths[0], widths[0], 3, 3)
    return state


def critic_state(widths: list[int] = WIDTHS, outputs: int = 1, colours: int = 3, spread: bool = True) -> State:
    state: State = {}
    for i, (lower, upper) in enumerate(pairwise(widths)):
        layer(state, f"scaleLayers.{i}.0", upper, upper, 3, 3)
        layer(state, f"scaleLayers.{i}.1", lower, upper, 3, 3)
    for i, width in enumerate(widths):
        layer(state, f"fromRGBLayers.{i}", width, colours, 1, 1)
    layer(state, "decisionLayer", outputs, widths[0])
    layer(state, "groupScaleZero.0", widths[0], widths[0] + spread, 3, 3)
    layer(state, "groupScaleZero.1", widths[0], 16 * widths[0])
    return state


def config(**changes: Any) -> Inert:
    values = {
        "depthScale0": WIDTHS[0], "depthOtherScales": WIDTHS[1:], "leakyReluLeak": 0.2, "alpha": 0, "dimOutput": 3,
        "perChannelNormalization": True, "miniBatchStdDev": True, "equalizedlR": True, "noiseVectorDim": Z,
        "categoryVectorDim": 0, "latentVectorDim": Z, "lossCriterion": "WGANGP", "attribKeysOrder": None,
    }  # fmt: skip
    return Inert("models.utils.config", "BaseConfig", (), {**values, **changes})
