"""The pages, one a model: a masthead and the tabs; one for models that visitors bring; the endpoints for programs; and
what Gradio is told at launch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from studio import Studio, Visitors

from .endpoints import add_endpoints
from .masthead import masthead
from .models import model_entry, model_pages
from .open_yours import PATH, open_yours
from .own_pages import OwnPages
from .tabs import find_tabs
from .theme import head, theme

TITLE = "Latent Atelier"
MAX_WAITING = 32  # queued calls of programs; the live view does not queue
MAX_FILE_SIZE = "24mb"
UPLOAD_LIMIT = 2048  # MB
KEEP_FILES_SECONDS = 3600


def visitors_pages(studio: Studio, visitors: Visitors) -> OwnPages:
    """The pages of the models that visitors of `studio` bring, to be built and launched beside those of the house."""
    return OwnPages(visitors, lambda own: build_own_page(own, _links(studio)))


def build_page(studio: Studio, own: OwnPages | None = None) -> gr.Blocks:
    """All pages, ready to be launched with `launch_options()`: the default model at /, the others at /NAME.

    `own`: the pages of what visitors open at /PATH; None where they may bring nothing, as that page then says.
    """
    first, *others = model_pages(studio).items()
    with _blocks() as page:
        _fill(studio, page, first[0])
        add_endpoints(studio)
    for name, path in others:
        with page.route(name, path, show_in_navbar=False):
            _fill(studio, page, name)
    with page.route(PATH, PATH, show_in_navbar=False):
        gr.HTML(masthead(None, _links(studio)), elem_id="masthead", apply_default_css=False)
        open_yours(page, own)
    return _queued(page)


def build_own_page(studio: Studio, links: Mapping[str, str]) -> gr.Blocks:
    """The page of the one model of a visitor's studio, with endpoints of its own, two levels below the pages that
    `links` lead to."""
    up = {name: f"../../{path.removeprefix('./')}" for name, path in links.items()}
    with _blocks() as page:
        _fill(studio, page, studio.default, up)
        add_endpoints(studio)
    return _queued(page)


def _blocks() -> gr.Blocks:
    return gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_FILES_SECONDS, KEEP_FILES_SECONDS),
    )


def _queued(page: gr.Blocks) -> gr.Blocks:
    return page.queue(max_size=MAX_WAITING, default_concurrency_limit=1)


def _links(studio: Studio) -> dict[str, str]:
    return {**model_pages(studio), PATH: PATH}


def _fill(studio: Studio, page: gr.Blocks, model: str, links: Mapping[str, str] | None = None) -> None:
    head = masthead(model_entry(studio, model), _links(studio) if links is None else links)
    gr.HTML(head, elem_id="masthead", apply_default_css=False)
    with gr.Tabs(elem_id="tabs"):
        for tab in find_tabs():
            with gr.Tab(tab.title):
                tab.build(studio, page, model)


def launch_options(own: OwnPages | None = None, upload_limit: int = UPLOAD_LIMIT) -> dict[str, Any]:
    """Arguments for `Blocks.launch`: our look, nothing kept in the browser or sent outside.

    `own`: as for `build_page`; `upload_limit`: MB of a file that a visitor may bring, if any may.
    """
    return {
        "theme": theme(),
        "head": head(),
        "run_history": False,  # on, every queued call would work through all calls before it in the browser
        "footer_links": [],  # the masthead links to what a visitor may need
        "max_file_size": MAX_FILE_SIZE if own is None else f"{upload_limit}mb",
        "ssr_mode": False,
        "enable_monitoring": False,
        "app_kwargs": {} if own is None else {"routes": own.routes, "lifespan": own.lifespan},
    }
