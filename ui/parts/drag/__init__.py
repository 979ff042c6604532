"""Drag by points: handles and their targets on the picture, an optional mask of what may move, every step shown.

The server keeps nothing of a drag: the picture's recipe, the points and how far it has come travel with each request,
and each request takes a few steps, so that a page that is closed asks for no more.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Recipe, Studio, data_url
from studio.tools.drag import (
    GRID,
    MOST_POINTS,
    STEPS,
    Pull,
    State,
    begin,
    dragged,
    go_on,
    mask_from_text,
    pulls_from_json,
    shape_of,
    state_from_text,
    words_of,
)

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from ...waiting import Waiting
from .. import part

VIEW = 512  # px, to which smaller pictures are enlarged where they are rested on
LIVE = 256  # the same while a drag goes on
SLICE_SECONDS = 0.25  # of steps an answer


def drag(studio: Studio, controls: ControlSet, resolution: int, refusal: str = "") -> gr.HTML:
    """The part on the page of one model; `refusal`: why its pictures cannot be dragged, if they cannot."""
    settings = {"steps": STEPS, "points": MOST_POINTS, "grid": GRID, "resolution": resolution, "refusal": refusal}
    return part("drag", server=drag_functions(studio, controls, resolution), settings=settings)


def drag_functions(studio: Studio, controls: ControlSet, resolution: int) -> list[ServerFunction]:
    """What the part asks of the server."""
    waiting = Waiting()

    def plate(request: Any) -> dict[str, Any]:
        recipe = studio.normalise(controls.recipe(field_of(request, "values")))
        return pictured(recipe, VIEW)

    def start(request: Any) -> dict[str, Any]:
        recipe, pulls = asked(request)
        mask_from_text(field_of(request, "mask"))
        state = begin(studio, recipe, pulls)
        return {"state": state.to_text(), "words": words_of(state, pulls, resolution)}

    def further(request: Any) -> dict[str, Any]:
        recipe, pulls = asked(request)
        mask = mask_from_text(field_of(request, "mask"))
        state = state_from_text(field_of(request, "state"), shape_of(studio, recipe), len(pulls))
        with waiting.job(field_of(request, "job")) as hear:
            state = go_on(studio, recipe, pulls, state, mask, SLICE_SECONDS, hear)
            return answer(recipe, pulls, state)

    def stop(request: Any) -> dict[str, Any]:
        waiting.stop(field_of(request, "job"))
        return {}

    def asked(request: Any) -> tuple[Recipe, list[Pull]]:
        recipe = studio.normalise(Recipe.from_json(field_of(request, "recipe")))
        return recipe, pulls_from_json(field_of(request, "pulls"))

    def answer(recipe: Recipe, pulls: list[Pull], state: State) -> dict[str, Any]:
        return {
            **pictured(dragged(studio, recipe, state), VIEW if state.over else LIVE),
            "state": state.to_text(),
            "points": state.points.tolist(),
            "share": state.done / state.steps,
            "over": state.over,
            "words": words_of(state, pulls, resolution),
        }

    def pictured(recipe: Recipe, side: int) -> dict[str, Any]:
        rendering = studio.render(recipe, critic="none")
        picture = data_url(rendering.picture, rendering.alpha, at_least=side)
        return {"recipe": rendering.recipe.to_json(), "picture": picture, "caption": rendering.specimen}

    return [answering(function) for function in (plate, start, further, stop)]
