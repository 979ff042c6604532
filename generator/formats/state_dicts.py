"""State dictionaries inside a file: where they lie, and their tensors as numbers to compute with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from generator.formats.reading.content import Content, Inert
from generator.formats.reading.values import tensors_below

from ..errors import CheckpointError

AVERAGED = re.compile(r"ema|avg|average")
WRAPPERS = ("module", "_orig_mod")
MOST_LISTED = 16  # networks in a list
MAX_DEPTH = 6  # of dictionaries in dictionaries: a training file has two or three


def flat_tensors(root: Any) -> dict[str, Tensor]:
    """All tensors in nested dictionaries, under their keys joined by dots."""
    return dict(_walk(root, "", 0))


def _walk(node: Any, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    node = as_dict(node)
    if isinstance(node, Tensor):
        yield prefix, node
    elif isinstance(node, dict) and depth < MAX_DEPTH:
        for key, value in node.items():
            yield from _walk(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def state_dicts(root: Any) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every dictionary that holds tensors, outermost first: its place in the file ("" for the root), and they.

    `module.`, which torch.nn.DataParallel and wrapper modules put into the names, is left out of them, and so is
    torch.compile's `_orig_mod.`.
    """
    for place, node in _placed(root, "", 0):
        tensors = {plain_name(str(key)): value for key, value in node.items() if isinstance(value, Tensor)}
        if tensors:
            yield place, tensors


def dictionaries(root: Any) -> Iterator[dict[Any, Any]]:
    """Every dictionary in the file, outermost first, whole modules as the state dictionaries that they would give."""
    return (node for _, node in _placed(root, "", 0))


def as_dict(node: Any) -> Any:
    """A whole module (`torch.save(network)`) as the state dictionary that it would give, a list of networks as a
    dictionary by their numbers; anything else as it is."""
    if isinstance(node, (list, tuple)) and 0 < len(node) <= MOST_LISTED:
        networks = {str(i): each for i, each in enumerate(node) if isinstance(each, dict) or _is_whole(each)}
        return networks or node
    return tensors_below(node) if _is_whole(node) else node


def _is_whole(node: Any) -> bool:
    return isinstance(node, Inert) and isinstance(node.state.get("_modules"), dict)


def named(root: Any, *signs: str) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every state dictionary in which these names are found after one and the same beginning, such as `generator.`:
    its place with that beginning, and the tensors after it, without it."""
    for place, tensors in state_dicts(root):
        for beginning in [name.removesuffix(signs[0]) for name in tensors if name.endswith(signs[0])]:
            if all(beginning + sign in tensors for sign in signs) and beginning[-1:] in ("", "."):
                own = {n.removeprefix(beginning): t for n, t in tensors.items() if n.startswith(beginning)}
                yield ".".join(part for part in (place, beginning.rstrip(".")) if part), own


def averaged_first(found: Iterable[tuple[str, dict[str, Tensor]]]) -> list[dict[str, Tensor]]:
    """Those whose place says that they are an average (ema, avg) before the others; else in the file's order."""
    pairs = list(found)
    return [tensors for _, tensors in sorted(pairs, key=lambda pair: not AVERAGED.search(pair[0].lower()))]


def _placed(node: Any, place: str, depth: int) -> Iterator[tuple[str, dict[Any, Any]]]:
    node = as_dict(node)
    if not isinstance(node, dict) or depth >= MAX_DEPTH:
        return
    yield place, node
    for key, value in node.items():
        yield from _placed(value, f"{place}.{key}" if place else str(key), depth + 1)


def plain_name(name: str) -> str:
    """A tensor's name without what wrappers of a module put into it."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def numbers(content: Content, name: str, tensor: Tensor) -> Tensor:
    """The tensor in float32; CheckpointError unless it holds finite floating-point numbers."""
    if not tensor.is_floating_point():
        raise CheckpointError(f"{content.path.name} has whole numbers in {name}, where weights belong.")
    if not torch.isfinite(tensor).all():
        raise CheckpointError(f"{content.path.name} holds numbers that are not finite, in {name}.")
    return tensor.detach().float()
