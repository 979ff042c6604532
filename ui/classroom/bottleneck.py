"""Lesson 4, the bottleneck: a picture squeezed into a few whole numbers, and back; in colour, into its latent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import (
    BETWEEN,
    LIMIT,
    REAL,
    Codes,
    Encodings,
    Specimens,
    find_codes,
    find_real,
    sheet_url,
    tensor_rows,
    tensor_url,
    tensors,
)
from studio import Studio

from .sheet import by_studio, fields_of, folders_of, in_turn, lesson, one_of, sheet

VIEW = 192  # px of a picture

Request = Callable[[Any], dict[str, Any]]


def functions(models: Mapping[str, Codes]) -> list[Request]:
    """A picture or a drawing and its codes; what a table of codes stands for; the way between two pictures."""

    @in_turn
    def squeeze(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        codes = one_of(models, fields)
        drawing = fields.get("drawing")
        picture = codes.picture(fields.get("seed"), fields.get("label")) if drawing is None else codes.drawn(drawing)
        table = codes.encode(picture)
        again = codes.decode(table)
        return {
            "picture": tensor_url(picture, VIEW),
            "rows": tensor_rows(picture),
            "table": table,
            "again": tensor_url(again, VIEW),
            "lost": codes.lost(picture, again),
        }

    @in_turn
    def changed(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        codes = one_of(models, fields)
        table = fields.get("table")
        keep = fields.get("keep")
        narrowed = codes.narrow(table, codes.autoencoder.codes if keep is None else keep)
        again = codes.decode(narrowed)
        return {"table": narrowed, "again": tensor_url(again, VIEW), "rows": tensor_rows(again)}

    @in_turn
    def walk(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        codes = one_of(models, fields)
        ends = [
            codes.encode(codes.picture(fields.get(f"seed_{end}"), fields.get(f"label_{end}")))
            for end in ("first", "last")
        ]
        way = tensors(codes.walk(*ends))
        return {"sheet": sheet_url(way, len(way), 4), "count": len(way)}

    return [squeeze, changed, walk]


def colour_functions(encodings: Encodings) -> list[Request]:
    """A picture, its code, and what is painted again of it; a step of the way between two."""

    @by_studio
    def encoded(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        asked = fields.get("model"), fields.get("kind"), fields.get("seed"), fields.get("label")
        found = encodings.encoded(*asked)
        again, code = encodings.again(found, str(asked[0]), asked[3], fields.get("changed", []), fields.get("keep"))
        return {
            "picture": tensor_url(found.picture, VIEW),
            "record": found.record,
            "code": [round(value, 2) for value in code[0].tolist()],
            "again": tensor_url(again, VIEW),
            "lost": Codes.lost(found.picture, again),
        }

    @by_studio
    def step(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        model, kind = fields.get("model"), fields.get("kind")
        labels = fields.get("label"), fields.get("label_last")
        first = encodings.encoded(model, kind, fields.get("seed"), labels[0])
        last = encodings.encoded(model, kind, fields.get("seed_last"), labels[1])
        picture = encodings.between(first, last, str(model), labels, fields.get("step"))
        return {"picture": tensor_url(picture, VIEW // 2)}

    return [encoded, step]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over the models that have an autoencoder beside them, and those that have an encoder."""
    folders = folders_of(studio)
    models = find_codes(folders)
    colour = [each for each in studio.models() if each["has_encoder"] and not each["slow"]]
    specimens = Specimens(studio, [each["name"] for each in colour])
    encodings = Encodings(specimens, find_real(folders, specimens.classes))
    settings = {
        "models": {name: each.told_of() for name, each in models.items()},
        "encoded": encodings.told_of(),
        "limit": LIMIT,
        "between": BETWEEN,
        "real": REAL,
    }
    sheet("bottleneck", [*functions(models), *colour_functions(encodings)], settings)


LESSON = lesson("bottleneck", 4, build)
