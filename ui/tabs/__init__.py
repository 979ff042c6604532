"""One module a tab. Adding a tab is adding a file: each module here has a `TAB`, and the page finds them by itself. A
style sheet beside it is found as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from studio import Studio

from ..rooms import constants


@dataclass(frozen=True)
class Tab:
    """A tab: `build(studio, page, model)` is called inside its context, on the page of each model by name, and adds
    its components and listeners to `page`."""

    title: str
    order: int
    build: Callable[[Studio, gr.Blocks, str], None]


def find_tabs() -> list[Tab]:
    """The tabs of all modules here, in their order."""
    return constants(__name__, __path__, "TAB")
