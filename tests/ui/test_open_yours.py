"""What becomes of uploaded files: they outlast the run that nobody waits for, and go some time later."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from studio import Opened, Studio, StudioError, Visitors
from ui import build_page, open_yours, visitors_pages


class Slow(Visitors):
    """Reads the file when it is told to, and then finds that it is none."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.go, self.read = Event(), b""

    def open(self, source: Path, *_: object, **__: object) -> Opened:
        self.go.wait(10)
        self.read = source.read_bytes()
        raise StudioError("It is none.")


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """A file as Gradio stores it."""
    (tmp_path / "cats.pkl").write_bytes(b"abc")
    return tmp_path / "cats.pkl"


def opener(own: Any, studio: Studio) -> Callable[..., Any]:
    page = build_page(studio, own)
    (found,) = [each.fn for each in page.fns.values() if each.api_name == "open_file"]
    assert found is not None
    return found


def test_a_run_that_is_abandoned_still_has_its_file(
    studio: Studio, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_yours, "UPLOAD_SECONDS", 0.3)
    slow = Slow(studio)
    open_file = opener(visitors_pages(studio, slow), studio)

    async def come_and_go() -> None:
        run = open_file(str(upload), None, None)
        assert "Waiting" in (await anext(run))[0]
        await run.aclose()  # the tab was closed
        await asyncio.sleep(0.5)
        slow.go.set()
        await asyncio.sleep(0.2)
        assert slow.read == b"abc" and upload.exists()
        await asyncio.sleep(0.5)
        assert not upload.exists()

    asyncio.run(come_and_go())


class Talking(Visitors):
    """Says what it does, again and again, for as long as it is let."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.heard: list[Exception] = []

    def open(self, source: Path, critic: Any = None, class_names: Any = None, say: Any = None) -> Opened:
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                say("reading", 0.0)
                time.sleep(0.01)
        except StudioError as error:
            self.heard.append(error)
            raise
        raise AssertionError("nobody stopped it")


def test_a_closed_tab_ends_what_it_asked_for(studio: Studio, upload: Path) -> None:
    talking = Talking(studio)
    open_file = opener(visitors_pages(studio, talking), studio)

    async def come_and_go() -> None:
        run = open_file(str(upload), None, None)
        await anext(run)
        await run.aclose()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if talking.heard:
                return

    asyncio.run(come_and_go())
    assert [str(error) for error in talking.heard] == [open_yours.LEFT]


def test_a_file_that_was_uploaded_again_stays_for_whoever_did(upload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    os.utime(upload, (now - 5, now - 5))
    open_yours._discard([upload, upload.with_name("gone.pkl")])
    assert upload.exists()
    monkeypatch.setattr(open_yours, "UPLOAD_SECONDS", 5.0)
    open_yours._discard([upload])
    assert not upload.exists()
