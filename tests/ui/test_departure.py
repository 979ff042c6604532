"""A closed connection ends the work that a thread does for it, and no other's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from studio import StoppedError
from ui.departure import Departures, still_there


def talk(leaves: bool, path: str = "/gradio_api/component_server") -> tuple[bytes, bool]:
    """What the application read of its request, and whether its thread was told that the visitor had left."""
    seen: list[Any] = []
    gone = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(b"".join([(await receive())["body"] for _ in range(2)]))
        gone.set()
        await asyncio.sleep(0.05)

        def work() -> bool:
            try:
                still_there()
            except StoppedError:
                return True
            return False

        seen.append(await asyncio.to_thread(work))

    async def session() -> None:
        body = [b"one ", b"two"]

        async def receive() -> dict[str, Any]:
            if body:
                return {"type": "http.request", "body": body.pop(0), "more_body": bool(body)}
            await gone.wait()
            if not leaves:
                await asyncio.sleep(3600)
            return {"type": "http.disconnect"}

        await Departures(app)({"type": "http", "path": path}, receive, None)  # type: ignore[arg-type]

    asyncio.run(session())
    return seen[0], seen[1]


@pytest.mark.parametrize("leaves", [True, False])
def test_a_thread_hears_that_its_visitor_left(leaves: bool):
    assert talk(leaves) == (b"one two", leaves)


def test_other_requests_are_not_watched():
    assert talk(True, "/gradio_api/queue/join") == (b"one two", False)


def test_without_a_request_somebody_is_there():
    still_there()
