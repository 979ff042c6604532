"""Who has left: a closed tab ends the work that was done for it.

Server functions run in threads, which hear nothing of the connection. So a watcher beside each of them listens for its
end, and the work asks from time to time whether somebody still waits for it.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from threading import Event

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio import StoppedError

WATCHED = "/component_server"  # how the path of every server function ends

_left: ContextVar[Event | None] = ContextVar("left", default=None)


def still_there(share: float = 0.0) -> None:
    """Raise StoppedError if whoever asked for what this thread does has closed the connection. For `progress`."""
    left = _left.get()
    if left is not None and left.is_set():
        raise StoppedError("Nobody waits for this picture any more.")


class Departures:
    """ASGI middleware: tells the threads that work for a request when its connection ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and listen beside it."""
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith(WATCHED):
            await self.app(scope, receive, send)
            return
        messages: asyncio.Queue[Message] = asyncio.Queue()
        left = Event()

        async def listen() -> None:
            while True:
                message = await receive()
                await messages.put(message)
                if message["type"] == "http.disconnect":
                    left.set()
                    return

        token = _left.set(left)
        listening = asyncio.ensure_future(listen())
        try:
            await self.app(scope, messages.get, send)
        finally:
            listening.cancel()
            _left.reset(token)
