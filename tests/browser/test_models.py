"""Several models, a page each; and the sheet of nearest training pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from studio import Recipe, Studio, data_url
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.ui.serving import MODEL, OTHER, RECORDS
from ui.parts.live_view import VIEW
from ui.parts.nearest_sheet import NEAREST

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def test_the_masthead_leads_to_the_other_model(visitor: Visitor, studio: Studio) -> None:
    visitor.page.get_by_role("link", name=OTHER).click()
    visitor.page.wait_for_url(f"**/{OTHER}*")
    visitor.page.wait_for_selector("#live img.after[src]")
    visitor.rest()
    assert visitor.picture == data_url(studio.render(Recipe(model=OTHER)).picture, at_least=VIEW)
    expect(visitor.page.locator(".critic-card .words")).to_contain_text("without a critic")
    expect(visitor.page.locator("[aria-current]")).to_have_text(OTHER)
    expect(visitor.page.get_by_text("Have I seen this before?")).to_have_count(0)  # it came without an index


def test_a_link_to_another_model_opens_its_page(visit: Visit, studio: Studio) -> None:
    recipe = Recipe(model=OTHER, seed=77)
    visitor = visit()
    visitor.page.goto(visitor.address + "?" + recipe.to_query())
    visitor.page.wait_for_url(f"**/{OTHER}?*")
    visitor.page.wait_for_selector("#live img.after[src]")
    visitor.rest()
    assert visitor.seed == "77"
    assert visitor.picture == data_url(studio.render(recipe).picture, at_least=VIEW)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_nearest_training_pictures_are_one_key_away(visit: Visit, viewport: dict[str, int]) -> None:
    visitor = visit(viewport)
    visitor.open()
    visitor.page.keyboard.press("t")
    sheet = visitor.page.get_by_role("dialog", name="Have I seen this before?")
    expect(sheet.locator("li")).to_have_count(1 + NEAREST)
    expect(sheet.locator("li").first).to_contain_text("this picture")
    texts = sheet.locator("li .detail").all_inner_texts()[1:]
    assert set(texts) <= set(RECORDS) and len(set(texts)) == NEAREST
    expect(sheet.get_by_text("not on this machine")).to_have_count(NEAREST)
    box = sheet.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
    visitor.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    assert visitor.latest()["answer"]["caption"].startswith(MODEL)


def test_what_the_critic_looks_at_is_laid_over_the_plate_by_a_key(visitor: Visitor) -> None:
    page = visitor.page
    veil = page.locator("#plate-sheet img.veil")
    page.keyboard.press("e")
    expect(veil).to_be_visible()
    expect(page.locator(".eye-says")).to_contain_text("Hiding the")
    squares = veil.get_attribute("src")
    page.keyboard.press("e")
    expect(page.locator(".eye-says")).to_contain_text("The gradient.")
    gradient = veil.get_attribute("src")
    assert squares != gradient and visitor.latest()["shown"] == visitor.latest()["asked"]
    page.keyboard.press("n")
    visitor.rest()
    expect(veil).to_be_visible()
    assert veil.get_attribute("src") != gradient, "it looks again at another picture"
    page.keyboard.press("e")
    expect(veil).to_have_count(0)
    expect(page.locator(".eye-says")).to_be_hidden()
