"""Lesson 5, one piece after another: a picture written code by code, and one that is completed from its upper half."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from classroom import ClassroomError, Codes, find_codes, sheet_url, tensor_url, tensors
from studio import Studio

from .sheet import fields_of, folders_of, in_turn, lesson, one_of, sheet

VIEW = 192  # px of a picture
WAYS = 4  # completions shown beside each other

Request = Callable[[Any], dict[str, Any]]


def functions(models: Mapping[str, Codes]) -> list[Request]:
    """What may come next and a code more; and the lower halves that a network predicts for an upper one."""

    @in_turn
    def write(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        codes = one_of(models, fields)
        so_far, label, heat = fields.get("codes"), fields.get("label"), fields.get("temperature")
        count = fields.get("count", 0)
        if type(count) is not int or not 0 <= count <= codes.autoencoder.side:
            raise ClassroomError("codes", "These are no codes of this network.")
        written = codes.write(so_far, label, heat, fields.get("seed"), count)
        open_ = len(written) < codes.autoencoder.side**2
        return {
            "codes": written,
            "picture": tensor_url(codes.so_far(written), VIEW),
            "chances": codes.chances(written, label, heat) if open_ else [],
        }

    @in_turn
    def complete(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        codes = one_of(models, fields)
        label, drawing = fields.get("label"), fields.get("drawing")
        picture = codes.picture(fields.get("seed"), label) if drawing is None else codes.drawn(drawing)
        table = codes.encode(picture)
        half = [code for row in table[: len(table) // 2] for code in row]
        way = fields.get("way")
        if type(way) is not int or not 0 <= way < WAYS:
            raise ClassroomError("codes", "These are no codes of this network.")
        whole = codes.write(half, label, fields.get("temperature"), way)
        return {
            "given": tensor_url(codes.so_far(half), VIEW),
            "picture": tensor_url(picture, VIEW),
            "way": sheet_url(tensors(codes.so_far(whole)), 1, 6),
        }

    return [write, complete]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over the models that have a recurrent network beside them."""
    models = find_codes(folders_of(studio))
    told = {name: each.told_of() for name, each in models.items()}
    sheet("sequence", functions(models), {"models": told, "ways": WAYS})


LESSON = lesson("sequence", 5, build)
