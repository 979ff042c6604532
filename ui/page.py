"""The pages: one a model, one for models that visitors bring, those of the classroom; the endpoints for programs; and
what Gradio is told at launch. Every page is a masthead and, below it, parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from html import escape
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from studio import Studio, Visitors

from . import classroom
from .bundle import head
from .classroom.sheet import contents
from .controls import ControlSet
from .departure import Departures
from .early import EarlyHead
from .endpoints import add_endpoints
from .lost import lost
from .masthead import masthead
from .models import OWN, model_entry, model_pages
from .mounting import MAX_THREADS, SETTINGS, Below, without_slash
from .open_yours import open_yours
from .own_pages import OwnPages
from .parts.tray import tray
from .places import OPEN, Place, places, seen_from
from .sessions import keep_little
from .tabs import find_tabs
from .theme import theme

TITLE = "Latent Atelier"
MAX_WAITING = 32  # queued calls of programs; the live view does not queue
MAX_FILE_SIZE = "24mb"
UPLOAD_LIMIT = 2048  # MB
KEEP_FILES_SECONDS = 3600


def visitors_pages(studio: Studio, visitors: Visitors) -> OwnPages:
    """The pages of the models that visitors of `studio` bring, to be built and launched beside those of the house."""
    return OwnPages(visitors, lambda own: build_own_page(own, seen_from(2, places(studio))))


def build_page(studio: Studio, own: OwnPages | None = None) -> gr.Blocks:
    """All pages beside each other, ready to be launched with `launch_options()`: the default model at /, the others at
    /NAME.

    `own`: the pages of what visitors open at /open-yours; None where they may bring nothing, as that page then says.
    """
    first, *others = model_pages(studio).items()
    with _blocks() as page:
        _explore(studio, page, first[0], places(studio))
        add_endpoints(studio)
    for name, path in others:
        with page.route(name, path, show_in_navbar=False):
            _explore(studio, page, name, places(studio))
    with page.route(OPEN, OPEN, show_in_navbar=False), framed(OPEN, places(studio)):
        open_yours(page, own)
    return _queued(page)


def build_own_page(studio: Studio, links: Sequence[Place]) -> gr.Blocks:
    """The page of the one model of a visitor's studio, with endpoints of its own; its masthead leads to `links`, and
    names the model after those of the house."""
    house = sum(link.is_model for link in links)
    own = Place(OWN, studio.default, "./", is_model=True)  # not by its name, which one of the house may have, too
    with _blocks() as page:
        _explore(studio, page, studio.default, [*links[:house], own, *links[house:]], OWN)
        add_endpoints(studio)
    return _queued(page)


def build_classroom(studio: Studio) -> gr.Blocks:
    """The classroom's pages, to be served one folder below the others: what there is to learn, and each lesson at its
    name."""
    lessons, links = classroom.find_lessons(), seen_from(1, places(studio))
    with _blocks() as page, framed(classroom.PATH, links):
        contents()
    for lesson in lessons:
        with page.route(lesson.title, lesson.name, show_in_navbar=False), framed(classroom.PATH, links):
            lesson.build(studio, page)
    return _queued(page)


@contextmanager
def framed(name: str, links: Sequence[Place], model: Mapping[str, Any] | None = None) -> Iterator[None]:
    """A page's frame; what is built within lies in it. `name`: the place that it is; `links`: where its masthead leads
    to; `model`: the entry of `Studio.models()` that it is of, if it is of one."""
    gr.HTML(masthead(name, links, model), elem_id="masthead", apply_default_css=False)
    with gr.Column(elem_id="page"):
        yield


def _explore(studio: Studio, page: gr.Blocks, model: str, links: Sequence[Place], place: str | None = None) -> None:
    """A model's page: every tab, without a bar to choose from where there is but one, and the favourites below them."""
    if model in studio.unopened:
        with framed(model, links):
            gr.HTML(f"<h2>{escape(model)}</h2><p>{escape(studio.unopened[model])}</p>", apply_default_css=False)
        return
    tabs = find_tabs()
    with framed(place or model, links, model_entry(studio, model)):
        if len(tabs) == 1:
            tabs[0].build(studio, page, model)
        else:
            with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):  # all of them in sight, on a phone, too
                for tab in tabs:
                    with gr.Tab(tab.title):
                        tab.build(studio, page, model)
        tray(studio, ControlSet.of(model_entry(studio, model)))


def _blocks() -> gr.Blocks:
    keep_little()
    return gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(KEEP_FILES_SECONDS, KEEP_FILES_SECONDS),
    )


def _queued(page: gr.Blocks) -> gr.Blocks:
    return page.queue(max_size=MAX_WAITING, default_concurrency_limit=1)


def launch_options(studio: Studio, own: OwnPages | None = None, upload_limit: int = UPLOAD_LIMIT) -> dict[str, Any]:
    """Arguments for `Blocks.launch` of `build_page(studio, own)`: our look, what is served below those pages, nothing
    kept in the browser or sent outside.

    `own`: as for `build_page`; `upload_limit`: MB of a file that a visitor may bring, if any may.
    """
    below: list[OwnPages | Below] = [] if own is None else [own]
    if classroom.find_lessons():
        below.append(Below(classroom.PATH, build_classroom(studio)))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in below:
                await stack.enter_async_context(each.lifespan(app))
            yield

    return {
        "theme": theme(),
        "head": head(),
        "max_file_size": MAX_FILE_SIZE if own is None else f"{upload_limit}mb",
        "app_kwargs": {
            "routes": [
                *(route for each in below for route in each.routes),
                *without_slash(place.path for place in places(studio) if not place.path.endswith("/")),
            ],
            "lifespan": lifespan,
            "middleware": [Middleware(Departures), Middleware(EarlyHead)],
            "exception_handlers": {404: lost},
        },
        "max_threads": MAX_THREADS,
        "_frontend": False,  # else Gradio asks its own page for an answer, and ends where that takes three seconds
        **SETTINGS,
    }
