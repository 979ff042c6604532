"""Lesson 7, afterwards: filter, segmentation and colour one by one, and the critic's change of mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from classroom import CHANNELS, MOST_USES, REGIONS, Specimens, segment, treat
from studio import Studio, data_url

from .sheet import by_studio, fields_of, lesson, sheet

VIEW = 256  # px of a picture

Request = Callable[[Any], dict[str, Any]]


def functions(specimens: Specimens) -> list[Request]:
    """A picture after its steps, read by the critic at every stage; and a picture's regions."""

    @by_studio
    def treated(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        picture = fields.get("model"), fields.get("seed"), fields.get("label")
        found = treat(specimens, *picture, fields.get("steps", []))
        rendering = found.rendering
        return {
            "before": data_url(rendering.raw, at_least=VIEW),
            "after": data_url(rendering.picture, rendering.alpha, at_least=VIEW),
            "readings": found.readings,
            "histograms": found.histograms,
            "recipe": rendering.recipe.to_query(),
        }

    @by_studio
    def regions(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found = segment(specimens, fields.get("model"), fields.get("seed"), fields.get("label"), fields.get("count"))
        return {
            "picture": data_url(found.picture, at_least=VIEW),
            "shown": data_url(found.shown, at_least=VIEW),
            "regions": found.facts,
            "subject": round(float(found.regions.subject.mean()), 4),
        }

    return [treated, regions]


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over the models whose critic knows real pictures; with every step that needs no other picture."""
    models = studio.models()
    told = {
        m["name"]: {"classes": m["classes"], "opens_with": m["default_class"]}
        for m in models
        if m["has_critic"] and m["densities"] and not m["slow"]
    }
    steps = models[0]["steps"] if models else []
    usable = [step for step in steps if all(each["kind"] != "profile" for each in step["parameters"])]
    settings = {"models": told, "steps": usable, "most": MOST_USES, "regions": REGIONS, "channels": CHANNELS}
    sheet("afterwards", functions(Specimens(studio, [*told])), settings)


LESSON = lesson("afterwards", 7, build)
