"""Lesson 8, can you trust it? Real or generated, seen before or not, what a file says of itself, what cards admit."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from classroom import (
    CERTAINTIES,
    PAIRS,
    ROUNDS,
    Card,
    Specimens,
    Telling,
    find_cards,
    find_real,
    read_statement,
    strip,
)
from studio import Studio, data_url, to_png

from ..requests import bytes_of
from .sheet import by_studio, fields_of, folders_of, in_turn, lesson, one_of, sheet

VIEW = 256  # px of a picture
SAMPLES = 1024  # px of the sheet of samples, at most
NEAREST = 5

Request = Callable[[Any], dict[str, Any]]


def quiz_functions(telling: Telling) -> list[Request]:
    """Which models have real pictures here; a pair; which of it was real; ten answers scored."""

    @by_studio
    def here(request: Any) -> dict[str, Any]:
        found = {}
        for name in telling.names:
            curve = telling.known(name)
            found[name] = {"shows": telling.shows(name), "known": None if curve is None else curve.told()}
        return {"models": found}

    @by_studio
    def pair(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        left, right = telling.pair(fields.get("model"), fields.get("round"), fields.get("number")).shown
        return {"left": data_url(left, at_least=VIEW), "right": data_url(right, at_least=VIEW)}

    @by_studio
    def told(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found = telling.pair(fields.get("model"), fields.get("round"), fields.get("number"))
        return {
            "real": "left" if found.real_left else "right",
            "record": found.record,
            "source": found.source,
            "seed": found.seed,
            "is_remembered": found.is_remembered,
            "critic": "left" if (found.scores[0] > found.scores[1]) == found.real_left else "right",
        }

    @by_studio
    def result(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        return telling.result(fields.get("model"), fields.get("round"), fields.get("answers"))

    return [here, pair, told, result]


def file_functions(specimens: Specimens) -> list[Request]:
    """A picture as the studio saves it; what a file says, and what its stripped copy says."""

    @by_studio
    def saved(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        recipe = specimens.recipe(fields.get("model"), fields.get("seed"), fields.get("label"))
        return _both(to_png(specimens.studio.render(recipe)))

    @in_turn
    def statement(request: Any) -> dict[str, Any]:
        return _both(bytes_of(request, "file"))

    return [saved, statement]


def _both(data: bytes) -> dict[str, Any]:
    bare = strip(data)
    return {
        "whole": {**read_statement(data).told(), "url": _png_url(data)},
        "bare": {**read_statement(bare).told(), "url": _png_url(bare)},
    }


def _png_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def other_functions(specimens: Specimens, cards: Mapping[str, Card]) -> list[Request]:
    """The training pictures nearest to a generated one, made as those were that the card's figures are of; the sheet
    that a card's faults are about."""

    @by_studio
    def nearest(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        recipe = specimens.recipe(fields.get("model"), fields.get("seed"), fields.get("label"))
        recipe = replace(recipe, psi=cards[recipe.model].psi if recipe.model in cards else 1.0)
        found = specimens.studio.nearest(recipe, NEAREST)
        return {
            "picture": data_url(specimens.studio.render(recipe, critic="none").raw, at_least=VIEW),
            "closer_than": found[0].closer_than,
            "nearest": [
                {**each.report(), "url": None if each.picture is None else data_url(each.picture, at_least=VIEW // 2)}
                for each in found
            ],
        }

    @in_turn
    def samples(request: Any) -> dict[str, Any]:
        picture = one_of(cards, fields_of(request)).samples()
        return {"sheet": None if picture is None else data_url(picture, at_most=SAMPLES)}

    return [nearest, samples]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet; a chapter for which a studio has no model is left out."""
    models = {model["name"]: model for model in studio.models() if not model["slow"]}
    folders = folders_of(studio)
    cards = find_cards(folders)
    specimens = Specimens(studio, [*models])
    judged = Specimens(studio, [name for name, model in models.items() if model["has_critic"]])
    telling = Telling(judged, find_real(folders, judged.classes))
    told = {
        name: {"classes": m["classes"], "opens_with": m["default_class"], "index": m["has_index"]}
        for name, m in models.items()
    }
    admitted = {n: {"faults": c.faults, "figures": c.figures, "closest": c.closest} for n, c in cards.items()}
    settings = {
        "models": told,
        "quiz": telling.names,
        "pairs": PAIRS,
        "rounds": ROUNDS,
        "certainties": CERTAINTIES,
        "cards": admitted,
    }
    server = [*quiz_functions(telling), *file_functions(specimens), *other_functions(specimens, cards)]
    sheet("trust", server, settings)


LESSON = lesson("trust", 8, build)
