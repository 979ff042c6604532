"""What the log says of an error: its kind and where it came up, never its words, which may hold what a visitor made."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def kind_and_place(error: BaseException) -> str:
    """Such as "KeyError at studio/render.py:123": the line of ours that the error came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if ROOT in Path(frame.filename).parents and ".venv" not in frame.filename]
    kind = type(error).__name__
    if not frames:
        return kind
    last = (ours or frames)[-1]
    path = Path(last.filename)
    return f"{kind} at {path.relative_to(ROOT).as_posix() if ours else path.name}:{last.lineno}"


class Sparing(logging.Filter):
    """Turns a record with an error into one line without the error's words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            # Others' messages may quote the error further down, as asyncio's do.
            record.msg = f"{record.getMessage().splitlines()[0]}: {kind_and_place(error)}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def spare_words(*names: str) -> None:
    """Let these loggers ("": what reaches the root's handlers) say of an error no more than its kind and place."""
    for name in names:
        for place in logging.getLogger().handlers if not name else [logging.getLogger(name)]:
            place.addFilter(Sparing())
