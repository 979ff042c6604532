"""The tab of walks."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.walks import walks
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model = model_entry(studio, name)
    walks(studio, ControlSet.of(model), {each["name"]: each["title"] for each in model["directions"]})


TAB = Tab("Walk", 50, build)
