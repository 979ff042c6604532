"""The tab of contact sheets."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.sheet import sheet
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model = model_entry(studio, name)
    sheet(studio, ControlSet.of(model), model["has_critic"])


TAB = Tab("Sheet", 20, build)
