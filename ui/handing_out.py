"""Files that a part hands to the browser: made in a folder of their own, which is gone before the answer is sent."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio import StudioError

MOST_BYTES = 64 << 20
TYPES = {
    ".png": "image/png",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".json": "application/json",
    ".css": "text/css",
}


def file_answer(name: str, data: bytes) -> dict[str, Any]:
    """A file as `assets/bench.js` saves it; StudioError if it is larger than MOST_BYTES."""
    _check(len(data))
    kind = TYPES.get(Path(name).suffix, "application/octet-stream")
    return {"file": base64.b64encode(data).decode("ascii"), "name": name, "type": kind}


def made_file(name: str, make: Callable[[Path], object]) -> dict[str, Any]:
    """The file of that name that `make(path)` writes, as `file_answer` gives it."""
    with tempfile.TemporaryDirectory(prefix="latent-atelier-") as folder:
        path = Path(folder) / name
        make(path)
        _check(path.stat().st_size)
        return file_answer(name, path.read_bytes())


def _check(size: int) -> None:
    if size > MOST_BYTES:
        raise StudioError(f"This file would have {size >> 20} MB; {MOST_BYTES >> 20} are the most: make it smaller.")
