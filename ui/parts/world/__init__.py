"""An endless map to pan, or a texture that repeats: what a model paints beyond the edges of its own picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from studio import MAX_SEED, Recipe, Studio, StudioError, data_url
from studio.tools.world import REPEATS, has_worlds, window, window_png

from ...controls import ControlSet
from ...handing_out import file_answer
from ...requests import ServerFunction, answering, field_of
from .. import part

CHUNK = 2  # tiles a side that an answer holds


def world(studio: Studio, controls: ControlSet, resolution: int, subject: str = "") -> gr.HTML:
    """The part on the page of one model; `subject`: what it paints, in a word."""
    settings = {
        "can": has_worlds(studio, controls.model),
        "side": CHUNK * resolution,
        "chunk": CHUNK,
        "repeats": REPEATS,
        "classes": bool(controls.classes),
        "max_seed": MAX_SEED,
        "subject": subject,
    }
    return part("world", server=world_functions(studio, controls), settings=settings)


def world_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the part asks of the server."""

    def chunk(request: Any) -> dict[str, Any]:
        x, y = (_whole(field_of(request, axis)) * CHUNK for axis in ("x", "y"))
        return {"picture": data_url(window(studio, asked(request), x, y, CHUNK, CHUNK, *how(request)))}

    def save(request: Any) -> dict[str, Any]:
        x, y, width, height = (_whole(field_of(request, name)) for name in ("x", "y", "width", "height"))
        recipe = asked(request)
        data = window_png(studio, recipe, x, y, width, height, *how(request))
        return file_answer(f"{controls.model}-{recipe.seed}-{x}-{y}.png", data)

    def asked(request: Any) -> Recipe:
        recipe, seed = controls.recipe(field_of(request, "values")), request.get("seed")
        return replace(recipe, latent=None, ws=None, mix=None, seed=recipe.seed if seed is None else _whole(seed))

    def how(request: Any) -> tuple[bool, int]:
        return request.get("mixed") is True, _whole(field_of(request, "repeat"))

    return [answering(function) for function in (chunk, save)]


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise StudioError("This request does not come from this page; reload it.")
    return value
