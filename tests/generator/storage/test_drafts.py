"""Folders that are being made: whose they are, and what becomes of those that were left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.storage.drafts import FOLDER, LOCK, OLD, draft_folder, sweep_drafts

WORKING = """
import sys
from pathlib import Path
from generator.storage.drafts import draft_folder
with draft_folder(Path(sys.argv[1])) as folder:
    (folder / "half.safetensors").write_bytes(b"half")
    print(folder, flush=True)
    sys.stdin.read()
"""


def working(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """A program in the midst of making a folder, and the folder."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", WORKING, str(place)], text=True, **pipes)  # type: ignore[call-overload]
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_moved_out_and_the_rest_goes(tmp_path: Path):
    with draft_folder(tmp_path) as folder:
        (folder / "plums").mkdir()
        (folder / "rest").touch()
        (folder / "plums").rename(tmp_path / "plums")
    assert [path.name for path in tmp_path.iterdir()] == ["plums"]
    with pytest.raises(ValueError, match="bad"), draft_folder(tmp_path):
        raise ValueError("bad")
    assert [path.name for path in tmp_path.iterdir()] == ["plums"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fcntl")
def test_what_somebody_works_in_stays_and_what_a_killed_one_left_goes(tmp_path: Path):
    process, folder = working(tmp_path)
    try:
        os.utime(folder, (0, 0))  # however long it takes
        sweep_drafts(tmp_path)
        assert (folder / "half.safetensors").is_file()
        process.kill()
        process.wait()
        assert folder.is_dir()
        sweep_drafts(tmp_path, tmp_path / "nowhere")
        assert not folder.exists()
    finally:
        process.kill()


AT_THE_END = """
import sys, threading, time
from pathlib import Path
from generator.storage.drafts import draft_folder, drop_drafts, take_place
place, ready, go = Path(sys.argv[1]), threading.Event(), threading.Event()
def convert():
    with draft_folder(place / "hash") as draft:
        (draft / "plums").mkdir()
        (draft / "plums" / "generator.safetensors").touch()
        ready.set()
        go.wait()
        (draft / "plums").mkdir(parents=True, exist_ok=True)  # it goes on writing
        take_place(draft / "plums", place / "plums")
(place / "hash").mkdir()
threading.Thread(target=convert, daemon=True).start()
ready.wait()
drop_drafts()
print(sorted(path.name for path in place.iterdir()), flush=True)
go.set()
time.sleep(0.3)
print((place / "plums").exists(), flush=True)
"""


def test_at_the_end_drafts_go_and_none_takes_its_place_any_more(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", AT_THE_END, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "False"]


def test_only_ours_and_only_what_is_stale(tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    place = tmp_path / "models"
    place.mkdir()
    (place / f"{FOLDER}link").symlink_to(elsewhere, target_is_directory=True)
    (place / f"{FOLDER}file").touch()
    for name in (f"{FOLDER}new", f"{FOLDER}old", "plums", "converting-plums"):
        (place / name).mkdir()
    for path in place.iterdir():
        if not path.name.endswith("new"):
            os.utime(path, (path.stat().st_mtime - 2 * OLD,) * 2)
    sweep_drafts(place)
    left = {path.name for path in place.iterdir()}
    assert left == {f"{FOLDER}link", f"{FOLDER}file", f"{FOLDER}new", "plums", "converting-plums"}
    assert elsewhere.is_dir()
