"""Files that a part hands to the browser: made in a folder of their own, which is gone before the answer is sent.

A large one does not travel within the answer. It waits at an address that cannot be guessed, is fetched as any
download is, and goes after a while, at the latest with the program.
"""

from __future__ import annotations

import atexit
import base64
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import quote

from gradio.utils import get_upload_folder

from studio import StudioError

MOST_BYTES = 512 << 20
WITHIN_BYTES = 24 << 20  # of a file that travels within an answer
KEPT_SECONDS = 900.0  # that a larger one waits to be fetched
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


_waiting: set[Path] = set()


@atexit.register
def _forget_all() -> None:
    for kept in list(_waiting):
        forget(kept)


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
        if path.stat().st_size > WITHIN_BYTES:
            return _put_by(path)
        return file_answer(name, path.read_bytes())


def _put_by(path: Path) -> dict[str, Any]:
    """A file where Gradio serves it, at an address from the page's own."""
    kept = Path(get_upload_folder()) / secrets.token_hex(16) / path.name
    kept.parent.mkdir(parents=True)
    shutil.move(path, kept)
    going = Timer(KEPT_SECONDS, forget, [kept])
    going.daemon = True
    going.start()
    _waiting.add(kept)
    address = f"gradio_api/file={quote(kept.as_posix())}"
    return {"address": address, "name": path.name, "type": TYPES.get(path.suffix, "application/octet-stream")}


def forget(kept: Path) -> None:
    """Take away what was put by."""
    _waiting.discard(kept)
    shutil.rmtree(kept.parent, ignore_errors=True)


def _check(size: int) -> None:
    if size > MOST_BYTES:
        raise StudioError(f"This file would have {size >> 20} MB; {MOST_BYTES >> 20} are the most: make it smaller.")
