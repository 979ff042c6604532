"""The end, when it is asked for: what must go is removed, and no work is waited for.

Python waits at its end for every thread of a pool, so a conversion in the midst of a large network held the program for
twenty seconds, and a service manager kills what does not end.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

LOOK_SECONDS = 0.2


def wait_until_asked(goes_on: Callable[[], bool] = lambda: True) -> None:
    """Wait for Ctrl+C or SIGTERM (see `clear_at_the_end`), or until `goes_on` says no."""
    with suppress(KeyboardInterrupt):
        while goes_on():
            time.sleep(LOOK_SECONDS)


def end(code: int, *last: Callable[[], None]) -> NoReturn:
    """Do what is left to do, `last` and what was registered with atexit, and end at once, whatever threads still do.

    What they write appears whole or not at all (`generator.storage.drafts`). Asked again meanwhile, as by an impatient
    hand or by a service manager that tells every process, it goes on ending.
    """
    with suppress(ValueError):  # outside of the main thread, where no signal arrives
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, signal.SIG_IGN)
    for work in last:
        with suppress(Exception):
            work()
    with suppress(Exception):
        atexit._run_exitfuncs()  # as Python does it itself, but after waiting for the threads
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)
