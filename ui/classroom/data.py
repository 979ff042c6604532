"""Lesson 1, what it learned from: the real pictures, and the same network on worse ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import SIDE, Diets, RealPictures, find_diets, find_real, sheet_url
from studio import Studio, data_url

from .sheet import by_studio, fields_of, folders_of, in_turn, lesson, one_of, sheet

COLUMNS = 8
ENLARGED = 3

Request = Callable[[Any], dict[str, Any]]


def functions(diets: Mapping[str, Diets], real: Mapping[str, RealPictures], studio: Studio) -> list[Request]:
    """The pictures of one run; and records with the real pictures, or those as the model remembers them."""

    @in_turn
    def spoiled(request: Any) -> dict[str, Any]:
        found = one_of(diets, fields_of(request))
        return {"sheet": sheet_url(found.pictures(request.get("run"), request.get("label")), COLUMNS, ENLARGED)}

    @by_studio
    def real_ones(request: Any) -> dict[str, Any]:
        shown = one_of(real, fields_of(request)).some(request.get("class"), request.get("page", 0))
        told = []
        for each in shown:
            kept = studio.remembered(request["model"], each.record) if each.picture is None else None
            picture = each.picture if kept is None else kept
            url = None if picture is None else data_url(picture, at_most=SIDE)
            told.append({"record": each.record, "source": each.source, "url": url, "is_remembered": kept is not None})
        return {"pictures": told}

    return [spoiled, real_ones]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet; a chapter for which a studio has no model is left out."""
    models = {model["name"]: model for model in studio.models()}
    diets = find_diets(folders_of(studio))
    real = find_real(folders_of(studio), {name: model["classes"] for name, model in models.items()})
    told = {name: {"runs": each.told_of(), "pictures": each.pictures_seen} for name, each in diets.items()}
    facts = {
        name: {"balance": each.balance, "count": len(each.index.records)}
        | {key: models[name]["provenance"].get(key, "") for key in ("data", "attribution")}
        for name, each in real.items()
    }
    classes = {name: models[name]["classes"] for name in told}
    sheet("data", functions(diets, real, studio), {"diets": told, "classes": classes, "real": facts})


LESSON = lesson("data", 1, build)
