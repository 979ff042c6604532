"""Steps: what one is, how a function becomes one, how all of them are found."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from postprocess.arrays import Image, Mask
from postprocess.errors import PostprocessError
from postprocess.parameters import Parameter, Value
from postprocess.regions import Regions

Group = Literal["filter", "segmentation", "colour"]
Where = Literal["all", "subject", "background"]
GROUPS: tuple[Group, ...] = ("filter", "segmentation", "colour")
ANYWHERE: tuple[Where, ...] = ("all", "subject", "background")

# A picture, or with it the H×W opacity of a step that makes parts transparent.
Result = Image | tuple[Image, Mask]


@dataclass(frozen=True)
class Step:
    """One way to change a picture."""

    name: str
    title: str  # a plain word
    term: str  # the field's word for it
    group: Group
    order: int  # within the group
    summary: str  # one sentence
    parameters: tuple[Parameter, ...]
    where: tuple[Where, ...]  # which parts of a picture it may be confined to
    wants_regions: bool
    slow: bool  # more than 15 ms at 256²: too slow for every frame of a drag
    neutral: Mapping[str, Value] | None  # settings with which it leaves every picture as it was, if there are any
    function: Callable[..., Result] = field(repr=False)

    def validate(self, parameters: Mapping[str, object]) -> dict[str, Value]:
        """All parameters, in order, missing ones at their default; PostprocessError for an unknown or wrong one."""
        names = [parameter.name for parameter in self.parameters]
        for name in parameters:
            if name not in names:
                known = f"it has {', '.join(names)}" if names else "it has none"
                raise PostprocessError(f"{self.name} has no parameter {str(name)[:40]!r}; {known}.")
        return {p.name: p.validate(parameters.get(p.name, p.default), owner=self.name) for p in self.parameters}

    def run(self, image: Image, regions: Regions | None, parameters: Mapping[str, Value]) -> tuple[Image, Mask | None]:
        """Apply the step with complete, validated parameters: picture in [0, 1] and opacity, if it makes any."""
        extra: dict[str, Any] = {"regions": regions} if self.wants_regions else {}
        result = self.function(image, **extra, **parameters)
        picture, alpha = result if isinstance(result, tuple) else (result, None)
        return np.clip(picture, 0.0, 1.0, dtype=np.float32), alpha

    def schema(self) -> dict[str, Any]:
        """Everything a page or a program needs to offer this step, JSON-able."""
        return {
            "name": self.name,
            "title": self.title,
            "term": self.term,
            "group": self.group,
            "summary": self.summary,
            "slow": self.slow,
            "wants_regions": self.wants_regions,
            "where": list(self.where),
            "neutral": None if self.neutral is None else dict(self.neutral),
            "parameters": [parameter.schema() for parameter in self.parameters],
        }


def step(
    *parameters: Parameter,
    title: str,
    term: str,
    group: Group,
    order: int,
    summary: str,
    where: tuple[Where, ...] = ANYWHERE,
    slow: bool = False,
    neutral: Mapping[str, Value] | None = None,
) -> Callable[[Callable[..., Result]], Step]:
    """Make a step of a function `(image, [regions,] *, parameters…) -> image or (image, alpha)`.

    The function is given a picture it must not change and may leave [0, 1], which is clipped once afterwards.
    """

    def wrap(function: Callable[..., Result]) -> Step:
        signature = list(inspect.signature(function).parameters)
        wants_regions = "regions" in signature
        expected = ["image", *(["regions"] if wants_regions else []), *(parameter.name for parameter in parameters)]
        if signature != expected:
            raise TypeError(f"step {function.__name__} takes {signature}, but declares {expected}")
        return Step(
            name=function.__name__,
            title=title,
            term=term,
            group=group,
            order=order,
            summary=summary,
            parameters=parameters,
            where=where,
            wants_regions=wants_regions,
            slow=slow,
            neutral=None if neutral is None else MappingProxyType(dict(neutral)),
            function=function,
        )

    return wrap


def discover(package: str, path: Iterable[str]) -> Mapping[str, Step]:
    """Import every module in the folders `path` of `package` and return its steps in display order."""
    found: dict[str, Step] = {}
    for module in pkgutil.iter_modules(path):
        for value in vars(importlib.import_module(f"{package}.{module.name}")).values():
            if isinstance(value, Step):
                if value.name != module.name:
                    raise TypeError(f"the file {module.name}.py holds the step {value.name}: they must share a name")
                found[value.name] = value
    ordered = sorted(found.values(), key=lambda s: (GROUPS.index(s.group), s.order, s.name))
    return MappingProxyType({step.name: step for step in ordered})
