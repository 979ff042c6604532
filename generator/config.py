"""What a network is made of: small frozen dataclasses that travel inside every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from .errors import CheckpointError

RESOLUTIONS = (32, 64, 128, 256, 512, 1024)
_C = TypeVar("_C", bound="Config")


@dataclass(frozen=True)
class Config:
    """Shared behaviour: both ways to a plain dict, with every field checked."""

    def to_dict(self) -> dict[str, Any]:
        """All fields as a JSON-able dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls: type[_C], values: object) -> _C:
        """The configuration in `values`; CheckpointError if a field is unknown, missing, mistyped or out of range."""
        if not isinstance(values, dict):
            raise CheckpointError(f"{cls.__name__} must be a JSON object.")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise CheckpointError(f"{cls.__name__} has an unknown field {unknown[0]!r}.")
        try:
            return cls(**values)
        except TypeError as error:
            raise CheckpointError(f"{cls.__name__} is incomplete: {error}.") from None

    def require(self, name: str, low: int, high: int) -> None:
        """Raise CheckpointError unless the field is a whole number in this range."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CheckpointError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")

    def require_choice(self, name: str, choices: tuple[Any, ...]) -> None:
        """Raise CheckpointError unless the field is one of these."""
        value = getattr(self, name)
        if type(value) is not type(choices[0]) or value not in choices:
            raise CheckpointError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}.")

    def require_number(self, name: str, low: float, high: float) -> None:
        """Raise CheckpointError unless the field is a number in this range."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise CheckpointError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}.")

    def require_widths(self, name: str, count: int) -> None:
        """Raise CheckpointError unless the field is empty or has one width for each of `count` resolutions."""
        value = getattr(self, name)
        whole = isinstance(value, (list, tuple)) and all(type(width) is int for width in value)
        if not whole or not all(1 <= width <= 8192 for width in value):
            raise CheckpointError(f"{name} must be a list of whole numbers from 1 to 8192, not {value!r}.")
        if value and len(value) != count:
            raise CheckpointError(f"{name} must be {count} numbers, one a resolution, not {len(value)}.")
        object.__setattr__(self, name, tuple(value))  # JSON has lists only
