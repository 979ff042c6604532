"""What stands in a content's tree for the instances of other programs' classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(eq=False)
class Inert:
    """An instance of a foreign class that is not here: its name, the arguments it was made with, its attributes.

    A class or a type itself (torch.float32, list as a default) is an Inert with neither.
    """

    module: str
    name: str
    args: tuple[Any, ...] = ()
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Persistent:
    """One module of NVIDIA's `torch_utils.persistence`: what it was built with and what it held, without its source.

    `state`: its public attributes. `parameters` and `buffers`: tensors by name (those that are None are left out).
    `modules`: its children, Persistent, or Inert for modules of torch itself.
    """

    class_name: str
    state: dict[str, Any]
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    modules: dict[str, Persistent | Inert]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors below it under their dotted names, as torch's `state_dict` has them."""
        return tensors_below(self)


def tensors_below(module: Persistent | Inert) -> dict[str, Tensor]:
    """All tensors of a module under their dotted names, as torch's `state_dict` has them."""
    return dict(_walk(module, ""))


def _walk(module: Persistent | Inert, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(module, Persistent):
        parts: list[dict[str, Any]] = [module.parameters, module.buffers, module.modules]
    else:
        parts = [_part(module.state, key) for key in ("_parameters", "_buffers", "_modules")]
    own, buffers, children = parts
    for name, tensor in (*own.items(), *buffers.items()):
        if isinstance(tensor, Tensor):
            yield prefix + str(name), tensor
    for name, child in children.items():
        if isinstance(child, (Persistent, Inert)):
            yield from _walk(child, f"{prefix}{name}.")


def _part(state: dict[str, Any], key: str) -> dict[str, Any]:
    value = state.get(key)
    return value if isinstance(value, dict) else {}
