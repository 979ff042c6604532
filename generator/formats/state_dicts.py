"""State dictionaries inside a file: where they lie, and their tensors as numbers to compute with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from generator.formats.reading.content import Content

from ..errors import CheckpointError

MAX_DEPTH = 6  # of dictionaries in dictionaries: a training file has two or three


def flat_tensors(root: Any) -> dict[str, Tensor]:
    """All tensors in nested dictionaries, under their keys joined by dots."""
    return dict(_walk(root, "", 0))


def _walk(node: Any, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if isinstance(node, Tensor):
        yield prefix, node
    elif isinstance(node, dict) and depth < MAX_DEPTH:
        for key, value in node.items():
            yield from _walk(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def state_dicts(root: Any) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every dictionary that holds tensors, outermost first: its place in the file ("" for the root), and they.

    `module.`, which torch.nn.DataParallel and wrapper modules put into the names, is left out of them.
    """
    yield from _dicts(root, "", 0)


def _dicts(node: Any, place: str, depth: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
    if not isinstance(node, dict) or depth >= MAX_DEPTH:
        return
    tensors = {_plain(str(key)): value for key, value in node.items() if isinstance(value, Tensor)}
    if tensors:
        yield place, tensors
    for key, value in node.items():
        yield from _dicts(value, f"{place}.{key}" if place else str(key), depth + 1)


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part != "module")


def numbers(content: Content, name: str, tensor: Tensor) -> Tensor:
    """The tensor in float32; CheckpointError unless it holds finite floating-point numbers."""
    if not tensor.is_floating_point():
        raise CheckpointError(f"{content.path.name} has whole numbers in {name}, where weights belong.")
    if not torch.isfinite(tensor).all():
        raise CheckpointError(f"{content.path.name} holds numbers that are not finite, in {name}.")
    return tensor.detach().float()
