"""A recipe as the query string of a link, both ways: another spelling of its JSON object, which `Recipe` checks.

    v=1&model=orchard&seed=12&class=peach&psi=0.7&move=pc1:1.5,pc2:-2&mix=77:peach:6&step=blur:radius=2.5&end=1a2b3c4d

Only fields that differ from their default are written. A link that we write starts with `v`, its format, and ends
with `end`, the CRC-32 of all that stands between, so that one cut in half or altered on the way is recognised instead
of showing another picture. The checksum covers the decoded keys and values: a mail program or a browser may
percent-encode the link anew without breaking it. A link written by hand needs neither.

Links come as messengers leave them. Keys that are no recipe's (`fbclid`, `utm_source`, Gradio's `__theme`) are others'
business: left out here, and `foreign` gives them back for the address. What is known to happen on the way is mended:
`&amp;` for &, punctuation or a tag stuck to the end, line breaks and invisible characters, quoted-printable (`=3D`),
the whole of it percent-encoded some times more, a value of somebody else's link, dashes for minus signs, letters whose
accents stand apart, the link pasted twice. What was really cut is said, with what could be read of it (`CutLinkError`).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote, unquote_plus

import numpy as np

from postprocess import STEPS

from ..errors import CutLinkError, RecipeError
from .fields import FIELDS, MAX_LAYERS, MAX_STEPS
from .kinds import shown
from .styles import Styles

T = TypeVar("T")

FORMAT = "1"
MAX_QUERY = 8 * 1024  # characters; servers and browsers take at least this much
MAX_ADDRESS = 64 * 1024  # with what others have added
INCOMPLETE = "This link is incomplete: it was cut short or altered on its way."
NEWER = "This link was made by a newer atelier, whose links this one cannot read."
FLAGS = {"yes": True, "no": False}
READABLE = ":,="  # legal within a query's values, so left as they are
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,40})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
SPECIAL = {
    "latent": "latent",
    "ws": "ws",
    "move": "moves",
    "mix": "mix",
    "step": "steps",
    "layer": "layers",
}  # key in a link: in JSON
PLAIN = {field.key for field in FIELDS} - set(SPECIAL.values())
KEYS = {*PLAIN, *SPECIAL, "v", "end"}
SUM = re.compile(r"([0-9a-f]{8})(?:(?:[^0-9a-z]|https?:).*)?", re.I | re.DOTALL)  # with what follows, the link again
DASHES = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")  # what writing programs make of a minus
INVISIBLE = re.compile("[\r\n\t\u00ad\u200b-\u200f\u2060\ufeff]|%0[AD9]|%C2%AD|%E2%80%8[B-F]|%E2%81%A0|%EF%BB%BF", re.I)
AMPERSAND = re.compile(r"(?:&|\\u0026)(?:amp;|#0*38;|#x0*26;)*", re.I)
ENTITY = re.compile(
    r"(?:[a-z]{2,8}|#\d{1,5}|#x[0-9a-f]{1,4});.*", re.I | re.DOTALL
)  # what is left of &quot; and the like
SOFT = re.compile(r"=(?:\r?\n|%0D%0A|%0A)", re.I)  # where quoted-printable broke a line
LEADING = re.compile(r"\s*&(?:%20|[+\s])+|\s+&")  # blanks beside an &, with which no key begins
APART = re.compile(r"(?:%20|[+\s])+&")
MOST_WRAPPED = 4  # times that a link was encoded anew, or put into another
# What ends up behind a link in a sentence: punctuation, quotation marks, as they stand or percent-encoded.
STUCK = re.compile(
    r"""([.,;:!?…*_~|'"`´‘’“”„‹›«»]|%2[127AC]|%3[ABF]|%C2%(AB|B4|BB)|%E2%80%(9[89CDE]|A6|B9|BA))+$""", re.I
)
BEYOND = re.compile(r"(?:[+\s]|%20)*(?:[^\x00-\x7f]|%[89A-F][0-9A-F])+$", re.I)  # text without blanks, emoji
CLOSING = re.compile(r"([)\]}>]|%29|%5D|%7D|%3E)$", re.I)
OPENING = {")": "(", "]": "[", "}": "{", ">": "<"}


class _Part(NamedTuple):
    """One part of a query string between two &: as it stands, and decoded (`value` None: it is no text)."""

    raw: str
    key: str
    value: str | None


def to_query(recipe: Mapping[str, Any]) -> str:
    """A recipe's JSON object as a query string (without "?"), its ws as their short text; RecipeError if it is longer
    than a link may be."""
    pairs = [("v", FORMAT), *_to_pairs(recipe)]
    pairs.append(("end", checksum(pairs)))
    text = "&".join(f"{key}={quote(value, safe=READABLE)}" for key, value in pairs)
    if len(text) > MAX_QUERY:
        raise RecipeError("This recipe is too long for a link; save the picture, its file carries the recipe too.")
    return text


def from_query(text: str, build: Callable[[dict[str, Any]], T]) -> T:
    """What `build` makes of the JSON object in a query string, with or without "?"; of {} where it holds no recipe.

    RecipeError with one sentence for what is not in order; CutLinkError for a link that was cut or altered, with what
    `build` makes of the rest.
    """
    if len(text) > MAX_ADDRESS:
        raise RecipeError(f"This address is too long: {MAX_ADDRESS >> 10} kB are the most.")
    first: RecipeError | None = None
    for candidate in _mended(text):
        try:
            return build(_read_whole(candidate))
        except RecipeError as error:
            first = first or error
    assert first is not None  # there is at least one candidate
    if isinstance(first, CutLinkError):
        first.rest = _build_rest(_own(_clean(text)), build)
    raise first


def foreign(text: str) -> str:
    """The parts of a query string that are no recipe's, as they stand."""
    if len(text) > MAX_ADDRESS:
        return ""
    own = _own(text := _clean(text))
    return "&".join(part.raw for part in _split(text) if part not in own and not ENTITY.fullmatch(part.raw))


def _mended(text: str) -> Iterator[str]:
    """The text as it may have been meant, the likeliest first."""
    raw, text = text, _clean(text)
    yield _without_stuck(text)
    yield text
    if "=3D" in text:
        yield quopri.decodestring(text.encode(errors="replace")).decode(errors="replace")
    if SOFT.search(raw):
        yield _without_stuck(_clean(SOFT.sub("", raw)))
    for other in (APART.sub("&", text), text.replace(";", "&"), _tidy(unquote(text))):
        if other != text:
            yield _without_stuck(other)
    if not unquote(text).isascii():
        plain = _respelled(_without_stuck(text), lambda value: unicodedata.normalize("NFC", value))
        yield plain
        yield _respelled(plain, lambda value: DASHES.sub("-", value))
        yield _without_stuck(_at_the_last(text, lambda part: BEYOND.sub("", _without_punctuation(part))))


def _respelled(text: str, spell: Callable[[str], str]) -> str:
    """A query string with its values spelt anew."""
    parts = _split(text)
    return "&".join(
        part.raw
        if part.value is None
        else f"{quote(part.key, errors='replace')}={quote(spell(part.value), READABLE, errors='replace')}"
        for part in parts
    )


def _clean(text: str) -> str:
    """The text without what cannot be meant, and out of what it was wrapped in."""
    text = first = _tidy(text)
    for _ in range(MOST_WRAPPED):
        if _own(text):
            return text
        again = _unwrapped(text) or _tidy(unquote(text))
        if again == text:
            break
        text = again
    parted = first.replace(";", "&")
    return text if _own(text) else parted if _own(parted) else first


def _tidy(text: str) -> str:
    return LEADING.sub("&", AMPERSAND.sub("&", INVISIBLE.sub("", text.strip()).lstrip("?")))


def _unwrapped(text: str) -> str | None:
    """The query of the whole address that a link of somebody's carries as a value, such as `url=` or `q=`, with what
    else it carries; None if there is none."""
    parts = _split(text)
    for part in parts:
        inner = _tidy((part.value or "").partition("?")[2])
        if _own(inner):
            return "&".join([inner, *(other.raw for other in parts if other is not part)])
    return None


def _without_stuck(text: str) -> str:
    """A link by hand ends where its sentence goes on: without punctuation, or a bracket that it did not open itself."""
    return _at_the_last(text, _without_punctuation)


def _at_the_last(text: str, change: Callable[[str], str]) -> str:
    """The text with a change at its last part that is a recipe's: what others add comes behind what is stuck."""
    parts = text.split("&")
    own = [i for i, part in enumerate(parts) if part.partition("=")[0] in KEYS]
    if own:
        parts[own[-1]] = change(parts[own[-1]])
    return "&".join(parts)


def _without_punctuation(last: str) -> str:
    while True:
        shorter = STUCK.sub("", last)
        if found := CLOSING.search(shorter):
            bracket, plain = unquote(found[0]), unquote(shorter)
            if plain.count(bracket) > plain.count(OPENING[bracket]):
                shorter = shorter[: found.start()]
        if shorter == last:
            return last
        last = shorter


def _split(text: str) -> list[_Part]:
    found = []
    for raw in filter(None, text.split("&")):
        key, _, value = raw.partition("=")
        try:
            errors = "replace" if key == "end" else "strict"  # behind the sum anything may be stuck
            found.append(_Part(raw, unquote_plus(key), unquote_plus(value, errors=errors)))
        except UnicodeDecodeError:
            found.append(_Part(raw, unquote_plus(key), None))
    return found


def _own(text: str) -> list[_Part]:
    """The parts that are a recipe's: all from `v` to `end` with known keys, or where those are missing, all of them."""
    return [part for part in _signed(text) if part.key in KEYS]


def _signed(text: str) -> list[_Part]:
    """The parts from `v` to `end`, or all where those are missing; none where there is nothing of a recipe."""
    parts = _split(text)
    own = [part for part in parts if part.key in KEYS]
    signs = [part.value == FORMAT if part.key == "v" else SUM.fullmatch(part.value or "") for part in own]
    if {part.key for part in own} <= {"v", "end"} and not any(signs):
        return []  # somebody else's of these names: they do not look like ours, and nothing of a recipe is beside them
    keys = [part.key for part in parts]
    start = keys.index("v") if "v" in keys else 0
    return parts[start : keys.index("end", start) + 1] if "end" in keys[start:] else parts[start:]


def _read_whole(text: str) -> dict[str, Any]:
    """The JSON object of a query string; RecipeError, CutLinkError."""
    parts = _own(text)
    if any(part.value is None for part in parts):
        raise CutLinkError(INCOMPLETE)
    if sum(len(part.raw) + 1 for part in parts) > MAX_QUERY + 1:
        raise RecipeError(f"This link is too long: {MAX_QUERY} characters are the most.")
    pairs = _pairs(parts)
    keys = [key for key, _ in pairs]
    if "v" in keys or "end" in keys:
        told = SUM.fullmatch(pairs[-1][1])
        if (keys[0], keys[-1]) != ("v", "end") or told is None:
            raise CutLinkError(INCOMPLETE)
        if told[1].lower() != checksum(pairs[:-1]):
            if told[1].lower() == checksum(_pairs(_signed(text))[:-1]):  # with keys that only a newer atelier knows
                raise RecipeError(NEWER)
            raise CutLinkError(INCOMPLETE)
        if pairs[0][1] != FORMAT:
            raise RecipeError(NEWER)
        pairs = pairs[1:-1]
    return _from_pairs(pairs)


def _pairs(parts: Iterable[_Part]) -> list[tuple[str, str]]:
    return [(part.key, part.value or "") for part in parts]


def _build_rest(parts: list[_Part], build: Callable[[dict[str, Any]], T]) -> T | None:
    """What can be made of the parts of a broken link, each alone in order; None if nothing. The last is not believed if
    the end is missing: 12 may be what was left of 1234."""
    if parts and parts[-1].key != "end":
        parts = parts[:-1]
    pairs: list[tuple[str, str]] = []
    for part in parts:
        try:
            if part.key not in ("v", "end") and part.value is not None:
                build(_from_pairs([*pairs, (part.key, part.value)]))
                pairs.append((part.key, part.value))
        except RecipeError:
            continue
    return build(_from_pairs(pairs)) if pairs else None


def checksum(pairs: Iterable[tuple[str, str]]) -> str:
    """CRC-32 of decoded keys and values, in order, as 8 hexadecimal digits."""
    return format(zlib.crc32("\n".join(f"{key}={value}" for key, value in pairs).encode(errors="replace")), "08x")


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
        elif field.key == "layers":
            for use in value:
                parts = [f"{key}={_write(number)}" for key, number in use.items() if key != "layer"]
                pairs.append(("layer", f"{use['layer']}:{','.join(parts)}"))
        elif field.key == "steps":
            pairs.extend(("step", _write_step(use)) for use in value)
        else:
            pairs.append((field.key, _write(value)))
    return pairs


def _from_pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    obj: dict[str, Any] = {}
    steps: list[str] = []
    layers: list[str] = []
    for key, value in pairs:
        if key in ("step", "layer"):
            (steps if key == "step" else layers).append(value)
            continue
        if SPECIAL.get(key, key) in obj:
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
    if layers:
        obj["layers"] = [_read_layer(layer) for layer in layers[: MAX_LAYERS + 1]]
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


def _read_layer(text: str) -> dict[str, Any]:
    place, colon, rest = text.partition(":")
    layer: dict[str, Any] = {"layer": _read(place)}
    for part in rest.split(","):
        key, sign, value = part.partition("=")
        if not (colon and sign) or key in layer:
            raise RecipeError(f"A link's layers must read like layer=3:psi=0.4,noise=0,seed=7, not {shown(text)}.")
        layer[key] = _read(value)
    return layer


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
