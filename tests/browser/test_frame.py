"""In a frame of another site that forbids downloads and the clipboard, in a browser that keeps nothing for such frames:
the page works, and says what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from .conftest import DESK

SANDBOX = "allow-scripts allow-same-origin"
# What a user of Chromium ticks to have no cookies of third parties, whose frames then have no store either.
SETTINGS = {"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def around(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder of another site, and its address: `localhost`, which a browser takes for another site than 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def closed_page(browser: Browser, chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a browser whose user has switched cookies of third parties off."""
    profile = tmp_path_factory.mktemp("profile")
    (profile / "Default").mkdir()
    (profile / "Default" / "Preferences").write_text(json.dumps(SETTINGS))
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=chromium_path, args=["--no-sandbox"], viewport=DESK
    )
    yield context.new_page()
    context.close()


def framed(page: Page, around: tuple[Path, str], address: str) -> FrameLocator:
    """The page at `address` in the frame of the other site."""
    folder, site = around
    folder.joinpath("index.html").write_text(
        f'<link rel="icon" href="data:,"><iframe sandbox="{SANDBOX}" src="{address}" width="1200" height="780">'
    )
    page.goto(site)
    return page.frame_locator("iframe")


def test_in_a_strange_frame_it_says_what_cannot_leave_it(browser: Browser, around: tuple[Path, str], address: str):
    context = browser.new_context(viewport=DESK)
    frame = framed(context.new_page(), around, address)
    frame.locator("#live img.after[src]").wait_for(timeout=60_000)
    frame.get_by_role("button", name="Save PNG").click()
    frame.get_by_role("button", name="as made").click()
    expect(frame.locator(".toast").first).to_contain_text("forbids downloads", timeout=30_000)
    frame.locator(".toast").first.click()  # it goes
    frame.locator("#live [data-action=copy]").first.click()
    expect(frame.locator(".toast").last).to_contain_text(re.compile("Link copied|does not let it copy"), timeout=30_000)
    context.close()


def test_where_nothing_may_be_kept_it_says_so_and_works(closed_page: Page, around: tuple[Path, str], address: str):
    complaints: list[str] = []
    closed_page.on("pageerror", lambda error: complaints.append(str(error)))
    frame = framed(closed_page, around, address)
    frame.locator("#live img.after[src]").wait_for(timeout=60_000)
    with pytest.raises(Exception, match="Access is denied"):  # else this test proves nothing
        closed_page.frames[1].evaluate("localStorage")
    frame.locator("[data-action='tray.toggle']").first.click()
    expect(frame.locator("#favourites .where")).to_contain_text("lasts until you leave", timeout=30_000)
    frame.locator("#favourites [data-action=keep]").click()
    expect(frame.locator(".toast").last).to_contain_text("keep nothing here", timeout=30_000)
    expect(frame.locator(".tray-count").first).to_have_text("1")
    frame.locator("#favourites [data-action=export]").click()
    expect(frame.locator(".toast").last).to_contain_text("forbids downloads", timeout=30_000)
    assert complaints == []


def test_a_lesson_in_a_frame_says_that_it_cannot_be_printed(closed_page: Page, around: tuple[Path, str], address: str):
    frame = framed(closed_page, around, f"{address}classroom/dice?lang=en")
    frame.get_by_role("button", name="Worksheet").click(timeout=60_000)
    expect(frame.locator(".toast").last).to_contain_text("does not let it print", timeout=30_000)
