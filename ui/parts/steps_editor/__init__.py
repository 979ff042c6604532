"""The post-processing list: a `gr.HTML` whose value is the recipe's `steps` as JSON.

Its controls are built in the browser from the registry's schema, so a new step needs no edit here.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import MAX_STEPS, reference_profile

from ...requests import answering, bytes_of
from .. import part


def steps_editor(schema: list[dict[str, Any]]) -> gr.HTML:
    """Add, switch, reorder, tune, aim and remove steps. Fires `input` whenever its value changes under the hand, and
    `release` when a change is done: at a click, or when a thumb is let go."""
    return part(
        "steps_editor",
        value=[],
        server=[profile],
        settings={"schema": schema, "max_steps": MAX_STEPS},
        events=["input", "release"],
    )


@answering
def profile(request: Any) -> dict[str, Any]:
    """A reference picture's colours as the short text that a step of kind "profile" takes: {"image": base64}."""
    return {"profile": reference_profile(bytes_of(request, "image"))}
