"""What a foreign file does not say about itself: a name, its origin, names for its classes."""

from __future__ import annotations

import re
from pathlib import Path

from generator.family import Averages, Family
from generator.model import Model, Provenance


def model_name(path: Path) -> str:
    """A valid model name (a-z, 0-9, - and _, at most 64) from the file's stem; "checkpoint" if nothing is left."""
    name = re.sub(r"[^a-z0-9_]+", "-", path.stem.lower())
    return name.lstrip("-_")[:64].rstrip("-_") or "checkpoint"


def foreign_model(
    path: Path, family: Family, averages: Averages, provenance: Provenance, classes: tuple[str, ...] = ()
) -> Model:
    """A model of a file's networks, in float32: opened as it is, it gives the numbers of the program that wrote it."""
    return Model(model_name(path), "1", family, classes, averages, (), None, provenance)


def unknown_provenance(path: Path, title: str, notes: str = "") -> Provenance:
    """A provenance that claims nothing. `title`: what the page calls it; the file's stem if empty."""
    unknown, nobody = "unknown", "Its file does not say whose pictures it was trained on."
    return Provenance(title or path.stem or unknown, unknown, nobody, unknown, notes=notes)


def numbered_classes(count: int) -> tuple[str, ...]:
    """ "0", "1", …: classes that have no names."""
    return tuple(str(i) for i in range(count))
