"""How pictures are to be read, and the words of the command line for it: the same for every command."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ImageColor

from .decoder import WHITE, Colour
from .errors import PicturesError


@dataclass(frozen=True)
class Reading:
    """`strict`: leaving anything out is an error. `skip_broken`: go on without what is broken, and count it. `ground`:
    what transparent pictures are laid over. `zip_names`: the encoding of names in a zip that does not say it."""

    strict: bool = False
    skip_broken: bool = False
    ground: Colour = WHITE
    zip_names: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What is not as usual, JSON-able; `from_json` is its inverse."""
        usual = Reading()
        values = {name: getattr(self, name) for name in ("strict", "skip_broken", "ground", "zip_names")}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(usual, name)
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Reading:
        """What `to_json` wrote; whatever else is in there is passed over."""
        red, green, blue = values.get("ground", WHITE)
        names = values.get("zip_names")
        return cls(
            values.get("strict") is True,
            values.get("skip_broken") is True,
            (int(red), int(green), int(blue)),
            names if isinstance(names, str) else None,
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that `reading_of` understands."""
    group = parser.add_argument_group("how pictures are read")
    group.add_argument("--strict", action="store_true", help="stop if any file is left out, instead of saying so")
    group.add_argument("--skip-broken", action="store_true", help="go on without broken pictures, and count them")
    group.add_argument(
        "--ground", metavar="COLOUR", help="what transparent pictures are laid over: a name or #rrggbb; default: white"
    )
    group.add_argument(
        "--zip-names", metavar="ENCODING", help="of names in a zip that does not say it, such as cp932, gbk, cp949"
    )


def reading_of(args: argparse.Namespace) -> Reading:
    """What the command line says; PicturesError for a colour that is none."""
    return Reading(args.strict, args.skip_broken, WHITE if args.ground is None else colour(args.ground), args.zip_names)


def colour(text: str) -> Colour:
    """A colour from its name or #rrggbb."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise PicturesError(f"{text!r} is no colour: give a name such as white, or #rrggbb.") from None
    return red, green, blue
