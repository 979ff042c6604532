"""A recipe as the query string of a link, both ways: another spelling of its JSON object, which `Recipe` checks.

    v=1&model=orchard&seed=12&class=peach&psi=0.7&move=pc1:1.5,pc2:-2&mix=77:peach:6&step=blur:radius=2.5&end=1a2b3c4d

Only fields that differ from their default are written. A link that we write starts with `v`, its format, and ends
with `end`, the CRC-32 of all that stands before it, so that one cut in half or altered on the way is recognised
instead of showing another picture. The checksum covers the decoded keys and values: a mail program or a browser may
percent-encode the link anew without breaking it. A link written by hand needs neither.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

import numpy as np

from postprocess import STEPS

from ..errors import RecipeError
from .fields import FIELDS, MAX_STEPS
from .kinds import shown
from .styles import Styles

FORMAT = "1"
MAX_QUERY = 8 * 1024  # characters; servers and browsers take at least this much
INCOMPLETE = "This link is incomplete: it was cut short or altered on its way."
FLAGS = {"yes": True, "no": False}
READABLE = ":,="  # legal within a query's values, so left as they are
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,40})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def to_query(recipe: Mapping[str, Any]) -> str:
    """A recipe's JSON object as a query string (without "?"), its ws as their short text; RecipeError if it is longer
    than a link may be."""
    pairs = [("v", FORMAT), *_to_pairs(recipe)]
    pairs.append(("end", checksum(pairs)))
    text = "&".join(f"{key}={quote(value, safe=READABLE)}" for key, value in pairs)
    if len(text) > MAX_QUERY:
        raise RecipeError("This recipe is too long for a link; save the picture, its file carries the recipe too.")
    return text


def from_query(text: str) -> dict[str, Any]:
    """A recipe's JSON object, yet to be checked, out of a query string with or without "?"; RecipeError with one
    sentence for any that is not in order.

    Keys that begin with two underscores belong to the page that shows us (its theme, for example) and are left out.
    """
    if len(text) > MAX_QUERY:
        raise RecipeError(f"This link is too long: {MAX_QUERY} characters are the most.")
    pairs = [pair for pair in _split(text.removeprefix("?")) if not pair[0].startswith("__")]
    keys = [key for key, _ in pairs]
    if "v" in keys or "end" in keys:
        if (keys[0], keys[-1]) != ("v", "end") or pairs[-1][1] != checksum(pairs[:-1]):
            raise RecipeError(INCOMPLETE)
        if pairs[0][1] != FORMAT:
            raise RecipeError("This link was made by a newer atelier, whose links this one cannot read.")
        pairs = pairs[1:-1]
    return _from_pairs(pairs)


def checksum(pairs: Iterable[tuple[str, str]]) -> str:
    """CRC-32 of decoded keys and values, in order, as 8 hexadecimal digits."""
    return format(zlib.crc32("\n".join(f"{key}={value}" for key, value in pairs).encode()), "08x")


def _split(text: str) -> list[tuple[str, str]]:
    """Decoded keys and values in order; RecipeError for bytes that are no text."""
    try:
        parts = [part.partition("=") for part in text.split("&") if part]
        return [(unquote_plus(key, errors="strict"), unquote_plus(value, errors="strict")) for key, _, value in parts]
    except UnicodeDecodeError:
        raise RecipeError(INCOMPLETE) from None


def _to_pairs(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for field in FIELDS:
        value = recipe.get(field.key, field.default)
        if value == field.default or value in ([], {}):
            continue
        if field.key == "latent":
            pairs.append(("latent", base64.urlsafe_b64encode(np.asarray(value, "<f4").tobytes()).decode().rstrip("=")))
        elif field.key == "moves":
            pairs.append(("move", ",".join(f"{name}:{_write(amount)}" for name, amount in value.items())))
        elif field.key == "mix":
            pairs.append(("mix", f"{value['seed']}:{value['class'] or ''}:{value['first']}"))
        elif field.key == "steps":
            pairs.extend(("step", _write_step(use)) for use in value)
        else:
            pairs.append((field.key, _write(value)))
    return pairs


def _from_pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    special = {"latent": "latent", "ws": "ws", "move": "moves", "mix": "mix", "step": "steps"}
    plain = {field.key for field in FIELDS} - set(special.values())
    obj: dict[str, Any] = {}
    steps: list[str] = []
    for key, value in pairs:
        if key == "step":
            steps.append(value)
            continue
        if key not in plain and key not in special:
            raise RecipeError(f"This link has an unknown part, {shown(key)}.")
        if special.get(key, key) in obj:
            raise RecipeError(f"This link gives {key} twice.")
        if key == "latent":
            obj["latent"] = _read_latent(value)
        elif key == "ws":
            obj["ws"] = Styles.from_text(value)
        elif key == "move":
            obj["moves"] = _read_moves(value)
        elif key == "mix":
            obj["mix"] = _read_mix(value)
        else:
            obj[key] = value if key in ("model", "version", "class", "centre") else _read(value)
    obj["steps"] = [_read_step(step) for step in steps[: MAX_STEPS + 1]]
    return obj


def _write(value: object) -> str:
    """A number in the fewest digits that read back as the same number, a flag, or a text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _read(text: str) -> int | float | str:
    """A number, or the text itself if it is none, for the field's check to refuse."""
    if not NUMBER.fullmatch(text):
        return text
    return float(text) if any(mark in text for mark in ".eE") else int(text)


def _read_latent(text: str) -> list[float]:
    """Little-endian float32 in URL-safe base64, 5⅓ characters a number."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return np.frombuffer(data, "<f4").tolist()
    except (binascii.Error, ValueError):
        raise RecipeError("The latent in this link is broken.") from None


def _read_moves(text: str) -> dict[str, int | float | str]:
    moves: dict[str, int | float | str] = {}
    for part in text.split(","):
        name, colon, amount = part.partition(":")
        if not colon:
            raise RecipeError(f"A link's moves must read like move=pc1:1.5,pc2:-2, not {shown(text)}.")
        if name in moves:
            raise RecipeError(f"This link moves along {shown(name)} twice.")
        moves[name] = _read(amount)
    return moves


def _read_mix(text: str) -> dict[str, Any]:
    seed, colon, rest = text.partition(":")
    label, second, first = rest.rpartition(":")  # a class may have colons of its own
    if not (colon and second):
        raise RecipeError(f"A link's mix must read like mix=77:peach:6 (seed, class, first layer), not {shown(text)}.")
    return {"seed": _read(seed), "class": label or None, "first": _read(first)}


def _write_step(use: Mapping[str, Any]) -> str:
    """`name:key=value,…` with what differs from the defaults."""
    parts = [] if use["on"] else ["on=no"]
    if use["where"] != "all":
        parts.append(f"where={use['where']}")
    for parameter in STEPS[use["name"]].parameters:
        value = use["parameters"][parameter.name]
        if value != parameter.default:
            parts.append(f"{parameter.name}={_write(value)}")
    return use["name"] + (":" + ",".join(parts) if parts else "")


def _read_step(text: str) -> dict[str, Any]:
    name, _, rest = text.partition(":")
    kinds = {p.name: p.kind for p in STEPS[name].parameters} if name in STEPS else {}
    step: dict[str, Any] = {"name": name}
    parameters: dict[str, Any] = {}
    for part in rest.split(",") if rest else []:
        key, sign, value = part.partition("=")
        if not sign:
            raise RecipeError(f"A link's steps must read like step=blur:radius=2.5,where=subject, not {shown(text)}.")
        target = step if key in ("on", "where") else parameters
        if key in target:
            raise RecipeError(f"This link gives {shown(key)} of the step {shown(name)} twice.")
        if key == "on" or kinds.get(key) == "flag":
            target[key] = FLAGS.get(value, value)
        else:
            target[key] = _read(value) if kinds.get(key) in ("number", "integer") else value
    return {**step, "parameters": parameters}
