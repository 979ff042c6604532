"""Names for the classes of a foreign model, which its file seldom says: from a text or JSON file that someone wrote.

Text has one name a line; JSON is a list of names, or an object from each class's number to its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.errors import CheckpointError

SUFFIXES = (".txt", ".json")
MAX_BYTES = 1 << 20
MAX_LENGTH = 100  # characters of a name: what a recipe holds


def read_class_names(path: Path, count: int) -> tuple[str, ...]:
    """The `count` names in a file, in the order of the classes' numbers.

    CheckpointError, one sentence: no such file, neither text nor JSON, too large, another count, a name that is empty,
    long, not printable, or given twice.
    """
    if not count:
        raise CheckpointError(f"The model has no classes that {path.name} could name.")
    names = _read(path)
    if len(names) != count:
        raise CheckpointError(f"{path.name} names {len(names)} classes, but the model has {count}.")
    places: dict[str, int] = {}
    for number, given in enumerate(names):
        name = given.strip() if isinstance(given, str) else ""
        if not 1 <= len(name) <= MAX_LENGTH or not name.isprintable():
            raise CheckpointError(
                f"The name of class {number} in {path.name} is not a text of 1 to {MAX_LENGTH} printable characters."
            )
        if name in places:
            raise CheckpointError(f"{path.name} calls the classes {places[name]} and {number} both {name!r}.")
        places[name] = number
    return tuple(places)


def _read(path: Path) -> Sequence[Any]:
    """What should be the names, in order."""
    if path.suffix.lower() not in SUFFIXES:
        raise CheckpointError(f"{path.name} is no file of class names: those end in {', '.join(SUFFIXES)}.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")  # editors of Windows begin with a mark
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror or 'no file'}).") from None
    except UnicodeDecodeError:
        raise CheckpointError(f"{path.name} is no text in UTF-8.") from None
    if len(data) > MAX_BYTES:
        raise CheckpointError(f"{path.name} is larger than any list of class names ({MAX_BYTES >> 20} MB).")
    if path.suffix.lower() == ".txt":
        return text.rstrip().splitlines()
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path.name} is not readable as JSON.") from None
    if isinstance(value, dict):
        numbers = [str(i) for i in range(len(value))]
        if set(value) != set(numbers):
            raise CheckpointError(f"{path.name} does not give a name to each class's number, from 0 on.")
        return [value[number] for number in numbers]
    if not isinstance(value, list):
        raise CheckpointError(f"{path.name} holds neither a list of names nor an object from numbers to names.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same key twice")
    return dict(pairs)
