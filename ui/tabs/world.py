"""The tab of what lies beyond a picture's edges."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.world import world
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model = model_entry(studio, name)
    world(studio, ControlSet.of(model), model["resolution"], model["provenance"]["subject"])


TAB = Tab("Beyond", 55, build)
