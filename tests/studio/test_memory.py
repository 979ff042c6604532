"""Memory that was let go is the system's again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from studio.memory import give_back, keep_few_arenas


def resident() -> int:
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sizes are read from /proc")
def test_what_was_freed_is_given_back():
    keep_few_arenas()
    blocks = [bytearray(60_000) for _ in range(2000)]  # each too small to be a mapping of its own
    for block in blocks:
        block[::4096] = b"x" * len(block[::4096])
    last = bytearray(60_000)  # at the heap's end: below it nothing shrinks by itself
    full = resident()
    del blocks, block
    give_back()
    assert resident() < full - 100_000_000 and len(last) == 60_000
