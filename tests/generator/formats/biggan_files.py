"""BigGAN-deep files in the layout of pytorch-pretrained-BigGAN, with random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.formats.reading.content import Content

Z, EMBED, CLASSES, WIDTH, STATS, COLOURS = 6, 5, 4, 8, 11, 7
CONDITION = Z + EMBED
LAYERS = [(False, 4, 4), (True, 4, 4), (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1)]
ATTENTION = 4  # stands before this block
State = dict[str, Tensor]


def content(root: Any, path: Path = Path("biggan.bin")) -> Content:
    return Content(path, "torch", root)


def spectral(state: State, name: str, *shape: int, bias: bool = True) -> None:
    """As torch's spectral_norm stores it after two steps of power iteration: not yet the exact singular vectors."""
    weight = torch.randn(shape) * 3
    matrix = weight.flatten(1)
    u = F.normalize(torch.randn(shape[0]), dim=0)
    for _ in range(2):
        v = F.normalize(matrix.t() @ u, dim=0)
        u = F.normalize(matrix @ v, dim=0)
    state[f"{name}.weight_orig"], state[f"{name}.weight_u"], state[f"{name}.weight_v"] = weight, u, v
    if bias:
        state[f"{name}.bias"] = torch.randn(shape[0]) * 0.2


def norm(state: State, name: str, width: int, conditional: bool = True) -> None:
    state[f"{name}.running_means"] = torch.randn(STATS, width) * 0.3
    state[f"{name}.running_vars"] = torch.rand(STATS, width) * 0.3 + 0.2
    if conditional:
        spectral(state, f"{name}.scale", width, CONDITION, bias=False)
        spectral(state, f"{name}.offset", width, CONDITION, bias=False)
    else:
        state[f"{name}.weight"], state[f"{name}.bias"] = torch.rand(width) * 0.2, torch.randn(width) * 0.2


def file_state(layers: list[tuple[bool, int, int]] = LAYERS) -> State:
    """Key names, order and shapes of the original's state dictionary."""
    state: State = {"embeddings.weight": torch.randn(EMBED, CLASSES)}
    spectral(state, "generator.gen_z", 16 * layers[0][1] * WIDTH, CONDITION)
    place = 0
    for i, (_, before, after) in enumerate(layers):
        wide, out = before * WIDTH, after * WIDTH
        if i == ATTENTION:
            name = f"generator.layers.{place}"
            for conv, o, c in (("theta", wide // 8, wide), ("phi", wide // 8, wide), ("g", wide // 2, wide)):
                spectral(state, f"{name}.snconv1x1_{conv}", o, c, 1, 1, bias=False)
            spectral(state, f"{name}.snconv1x1_o_conv", wide, wide // 2, 1, 1, bias=False)
            state[f"{name}.gamma"] = torch.tensor([0.7])
            place += 1
        name, middle = f"generator.layers.{place}", wide // 4
        widths = (wide, middle, middle, middle, out)
        for k in range(4):
            norm(state, f"{name}.bn_{k}", widths[k])
            side = 3 if k in (1, 2) else 1
            spectral(state, f"{name}.conv_{k}", widths[k + 1], widths[k], side, side)
        place += 1
    norm(state, "generator.bn", WIDTH, conditional=False)
    spectral(state, "generator.conv_to_rgb", COLOURS, WIDTH, 3, 3)
    return state
