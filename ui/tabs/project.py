"""The tab of one's own picture."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.project import project
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    model = model_entry(studio, name)
    subject = model["provenance"]["subject"]
    project(studio, ControlSet.of(model), model["resolution"], model["has_encoder"], subject)


TAB = Tab("Your picture", 45, build)
