"""No control is cut, covered or out of reach, at any width, on any page; and what a finger may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from postprocess import StepUse
from studio import Mix, Recipe, Studio, Visitors
from tests.browser.conftest import Visitor
from tests.ui.serving import served

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

STEPS = ("contrast", "saturation", "gaussian_blur", "grain")
RECIPE = Recipe(seed=5, psi=0.05, moves=(("pc1", -3.95),), mix=Mix(9, None, 3), steps=tuple(map(StepUse, STEPS)))
UPRIGHT = [(320, 568), (360, 640), (390, 844), (768, 1024)]
ON_ITS_SIDE = [(568, 320), (667, 375), (844, 390), (1024, 768)]
ZOOMED = [(640, 400), (512, 384)]  # a window of 1280 or 1024 px at 200 %
DESKS = [(width, 800) for width in (*range(360, 1280, 80), 639, 1001, 1107, 1199, 1280, 1480, 1920)] + [(2560, 1440)]

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
    found = set()
    for size in [*UPRIGHT, *ON_ITS_SIDE, *ZOOMED, *([] if touch else DESKS)]:
        visitor.page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
        visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        count, complaints = visitor.page.evaluate(LOOK)
        assert count >= (50 if page == "explore" else 5)
        found |= {(f"{size[0]}×{size[1]}", *complaint) for complaint in complaints}
    assert sorted(found) == []
