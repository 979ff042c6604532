"""In a frame of another site that forbids downloads and the clipboard: the page works, and says what does not."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from .conftest import DESK


def test_in_a_strange_frame_it_says_what_cannot_leave_it(browser: Browser, address: str):
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.set_content(
        f'<iframe sandbox="allow-scripts allow-same-origin" src="{address}" width="1200" height="780"></iframe>'
    )
    frame = page.frame_locator("iframe")
    frame.locator("#live img.after[src]").wait_for(timeout=60_000)
    frame.get_by_role("button", name="Save PNG").click()
    frame.get_by_role("button", name="as made").click()
    expect(frame.locator(".toast").first).to_contain_text("forbids downloads", timeout=30_000)
    frame.locator(".toast").first.click()  # it goes
    frame.locator("#live [data-action=copy]").first.click()
    expect(frame.locator(".toast").last).to_contain_text(re.compile("Link copied|does not let it copy"), timeout=30_000)
    context.close()
