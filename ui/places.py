"""The places of the site, to which each page's masthead leads: the models, the classroom, the visitor's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio import Studio

from . import classroom
from .models import model_pages

OPEN = "open-yours"  # where visitors open their own models


@dataclass(frozen=True)
class Place:
    """A page: its name (a model's, or one of this module's), what its link says, its address from the page that shows
    the link, and whether it is a model's."""

    name: str
    title: str
    path: str
    is_model: bool = False


def places(studio: Studio) -> list[Place]:
    """Every place, seen from a page beside them: the models, the first of which is the default one, then the others. A
    classroom without lessons is none."""
    models = [Place(name, name, path, True) for name, path in model_pages(studio).items()]
    rooms = [Place(classroom.PATH, "classroom", f"{classroom.PATH}/")] if classroom.find_lessons() else []
    return [*models, *rooms, Place(OPEN, "open your own", OPEN)]


def seen_from(depth: int, places: Sequence[Place]) -> list[Place]:
    """The same places, seen from a page that many folders below them."""
    return [replace(place, path=f"{'../' * depth}{place.path.removeprefix('./')}") for place in places]
