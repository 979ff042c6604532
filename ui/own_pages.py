"""The pages of opened models: each a whole Gradio application, served under /yours/TOKEN/ while its model is open.

One route takes all of them. Where models are kept, a link to one works at any time: the first request opens it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass

import gradio as gr
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from studio import Opened, Studio, StudioError, Visitors

from .lost import sentence
from .models import OWN
from .mounting import application, run
from .places import OPEN

SWEEP_SECONDS = 60.0
NONE = "There is no model here, or not any more: open its file again."
BACK = ("Open your own", f"../../{OPEN}")

Build = Callable[[Studio], gr.Blocks]


@dataclass(frozen=True, eq=False)
class _Page:
    opened: Opened
    app: FastAPI
    running: AsyncExitStack  # the application's own tasks and files


class OwnPages:
    """An ASGI application for /yours/TOKEN/…; `build` makes the page of one visitor's studio.

    Its routes and its lifespan belong to the application beside whose pages it serves. For one event loop.
    """

    def __init__(self, visitors: Visitors, build: Build) -> None:
        self.visitors = visitors
        self.routes = [Mount(f"/{OWN}/{{token}}", app=self)]
        self._build = build
        self._pages: dict[str, _Page] = {}
        self._making: dict[str, asyncio.Future[_Page]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            page = await self._page(scope["path_params"]["token"]) if scope["type"] == "http" else None
            answer = sentence(NONE, 404, *BACK) if page is None else page.app
        except StudioError as error:  # kept here, but broken
            answer = sentence(str(error), 500, *BACK)
        await answer(scope, receive, send)

    async def show(self, opened: Opened) -> str:
        """Serve an opened model's page, unless it is already; its address, relative to the other pages'."""
        await self._page(opened.token)
        await self.sweep()
        return f"{OWN}/{opened.token}/"

    async def sweep(self) -> None:
        """Pages of models that are open no more go."""
        still = await asyncio.get_running_loop().run_in_executor(None, self.visitors.current)
        for token, page in list(self._pages.items()):
            if still.get(token) is not page.opened and self._pages.get(token) is page:
                del self._pages[token]
                await _close(page)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Sweep from time to time, and close all pages in the end."""
        sweeping = asyncio.ensure_future(self._sweep_for_ever())
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            for token in list(self._pages):
                await _close(self._pages.pop(token))

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep()

    async def _page(self, token: str) -> _Page | None:
        """The page of a model that is open or kept, made now if it must be; StudioError if it cannot be opened."""
        opened = self.visitors.get(token)
        page = self._pages.get(token)
        if opened is not None and page is not None and page.opened is opened:
            return page
        if opened is None and not self.visitors.is_kept(token):
            return None
        making = self._making.get(token)
        if making is None:  # made once for all who ask meanwhile, and even if whoever asked first goes away
            # A new context: in that of one of Gradio's events a component would be an update, no part of a page.
            making = self._making[token] = Context().run(asyncio.ensure_future, self._make(token, opened))
            making.add_done_callback(lambda _: self._making.pop(token))
        return await asyncio.shield(making)

    async def _make(self, token: str, opened: Opened | None) -> _Page:
        loop = asyncio.get_running_loop()
        if opened is None:
            opened = await loop.run_in_executor(None, self.visitors.reopen, token)
        blocks = await loop.run_in_executor(None, self._build, opened.studio)
        app = await loop.run_in_executor(None, application, blocks)  # not here, where everybody's requests arrive
        running = await run(app, blocks)
        page = _Page(opened, app, running)
        before, self._pages[token] = self._pages.get(token), page
        if before is not None:
            await _close(before)
        return page


async def _close(page: _Page) -> None:
    await page.running.aclose()
