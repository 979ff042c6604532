"""What models admit: the part of a model card that says what is wrong with it, figures to hold it against, and the
pictures, unpicked, that it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pictures import PicturesError, as_array, decode

CARD, EVALUATION, SAMPLES = "README.md", "evaluation.json", "samples.jpg"
HEADING = "## What is wrong with it"
FIGURES = ("precision", "recall", "class_agreement", "critic_auc", "frechet_ratio")
CLOSEST = 5

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Card:
    """`faults`: the card's own words; `figures`: those of FIGURES that were measured; `closest`: the generated pictures
    that came nearest to a training picture, as {seed, class, record}; `psi`: at which truncation they were measured."""

    folder: Path
    faults: str
    figures: dict[str, float]
    closest: tuple[dict[str, Any], ...]
    psi: float

    def samples(self) -> Array | None:
        """The sheet of its first pictures, H×W×3 in [0, 1]; None without one."""
        try:
            return as_array(decode(self.folder / SAMPLES).image)
        except PicturesError:
            return None


def find_cards(folders: Mapping[str, Path]) -> dict[str, Card]:
    """The cards that admit something, by the model's name."""
    return {name: card for name, folder in folders.items() if (card := _card(folder)) is not None}


def evaluation_of(folder: Path) -> dict[str, Any]:
    """What was measured of a model when its training ended; empty where nothing is told."""
    try:
        told = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _card(folder: Path) -> Card | None:
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    _, _, rest = text.partition(f"{HEADING}\n")
    faults = rest.split("\n## ")[0].strip()
    if not faults:
        return None
    told = evaluation_of(folder)
    figures = {name: float(told[name]) for name in FIGURES if isinstance(told.get(name), (int, float))}
    pairs = told.get("closest_pairs", [])
    closest = [{key: pair[key] for key in ("seed", "class", "record") if key in pair} for pair in pairs[:CLOSEST]]
    psi = told.get("psi")
    return Card(folder, faults, figures, tuple(closest), float(psi) if isinstance(psi, (int, float)) else 1.0)
