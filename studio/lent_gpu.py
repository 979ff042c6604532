"""A GPU that is lent for the length of a call, as Hugging Face's ZeroGPU lends one; elsewhere everything is as it is.

There the package `spaces` runs what it decorates in another process, with a GPU, and sends arguments and results
between the two. So what is lent out takes paths and recipes and gives arrays: it opens the model over there, by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import torch

from generator import GeneratorError, Model, open_checkpoint

from .errors import StudioError

SECONDS = 60  # that one call may keep the GPU
F = TypeVar("F", bound=Callable[..., object])

_there: dict[Path, Model] = {}  # what was opened in the other process


def is_lent() -> bool:
    """Whether this program runs where a GPU is lent."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lent(function: F) -> F:
    """The function with ZeroGPU's decorator, where GPUs are lent; anywhere else the function itself.

    For functions of a module, decorated when that is imported; arguments and results must be picklable.
    """
    if not is_lent():
        return function
    decorated: F = import_module("spaces").GPU(duration=SECONDS)(function)
    return decorated


def model_there(path: Path) -> Model:
    """The model of a checkpoint's folder on the GPU that is lent, in float32; StudioError if it cannot be opened.

    The one opened last is kept: who looks at a heavy model asks for many of its pictures.
    """
    if path not in _there:
        try:
            model = open_checkpoint(path, precision="fp32", device="cuda" if torch.cuda.is_available() else "cpu")
        except GeneratorError as error:
            raise StudioError(f"The model {path.name} cannot be opened: {error}") from None
        _there.clear()
        _there[path] = model
    return _there[path]
