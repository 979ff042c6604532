"""Many pupils on few cores: whoever computes waits for a turn, first come first served, and keeps it only for a slice.

Nothing runs by itself. A page that trains asks for one slice after another, so what nobody looks at stops by itself;
what nobody asked for in a while is forgotten. A slice is short enough that whoever comes next hardly waits.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import torch

from .errors import ClassroomError

T = TypeVar("T")

SLICE = 0.025  # seconds of work a turn; a slider of another visitor waits no longer for it
MOST_WAITING = 64
IDLE = 120.0  # seconds after which a session that nobody asks for is forgotten
MOST_SESSIONS = 80
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Turns:
    """One place to compute in, given out in the order of asking."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait or work."""
        return len(self._queue)

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Wait for the place and keep it; gives how many were before. ClassroomError where too many wait already."""
        mine = threading.Event()
        with self._lock:
            before = len(self._queue)
            if before >= self._most:
                raise ClassroomError("full", "Too many are computing just now; try again in a moment.")
            self._queue.append(mine)
            if not before:
                mine.set()
        mine.wait()
        try:
            torch.set_num_threads(1)  # small networks are done before a second thread has woken; the other core is free
            yield before
        finally:
            with self._lock:
                self._queue.popleft()
                if self._queue:
                    self._queue[0].set()


class Sessions(Generic[T]):
    """What each visitor has under way, by a token that the visitor's page drew; nobody can guess another's."""

    def __init__(
        self, idle: float = IDLE, most: int = MOST_SESSIONS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle, self._most, self._clock = idle, most, clock
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()  # the longest unused first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, token: object) -> T | None:
        """What this token has under way, kept for longer by being asked for; None if there is nothing (any more)."""
        key = _checked(token)
        with self._lock:
            self._sweep()
            found = self._kept.pop(key, None)
            if found is None:
                return None
            self._kept[key] = (self._clock(), found[1])
            return found[1]

    def put(self, token: object, value: T) -> None:
        """Begin or replace. ClassroomError where as many are under way as there is room for."""
        key = _checked(token)
        with self._lock:
            self._sweep()
            if key not in self._kept and len(self._kept) >= self._most:
                raise ClassroomError("full", "Too many are computing just now; try again in a moment.")
            self._kept.pop(key, None)
            self._kept[key] = (self._clock(), value)

    def end(self, token: object) -> None:
        """Forget."""
        with self._lock:
            self._kept.pop(_checked(token), None)

    def _sweep(self) -> None:
        now = self._clock()
        while self._kept and now - next(iter(self._kept.values()))[0] > self._idle:
            self._kept.popitem(last=False)


def _checked(token: object) -> str:
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ClassroomError("token", "This page must be loaded again.")
    return token
