"""What single layers have of their own: a `gr.HTML` whose value is the recipe's `layers` as JSON, a row a layer."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .. import part


def layers_editor(layers: list[dict[str, Any]], noisy: int) -> gr.HTML:
    """Truncation, noise and freezing of each of a model's `layers`, of which the first `noisy` have noise. Fires
    `release` when a value is changed."""
    settings = {"layers": [each["resolution"] for each in layers], "noisy": noisy}
    return part("layers_editor", value=[], settings=settings, events=["input", "release"])
