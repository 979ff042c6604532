"""Folders that can really be written: a home that may be missing, a temporary folder that may be full or another's.

Everything temporary of one run lies in one folder of its own, not in one shared with every other program that uses
Gradio, and goes at the end. Whoever was killed leaves a folder without its lock, which the next run removes.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

NAME = "latent-atelier-run-"
LOCK = ".lock"
ROOM = 8 << 20  # bytes that must be free: saved pictures fit; an upload needs more, and says so itself
TRIAL = 1 << 16  # bytes written to see whether they can be


def home() -> Path | None:
    """The user's home folder; None where there is none: no HOME and no entry in the system's list of users."""
    try:
        found = Path.home()
    except (RuntimeError, KeyError):
        return None
    return found if found.is_dir() and os.access(found, os.W_OK | os.X_OK) else None


def can_be_written(folder: Path) -> bool:
    """Whether a folder is there, or can be made, and takes a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(TRIAL))
    except (OSError, ValueError):
        return False
    return True


def own_folder(candidates: Iterable[Path] | None = None, room: int = ROOM) -> Path | None:
    """A new folder of this run's own in the first place that has room; None where none has. Old ones are removed."""
    for place in _places() if candidates is None else candidates:
        with suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            _clear_abandoned(place)
            if shutil.disk_usage(place).free < room:
                continue
            folder = Path(tempfile.mkdtemp(prefix=NAME, dir=place))
            try:
                (folder / "trial").write_bytes(bytes(TRIAL))
                (folder / "trial").unlink()
                _hold(folder)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            return folder
    return None


def clear_at_the_end(folder: Path) -> None:
    """Remove the folder when the program ends, also where it is asked to (SIGTERM), not only interrupted."""
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl+C, by an exception: then atexit runs


def _places() -> Iterator[Path]:
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
    if (found := home()) is not None:
        yield found / ".cache" / "latent-atelier" / "tmp"
    yield from map(Path, ("/tmp", "/var/tmp", "/dev/shm"))


def _hold(folder: Path) -> None:
    """Keep the folder's lock for as long as this process lives."""
    try:
        import fcntl  # not on Windows: there a folder whose files are open cannot be removed anyway
    except ImportError:
        return
    handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _abandoned(folder: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    if folder.is_symlink() or not (folder / LOCK).is_file():
        return False  # not ours, or being made just now
    handle = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _clear_abandoned(place: Path) -> None:
    for folder in place.glob(f"{NAME}*"):
        with suppress(OSError):  # another user's
            if _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
