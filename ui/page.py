"""The page: a masthead, the tabs, the endpoints for programs; and what Gradio is told at launch."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Studio

from .endpoints import add_endpoints
from .masthead import masthead
from .tabs import find_tabs
from .theme import head, theme

TITLE = "Latent Atelier"
MAX_WAITING = 32  # queued calls of programs; the live view does not queue
MAX_FILE_SIZE = "24mb"
KEEP_FILES_SECONDS = 3600


def build_page(studio: Studio) -> gr.Blocks:
    """The whole page, ready to be launched with `launch_options()`."""
    with gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_FILES_SECONDS, KEEP_FILES_SECONDS),
    ) as page:
        gr.HTML(masthead(studio.models()), elem_id="masthead", apply_default_css=False)
        with gr.Tabs(elem_id="tabs"):
            for tab in find_tabs():
                with gr.Tab(tab.title):
                    tab.build(studio, page)
        add_endpoints(studio)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=1)
    return page


def launch_options() -> dict[str, Any]:
    """Arguments for `Blocks.launch`: our look, nothing kept in the browser or sent outside."""
    return {
        "theme": theme(),
        "head": head(),
        "run_history": False,  # on, every queued call would work through all calls before it in the browser
        "footer_links": [],  # the masthead links to what a visitor may need
        "max_file_size": MAX_FILE_SIZE,
        "ssr_mode": False,
        "enable_monitoring": False,
    }
