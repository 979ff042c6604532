"""A folder of one's own where there is one to be had, gone at the end, also after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from host.folders import NAME, can_be_written, home, own_folder

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys; from host.folders import *; from pathlib import Path; f = own_folder([Path(sys.argv[1])]); "
WAIT = "clear_at_the_end(f); print(f, flush=True); import time; time.sleep(60)"


def test_it_is_this_users_alone_and_lies_in_the_first_place_that_has_room(tmp_path: Path):
    taken = tmp_path / "file"
    taken.write_bytes(b"")
    folder = own_folder([taken / "below", tmp_path / "new", tmp_path])
    assert folder is not None and folder.parent == tmp_path / "new"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_full_disk_is_passed_over(tmp_path: Path):
    assert own_folder([tmp_path], room=1 << 60) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_goes_at_the_end_or_with_the_next_run(tmp_path: Path, end: signal.Signals):
    command = [sys.executable, "-c", HOLD + WAIT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            folder = Path(run.stdout.readline().strip())
            (folder / "upload.pkl").write_bytes(b"0" * 1000)
            assert own_folder([tmp_path]) is not None and folder.is_dir()  # the other run lives
            run.send_signal(end)
            run.wait(30)
        finally:
            run.kill()  # else its end is waited for, come what may
    assert folder.exists() == (end == signal.SIGKILL)
    own_folder([tmp_path])
    assert not folder.exists()


def test_what_is_not_ours_stays(tmp_path: Path):
    (tmp_path / f"{NAME}made-by-hand").mkdir()
    (tmp_path / f"{NAME}link").symlink_to(tmp_path)
    own_folder([tmp_path])
    assert (tmp_path / f"{NAME}made-by-hand").is_dir() and (tmp_path / f"{NAME}link").is_symlink()


def test_what_can_be_written_is_tried(tmp_path: Path):
    (tmp_path / "file").touch()
    assert can_be_written(tmp_path / "new" / "one") and not list((tmp_path / "new" / "one").iterdir())
    assert not can_be_written(tmp_path / "file") and not can_be_written(tmp_path / "file" / "below")
    assert not can_be_written(Path("/proc/none"))


def test_no_home_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    assert home() is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    assert home() is None
