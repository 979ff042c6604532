"""A chain of steps, as a recipe holds it, and what it does to a picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL.Image import Resampling

from postprocess.arrays import Image, Mask, check_image, resample
from postprocess.colour import mix
from postprocess.errors import PostprocessError
from postprocess.parameters import Value, describe
from postprocess.regions import Regions
from postprocess.registry import Step
from postprocess.steps import STEPS


class Settings(Mapping[str, Value]):
    """A mapping that cannot be changed, so that a use, and the recipe around it, can be hashed and shared."""

    def __init__(self, values: Mapping[str, Value] | Iterable[tuple[str, Value]] = ()) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass(frozen=True)
class StepUse:
    """A step in a chain: which, switched on or off, on which part of the picture, with which parameters."""

    name: str
    on: bool = True
    where: str = "all"  # "all" | "subject" | "background"
    parameters: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if isinstance(self.parameters, Mapping) and not isinstance(self.parameters, Settings):
            object.__setattr__(self, "parameters", Settings(self.parameters))

    @property
    def step(self) -> Step:
        """The step of this name; PostprocessError if there is none."""
        if not isinstance(self.name, str) or self.name not in STEPS:
            raise PostprocessError(f"There is no step {describe(self.name)}; there are {', '.join(STEPS)}.")
        return STEPS[self.name]

    def validated(self) -> StepUse:
        """The same use with every parameter there and in canonical form; PostprocessError if anything is wrong."""
        step = self.step
        if not isinstance(self.on, bool):
            raise PostprocessError(f"{self.name}: on must be true or false, not {describe(self.on)}.")
        if self.where not in step.where:
            if step.where == ("all",):
                raise PostprocessError(f'{self.name} works on the whole picture only: where must be "all".')
            raise PostprocessError(
                f"{self.name}: where must be one of {', '.join(step.where)}, not {describe(self.where)}."
            )
        if not isinstance(self.parameters, Mapping):
            raise PostprocessError(
                f"{self.name}: parameters must be an object of names and values, not {describe(self.parameters)}."
            )
        return StepUse(self.name, self.on, self.where, Settings(step.validate(self.parameters)))

    def to_json(self) -> dict[str, Any]:
        """All four fields as JSON-able values."""
        return {"name": self.name, "on": self.on, "where": self.where, "parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, obj: object) -> StepUse:
        """A validated use from a JSON object; only `name` must be there. PostprocessError if anything is wrong."""
        if not isinstance(obj, Mapping):
            raise PostprocessError(f"A step must be an object with a name, not {describe(obj)}.")
        for key in obj:
            if key not in ("name", "on", "where", "parameters"):
                raise PostprocessError(f"A step has no field {describe(key)}; it has name, on, where and parameters.")
        if "name" not in obj:
            raise PostprocessError("A step must have a name.")
        return cls(**obj).validated()


@dataclass(frozen=True, eq=False)
class Stage:
    """The picture after one step."""

    name: str
    image: Image  # H×W×3 in [0, 1]
    alpha: Mask | None  # H×W in [0, 1]: opacity; None is opaque. The picture is not yet composited over anything.
    seconds: float  # that the step took, finding regions not counted


def apply(image: Image, uses: Iterable[StepUse], regions: Callable[[], Regions]) -> list[Stage]:
    """Run the switched-on uses in order on an H×W×3 picture in [0, 1], which is left as it is.

    `regions` gives the regions of `image`; it is called at most once, and only if a step or a `where` asks. Regions
    and opacity follow the picture to its new size. Raises PostprocessError before any work if a use or the picture
    is wrong, or, from a step, if it cannot do what is asked.
    """
    check_image(image)
    chain = [use.validated() for use in uses]
    stages: list[Stage] = []
    alpha: Mask | None = None
    found: Regions | None = None
    for use in chain:
        if not use.on:
            continue
        step = use.step
        if found is None and (step.wants_regions or use.where != "all"):
            found = regions()
        start = time.perf_counter()
        here = found.resized(*image.shape[:2]) if found is not None else None
        after, opacity = step.run(image, here, use.parameters)
        if use.where != "all" and here is not None:
            share = here.subject if use.where == "subject" else 1 - here.subject
            after = np.clip(mix(image, after, share[..., None]), 0.0, 1.0)
        if opacity is not None:
            alpha = opacity if alpha is None else alpha * opacity
        image = after
        height, width = image.shape[:2]
        if alpha is not None and alpha.shape != (height, width):
            alpha = np.clip(resample(alpha, height, width, Resampling.LANCZOS), 0.0, 1.0)
        stages.append(Stage(use.name, image, alpha, time.perf_counter() - start))
    return stages


def schema() -> list[dict[str, Any]]:
    """All steps with their parameters, JSON-able, in display order."""
    return [step.schema() for step in STEPS.values()]
