"""Directions: the model's own, closed-form, measured, from these pictures to those; strips to choose from by eye."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Recipe, Studio, StudioError
from studio.tools.directions import (
    MEASURES,
    Way,
    between,
    closed_form,
    end_stops,
    measured,
    move,
    of_checkpoint,
    orthogonal,
    strip,
)

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from ...stopping import progress_function
from ...waiting import Waiting
from .. import part
from ..mixing import all_pictured, pictured

COUNT = 7  # pictures of a strip


def ways(studio: Studio, controls: ControlSet, layers: int, has_critic: bool) -> gr.HTML:
    """The part on the page of one model."""
    settings = {
        "own": list(controls.directions),
        "measures": {name: title for name, (title, _) in MEASURES.items()},
        "layers": layers,
        "critic": has_critic,
    }
    return part("ways", server=ways_functions(studio, controls), settings=settings)


def ways_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the part asks of the server; directions travel as `Way.to_json` writes them."""
    waiting = Waiting()

    def find(request: Any) -> dict[str, Any]:
        kind = field_of(request, "kind")
        if kind == "own":
            return {"ways": [of_checkpoint(studio, controls.model, each).to_json() for each in controls.directions]}
        if kind == "closed form":
            return {"ways": [way.to_json() for way in closed_form(studio, controls.model)]}
        if kind == "groups":
            these, those = ([Recipe.from_json(each) for each in field_of(request, side)] for side in ("these", "those"))
            return {"ways": [between(studio, these, those).to_json()]}
        if kind == "file":
            way = Way.from_text(str(field_of(request, "text")))
            if way.model != controls.model:
                raise StudioError(f"“{way.name}” is a direction of {way.model}, not of {controls.model}.")
            return {"ways": [way.to_json()]}
        recipe = controls.recipe(field_of(request, "values"))
        with waiting.job(field_of(request, "job")) as hear:
            return {"ways": [measured(studio, recipe, str(kind), progress=hear).to_json()]}

    def pictures(request: Any) -> dict[str, Any]:
        recipe, way = _asked(request)
        return {"pictures": all_pictured(studio, strip(studio, recipe, way, COUNT))}

    def stops(request: Any) -> dict[str, Any]:
        recipe, way = _asked(request)
        with waiting.job(field_of(request, "job")) as hear:
            found = end_stops(studio, recipe, way, progress=hear)
        return {"low": found.low, "high": found.high, "among": found.among}

    def straighten(request: Any) -> dict[str, Any]:
        way = Way.from_json(field_of(request, "way"))
        return {"way": orthogonal(way, [Way.from_json(each) for each in field_of(request, "others")]).to_json()}

    def moved(request: Any) -> dict[str, Any]:
        recipe, way = _asked(request)
        amount = field_of(request, "amount")
        if type(amount) not in (int, float):
            raise StudioError("This request does not come from this page; reload it.")
        return pictured(studio, move(studio, recipe, [(way, amount)]))

    def _asked(request: Any) -> tuple[Recipe, Way]:
        return controls.recipe(field_of(request, "values")), Way.from_json(field_of(request, "way"))

    functions = (find, pictures, stops, straighten, moved, progress_function(waiting))
    return [answering(function) for function in functions]
