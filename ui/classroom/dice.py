"""Lesson 6, rolling the dice: truncation as a dial between quality and variety, and a map of latent space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import ACROSS, COUNT, PSI, REACH, SLICE, STEP, Dice, picture_url, sheet_url
from studio import Studio

from .sheet import fields_of, folders_of, in_turn, lesson, one_of, sheet

COLUMNS = 16
VIEW = 192  # px of the picture under the pointer
TILE = 64  # px of the larger models' tiles

Request = Callable[[Any], dict[str, Any]]


def functions(dice: Mapping[str, Dice]) -> list[Request]:
    """64 pictures at a setting of the dial; the map's thumbnails; the picture at a place of the map."""

    @in_turn
    def roll(request: Any) -> dict[str, Any]:
        found = one_of(dice, fields_of(request))
        pictures, readings, figures = found.roll(request.get("psi"), request.get("label"), SLICE)
        whole = len(pictures) == COUNT
        # In parts the sheet travels only now and then: it is as large as all of it
        url = sheet_url(pictures, COLUMNS, 2, TILE, COUNT) if whole or len(pictures) % 8 == 0 else None
        return {"done": len(pictures), "sheet": url, "readings": readings, "figures": figures}

    @in_turn
    def chart(request: Any) -> dict[str, Any]:
        pictures, readings = one_of(dice, fields_of(request)).map(request.get("label"), SLICE)
        whole = len(pictures) == ACROSS**2
        url = sheet_url(pictures, ACROSS, 2, TILE, ACROSS**2) if whole or len(pictures) % ACROSS == 0 else None
        return {"done": len(pictures), "sheet": url, "readings": readings}

    @in_turn
    def at(request: Any) -> dict[str, Any]:
        picture, reading = one_of(dice, fields_of(request)).at(request.get("x"), request.get("y"), request.get("label"))
        return {"picture": picture_url(picture, VIEW), "reading": reading}

    return [roll, chart, at]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over every model that has principal directions and a critic."""
    fitting = [
        model
        for model in studio.models()
        if model["has_critic"] and model["densities"] and {"pc1", "pc2"} <= {d["name"] for d in model["directions"]}
    ]
    folders = folders_of(studio)
    told = {
        model["name"]: {"classes": model["classes"], "titles": [d["title"] for d in model["directions"][:2]]}
        for model in fitting
    }
    settings = {"models": told, "psi": PSI, "step": STEP, "count": COUNT, "across": ACROSS, "reach": REACH}
    sheet("dice", functions({name: Dice(folders[name]) for name in told}), settings)


LESSON = lesson("dice", 6, build)
