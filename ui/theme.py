"""The theme: Gradio's Base without web fonts. What it looks like beyond that is in the style sheets."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.ThemeClass:
    """Gradio's Base theme with system fonts: strings, not `GoogleFont`s, so that nothing is fetched from outside."""
    sans, mono = ([gr.themes.Font(name) for name in names] for names in (SANS, MONO))
    return gr.themes.Base(font=sans, font_mono=mono)
