"""The look: plain CSS and JS files of `assets/`, read once at import, and a Gradio theme without web fonts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "assets"
STYLES = ("paper.css", "controls.css", "explore.css", "open_yours.css")  # colours, Gradio's controls, the parts
SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def asset(name: str) -> str:
    """The text of a file in `assets/`."""
    return (ASSETS / name).read_text(encoding="utf-8")


def theme() -> gr.themes.ThemeClass:
    """Gradio's Base theme with system fonts: strings, not `GoogleFont`s, so that nothing is fetched from outside."""
    sans, mono = ([gr.themes.Font(name) for name in names] for names in (SANS, MONO))
    return gr.themes.Base(font=sans, font_mono=mono)


def head() -> str:
    """What goes into `<head>`: all style sheets, and the script that every part of the page relies on.

    Not `launch(css=…)`: that prefixes every selector, which breaks `@property` and all that is outside its container.
    """
    styles = "\n".join(asset(name) for name in STYLES)
    return f"<style>{styles}</style><script>{asset('atelier.js')}</script>"


def settings(**values: Any) -> str:
    """What a component's script must know, as one JSON text.

    One text, because for each event Gradio copies every property of every input deeply: a schema of nested lists
    there costs more in a drag than everything else in the browser together.
    """
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
