"""The end comes when it is asked for: nobody waits for a thread, and what must go is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKING = """
import atexit, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from host import end, wait_until_asked
from host.folders import clear_at_the_end
folder = Path(sys.argv[1])
clear_at_the_end(folder)
ThreadPoolExecutor().submit(time.sleep, 60)
wait_until_asked(lambda: print("waits", flush=True) or True)
print("asked", flush=True)
end(3, lambda: 1 / 0, lambda: time.sleep(0.5), lambda: (folder.parent / "last").touch())
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_threads_are_not_waited_for(tmp_path: Path, asked: signal.Signals):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "upload").write_bytes(b"half")
    command = [sys.executable, "-c", WORKING, str(tmp_path / "own")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None and run.stdout.readline() == "waits\n"
            began = time.monotonic()
            run.send_signal(asked)
            assert set(iter(run.stdout.readline, "asked\n")) <= {"waits\n"}
            time.sleep(0.1)
            run.send_signal(signal.SIGTERM)  # asked again while it ends
            assert run.wait(30) == 3 and time.monotonic() - began < 10  # not the minute of that thread
            assert not run.stdout.read()
        finally:
            run.kill()  # else its end is waited for, come what may
    assert [path.name for path in tmp_path.iterdir()] == ["last"]
