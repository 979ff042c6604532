"""Lesson 2, the duel: generator against critic, through a training that happened and in one that happens now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import gradio as gr

from classroom import (
    COUNT_TAUGHT as COUNT,
)
from classroom import (
    JUDGED,
    MOST_STEPS,
    SLICE,
    Contest,
    Duel,
    Garments,
    History,
    PictureDuel,
    Sessions,
    find_histories,
    sheet_url,
)
from studio import Studio

from .sheet import TURNS, fields_of, folders_of, in_slices, in_turn, lesson, one_of, sheet

COLUMNS = 8  # of the sheet of sixteen
ENLARGED = {32: 4, 64: 2}  # small pictures, so that the browser does not have to
PIXEL = 3  # px of a pixel of the small garments
TAUGHT = "wardrobe"  # the model whose pictures a duel of pictures learns from

_C = TypeVar("_C", bound=Contest)
Request = Callable[[Any], dict[str, Any]]


def history_functions(histories: Mapping[str, History]) -> list[Request]:
    """A moment's pictures and readings, and the matrix of who judges whom."""

    @in_turn
    def moment(request: Any) -> dict[str, Any]:
        history, index, label = one_of(histories, fields_of(request)), request.get("index"), request.get("label")
        pictures = history.pictures(index, label)
        last = len(history) - 1
        same_size = history.model(index).resolution == history.model(last).resolution
        return {
            "sheet": sheet_url(pictures, COLUMNS, ENLARGED.get(pictures.shape[1], 1)),
            "own": history.readings(index, label),
            "final": history.readings(index, label, last) if same_size else None,
        }

    @in_turn
    def judged(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        history = one_of(histories, fields)
        critic: Any = fields.get("critic")
        generator: Any = fields.get("generator")
        label = fields.get("label")
        readings = history.readings(generator, label, critic)[:JUDGED]  # those that are behind the cell
        pictures = history.pictures(generator, label)[:JUDGED]
        return {"sheet": sheet_url(pictures, 4, ENLARGED.get(pictures.shape[1], 1)), "readings": readings}

    @in_slices
    def matrix(request: Any) -> dict[str, Any]:
        history = one_of(histories, fields_of(request))
        return {"judges": history.judges(), "cells": history.cells(request.get("label"), SLICE)}

    return [moment, judged, matrix]


def duel_functions() -> list[Request]:
    """A visitor's own duel in the plane: begin one, and let it go on for a slice."""
    duels: Sessions[Duel] = Sessions()

    @in_turn
    def begin(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        duel = Duel(fields.get("shape", "ring"), fields.get("seed", 0), fields.get("drawn") or ())
        duel.follow(fields.get("program", ""))
        duels.put(fields.get("token"), duel)
        return duel.view()

    @in_slices
    def advance(request: Any) -> dict[str, Any]:
        duel = _advanced(duels, fields_of(request))
        return {"lost": True} if duel is None else duel.view(whole=False)

    return [begin, advance]


def garment_functions(garments: Mapping[str, Garments]) -> list[Request]:
    """The same over pictures; before it begins, the pictures to learn from are painted, slice by slice."""
    duels: Sessions[PictureDuel] = Sessions()

    @in_slices
    def begin_garments(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found, label = one_of(garments, fields), fields.get("label")
        done = found.prepare(label, SLICE)
        if done < COUNT:
            return {"preparing": done, "of": COUNT}
        duel = PictureDuel(found.pictures(label), fields.get("seed", 0))
        duel.follow(fields.get("program", ""))
        duels.put(fields.get("token"), duel)
        return {"examples": sheet_url(duel.examples(), COLUMNS, PIXEL), **_shown(duel)}

    @in_slices
    def advance_garments(request: Any) -> dict[str, Any]:
        duel = _advanced(duels, fields_of(request))
        return {"lost": True} if duel is None else _shown(duel)

    return [begin_garments, advance_garments]


def _advanced(duels: Sessions[_C], fields: dict[str, Any]) -> _C | None:
    """The visitor's contest after a slice more; None where it was forgotten: the page begins it again."""
    duel = duels.get(fields.get("token"))
    if duel is None:
        return None
    if not duel.planned:
        duel.change(fields.get("generator"), fields.get("critic"), fields.get("batch"))
    duel.advance(str(fields.get("kind")), fields.get("most", 1), TURNS.slice)
    return duel


def _shown(duel: PictureDuel) -> dict[str, Any]:
    made = sheet_url(duel.shown(), COLUMNS, PIXEL)
    return {"made": made, "beliefs": duel.beliefs(), "figures": duel.figures(), **duel.story()}


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, with all of its chapters."""
    histories = find_histories(folders_of(studio))
    classes = {model["name"]: list(model["classes"]) for model in studio.models()}
    told = {name: {"moments": each.told_of(), "classes": classes[name]} for name, each in histories.items()}
    garments = {name: Garments(folder) for name, folder in folders_of(studio).items() if name == TAUGHT}
    server = [*history_functions(histories), *duel_functions(), *garment_functions(garments)]
    taught = {name: classes[name] for name in garments}
    told_once = {"histories": told, "most": MOST_STEPS, "taught": taught, "judged": JUDGED}
    sheet("duel", server, told_once)


LESSON = lesson("duel", 2, build)
