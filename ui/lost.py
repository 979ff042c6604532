"""Addresses that lead nowhere: a visitor reads a sentence there and finds the way back."""

from __future__ import annotations

from html import escape

from fastapi import HTTPException
from fastapi.exception_handlers import http_exception_handler
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

LOST = "There is no page at this address."


async def lost(request: Request, error: Exception) -> Response:
    """The answer to what is not there: a page where a browser asks for one, FastAPI's own JSON for everybody else."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        here = request.scope.get("root_path", "")
        home = request.scope.get("app_root_path", here)  # the site's, where this application is mounted below it
        return sentence(LOST, 404, "Latent Atelier", f"{home}/")
    if not isinstance(error, HTTPException):
        error = HTTPException(404)
    return await http_exception_handler(request, error)


def sentence(text: str, status: int, link: str, address: str) -> HTMLResponse:
    """A page that says one thing, and leads to one address."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Latent Atelier</title><style>:root { color-scheme: light dark; font-family: system-ui; } "
        "body { max-width: 34rem; margin: 4rem auto; padding: 0 1rem; line-height: 1.5; }</style>"
        f'<p>{escape(text)}</p><p><a href="{escape(address)}">{escape(link)}</a></p></html>',
        status,
    )
