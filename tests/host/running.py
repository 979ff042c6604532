"""The real program in an environment of its own: another user, another home, another root, a proxy before it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 300.0  # a busy machine takes long to load torch


@dataclass
class Program:
    """A program that serves at `url` and has written `log` so far."""

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))

    @property
    def log(self) -> str:
        """What it has said."""
        return self.log_file.read_text(encoding="utf-8")

    def get(self, path: str = "") -> httpx.Response:
        """The answer to a request for that path."""
        return self.client.get(self.url + path)


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    folder: Path,
    arguments: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[Program]:
    """The program, served until the end; its log lies in `folder`. `before`: what runs it, such as setpriv."""
    port, log = free_port(), folder / "log.txt"
    command = [*before, sys.executable, ROOT / "app.py", "--port", str(port), *arguments]
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_WAIT_POLICY": "PASSIVE", **(environment or {})}
    variables = {name: value for name, value in variables.items() if value}
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    program = Program(f"http://127.0.0.1:{port}/", process, log)
    try:
        _wait(program)
        yield program
    finally:
        program.client.close()
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


def _wait(program: Program) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and program.process.poll() is None:
        try:
            if program.get("healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"The program does not serve:\n{program.log}")
