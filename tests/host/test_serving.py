"""Behind a proxy: the prefix from the start or from a trusted proxy, passed on or taken off, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Mount, Route

from host import around, root_path


async def where(request: Request) -> JSONResponse:
    return JSONResponse({"url": str(request.url), "root": request.scope["root_path"]})


def away(_: Request) -> RedirectResponse:
    return RedirectResponse("/here")


def answer(path: str, prefix: str = "", client: tuple[str, int] = ("127.0.0.1", 5000), **headers: str) -> Any:
    """What an application behind that prefix answers; keywords are headers."""
    routes = [Route("/here", where), Mount("/yours/{token}", routes=[Route("/", where)]), Route("/away", away)]
    app = Starlette(**around({"routes": routes}, prefix, lambda: {"ok": prefix != "/ill", "models": []}))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside:7860") as visitor:
            return await visitor.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/here", "/yours/abc/"])
@pytest.mark.parametrize("passed_on", [True, False])
@pytest.mark.parametrize("given", [{"prefix": "/a/telier"}, {"x_forwarded_prefix": "/a/telier/"}])
def test_the_prefix_is_part_of_every_address(given: dict[str, Any], passed_on: bool, path: str):
    told = answer(f"/a/telier{path}" if passed_on else path, x_forwarded_host="example.org", **given).json()
    assert told["url"] == f"http://example.org/a/telier{path}"
    assert told["root"].startswith("/a/telier")


def test_a_whole_address_names_the_host_too():
    assert answer("/here", "https://example.org/atelier").json()["url"] == "https://example.org/atelier/here"


def test_redirects_stay_behind_the_prefix():
    assert answer("/away", "/atelier").headers["location"] == "/atelier/here"
    assert answer("/away").headers["location"] == "/here"


@pytest.mark.parametrize(
    ("client", "trusted"),
    [(("127.0.0.1", 5000), True), (("::1", 5000), True), (("203.0.113.9", 0), True), (("203.0.113.9", 5000), False)],
)
def test_only_a_trusted_proxy_is_believed(client: tuple[str, int], trusted: bool):
    told = answer("/here", client=client, x_forwarded_prefix="/atelier").json()
    assert told["root"] == ("/atelier" if trusted else "")


def test_whom_to_trust_may_be_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "203.0.113.0/24, nobody")
    assert answer("/here", client=("203.0.113.9", 5000), x_forwarded_prefix="/atelier").json()["root"] == "/atelier"
    assert answer("/here", x_forwarded_prefix="/atelier").json()["root"] == ""


@pytest.mark.parametrize("prefix", ["atelier", "//evil.example", "/a/../b", "/a b", "/<script>", "/a?b"])
def test_what_is_no_prefix_is_left_out(prefix: str):
    assert answer("/here", x_forwarded_prefix=prefix).json()["root"] == ""


@pytest.mark.parametrize("text", ["atelier", "//evil.example", "ftp://x/y", "/a b", "https://", "/a/../b"])
def test_what_is_no_prefix_is_refused_at_the_start(text: str):
    with pytest.raises(ValueError, match="prefix"):
        root_path(text)


@pytest.mark.parametrize("text", ["", "/", "/atelier/", "https://example.org", "http://[::1]:80/a"])
def test_slashes_at_the_end_of_a_prefix_go(text: str):
    assert root_path(text) == text.rstrip("/")


@pytest.mark.parametrize(("prefix", "status"), [("", 200), ("/atelier", 200), ("/ill", 503)])
def test_health_is_told_at_once(prefix: str, status: int):
    told = answer("/healthz", prefix)
    assert (told.status_code, json.loads(told.text)["ok"]) == (status, status == 200)
