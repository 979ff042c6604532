"""Lesson 4, the bottleneck: a picture squeezed into a few whole numbers, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import Codes, find_codes, sheet_url, tensor_rows, tensor_url, tensors
from studio import Studio

from .sheet import fields_of, folders_of, in_turn, lesson, one_of, sheet

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


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over the models that have an autoencoder beside them."""
    models = find_codes(folders_of(studio))
    sheet("bottleneck", functions(models), {"models": {name: each.told_of() for name, each in models.items()}})


LESSON = lesson("bottleneck", 4, build)
