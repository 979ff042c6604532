"""The sheet "Have I seen this before?": a generated picture beside the training pictures that come nearest to it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Studio, TrainingPicture, data_url

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from .. import part
from ..live_view import VIEW

NEAREST = 5
COPY = 0.99  # share of held-out pictures beyond which nearness is remarkable
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
        return {"words": in_words(found[0].closer_than), "tiles": [generated, *map(_tile, found)]}

    return answering(nearest)


def in_words(closer_than: float) -> str:
    """A sentence for the share (0 … 1) of held-out pictures that are farther from their nearest training picture."""
    if closer_than > COPY:
        return "Suspiciously close: nearly all real pictures that were held back are farther from theirs. A copy?"
    if closer_than < 1 - COPY:
        return "No copy: farther from its nearest training picture than nearly all held-back real ones from theirs."
    return (
        "About as close to its nearest training picture as real ones that were held back are to theirs: "
        f"{100 * closer_than:.0f} % of those are farther."
    )


def _tile(found: TrainingPicture) -> dict[str, Any]:
    return {
        "picture": None if found.picture is None else data_url(found.picture, at_least=VIEW),
        "title": f"no. {found.number}" if found.number is not None else found.record,
        "detail": found.record,
        "source": found.source,
    }
