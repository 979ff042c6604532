"""Your own picture: placed, found in the model's latent space, and handed to the plate.

The server keeps nothing of it: the picture, its place and how far the search has come travel with each request,
and each request takes a few steps, so that a page that is closed asks for no more.
"""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from studio import Recipe, Studio, StudioError, class_title, data_url
from studio.tools.project import (
    EDITABILITY,
    SIZES,
    STEPS,
    Place,
    State,
    error_of,
    first_guess,
    found,
    placed,
    read_upload,
    refine,
    shape_of,
    state_from_text,
)

from ...controls import ControlSet
from ...requests import MAX_FILE_BYTES, ServerFunction, answering, bytes_of, field_of
from ...waiting import Waiting
from .. import part

VIEW = 192  # px, to which smaller pictures are enlarged
SLICE_SECONDS = 0.2  # of steps an answer: five pictures a second


def project(studio: Studio, controls: ControlSet, resolution: int, has_encoder: bool, subject: str = "") -> gr.HTML:
    """The part on the page of one model; `subject`: what it paints, in a word."""
    settings = {
        "steps": STEPS, "editability": EDITABILITY, "sizes": SIZES, "most_bytes": MAX_FILE_BYTES,
        "resolution": resolution, "encoder": has_encoder, "model": controls.model, "subject": subject,
    }  # fmt: skip
    return part("project", server=project_functions(studio, controls, resolution), settings=settings)


def project_functions(studio: Studio, controls: ControlSet, resolution: int) -> list[ServerFunction]:
    """What the part asks of the server."""
    waiting = Waiting()

    def take(request: Any) -> dict[str, Any]:
        name = str(request.get("name", "This file"))[:80] if isinstance(request, dict) else "This file"
        image, done = read_upload(bytes_of(request, "file"), name, resolution)
        out = io.BytesIO()
        image.save(out, "PNG", compress_level=1)
        picture = base64.b64encode(out.getvalue()).decode("ascii")
        return {"picture": picture, "width": image.width, "height": image.height, "done": done}

    def begin(request: Any) -> dict[str, Any]:
        recipe, target = asked(request)
        with waiting.job(field_of(request, "job")):
            name = studio.taken_for(recipe.model, target)
            state = first_guess(studio, recipe, target, field_of(request, "steps"), name)
            kind = None if name is None else {"name": name, "title": class_title(name)}
            begun = {"target": data_url(target, at_least=VIEW), "taken_for": kind}
            return {**answer(of_class(recipe, name), state, target, False), **begun}

    def go_on(request: Any) -> dict[str, Any]:
        recipe, target = asked(request)
        state = state_from_text(field_of(request, "state"), shape_of(studio, recipe))
        editability = field_of(request, "editability")
        if type(editability) not in (int, float):
            raise StudioError("This request does not come from this page; reload it.")
        with waiting.job(field_of(request, "job")) as hear:
            state = refine(studio, recipe, target, state, editability, SLICE_SECONDS, hear)
            recipe = of_class(recipe, request.get("taken_for"))
            return answer(recipe, state, target, state.done == state.steps)

    def stop(request: Any) -> dict[str, Any]:
        waiting.stop(field_of(request, "job"))
        return {}

    def asked(request: Any) -> tuple[Recipe, Any]:
        recipe = controls.recipe(field_of(request, "values"))
        return recipe, placed(image_of(request), place_of(field_of(request, "place")), resolution)

    def answer(recipe: Recipe, state: State, target: Any, at_end: bool) -> dict[str, Any]:
        made = found(studio, recipe, state)
        error = error_of(studio, recipe, state, target, features=at_end)
        return {
            "recipe": made.to_json(),
            "picture": data_url(studio.render(made, critic="none").picture, at_least=VIEW),
            "state": state.to_text(),
            "done": state.done,
            "words": error.words,
        }

    return [answering(function) for function in (take, begin, go_on, stop)]


def of_class(recipe: Recipe, name: object) -> Recipe:
    """The recipe of what is found: of the class that the picture is taken for, which the critic is asked for, too."""
    return replace(recipe, label=name) if isinstance(name, str) else recipe


def image_of(request: Any) -> Image.Image:
    """The upload in a request, as `take` gave it to the page."""
    data = bytes_of(request, "picture")
    return read_upload(data, "This picture", 1024)[0]


def place_of(given: object) -> Place:
    """Where an upload lies; StudioError for what says nothing of it."""
    if not isinstance(given, dict) or set(given) != {"x", "y", "size"}:
        raise StudioError("This request does not come from this page; reload it.")
    if not all(type(value) in (int, float) for value in given.values()):
        raise StudioError("A picture is placed by numbers.")
    return Place(**{name: float(value) for name, value in given.items()})
