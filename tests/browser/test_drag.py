"""Dragging by points: set by hand, by finger and by keys; every step shown, undone, handed to the plate."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor
from ui.tabs import find_tabs

pytestmark = pytest.mark.browser
PICTURE = re.compile("data:image/")


def at_drag(visitor: Visitor) -> Page:
    """The page at the tab, with the plate's picture on it."""
    page = visitor.page
    page.get_by_role("tab", name="Drag", exact=True).click()
    expect(page.locator(".dragging .now")).to_have_attribute("src", PICTURE)
    return page


def place(page: Page, end: str) -> tuple[float, float]:
    """Where an end stands, in percent of the picture."""
    style = page.locator(f".dragging .{end}").first.evaluate("({ style }) => [style.left, style.top]")
    left, top = (float(each.removesuffix("%")) for each in style)
    return left, top


def test_points_are_set_dragged_undone_and_the_result_goes_to_the_plate(visitor: Visitor) -> None:
    page = at_drag(visitor)
    box = page.locator(".dragging .now").bounding_box()
    assert box
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.4 * side, y + 0.5 * side)
    page.mouse.down()
    page.mouse.move(x + 0.45 * side, y + 0.5 * side)
    page.mouse.move(x + 0.6 * side, y + 0.5 * side)
    page.mouse.up()
    assert place(page, "handle") == pytest.approx((40, 50), abs=1) and place(page, "target") == pytest.approx(
        (60, 50), abs=1
    )
    page.locator(".dragging .target").first.press("Shift+ArrowUp")  # eight pixels of 32
    assert place(page, "target") == pytest.approx((60, 25), abs=1)
    page.locator(".dragging .target").first.press("Shift+ArrowDown")
    page.locator(".dragging [data-action=clear]").click()
    expect(page.locator(".dragging .end")).to_have_count(0)
    page.get_by_role("button", name="Undo", exact=True).last.click()  # of the sentence that says so
    assert place(page, "target") == pytest.approx((60, 50), abs=1)
    page.locator("[name=may][value=near]").check()
    expect(page.locator(".dragging .mask")).to_be_visible()
    page.locator("[name=may][value=all]").check()
    before = page.get_attribute(".dragging .now", "src")
    page.locator(".dragging [data-action=drag]").click()
    expect(page.locator(".dragging .status")).to_contain_text("px are left")
    page.keyboard.press("Escape")
    expect(page.locator(".dragging .bar")).to_be_hidden()
    assert page.get_attribute(".dragging .now", "src") != before
    page.locator(".dragging [data-action=undo]").click()
    expect(page.locator(".dragging .now")).to_have_attribute("src", before or "")
    expect(page.locator(".dragging .end")).to_have_count(0)
    page.locator(".dragging [data-action=add]").click()  # by keys alone
    page.keyboard.press("Shift+ArrowRight")
    assert place(page, "handle")[0] == pytest.approx(75, abs=1)
    page.locator(".dragging [data-action=drag]").click()
    expect(page.locator(".dragging .status")).to_contain_text("px are left")
    page.locator(".dragging [data-action=stop]").click()
    page.locator(".dragging [data-action=to-plate]").click()
    expect(page.locator("#live .specimen")).to_contain_text("styles of its own")
    says = page.locator("#live .neighbours p")
    expect(says).to_contain_text("Styles of no seed")
    page.get_by_label("Class · condition").click()  # these styles have none: it leads to a seed's picture
    page.locator("[role=option]:visible").last.click()
    expect(page.locator("#live .specimen")).not_to_contain_text("styles of its own")
    expect(says).to_be_hidden()


def test_a_finger_sets_points_and_reaches_every_tab(visit: Callable[..., Visitor]) -> None:
    visitor = visit(PHONE, has_touch=True, is_mobile=True)
    visitor.open()
    page = visitor.page
    for title in (tab.title for tab in find_tabs()):
        page.get_by_role("tab", name=title, exact=True).tap()
        expect(page.get_by_role("tab", name=title, exact=True)).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Explore", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name=find_tabs()[1].title, exact=True)).to_have_attribute("aria-selected", "true")
    at_drag(visitor)
    page.locator(".dragging .now").tap(position={"x": 100, "y": 120})
    expect(page.locator(".dragging .end")).to_have_count(2)
    page.locator(".dragging .target").first.press("Delete")
    expect(page.locator(".dragging .end")).to_have_count(0)
