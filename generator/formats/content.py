"""What a file holds, as plain values: the one thing that every format looks at. Nothing of it was ever run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
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
        return dict(_walk(self, ""))


def _walk(module: Persistent | Inert, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(module, Persistent):
        parts = (module.parameters, module.buffers, module.modules)
    else:
        parts = tuple(_part(module.state, key) for key in ("_parameters", "_buffers", "_modules"))
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


@dataclass(frozen=True)
class Content:
    """A file as data.

    `kind`: "nvidia" (a pickle of persistent modules), "torch" (torch.save, old or new), "safetensors", "pickle".
    `root`: a tree of dict (str or int keys), list, tuple, set, str, bytes, bool, int, float, None, Tensor (on the CPU,
    inside its storage), Inert and Persistent, without cycles and of bounded depth; for safetensors a dict of tensors.
    `metadata`: the texts in a safetensors header.
    """

    path: Path
    kind: str
    root: Any
    metadata: dict[str, str] = field(default_factory=dict)


def read_content(path: Path) -> Content:
    """The file as data; nothing that it names or carries is imported, compiled or run.

    Raises CheckpointError, one sentence: empty, truncated, too large, of another kind, or naming what no format needs.
    """
    raise NotImplementedError
