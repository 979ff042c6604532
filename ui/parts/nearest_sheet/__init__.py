"""The sheet "Have I seen this before?": a generated picture beside the training pictures that come nearest to it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Studio, TrainingPicture, data_url, nearness_words

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from .. import part
from ..live_view import VIEW

NEAREST = 5
NOTE = (
    "Nearness is measured by what a network that trained neither of them sees in both; it knows shapes and textures, "
    "not names. A generator that had learnt its training pictures by heart would show them here again and again."
)


def nearest_sheet(studio: Studio, controls: ControlSet) -> gr.HTML:
    """A button and the sheet that it opens; looks only when asked to, since a search takes a tenth of a second."""
    return part("nearest_sheet", server=[nearest_function(studio, controls)], settings={"note": NOTE})


def nearest_function(studio: Studio, controls: ControlSet) -> ServerFunction:
    """What the sheet asks of the server: controls' values in, a sentence and the tiles out."""

    def nearest(request: Any) -> dict[str, Any]:
        recipe = controls.recipe(field_of(request, "values"))
        found = studio.nearest(recipe, NEAREST)
        raw = studio.render(recipe, critic="none").raw
        generated = {"picture": data_url(raw, at_least=VIEW), "title": "this picture", "detail": "generated"}
        return {"words": nearness_words(found[0].closer_than), "tiles": [generated, *map(_tile, found)]}

    return answering(nearest)


def _tile(found: TrainingPicture) -> dict[str, Any]:
    return {
        "picture": None if found.picture is None else data_url(found.picture, at_least=VIEW),
        "title": f"no. {found.number}" if found.number is not None else found.record,
        "detail": "as the model remembers it" if found.is_remembered else found.record,
        "source": found.source,
    }
