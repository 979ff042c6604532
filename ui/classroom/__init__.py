"""The classroom: one module a lesson. Adding a lesson is adding a file: each module here has a `LESSON`, /classroom
lists them, and each has a page, /classroom/NAME. A style sheet and a script beside it are found as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from studio import Studio

from ..rooms import constants

PATH = "classroom"


@dataclass(frozen=True)
class Lesson:
    """A lesson: `name` is the end of its address, `summary` one sentence on what it shows. `build(studio, page)` is
    called inside its page's context and adds its components and listeners to `page`. Lessons stand in their `order`."""

    name: str
    title: str
    summary: str
    order: int
    build: Callable[[Studio, gr.Blocks], None]


def find_lessons() -> list[Lesson]:
    """The lessons of all modules here, in their order."""
    return constants(__name__, __path__, "LESSON")
