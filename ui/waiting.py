"""Pictures that take seconds: how far each has come, and an end to it, for whoever waits for it and nobody else.

A page in a browser makes up a key of its own, too long to be guessed, and numbers its requests. A newer request with
the same key ends the older ones, since only the newest is shown; so does the page that asks for that. What bears
another key is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from studio import StoppedError, StudioError, asking

from .departure import still_there

KEY = re.compile(r"[0-9a-f]{32}")


@dataclass
class _Page:
    """One page's pictures that are being painted: requests up to `ended` are to end, `share` is of the newest."""

    running: int = 0
    ended: int = -1
    share: float = 0.0


class Waiting:
    """Who waits for what. Safe to share between threads; holds nothing of a page for which nothing is painted."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._lock = Lock()

    @contextmanager
    def job(self, job: object) -> Iterator[Callable[[float], None]]:
        """Within, a picture is painted for `job` = {"key", "number"}; gives what must hear its share, 0 … 1, and raises
        StoppedError as soon as nobody waits for it. StudioError for anything else than such a job."""
        key, number = read_job(job)
        with self._lock:
            page = self._pages.setdefault(key, _Page())
            page.running += 1
            page.ended = max(page.ended, number - 1)

        def hear(share: float) -> None:
            still_there()
            if number <= page.ended:
                raise StoppedError("This picture was stopped.")
            page.share = share

        try:
            hear(0.0)
            with asking(key, number):
                yield hear
        finally:
            with self._lock:
                page.running -= 1
                if not page.running:
                    del self._pages[key]

    def share(self, job: object) -> float:
        """How much of the newest picture of this key is painted, 0 … 1; 0 if none is."""
        page = self._pages.get(read_job(job)[0])
        return 0.0 if page is None else page.share

    def stop(self, job: object) -> None:
        """End this picture and all older ones of the same key."""
        key, number = read_job(job)
        with self._lock:
            if (page := self._pages.get(key)) is not None:
                page.ended = max(page.ended, number)


def read_job(job: object) -> tuple[str, int]:
    """A request's key and number; StudioError for anything else than such a job."""
    given: Mapping[str, Any] = job if isinstance(job, Mapping) else {}
    key, number = given.get("key"), given.get("number")
    if not isinstance(key, str) or not KEY.fullmatch(key) or type(number) is not int or number < 0:
        raise StudioError("This request does not come from this page; reload it.")
    return key, number
