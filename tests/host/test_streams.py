"""Streams that are closed or full stop nobody, and no socket takes their place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEAK = """
import socket, sys
from host import mend_streams
mend_streams()
with socket.socket() as probe, open(sys.argv[1], "w") as file:
    print("said"); print("shouted", file=sys.stderr, flush=True); sys.stdout.flush()
    print(min(probe.fileno(), file.fileno()), sys.stdin.read(), file=file)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    "streams", ["0<&- 1>&- 2>&-", "1>/dev/full 2>&1", "2>&-", "</dev/null"], ids=["closed", "full", "one", "as usual"]
)
def test_what_cannot_be_said_stops_nobody(tmp_path: Path, streams: str):
    if "full" in streams and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", SPEAK, str(tmp_path / "told")]
    done = subprocess.run(command, cwd=ROOT, input="", capture_output=True, text=True)
    assert done.returncode == 0
    assert int((tmp_path / "told").read_text().split()[0]) > 2
    if streams == "</dev/null":
        assert (done.stdout, done.stderr) == ("said\n", "shouted\n")
