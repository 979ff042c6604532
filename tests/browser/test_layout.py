"""No control is cut, covered or out of reach, at any width, on any page; and what a finger may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, ViewportSize, expect

from postprocess import StepUse
from studio import Mix, Recipe, Studio, Visitors
from tests.browser.conftest import DESK, PHONE, Visitor, visits
from tests.browser.test_explore import shown, slider
from tests.ui.serving import served
from ui import classroom
from ui.tabs import find_tabs

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

STEPS = ("contrast", "saturation", "gaussian_blur", "grain")
RECIPE = Recipe(seed=5, psi=0.05, moves=(("pc1", -3.95),), mix=Mix(9, None, 3), steps=tuple(map(StepUse, STEPS)))
UPRIGHT = [(320, 568), (360, 640), (390, 844), (768, 1024)]
ON_ITS_SIDE = [(568, 320), (667, 375), (844, 390), (1024, 768)]
ZOOMED = [(640, 400), (512, 384)]  # a window of 1280 or 1024 px at 200 %
DESKS = [(width, 800) for width in (*range(360, 1280, 160), 639, 1001, 1107, 1199, 1280, 1480, 1920)] + [(2560, 1440)]

LOOK = Path(__file__).with_name("layout.js").read_text(encoding="utf-8")
OPEN_ALL = """() => {
    for (const head of document.querySelectorAll(".fold:not(.open) .fold-head")) head.click();
    document.querySelector(".finer > button.label-wrap:not(.open)")?.click();
}"""


@pytest.fixture(scope="module")
def address(studio: Studio) -> Iterator[str]:
    """Where the page is served, with visitors' own models."""
    with served(studio, Visitors(studio)) as url:
        yield url


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
@pytest.mark.parametrize("page", ["explore", "open-yours"])
def test_every_control_can_be_reached_at_every_size(visit: Visit, studio: Studio, page: str, touch: bool) -> None:
    visitor = visit(has_touch=touch, is_mobile=touch)
    if page == "explore":
        visitor.open("?" + studio.normalise(RECIPE).to_query())
        visitor.page.evaluate(OPEN_ALL)
        expect(visitor.page.locator(".stages li")).to_have_count(1 + len(STEPS))
    else:
        visitor.page.goto(visitor.address + page)
        expect(visitor.page.get_by_role("button", name="Open it", exact=True)).to_be_visible(timeout=30_000)
        expect(visitor.page.locator(".wrap.translucent:visible")).to_have_count(
            0, timeout=30_000
        )  # what Gradio loads under
    found = set()
    for size in [*UPRIGHT, *ON_ITS_SIDE, *ZOOMED, *([] if touch else DESKS)]:
        visitor.page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
        visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        count, complaints = visitor.page.evaluate(LOOK)
        assert count >= (50 if page == "explore" else 5)
        found |= {(f"{size[0]}×{size[1]}", *complaint) for complaint in complaints}
    assert sorted(found) == []


OTHERS = [tab.title for tab in find_tabs() if tab.title != "Explore"]
LESSONS = ["classroom/", *(f"classroom/{lesson.name}" for lesson in classroom.find_lessons())]
FEW = [(320, 568), (390, 844), (844, 390), (640, 400), (1001, 800), (1280, 800), (1920, 1080)]


@pytest.fixture(scope="module")
def at_lessons(browser: Browser, address: str) -> Iterator[Visitor]:
    """A visitor who goes from lesson to lesson."""
    with visits(browser, address) as come:
        yield come()


def complaints_at_few_sizes(visitor: Visitor) -> list[tuple[str, ...]]:
    """What is wrong with which control of what is shown."""
    found = set()
    for width, height in FEW:
        visitor.page.set_viewport_size(ViewportSize(width=width, height=height))
        visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        count, complaints = visitor.page.evaluate(LOOK)
        assert count >= 5
        found |= {(f"{width}×{height}", *complaint) for complaint in complaints}
    return sorted(found)


@pytest.mark.parametrize("title", OTHERS)
def test_tabs_can_be_reached_at_every_size(staying: Visitor, title: str) -> None:
    staying.page.set_viewport_size(DESK)
    staying.page.get_by_role("tab", name=title, exact=True).click()
    staying.page.wait_for_timeout(300)
    assert complaints_at_few_sizes(staying) == []


@pytest.mark.parametrize("where", LESSONS)
def test_lessons_can_be_reached_at_every_size(at_lessons: Visitor, where: str) -> None:
    at_lessons.page.set_viewport_size(DESK)
    at_lessons.page.goto(at_lessons.address + where)
    seen = ".seen:visible" if where != LESSONS[0] else ".lessons li >> nth=0"
    expect(at_lessons.page.locator(seen)).not_to_be_empty(timeout=30_000)
    assert complaints_at_few_sizes(at_lessons) == []


# ---------------------------------------------------------------- touch


class Finger:
    """A finger on a phone's glass, through the browser's own touch input."""

    def __init__(self, visitor: Visitor) -> None:
        self.page = visitor.page
        self._glass = visitor.context.new_cdp_session(visitor.page)

    def _touch(self, kind: str, *points: tuple[float, float]) -> None:
        self._glass.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    def swipe(self, start: tuple[float, float], by: tuple[float, float], moves: int = 8) -> None:
        """Put the finger down, draw it along, lift it."""
        self._touch("touchStart", start)
        for i in range(1, moves + 1):
            self._touch("touchMove", (start[0] + by[0] * i / moves, start[1] + by[1] * i / moves))
            self.page.wait_for_timeout(16)
        self._touch("touchEnd")

    def press(self, at: tuple[float, float], milliseconds: float) -> None:
        """Rest the finger somewhere for a time."""
        self._touch("touchStart", at)
        self.page.wait_for_timeout(milliseconds)
        self._touch("touchEnd")


@pytest.fixture
def phone(visit: Visit) -> Visitor:
    """A visitor with a phone."""
    visitor = visit(PHONE, has_touch=True, is_mobile=True)
    visitor.open()
    return visitor


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("share", [0.5, 0.8], ids=["from the thumb", "from the track"])
def test_a_swipe_that_begins_on_a_slider_scrolls(phone: Visitor, share: float) -> None:
    track = slider(phone, "small ↔ large")
    track.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    before, scrolled = phone.latest(), phone.page.evaluate("window.scrollY")
    box = track.bounding_box()
    assert box
    for _ in range(4):  # a busy browser now and then takes the first touch after a script's scrolling for none
        Finger(phone).swipe((box["x"] + box["width"] * share, box["y"] + box["height"] / 2), (2, 150))
        phone.page.wait_for_timeout(400)
        if phone.page.evaluate("window.scrollY") < scrolled - 50:
            break
    else:
        pytest.fail("The page does not scroll.")
    assert float(track.input_value()) == 0
    assert phone.latest()["asked"] == before["asked"]


def test_a_finger_drags_a_thumb_and_taps_a_track(phone: Visitor, studio: Studio) -> None:
    track = slider(phone, "small ↔ large")
    track.evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    Finger(phone).swipe(middle(track), (60, 3))
    phone.rest()
    amount = float(track.input_value())
    assert amount > 0.5
    assert phone.picture == shown(studio, moves={"pc2": amount})
    box = track.bounding_box()
    assert box
    phone.page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    phone.rest()
    amount = float(track.input_value())
    assert -2.5 < amount < -1.5
    assert phone.picture == shown(studio, moves={"pc2": amount})
    phone.page.get_by_role("button", name="Undo").tap()
    phone.rest()
    assert float(track.input_value()) > 0.5


def test_before_answers_a_tap_and_a_hold(phone: Visitor, studio: Studio) -> None:
    phone.page.get_by_role("button", name="Afterwards").tap()
    phone.page.locator(".add-step").select_option("contrast")
    phone.rest()
    button, before = phone.page.get_by_role("button", name="Before", exact=True), phone.page.locator("#live img.before")
    button.tap()
    expect(before).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.tap()
    expect(before).to_be_hidden()
    button.scroll_into_view_if_needed()
    finger = Finger(phone)
    finger._touch("touchStart", middle(button))
    phone.page.wait_for_timeout(400)
    expect(before).to_be_visible()
    finger._touch("touchEnd")
    expect(before).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_long_press_shows_what_a_pointer_s_tooltip_says(phone: Visitor) -> None:
    undo = phone.page.get_by_role("button", name="Split", exact=True)
    Finger(phone).press(middle(undo), 700)
    expect(phone.page.locator(".tip")).to_have_text("Before and after, side by side (s)")
    expect(undo).to_have_attribute("aria-pressed", "false")  # it told, and did nothing
    undo.tap()
    expect(undo).to_have_attribute("aria-pressed", "true")
    expect(phone.page.locator(".tip")).to_have_count(0)


@pytest.mark.parametrize("size", UPRIGHT[:3], ids=str)
def test_what_is_pinned_leaves_half_of_a_phone_to_the_controls(visit: Visit, size: tuple[int, int]) -> None:
    visitor = visit(ViewportSize(width=size[0], height=size[1]), has_touch=True, is_mobile=True)
    visitor.open()
    visitor.page.evaluate("window.scrollTo(0, 600)")
    box = visitor.page.locator(".pinned").bounding_box()
    assert box and box["y"] <= 0.5 and 0.3 * size[1] < box["height"] <= 0.5 * size[1]


def test_four_steps_are_seen_at_once_at_a_desk(visit: Visit) -> None:
    visitor = visit()
    visitor.open("?step=unsharp_mask&step=grain&step=replace_background&step=hue")
    heads = visitor.page.locator(".step-head")
    expect(heads).to_have_count(4)
    visitor.page.locator(".steps-editor").evaluate("(node) => (node.closest('.fold-body').scrollTop = 0)")
    foot = visitor.page.locator(".steps-editor .add").bounding_box()
    assert foot and foot["y"] + foot["height"] <= 800
    for head in heads.all():
        box = head.bounding_box()
        assert box and box["y"] + box["height"] <= foot["y"]
