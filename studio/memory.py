"""Giving memory back to the system: what is freed stays with the allocator, which keeps it for the next to ask."""

from __future__ import annotations

import ctypes
import sys

ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
ARENAS = 2


def _allocator() -> ctypes.CDLL | None:
    """The C library, where it is glibc: others have none of these functions, and mostly no need of them."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def keep_few_arenas() -> None:
    """Let threads share places to allocate from: of its own, each of our many threads keeps what one picture took."""
    if (library := _allocator()) is not None:
        library.mallopt(ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return what is free. Takes some milliseconds, so do it when something large has been let go."""
    if (library := _allocator()) is not None:
        library.malloc_trim(0)
