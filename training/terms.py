"""On which terms a set was read: from the command line, and kept beside what was made of it, with the account."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from generator.storage import write_whole
from pictures import Account, Reading, add_options, reading_of

from .data import Terms
from .errors import TrainingError, our_errors

FILE, TEXT = "account.json", "account.txt"


def add_terms(parser: argparse.ArgumentParser) -> None:
    """The options that `terms_of` understands."""
    add_options(parser)
    parser.add_argument(
        "--held-out",
        type=int,
        metavar="PERCENT",
        help=f"of the pictures, to measure with; default: {Terms().held_out}; 0 trains on all and measures nothing",
    )


def terms_of(args: argparse.Namespace, before: Terms | None = None) -> Terms:
    """What the command line says; where it says nothing, what held `before`."""
    terms = before or Terms()
    with our_errors():
        given = reading_of(args)
    reading = replace(
        terms.reading,
        strict=given.strict or terms.reading.strict,
        skip_broken=given.skip_broken or terms.reading.skip_broken,
        ground=terms.reading.ground if args.ground is None else given.ground,
        zip_names=given.zip_names or terms.reading.zip_names,
    )
    return Terms(reading, terms.held_out if args.held_out is None else args.held_out)


def keep_account(account: Account, terms: Terms, folder: Path, text: bool = False) -> None:
    """Write account.json into `folder`, and account.txt if asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"held_out": terms.held_out, "reading": terms.reading.to_json(), "account": account.to_json()}
    write_whole(folder / FILE, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    if text:
        write_whole(folder / TEXT, "\n".join(account.lines()) + "\n")


def kept_terms(folder: Path) -> Terms | None:
    """The terms in a folder's account.json; None where there is none, as beside what older versions made."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Terms(Reading.from_json(kept["reading"]), int(kept["held_out"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise TrainingError(f"{path} is no account of pictures: take it away, or put back what it was.") from None


def same_split(terms: Terms, run: Path) -> None:
    """TrainingError if a run goes on with other pictures held out, or over another ground, than it was begun with."""
    before = kept_terms(run)
    if before is None:
        return
    if before.held_out != terms.held_out:
        raise TrainingError(
            f"{run} was begun with --held-out {before.held_out}: with {terms.held_out} it would be measured with "
            "pictures that it has seen."
        )
    if before.reading.ground != terms.reading.ground:
        raise TrainingError(f"{run} was begun with --ground #{bytes(before.reading.ground).hex()}: go on with that.")
