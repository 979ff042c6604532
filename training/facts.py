"""What a model's card says of its origin: from a JSON file, or from the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from generator.storage import check_name
from pictures import reason_of

from .data import SMALLEST, Data
from .errors import TrainingError
from .folder import SMALL

REQUIRED = ("title", "licence", "attribution", "data")
OPTIONAL = ("subject", "notes", "source", "opens_with")
TOLD = ("title", "licence", "attribution", "subject")  # also on the command line


def add_facts(parser: argparse.ArgumentParser) -> None:
    """The options that `facts_of` understands."""
    parser.add_argument(
        "--about", type=Path, help=f"JSON with {', '.join(REQUIRED)}, {', '.join(OPTIONAL)}: for the card"
    )
    parser.add_argument("--title", help="the model's title, for the card; instead of, or before, what --about says")
    parser.add_argument("--licence", "--license", help="of the weights, for the card: such as CC-BY-4.0")
    parser.add_argument("--attribution", help="whose pictures they are, for the card")
    parser.add_argument("--subject", help="what the pictures show, in one word, for the page: such as cat")


def facts_of(args: argparse.Namespace) -> dict[str, str]:
    """What the command line itself says."""
    return {key: value for key in TOLD if (value := getattr(args, key)) is not None}


def describe(
    name: str,
    about: Path | None,
    data: Path,
    rest: Data,
    given: Mapping[str, str] | None = None,
    measured: bool = True,
) -> dict[str, str]:
    """Title, licence, attribution and so on for the card: from the file `about`, and `given` in its place.

    Raises what would otherwise be found only after hours of training: a name that is none, a file that does not
    describe a model, too few pictures held out to measure it with (unless it is not to be `measured`).
    """
    check_name(name)
    if measured and len(rest) < SMALLEST:
        halves = " (of a class at most half are held out)" if rest.classes else ""
        raise TrainingError(
            f"{data} leaves {len(rest)} held out, where {SMALLEST} are needed to measure a model: bring {SMALL} "
            f"pictures or more{halves}, or train on all of them with --held-out 0, which measures nothing."
        )
    if about is None:
        origin = data.resolve().name
        return {"title": name, "licence": "unknown", "attribution": "unknown", "data": origin, **(given or {})}
    try:
        facts = json.loads(about.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{about} cannot be read ({reason_of(error)}).") from None
    except ValueError:
        raise TrainingError(f"{about} is not JSON.") from None
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise TrainingError(f"{about} must be a JSON object of texts.")
    if wrong := sorted(set(REQUIRED) - set(facts)) + sorted(set(facts) - {*REQUIRED, *OPTIONAL}):
        raise TrainingError(f"{about} needs {', '.join(REQUIRED)}, may have {', '.join(OPTIONAL)}: see {wrong[0]!r}.")
    if (opens_with := facts.get("opens_with", "")) not in ("", *rest.classes):
        raise TrainingError(f"{about} opens with {opens_with!r}, which is none of the classes in {data}.")
    return {key: value for key, value in facts.items() if key not in ("source", "opens_with")} | dict(given or {})


def told(about: Path | None, key: str) -> str:
    """What a file `about` (checked by `describe`) says besides: `source`, the link to a training picture (see
    `generator.measuring.Index`), or `opens_with`, a class; "" where it does not."""
    return "" if about is None else str(json.loads(about.read_text(encoding="utf-8")).get(key, ""))
