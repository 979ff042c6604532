"""The tab that a picture is taken home from."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.home import home
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    home(studio, ControlSet.of(model_entry(studio, name)))


TAB = Tab("Take home", 60, build)
