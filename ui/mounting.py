"""Whole Gradio applications below the site's own: what visitors opened, and the classroom.

Gradio's pages lie all in one folder, since each finds its scripts beside itself; so a folder below is an application.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import gradio as gr
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route

from .bundle import head
from .early import EarlyHead
from .lost import lost
from .requests import MAX_FILE_BYTES
from .theme import theme

MAX_THREADS = 320  # nearly all of which wait for their visitor's turn at the one place where pictures are painted
SETTINGS = {
    "run_history": False,  # on, every queued call would work through all calls before it in the browser
    "footer_links": ["api"],  # a page that does not list it does not show it; the masthead links to it
    "ssr_mode": False,
    "enable_monitoring": False,
}


def without_slash(pages: Iterable[str]) -> list[BaseRoute]:
    """A slash behind a page's address is taken off: "/terra/?seed=12" leads to "/terra?seed=12". To stand before
    Gradio's own routes, which drop the query and the folder that its application is mounted in. `pages`: their names,
    as they stand in their addresses."""
    return [Route(f"/{page}/", _with_or_without_slash) for page in pages]


def _with_or_without_slash(request: Request) -> RedirectResponse:
    """The same address, query and prefix, with a slash behind its path instead of none, or none instead of one."""
    path, query = request.url.path, request.url.query
    place = path.rstrip("/") if path.endswith("/") else f"{path}/"
    return RedirectResponse(f"{place}?{query}" if query else place)


def application(blocks: gr.Blocks, lessons: bool = False) -> FastAPI:
    """An application that serves these pages, to be mounted somewhere. `lessons`: they are the classroom's."""
    app = FastAPI(openapi_url=None, routes=without_slash(page for page, *_ in blocks.pages if page))
    blocks.max_threads = MAX_THREADS
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "SSR mode")  # which was not asked for
        gr.mount_gradio_app(
            app,
            blocks,
            "/",
            theme=theme(),
            head=head(lessons),
            max_file_size=MAX_FILE_BYTES,
            app_kwargs={"middleware": [Middleware(EarlyHead)], "exception_handlers": {404: lost}},
            **SETTINGS,
        )
    return app


async def run(app: FastAPI, blocks: gr.Blocks) -> AsyncExitStack:
    """Start what the application needs while it serves; closing the stack ends it."""
    running = AsyncExitStack()
    running.callback(blocks.close, verbose=False)  # else its queue would look for work for ever
    await running.enter_async_context(app.router.lifespan_context(app))
    return running


class Below:
    """The pages of `blocks` at /PATH/; routes and lifespan belong to the application beside whose pages it serves."""

    def __init__(self, path: str, blocks: gr.Blocks) -> None:
        self._blocks, self._app = blocks, application(blocks, lessons=True)
        self.routes = [
            Route(f"/{path}", _with_or_without_slash),
            Mount(f"/{path}", app=self._app),
        ]

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Run what the pages need, and end it."""
        async with await run(self._app, self._blocks):
            yield
