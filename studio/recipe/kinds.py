"""The kinds of field that a recipe has, and what each may hold: type and range, checked here and described from here.

Each kind of field is a small frozen class with `.validate(value)`, which returns the value in its plain Python form
or raises RecipeError with one sentence, and `.describe()`, which the page and the API build their controls and their
documentation from. Nothing is clamped. JSON does not tell 5.0 from 5, so whole floats pass where a whole number is
wanted; booleans and NaN never pass as numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from ..errors import RecipeError

SHOWN = 40  # characters of a refused value that a message quotes


def shown(value: object) -> str:
    """A refused value as a message quotes it: short whatever it is, and never walking into nested values."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[:SHOWN] + "…")
    if isinstance(value, Integral):
        return str(value) if abs(int(value)) < 10**18 else "a number that large"
    if isinstance(value, Real):
        return format(float(value), ".6g")
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True)
class Field:
    """One field: `key` in JSON and links, `name` in Python, a plain `title`, the field's `term`, one `summary`."""

    name: str
    title: str
    term: str
    summary: str
    default: Any = None
    optional: bool = False  # None is allowed, and means what the summary says
    key: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.name)

    def validate(self, value: Any) -> Any:
        """The value in its plain form, or RecipeError."""
        return None if value is None and self.optional else self.check(value)

    def check(self, value: Any) -> Any:
        """`validate` without the case of None."""
        raise NotImplementedError

    def refuse(self, wanted: str, value: object) -> RecipeError:
        """The error that says what is wanted and what came."""
        what = self.title if self.title.lower() == self.key else f"{self.title} ({self.key})"
        came = "it was left empty" if value is None or value == "" else f"not {shown(value)}"
        return RecipeError(f"{what} must be {wanted}{';' if came.startswith('it') else ','} {came}.")

    def describe(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "key": self.key,
            "title": self.title,
            "term": self.term,
            "summary": self.summary,
            "default": self.default,
            "optional": self.optional,
            **self.limits(),
        }

    def limits(self) -> dict[str, Any]:
        """The kind of value and its range, JSON-able."""
        raise NotImplementedError


@dataclass(frozen=True)
class Number(Field):
    """A finite float from `minimum` to `maximum`; `step` is the finest move that a slider should make."""

    minimum: float = 0.0
    maximum: float = 1.0
    step: float = 0.01

    def check(self, value: Any) -> float:
        wanted = f"a number from {self.minimum:g} to {self.maximum:g}"
        if not _is_number(value) or not self.minimum <= value <= self.maximum:  # false for NaN as well
            raise self.refuse(wanted, value)
        return float(value) + 0.0  # −0.0 becomes 0.0: equal recipes must read the same

    def limits(self) -> dict[str, Any]:
        return {"kind": "number", "minimum": self.minimum, "maximum": self.maximum, "step": self.step}


@dataclass(frozen=True)
class Whole(Field):
    """An int from `minimum` to `maximum`; 5.0 is 5, 5.5 is refused."""

    minimum: int = 0
    maximum: int = 1

    def check(self, value: Any) -> int:
        wanted = f"a whole number from {self.minimum} to {self.maximum}"
        if not _is_number(value) or not self.minimum <= value <= self.maximum or value != math.floor(value):
            raise self.refuse(wanted, value)
        return int(value)

    def limits(self) -> dict[str, Any]:
        return {"kind": "integer", "minimum": self.minimum, "maximum": self.maximum, "step": 1}


@dataclass(frozen=True)
class Choice(Field):
    """One of a few words."""

    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self.refuse("one of " + ", ".join(self.choices), value)
        return value

    def limits(self) -> dict[str, Any]:
        return {"kind": "choice", "choices": list(self.choices)}


@dataclass(frozen=True)
class Name(Field):
    """A short printable text that `pattern` matches as a whole; whether it exists is the model's to say."""

    pattern: str = r".{1,100}"

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(self.pattern, value):
            raise self.refuse("a short name", value)
        return value

    def limits(self) -> dict[str, Any]:
        return {"kind": "name"}
