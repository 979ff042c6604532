"""The pages, one a model: a masthead and the tabs; the endpoints for programs; and what Gradio is told at launch."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Studio

from .endpoints import add_endpoints
from .masthead import masthead
from .models import model_entry, model_pages
from .tabs import find_tabs
from .theme import head, theme

TITLE = "Latent Atelier"
MAX_WAITING = 32  # queued calls of programs; the live view does not queue
MAX_FILE_SIZE = "24mb"
KEEP_FILES_SECONDS = 3600


def build_page(studio: Studio) -> gr.Blocks:
    """All pages, ready to be launched with `launch_options()`: the default model at /, the others at /NAME."""
    first, *others = model_pages(studio).items()
    with gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_FILES_SECONDS, KEEP_FILES_SECONDS),
    ) as page:
        _fill(studio, page, first[0])
        add_endpoints(studio)
    for name, path in others:
        with page.route(name, path, show_in_navbar=False):
            _fill(studio, page, name)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=1)
    return page


def _fill(studio: Studio, page: gr.Blocks, model: str) -> None:
    gr.HTML(masthead(model_entry(studio, model), model_pages(studio)), elem_id="masthead", apply_default_css=False)
    with gr.Tabs(elem_id="tabs"):
        for tab in find_tabs():
            with gr.Tab(tab.title):
                tab.build(studio, page, model)


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
