"""Files for the browser: small ones within the answer, large ones at an address, none left behind."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from studio import StudioError
from ui import handing_out
from ui.handing_out import forget, made_file


def test_a_small_file_travels_within_the_answer() -> None:
    seen: list[Path] = []

    def make(path: Path) -> None:
        seen.append(path)
        path.write_bytes(b"small")

    answer = made_file("a.png", make)
    assert base64.b64decode(answer["file"]) == b"small" and answer["type"] == "image/png"
    assert not seen[0].parent.exists()


def test_a_large_file_is_fetched_from_an_address_and_goes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_out, "WITHIN_BYTES", 10)
    kept: list[Path] = []
    monkeypatch.setattr(handing_out, "Timer", lambda seconds, function, given: _Never(kept, given))
    answer = made_file("large.tif", lambda path: path.write_bytes(b"large" * 100))
    assert "file" not in answer
    assert httpx.get(address + answer["address"]).content == b"large" * 100
    forget(kept[0])
    assert not kept[0].parent.exists() and kept[0].parent.parent.exists()
    assert httpx.get(address + answer["address"]).status_code in (403, 404)


def test_a_file_beyond_all_bounds_is_refused_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_out, "MOST_BYTES", 10)
    seen: list[Path] = []

    def make(path: Path) -> None:
        seen.append(path)
        path.write_bytes(b"large" * 100)

    with pytest.raises(StudioError, match="smaller"):
        made_file("a.png", make)
    assert not seen[0].parent.exists()


class _Never:
    """In place of a timer, so that the test says when."""

    daemon = False

    def __init__(self, kept: list[Path], given: list[Path]) -> None:
        kept.extend(given)

    def start(self) -> None:
        """Not by itself."""
