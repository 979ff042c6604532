"""What Gradio keeps of each browser: the state of its components, and not a second copy of the whole site.

For links that reopen a component's state (`gr.DeepLinkButton`) it lays the configuration of every component of every
page beside each new session: a tenth of a second and some megabytes for each visitor, in the loop that serves all
others. Our links hold recipes, so nothing asks for it.
"""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
from gradio import state_holder


class Session(state_holder.SessionState):
    """A session without the values that only such links would need."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]


def keep_little() -> None:
    """From now on, new sessions of all applications in this process are such."""
    state_holder.SessionState = Session  # type: ignore[misc]
