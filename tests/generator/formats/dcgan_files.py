"""DCGAN files in the layout of PyTorch's example and tutorial, with random numbers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.formats.reading.content import Content

State = dict[str, Tensor]


def content(root: Any, name: str = "some file.pth") -> Content:
    return Content(Path(name), "torch", root)


def batch_norm(state: State, name: str, width: int) -> None:
    state[f"{name}.weight"] = torch.rand(width) + 0.5
    state[f"{name}.bias"] = torch.randn(width) * 0.3
    state[f"{name}.running_mean"] = torch.randn(width) * 0.3
    state[f"{name}.running_var"] = torch.rand(width) + 0.2
    state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def generator_state(widths: list[int], prefix: str = "main.") -> State:
    """The tutorial's layout: convolutions at 0, 3, 6 …, batch norms after all but the last."""
    state: State = {}
    for i, (a, b) in enumerate(pairwise(widths)):
        state[f"{prefix}{3 * i}.weight"] = torch.randn(a, b, 4, 4) / (2 * a**0.5)
        if i < len(widths) - 2:
            batch_norm(state, f"{prefix}{3 * i + 1}", b)
    return state


def critic_state(widths: list[int], prefix: str = "main.") -> State:
    """Convolutions at 0, 2, 5, 8 …, batch norms after all but the first and the last."""
    state: State = {}
    for i, (a, b) in enumerate(pairwise(widths)):
        place = max(3 * i - 1, 0)
        state[f"{prefix}{place}.weight"] = torch.randn(b, a, 4, 4) / (4 * a**0.5)
        if 0 < i < len(widths) - 2:
            batch_norm(state, f"{prefix}{place + 1}", b)
    return state
