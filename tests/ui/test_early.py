"""What every page begins its head with, before Gradio's own scripts; and nothing else is touched."""

from __future__ import annotations

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from ui.bundle import early_head
from ui.early import EarlyHead
from ui.mounting import application

PAGE = "<!doctype html><html><head><title>Plums</title></head><body><head></body></html>"


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def in_parts(request: Request) -> Response:
    return StreamingResponse(
        (PAGE[at : at + 7] for at in range(0, len(PAGE), 7)), media_type="text/html; charset=utf-8"
    )


async def packed(request: Request) -> Response:
    return Response(PAGE, headers={"content-encoding": "identity", "content-type": "text/html"})


async def numbers(request: Request) -> Response:
    return JSONResponse({"page": PAGE})


ROUTES = [Route(f"/{each.__name__}", each) for each in (page, in_parts, packed, numbers)]


@pytest.fixture(scope="module")
def client() -> TestClient:
    """An application of four pages, and the same once more below it, as the classroom lies below the site."""
    early = [Middleware(EarlyHead)]
    below = Starlette(routes=ROUTES, middleware=early)
    return TestClient(Starlette(routes=[*ROUTES, Mount("/below", below)], middleware=early))


@pytest.mark.parametrize("path", ["/page", "/in_parts", "/below/page", "/below/in_parts"])
def test_a_page_begins_with_it_once(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == PAGE.replace("<head>", "<head>" + early_head(), 1)
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("path", ["/packed", "/numbers", "/nowhere"])
def test_all_else_stays(client: TestClient, path: str) -> None:
    assert early_head() not in client.get(path).text.replace("\\n", "\n").replace('\\"', '"')


def test_what_asks_for_the_head_of_an_answer_gets_that(client: TestClient) -> None:
    assert client.head("/page").text == ""


def test_gradios_own_scripts_come_after_it() -> None:
    with gr.Blocks() as blocks:
        gr.Markdown("plums")
    app: FastAPI = application(blocks)
    text = TestClient(app).get("/").text
    assert 0 < text.index(early_head()) < text.index("<script", text.index(early_head()) + len(early_head()))
    assert text.count(early_head()) == 1
    assert text.index("<head>") + len("<head>") == text.index(early_head())
