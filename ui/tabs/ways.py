"""The tab of directions."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.ways import ways
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model = model_entry(studio, name)
    ways(studio, ControlSet.of(model), len(model["layers"]), model["has_critic"])


TAB = Tab("Directions", 40, build)
