"""The critic's card: where a picture stands between generated and real ones, and what that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from .theme import asset, settings

from gradio.events import Dependency

class CriticCard(gr.HTML):
    """Drawn in the browser from each answer of the live view; only the two densities come from here.

    `densities`: {"logits": …, "generated": …, "real": …}, three lists of one length, or None without calibration;
    `note`: a line on what the critic is not.
    """

    def __init__(self, densities: Mapping[str, Sequence[float]] | None, note: str, **options: Any) -> None:
        super().__init__(
            html_template=asset("critic_card.html"),
            js_on_load=asset("critic_card.js"),
            apply_default_css=False,
            settings=settings(densities=densities, note=note),
            **options,
        )

    def get_block_name(self) -> str:
        """The front end that draws it: Gradio's own."""
        return "html"
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component