"""The critic's card: where a picture stands between generated and real ones, and what that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from .. import part


def critic_card(densities: Mapping[str, Sequence[float] | None] | None, note: str) -> gr.HTML:
    """Drawn in the browser from each answer of the live view; only the two densities come from here.

    `densities`: {"logits": …, "generated": …, "real": …}, three lists of one length ("real" may be None),
    or None without calibration;
    `note`: a line on what the critic is not.
    """
    return part("critic_card", settings={"densities": densities, "note": note})
