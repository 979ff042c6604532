"""The post-processing list: a `gr.HTML` whose value is the recipe's `steps` as JSON.

Its controls are built in the browser from the registry's schema, so a new step needs no edit here.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import MAX_STEPS, StudioError, reference_profile

from .files import bytes_of
from .theme import asset, settings


class StepsEditor(gr.HTML):
    """Add, switch, reorder, tune, aim and remove steps. Fires `input` whenever its value changes under the hand."""

    def __init__(self, schema: list[dict[str, Any]], **options: Any) -> None:
        super().__init__(
            value=[],
            html_template=asset("steps_editor.html"),
            js_on_load=asset("steps_editor.js"),
            apply_default_css=False,
            server_functions=[profile],
            settings=settings(schema=schema, max_steps=MAX_STEPS),
            **options,
        )

    def get_block_name(self) -> str:
        """The front end that draws it: Gradio's own."""
        return "html"


def profile(request: Any) -> dict[str, Any]:
    """A reference picture's colours as the short text that a step of kind "profile" takes: {"image": base64}."""
    try:
        return {"profile": reference_profile(bytes_of(request, "image"))}
    except StudioError as error:
        return {"error": str(error)}
