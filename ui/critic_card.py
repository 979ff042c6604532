"""The critic's card: where a picture stands between generated and real ones, and what that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from .theme import asset, settings


class CriticCard(gr.HTML):
    """Drawn in the browser from each answer of the live view; only the two densities come from here.

    `densities`: {"logits": …, "generated": …, "real": …}, three lists of one length ("real" may be None),
    or None without calibration;
    `note`: a line on what the critic is not.
    """

    def __init__(self, densities: Mapping[str, Sequence[float] | None] | None, note: str, **options: Any) -> None:
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
