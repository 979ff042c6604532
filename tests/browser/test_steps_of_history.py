"""What can be undone: whatever rested, and whatever was asked for at once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from studio import MAX_STEPS, Recipe, Studio
from tests.browser.conftest import Visitor
from tests.browser.test_explore import add, shown
from ui.controls import ControlSet

pytestmark = pytest.mark.browser


def test_every_roll_can_be_undone(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    seeds = [visitor.seed]
    for _ in range(6):
        visitor.page.get_by_role("button", name="Roll a seed").first.click()
        visitor.page.wait_for_timeout(150)
        seeds.append(visitor.seed)
    assert len(set(seeds)) == 7
    for seed in seeds[-2::-1]:
        visitor.page.keyboard.press("u")
        visitor.page.wait_for_timeout(50)
        assert visitor.seed == seed
    visitor.rest()
    assert visitor.picture == shown(studio)


def test_steps_that_are_added_quickly_are_undone_one_by_one(moved: Visitor) -> None:
    visitor = moved
    for name in ("contrast", "saturation", "exposure"):
        add(visitor, name)
    visitor.page.evaluate("document.activeElement.blur()")
    for left in (2, 1, 0):
        visitor.page.keyboard.press("u")
        visitor.page.wait_for_timeout(80)
        assert visitor.page.locator(".step").count() == left


def test_what_is_refused_is_no_step(moved: Visitor) -> None:
    visitor = moved
    visitor.page.keyboard.press("n")
    visitor.rest()
    field = visitor.page.get_by_label("Seed · latent z")
    field.fill("-1")
    field.press("Enter")
    visitor.page.locator(".toast.alert").first.wait_for()
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.wait_for_timeout(100)
    assert visitor.seed == "1"
    visitor.page.keyboard.press("u")
    visitor.page.wait_for_timeout(100)
    assert visitor.seed == "0"


def test_mixing_begins_with_another_seed(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    visitor.page.get_by_label("Mix in a second seed · style mixing").check()
    visitor.rest()
    names = ControlSet.of(studio.models()[0]).names
    values = dict(zip(names, visitor.latest()["values"], strict=True))
    assert values["mix"] and values["mix_seed"] != values["seed"]
    assert visitor.picture != shown(studio)


def test_a_step_keeps_the_focus_that_moved_it(moved: Visitor) -> None:
    visitor = moved
    for name in ("contrast", "saturation", "exposure"):
        add(visitor, name)
    visitor.page.get_by_label("Move Contrast later").click()
    focused = "document.activeElement.getAttribute('aria-label')"
    assert str(visitor.page.evaluate(focused)).startswith("Move Contrast later")
    visitor.page.keyboard.press("Enter")  # now it is the last, and can only go back
    assert str(visitor.page.evaluate(focused)).startswith("Move Contrast earlier")


def test_a_full_list_says_why_nothing_can_be_added(visit: Callable[..., Visitor], studio: Studio) -> None:
    visitor = visit()
    full = Recipe.from_json({"steps": [{"name": "contrast"}] * MAX_STEPS})
    visitor.open("?" + studio.normalise(full).to_query())
    adder = visitor.page.locator(".add-step")
    assert adder.is_disabled()
    assert f"{MAX_STEPS} steps are the most" in (adder.locator("option").first.text_content() or "")
    assert not visitor.page.locator("footer").is_visible()  # Gradio's: the masthead has its link


def test_what_was_left_is_a_branch_that_leads_back(visitor: Visitor, studio: Studio) -> None:
    pages = visitor.page
    for key in ("n", "n", "u", "d"):  # seeds 0, 1, 2; back at 1, and from there a roll
        pages.keyboard.press(key)
        visitor.rest()
    rolled = visitor.picture
    pages.keyboard.press("h")
    steps = pages.locator(".past li")
    expect(steps).to_have_count(4)
    rows = {step.evaluate("(node) => node.style.gridArea.split(' / ')[0]") for step in steps.all()}
    assert rows == {"1", "2"}
    expect(pages.locator(".past [aria-current] img")).to_have_attribute("src", rolled)
    pages.locator(".past button[title$=' 2']").click()
    visitor.rest()
    assert visitor.seed == "2" and visitor.picture == shown(studio, seed=2)
    pages.keyboard.press("Escape")
    expect(pages.locator(".past")).to_be_hidden()
    pages.keyboard.press("u")
    visitor.rest()
    assert visitor.seed == "1"


def come_again(visitor: Visitor) -> None:
    """Reload the page, and wait for its first picture."""
    visitor.page.reload()
    visitor.page.wait_for_selector("#live img.after[src]")
    visitor.rest()


def test_a_reload_keeps_what_can_be_undone_and_redone(visitor: Visitor) -> None:
    for _ in range(3):
        visitor.page.keyboard.press("n")
        visitor.rest()
    visitor.page.keyboard.press("u")
    visitor.rest()
    come_again(visitor)
    visitor.page.get_by_role("button", name="History", exact=True).click()
    expect(visitor.page.locator(".past img")).to_have_count(4)
    visitor.page.keyboard.press("Escape")
    for key, seed in [("r", "3"), ("u", "2"), ("u", "1"), ("u", "0")]:
        visitor.page.keyboard.press(key)
        visitor.rest()
        assert visitor.seed == seed
    expect(visitor.page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()


@pytest.mark.parametrize("step", ["null", '[{"a": []}]', "MANY"])
def test_a_history_of_anybodys_making_breaks_nothing(visitor: Visitor, step: str) -> None:
    step = step.replace("MANY", json.dumps(["<img src=x onerror=alert(1)>"] * len(visitor.latest()["values"])))
    visitor.page.keyboard.press("n")
    visitor.rest()
    come_again(visitor)  # now it is kept
    kept = json.dumps(f'{{"now": 1, "nodes": [[{step}, null, 1], [{step}, 0, null]]}}')
    visitor.page.add_init_script(
        f"for (const key of Object.keys(sessionStorage)) if (key.includes('.past ')) sessionStorage[key] = {kept};"
    )
    come_again(visitor)
    assert visitor.seed == "1"
    expect(visitor.page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    assert visitor.toasts == []
