"""Names for the classes of a foreign model, which its file seldom says: from a text or JSON file that someone wrote.

Text has one name a line, with the class's number before it or without; JSON is a list of names, an object from each
class's number to its name (or to a list that ends in it, as ImageNet's index has) or from each name to its number, or a
configuration with such an object as id2label. A text that is a Python dictionary or list is read as that.
"""

from __future__ import annotations

import ast
import codecs
import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.errors import CheckpointError

SUFFIXES = (".txt", ".json")
MAX_BYTES = 1 << 20
MAX_LENGTH = 100  # characters of a name: what a recipe holds
LABELS = "id2label"  # of a configuration on the Hugging Face hub
_NUMBERED = re.compile(r"(\d{1,6})\s*[:.,;)=\s-]\s*(\S.*)")


def read_class_names(path: Path, count: int) -> tuple[str, ...]:
    """The `count` names in a file, in the order of the classes' numbers.

    CheckpointError, one sentence: no such file, neither text nor JSON, too large, another count, a name that is empty,
    long, not printable, or given twice.
    """
    if not count:
        raise CheckpointError(f"The model has no classes that {path.name} could name.")
    names = _read(path, count)
    if len(names) != count:
        few = f"{len(names)} class{'' if len(names) == 1 else 'es'}"
        raise CheckpointError(f"{path.name} names {few}, but the model has {count}: it wants one name a line.")
    places: dict[str, int] = {}
    for number, given in enumerate(names):
        name = _clean(given) if isinstance(given, str) else ""
        if not 1 <= len(name) <= MAX_LENGTH or not name.isprintable():
            raise CheckpointError(
                f"The name of class {number} in {path.name} is not a text of 1 to {MAX_LENGTH} printable characters."
            )
        if name in places:
            raise CheckpointError(f"{path.name} calls the classes {places[name]} and {number} both {name!r}.")
        places[name] = number
    return tuple(places)


def _read(path: Path, count: int) -> Sequence[Any]:
    """What should be the names, in order."""
    if path.suffix.lower() not in SUFFIXES:
        raise CheckpointError(f"{path.name} is no file of class names: those end in {', '.join(SUFFIXES)}.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror or 'no file'}).") from None
    if len(data) > MAX_BYTES:
        raise CheckpointError(f"{path.name} is larger than any list of class names ({MAX_BYTES >> 20} MB).")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")  # editors of Windows begin with a mark
    except UnicodeDecodeError:
        raise CheckpointError(f"{path.name} is no text in UTF-8: save it anew as that.") from None
    if path.suffix.lower() == ".txt":
        return _from_text(path, text, count)
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path.name} is not readable as JSON.") from None
    return _from_value(path, value)


def _from_text(path: Path, text: str, count: int) -> Sequence[Any]:
    if text.strip()[:1] in ("{", "["):
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            value = None
        if isinstance(value, (dict, list)):
            return _from_value(path, value)
    lines = [line for line in map(_clean, text.splitlines()) if line]
    if len(lines) != count:  # remarks between the names; a name may well begin so
        lines = [line for line in lines if not line.startswith("#")]
    found = [_NUMBERED.fullmatch(line) for line in lines]
    numbered = {int(match[1]): match[2] for match in found if match}
    for first in (0, 1):
        if len(lines) > 1 and sorted(numbered) == list(range(first, first + len(lines))):
            return [numbered[number] for number in sorted(numbered)]
    return lines


def _from_value(path: Path, value: Any) -> Sequence[Any]:
    if isinstance(value, dict) and isinstance(value.get(LABELS), dict):
        value = value[LABELS]
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise CheckpointError(f"{path.name} holds neither a list of names nor an object from numbers to names.")
    numbers = list(range(len(value)))
    if all(type(number) is int for number in value.values()) and sorted(value.values()) == numbers:
        value = {number: name for name, number in value.items()}
    named = {str(number): name[-1] if isinstance(name, list) and name else name for number, name in value.items()}
    if set(named) != set(map(str, numbers)):
        raise CheckpointError(f"{path.name} does not give a name to each class's number, from 0 on.")
    return [named[str(number)] for number in numbers]


def _clean(name: str) -> str:
    """Without what nobody sees at either end: blanks, marks of order and of direction, and the like."""
    start, end = 0, len(name)
    while start < end and _unseen(name[start]):
        start += 1
    while end > start and _unseen(name[end - 1]):
        end -= 1
    return name[start:end]


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same key twice")
    return dict(pairs)
