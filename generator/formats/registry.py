"""All formats: every module of this folder that can recognise a content and load it. A new format is a new file."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from ..errors import CheckpointError
from ..model import Model
from .content import Content, Inert, Persistent, read_content


class Format(Protocol):
    """What a module of this folder offers to be a format."""

    TITLE: str

    def recognises(self, content: Content) -> bool:
        """Whether `load` is the one to ask, from the content alone; cheap, never raises."""

    def load(self, content: Content, critic: Content | None = None) -> Model:
        """The model in the content, its discriminator from `critic` if that lies apart; CheckpointError."""


@cache
def formats() -> tuple[Format, ...]:
    """Every format of this folder in alphabetical order."""
    package = __name__.rpartition(".")[0]
    names = sorted(module.name for module in pkgutil.iter_modules(import_module(package).__path__))
    modules = [import_module(f"{package}.{name}") for name in names]
    return tuple(cast(Format, m) for m in modules if hasattr(m, "recognises") and hasattr(m, "load"))


def open_foreign(path: Path, critic_path: Path | None = None) -> Model:
    """The model in another program's file, with the discriminator of a second one if given; CheckpointError."""
    content = read_content(path)
    for known in formats():
        if known.recognises(content):
            return known.load(content, None if critic_path is None else read_content(critic_path))
    raise CheckpointError(f"{path.name} is {describe(content)}; it holds no generator that this program knows.")


def describe(content: Content) -> str:
    """In words: what kind of file, and what lies at its root."""
    kinds = {"nvidia": "a pickle of NVIDIA's", "torch": "a torch file", "safetensors": "a safetensors file"}
    return f"{kinds.get(content.kind, 'a pickle')} with {_root(content.root)}"


def _root(root: object) -> str:
    if isinstance(root, dict):
        keys = [str(key)[:40] for key in root]
        if not keys:
            return "nothing in it"
        return f"the keys {', '.join(keys[:5])}{f' and {len(keys) - 5} more' if len(keys) > 5 else ''}"
    if isinstance(root, Persistent):
        return f"a {root.class_name[:40]}"
    if isinstance(root, Inert):
        return f"a {root.module[:40]}.{root.name[:40]}"
    return f"a {type(root).__name__.lower()}"
