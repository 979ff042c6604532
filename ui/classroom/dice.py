"""Lesson 6, rolling the dice: truncation as a dial, a map of latent space, z and w, and three ways to a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import (
    ACROSS,
    COUNT,
    DOTS,
    KINDS,
    PAINTED,
    PSI,
    REACH,
    SLICE,
    STEP,
    Dice,
    Three,
    find_codes,
    find_three,
    picture_url,
    sheet_url,
)
from studio import Studio

from .sheet import fields_of, folders_of, in_slices, in_turn, lesson, one_of, sheet

COLUMNS = 16
THREE_COLUMNS = 8
VIEW = 192  # px of the picture under the pointer
TILE = 64  # px of the larger models' tiles

Request = Callable[[Any], dict[str, Any]]


def functions(dice: Mapping[str, Dice]) -> list[Request]:
    """64 pictures at a setting of the dial; the map's thumbnails; the picture at a place of the map."""

    @in_slices
    def roll(request: Any) -> dict[str, Any]:
        found = one_of(dice, fields_of(request))
        pictures, readings, figures = found.roll(request.get("psi"), request.get("label"), SLICE)
        whole = len(pictures) == COUNT
        # In parts the sheet travels only now and then: it is as large as all of it
        url = sheet_url(pictures, COLUMNS, 2, TILE, COUNT) if whole or len(pictures) % 8 == 0 else None
        return {"done": len(pictures), "sheet": url, "readings": readings, "figures": figures}

    @in_slices
    def chart(request: Any) -> dict[str, Any]:
        pictures, readings = one_of(dice, fields_of(request)).map(request.get("label"), SLICE)
        whole = len(pictures) == ACROSS**2
        url = sheet_url(pictures, ACROSS, 2, TILE, ACROSS**2) if whole or len(pictures) % ACROSS == 0 else None
        return {"done": len(pictures), "sheet": url, "readings": readings}

    @in_turn
    def at(request: Any) -> dict[str, Any]:
        picture, reading = one_of(dice, fields_of(request)).at(request.get("x"), request.get("y"), request.get("label"))
        return {"picture": picture_url(picture, VIEW), "reading": reading}

    @in_turn
    def clouds(request: Any) -> dict[str, Any]:
        return one_of(dice, fields_of(request)).clouds(request.get("label"), request.get("psi"))

    @in_turn
    def dot(request: Any) -> dict[str, Any]:
        found = one_of(dice, fields_of(request))
        picture, reading = found.seed(request.get("seed"), request.get("label"), request.get("psi"))
        return {"picture": picture_url(picture, VIEW), "reading": reading}

    return [roll, chart, at, clouds, dot]


def beside_functions(three: Mapping[str, Three]) -> list[Request]:
    """What a GAN, an autoencoder and a recurrent network make of the same data, painted slice by slice."""

    @in_slices
    def painted(request: Any) -> dict[str, Any]:
        found = one_of(three, fields_of(request))
        pictures, figures = found.paint(request.get("kind"), request.get("label"), SLICE)
        told = {"figures": figures, "told": found.told(request.get("kind"))}
        return {"done": len(pictures), "sheet": sheet_url(pictures, THREE_COLUMNS, 2, TILE, PAINTED), **told}

    return [painted]


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
    three = find_three(folders, find_codes(folders))
    settings = {
        "models": told,
        "psi": PSI,
        "step": STEP,
        "count": COUNT,
        "across": ACROSS,
        "reach": REACH,
        "dots": DOTS,
        "kinds": KINDS,
        "painted": PAINTED,
        "three": {model["name"]: {"classes": model["classes"]} for model in studio.models() if model["name"] in three},
    }
    server = [*functions({name: Dice(folders[name]) for name in told}), *beside_functions(three)]
    sheet("dice", server, settings)


LESSON = lesson("dice", 6, build)
