"""Files and folders that appear when they are whole, or not at all: killed while it writes, a program leaves no half of
one. What it leaves is a draft under a name of its own, which the next one removes once nobody holds its lock.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

FOLDER = ".converting-"  # begins the name of a folder that is being made
LOCK = ".lock"
_begun: set[Path] = set()  # folders of this process that are not whole yet
_moving = Lock()  # held while one takes its place, and for good at the end
OLD = 24 * 3600.0  # seconds after which a draft without a lock is nobody's: from a system that has no locks


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


@contextmanager
def draft_folder(beside: Path) -> Iterator[Path]:
    """A folder in `beside` to make another in, to be moved out at the end; gone afterwards with what is left in it.

    It is locked for as long as this process lives, so that `sweep_drafts` knows which nobody works in any more.
    """
    with tempfile.TemporaryDirectory(dir=beside, prefix=FOLDER) as name:
        _begun.add(Path(name))
        lock = _hold(Path(name) / LOCK)
        if lock is None:  # nobody could tell it from an abandoned one's
            (Path(name) / LOCK).unlink(missing_ok=True)
        try:
            yield Path(name)
        finally:
            _begun.discard(Path(name))
            if lock is not None:
                os.close(lock)  # before the folder goes: some systems do not remove what is open


def take_place(draft: Path, folder: Path) -> None:
    """Move what was made in a `draft_folder` to where it belongs. OSError, also where something stands there."""
    with _moving:
        draft.rename(folder)


def drop_drafts() -> None:
    """Remove every `draft_folder` of this process, which ends now: none takes its place any more."""
    _moving.acquire()  # for good: whoever is about to move half of one waits until the end
    for folder in list(_begun):
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # where nothing else lies


def sweep_drafts(*places: Path) -> None:
    """Remove what conversions left in these folders when they were killed; of those that still work, nothing."""
    for place in places:
        with suppress(OSError):
            for folder in place.glob(f"{FOLDER}*"):
                with suppress(OSError):  # another user's
                    if not folder.is_symlink() and folder.is_dir() and _abandoned(folder):
                        shutil.rmtree(folder, ignore_errors=True)


def _hold(path: Path) -> int | None:
    """Keep this file's lock until it is closed, or the process ends however it ends; None where it is not to be had."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return None
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody has it, or a network's folder without locks
        os.close(handle)
        return None
    return handle


def _abandoned(folder: Path) -> bool:
    """Whether nobody works in a draft: its lock is free, or it has none and is old."""
    if not (folder / LOCK).is_file():
        return time.time() - folder.stat().st_mtime > OLD
    handle = _hold(folder / LOCK)
    if handle is None:
        return False
    os.close(handle)
    return True
