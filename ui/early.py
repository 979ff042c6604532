"""What must stand in a page before Gradio's own scripts: `head=` is put there by one of them, when they have begun."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .bundle import early_head

BEGIN = b"<head>"


class EarlyHead:
    """ASGI middleware: every HTML page begins its head with `bundle.early_head()`.

    It must lie inside what compresses pages; one that is compressed already, or has been here before, stays as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.markup = app, early_head().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and hold a page back until it is whole."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        parts: list[bytes] = []

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            page = self._begun(b"".join(parts))
            MutableHeaders(raw=start["headers"])["content-length"] = str(len(page))
            await send(start)
            await send({"type": "http.response.body", "body": page})
            start = None

        await self.app(scope, receive, hold)

    def _begun(self, page: bytes) -> bytes:
        return page if self.markup in page else page.replace(BEGIN, BEGIN + self.markup, 1)


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
