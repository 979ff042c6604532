"""Standard streams as services leave them: closed, or on a disk that is full. What cannot be said stops nobody."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast


class Forgiving:
    """A text stream that is silent where it cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """As the stream's own."""
        with suppress(OSError, ValueError):  # ValueError: it is closed, or has no such letters
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As the stream's own."""
        with suppress(OSError, ValueError):
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def mend_streams() -> None:
    """Give this process the streams that it lacks, leading nowhere: else the first socket would become its standard
    output. From now on those that cannot be written are silent."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for name in ("stdout", "stderr"):
        if not isinstance(stream := getattr(sys, name), Forgiving):
            setattr(sys, name, cast(TextIO, Forgiving(stream)))
