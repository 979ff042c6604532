"""All formats: every module of this folder that can recognise a content and load it. A new format is a new file."""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import torch

from generator.family import Averages
from generator.formats.reading.content import Content, Inert, Persistent, read_content
from generator.model import Model

from ..errors import CheckpointError
from .unread import network_of, program_of

OPTIMISER = re.compile(r"^opt_|_optim$")


class Format(Protocol):
    """What a module of this folder offers to be a format."""

    NAME: str  # what a saved file calls it, for good; the module may be called otherwise
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


def open_foreign(path: Path, critic_path: Path | None = None, device: str = "cpu") -> Model:
    """The model in another program's file, with the discriminator of a second one if given, in float32.

    Raises CheckpointError, one sentence, also for what a format trips over: the file chose every name and shape.
    """
    content = read_content(path)
    known = next((known for known in formats() if known.recognises(content)), None)
    if known is None:
        if program := program_of(content):
            raise CheckpointError(f"{path.name} is {program}.")
        if network := network_of(content):
            raise CheckpointError(f"{path.name} {network}.")
        what = f"{path.name} is {describe(content)}"
        raise CheckpointError(f"{what}; it holds no generator that this program knows (README.md lists them).")
    critic = None if critic_path is None else read_content(critic_path)
    _drop_unused(content.root)
    try:
        model = known.load(content, critic)
        _check_finite(path, model)
        return _moved(model, device)
    except CheckpointError as error:
        if program := program_of(content):  # a relative of what this format reads
            raise CheckpointError(f"{path.name} is {program}.") from error
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.name} looks like {known.TITLE}, but its parts do not fit together.") from error


def _drop_unused(root: object) -> None:
    """Let go of what a training needs and a picture does not, before its networks are copied into ours.

    Beside an exponential average of the generator that is the generator itself (unless the average is a list without
    names, which needs the other's), and every optimiser's state.
    """
    if isinstance(root, dict):
        averaged = {key[0] for key in ("G_ema", "g_ema") if key in root and not isinstance(root[key], (list, tuple))}
        for key in [key for key in root if key in averaged or (isinstance(key, str) and OPTIMISER.search(key))]:
            del root[key]


def _check_finite(path: Path, model: Model) -> None:
    for name, tensor in model.family.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path.name} holds numbers that are not finite, in {name}.")


def _moved(model: Model, device: str) -> Model:
    if device == "cpu":
        return model
    model.family.to(device)
    classes = model.averages.classes
    model.averages = Averages(model.averages.everything.to(device), None if classes is None else classes.to(device))
    model.use(model.precision)
    return model


def describe(content: Content) -> str:
    """In words: what kind of file, and what lies at its root."""
    kinds = {"nvidia": "a pickle of NVIDIA's", "torch": "a torch file", "safetensors": "a safetensors file"}
    return f"{kinds.get(content.kind, 'a pickle')} with {_root(content.root)}"


def _root(root: object) -> str:
    if isinstance(root, dict) and root:
        heads = list(dict.fromkeys(_head(key) for key in root))
        more = f" and {len(heads) - 5} more" if len(heads) > 5 else ""
        return f"the keys {', '.join(heads[:5])}{more}"
    if isinstance(root, Persistent):
        return f"a {_shown(root.class_name)}"
    if isinstance(root, Inert):
        return f"a {_shown(root.name)}"
    return "nothing in it" if root is None or root == {} else f"a {type(root).__name__.lower()}"


def _head(key: object) -> str:
    """A key, of a tensor's name only where it begins: thousands of names have a few beginnings."""
    first, dot, _ = str(key).partition(".")
    return _shown(first) + (".…" if dot else "")


def _shown(text: object) -> str:
    """A name from the file, short and on one line."""
    short = str(text)[:20]
    return "".join(c if c.isprintable() else "?" for c in short)
