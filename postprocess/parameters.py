"""Typed parameters of steps: what a value may be, said once, for the check, the page and the API alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from postprocess.errors import PostprocessError
from postprocess.profiles import check_profile

Kind = Literal["number", "integer", "choice", "colour", "flag", "profile"]
Value = float | int | str | bool

_HEX_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One setting of a step; what does not concern its kind is None or empty."""

    name: str
    title: str  # a plain word for the page
    kind: Kind
    default: Value
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None  # of a slider; values between its stops are as good
    unit: str = ""
    choices: tuple[str, ...] = ()

    def validate(self, value: object, owner: str = "") -> Value:
        """Return `value` in its one canonical form, or raise PostprocessError naming `owner`, parameter and range.

        Numbers become float; integers may come as 3.0, since JSON knows one kind of number; colours become lower case.
        Nothing is converted from text and nothing clamped.
        """
        result = getattr(self, f"_{self.kind}")(value)
        if result is None:
            subject = f"{owner}: {self.name}" if owner else self.name
            raise PostprocessError(f"{subject} must be {self.wanted()}, not {describe(value)}.")
        return result

    def wanted(self) -> str:
        """What the value must be, in words."""
        unit = f" {self.unit}" if self.unit else ""
        return {
            "number": f"a number from {self.minimum} to {self.maximum}{unit}",
            "integer": f"a whole number from {self.minimum} to {self.maximum}{unit}",
            "choice": f"one of {', '.join(self.choices)}",
            "colour": 'a colour such as "#d98c3f"',
            "flag": "true or false",
            "profile": 'empty or a text made by "profile"',
        }[self.kind]

    def schema(self) -> dict[str, Any]:
        """Everything a page needs to draw the control, JSON-able."""
        return {**self.__dict__, "choices": list(self.choices)}

    # One method a kind: the canonical value, or None if there is none.

    def _number(self, value: object) -> float | None:
        # NaN fails every comparison; comparing before converting spares integers too large for a float.
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value) if self._in_range(value) else None

    def _integer(self, value: object) -> int | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self._in_range(value):
            return None
        return int(value) if value == int(value) else None

    def _in_range(self, value: float) -> bool:
        assert self.minimum is not None and self.maximum is not None
        return self.minimum <= value <= self.maximum

    def _choice(self, value: object) -> str | None:
        return value if isinstance(value, str) and value in self.choices else None

    def _colour(self, value: object) -> str | None:
        return value.lower() if isinstance(value, str) and _HEX_COLOUR.fullmatch(value) else None

    def _flag(self, value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    def _profile(self, value: object) -> str | None:
        return value if isinstance(value, str) and check_profile(value) else None


def describe(value: object) -> str:
    """A value for an error message: short, whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a number beyond measure"
    if isinstance(value, (list, tuple, dict, set)):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


def number(
    name: str, title: str, default: float, minimum: float, maximum: float, step: float, unit: str = ""
) -> Parameter:
    """A number in [minimum, maximum]."""
    return Parameter(name, title, "number", float(default), float(minimum), float(maximum), float(step), unit)


def integer(name: str, title: str, default: int, minimum: int, maximum: int, unit: str = "") -> Parameter:
    """A whole number in [minimum, maximum]."""
    return Parameter(name, title, "integer", default, minimum, maximum, 1, unit)


def choice(name: str, title: str, default: str, choices: tuple[str, ...], unit: str = "") -> Parameter:
    """One of a few words."""
    return Parameter(name, title, "choice", default, unit=unit, choices=choices)


def colour(name: str, title: str, default: str) -> Parameter:
    """An sRGB colour, `#rrggbb`."""
    return Parameter(name, title, "colour", default)


def flag(name: str, title: str, default: bool) -> Parameter:
    """Yes or no."""
    return Parameter(name, title, "flag", default)


def profile_text(name: str, title: str) -> Parameter:
    """A picture's colour statistics as `profile` writes them; empty, the default, stands for none."""
    return Parameter(name, title, "profile", "")
