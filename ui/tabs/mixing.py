"""The tab of mixing and breeding."""

from __future__ import annotations

import gradio as gr

from studio import Studio

from ..controls import ControlSet
from ..models import model_entry
from ..parts.mixing import mixing
from . import Tab


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out."""
    mixing(studio, ControlSet.of(model_entry(studio, name)))


TAB = Tab("Mix", 30, build)
