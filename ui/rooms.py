"""Modules that are found by lying in a folder: tabs, lessons."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any


def constants(package: str, path: Iterable[str], name: str) -> list[Any]:
    """The constant of that name of every module in a package that has one, by its `order`.

    `package`: its dotted name; `path`: its `__path__`.
    """
    modules = [importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path)]
    return sorted((getattr(module, name) for module in modules if hasattr(module, name)), key=lambda each: each.order)
