"""JSON from strangers: read strictly, and never larger than a recipe can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import RecipeError

MAX_JSON = 512 * 1024  # characters of text, or of text within a parsed object; 18×512 styles take some 110 kB
MAX_NODES = 40 * 1024  # values in a parsed object: the most styles, and a few thousand others
TOO_LARGE = f"This recipe is too large: a recipe has at most {MAX_JSON >> 10} kB."


def parse_json(text: str) -> Any:
    """A JSON text of at most MAX_JSON characters as plain values; RecipeError for anything that is not strict JSON."""
    if len(text) > MAX_JSON:
        raise RecipeError(TOO_LARGE)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecipeError:
        raise
    except (ValueError, RecursionError):
        raise RecipeError("This recipe is broken: it is not readable as JSON.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise RecipeError("This recipe is broken: it gives the same key twice.")
    return out


def _no_constant(name: str) -> None:
    raise RecipeError(f"A recipe holds numbers only, not {name}.")


def check_size(obj: object) -> None:
    """RecipeError if a parsed object is larger than any recipe, or holds itself; walks without recursion."""
    nodes, characters = 0, 0
    waiting = [obj]
    while waiting:
        value = waiting.pop()
        nodes += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, Mapping):
            waiting.extend(part for pair in value.items() for part in pair)
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
        if nodes + len(waiting) > MAX_NODES or characters > MAX_JSON:
            raise RecipeError(TOO_LARGE)
