"""The tab of dragging by points."""

from __future__ import annotations

import gradio as gr

from studio import Recipe, Studio, StudioError
from studio.tools.drag import shape_of

from ..controls import ControlSet
from ..models import model_entry
from ..parts.drag import drag
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model, refusal = model_entry(studio, name), ""
    try:
        shape_of(studio, Recipe(model=name))
    except StudioError as error:
        refusal = str(error)
    drag(studio, ControlSet.of(model), model["resolution"], refusal)


TAB = Tab("Drag", 47, build)
