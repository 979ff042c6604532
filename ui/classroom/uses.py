"""Lesson 9, what it is used for: five trades, each with one worked example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from classroom import (
    FRAMES,
    GRID,
    GROUNDS,
    OVERLAP,
    RADIUS,
    READABLE,
    SHAPES,
    Loops,
    Specimens,
    as_bytes,
    coarse,
    labelled,
    poster,
    repeated,
    terrain,
    texture,
)
from studio import Studio, data_url

from .sheet import by_studio, fields_of, lesson, sheet

VIEW = 256  # px of a picture
WALL = 384  # px of a texture that repeats

Request = Callable[[Any], dict[str, Any]]


def functions(specimens: Specimens) -> list[Request]:
    """A texture, an advertisement, a frame of a loop, heights, a labelled picture."""
    loops = Loops(specimens)

    def recipe_of(fields: dict[str, Any]) -> Any:
        return specimens.recipe(fields.get("model"), fields.get("seed"), fields.get("label"))

    def painted(fields: dict[str, Any]) -> Any:
        return specimens.studio.render(recipe_of(fields), critic="none").picture

    @by_studio
    def tiled(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found = texture(painted(fields), fields.get("overlap"))
        return {
            "picture": data_url(found.picture, at_least=VIEW),
            "plain": data_url(repeated(found.picture), at_most=WALL),
            "tiled": data_url(repeated(found.tile), at_most=WALL),
            "seams": found.seams,
        }

    @by_studio
    def advertised(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        picture = painted(fields)
        return {"picture": data_url(picture, at_least=2 * VIEW), **poster(picture, fields.get("shape"))}

    @by_studio
    def frame(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        picture, changed = loops.frame(
            recipe_of(fields), fields.get("radius"), fields.get("closed"), fields.get("number")
        )
        return {"picture": data_url(picture, at_least=VIEW), "changed": changed}

    @by_studio
    def ground(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        picture = painted(fields)
        found = terrain(picture, fields.get("kind"))
        return {
            "picture": data_url(picture, at_least=VIEW),
            "heights": as_bytes(coarse(found.heights)),
            "colours": as_bytes(coarse(picture)),
            "likeness": found.likeness,
            "steepest": found.steepest,
        }

    @by_studio
    def marked(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found = labelled(specimens, recipe_of(fields), fields.get("count"), fields.get("threshold"))
        return {
            "coloured": data_url(found.coloured, at_least=VIEW),
            "outlined": data_url(found.outlined, at_least=VIEW),
            "mask": data_url(found.mask, at_least=VIEW),
            "rows": found.rows,
            "dice": found.dice,
            "below": found.below,
        }

    return [tiled, advertised, frame, ground, marked]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over every model that is quick enough to follow a hand."""
    told = {
        m["name"]: {"classes": m["classes"], "opens_with": m["default_class"]} for m in studio.models() if not m["slow"]
    }
    limits = {"overlap": OVERLAP, "radius": RADIUS, "frames": FRAMES, "grid": GRID, "readable": READABLE}
    settings = {"models": told, "shapes": SHAPES, "grounds": GROUNDS, **limits}
    sheet("uses", functions(Specimens(studio, [*told])), settings)


LESSON = lesson("uses", 9, build)
