"""Files that appear when they are whole, or not at all: killed while it writes, a program leaves no half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A draft beside `path` to write to: takes its place at the end, and is gone if anything was raised.

    A new file has the folder's usual modes.
    """
    draft = path.with_name(f".draft-{secrets.token_hex(8)}{path.suffix}")
    draft.touch(exist_ok=False)
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text in UTF-8 to `path`, whole or not at all."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")
