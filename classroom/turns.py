"""Many pupils on few cores: whoever computes waits for a turn, answers before slices, and keeps it only for a slice.

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

SLICE = 0.02  # seconds of work a turn; a slider of another visitor waits no longer for it
ROUND = 0.1  # seconds in which all who compute on and on have had a slice, if they are many
LEAST = 0.005  # seconds of a slice; in less, telling what became of it would take as long
MOST_WAITING = 64
AT_MOST = 8  # answers in a row while a slice waits
IDLE = 120.0  # seconds after which a session that nobody asks for is forgotten
MOST_SESSIONS = 80
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Turns:
    """One place to compute in. Whoever asks for an answer goes before whoever computes on and on, slice by slice; among
    alike, the order is that of asking. So a slider waits for one slice at most, however many others train."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._working = False
        self._answers: deque[threading.Event] = deque()
        self._slices: deque[threading.Event] = deque()
        self._passed = 0  # answers that went before a slice that waits
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait or work."""
        return len(self._answers) + len(self._slices) + self._working

    @property
    def slice(self) -> float:
        """Seconds that a slice may take just now: the more wait for theirs, the less, so that each sees often enough
        what became of it."""
        return max(min(SLICE, ROUND / (len(self._slices) + 1)), LEAST)

    @contextmanager
    def turn(self, patient: bool = False) -> Iterator[int]:
        """Wait for the place and keep it; gives how many were before. `patient`: for a slice of what goes on and on.
        ClassroomError where too many wait already."""
        mine = threading.Event()
        with self._lock:
            before = len(self._answers) + self._working + (len(self._slices) if patient else 0)
            if self.waiting >= self._most:
                raise ClassroomError("full", "Too many are computing just now; try again in a moment.")
            (self._slices if patient else self._answers).append(mine)
            self._call_next()
        mine.wait()
        try:
            torch.set_num_threads(1)  # small networks are done before a second thread has woken; the other core is free
            yield before
        finally:
            with self._lock:
                self._working = False
                self._call_next()

    def _call_next(self) -> None:
        """Give the place away, if it is free; after AT_MOST answers to a slice, so that nobody stands still."""
        if self._working or not (self._answers or self._slices):
            return
        slice_next = bool(self._slices) and (not self._answers or self._passed >= AT_MOST)
        self._passed = 0 if slice_next or not self._slices else self._passed + 1
        self._working = True
        (self._slices if slice_next else self._answers).popleft().set()


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
