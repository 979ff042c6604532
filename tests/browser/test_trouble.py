"""What may go wrong beside an artist's work: nothing is lost of what was kept, and nothing is left behind."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser

FILL = """() => {
    let room = 'x'.repeat(1 << 20);
    for (let i = 0; room.length; i++) {
        try { localStorage.setItem(`full ${i}`, room); } catch { room = room.slice(0, room.length >> 1); }
    }
}"""

EMPTY = (
    "Object.keys(localStorage).filter((key) => key.startsWith('full ')).forEach((key) => localStorage.removeItem(key))"
)


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """The folders in which the server, a thread of this program, writes files until they are whole."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: list(tmp_path.iterdir())


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it to be so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_a_full_store_is_a_sentence_and_loses_nothing(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.press("k")
    expect(page.locator(".tray .tray-count")).to_have_text("1")
    page.evaluate(FILL)
    page.locator("[data-action='live.dice']").first.click()
    visitor.rest()
    page.keyboard.press("k")
    expect(page.locator(".toast", has_text="store is full")).to_be_visible()
    expect(page.locator(".tray .tray-count")).to_have_text("1")
    visitor.open("?seed=5")
    expect(page.locator(".tray .tray-count")).to_have_text("1")
    page.evaluate(EMPTY)
    page.keyboard.press("k")
    expect(page.locator(".tray .tray-count")).to_have_text("2")


@pytest.mark.parametrize("how", ["closed", "left", "cancelled"])
def test_a_page_that_goes_in_the_middle_of_an_export_leaves_no_file(
    visitor: Visitor, drafts: Callable[[], list[Path]], how: str
) -> None:
    page = visitor.page
    page.keyboard.press("k")
    page.get_by_role("tab", name="Walk").click()
    expect(page.locator(".walks .keys-strip li")).to_have_count(1)
    page.locator(".walks .noise").select_option("flowing")  # so that each frame is another picture
    page.locator(".walks .seconds").fill("200")
    page.locator(".walks .seconds").blur()
    page.locator(".walks [data-action=export]").click()
    wait_until(drafts)
    expect(page.locator(".walks .film .bar")).to_be_visible()
    if how == "closed":
        page.close()
    elif how == "left":
        page.goto("about:blank")
    else:
        page.locator(".walks .film [data-stop]").click()
        expect(page.locator(".toast", has_text="nothing was written")).to_be_visible()
    wait_until(lambda: not drafts())
