"""Each lesson in a browser: it can be used, says what was seen, holds its state in its link, and fits its window."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from ui import classroom
from ui.classroom.sheet import languages

PATIENT = 20_000  # ms that a page may take on a busy machine
LESSONS = [lesson.name for lesson in classroom.find_lessons()]
# What of a worksheet's frames would cut it off at the end of a sheet of paper.
CLIPS = """() => {
    const found = [];
    for (let each = document.querySelector(".worksheet"); each; each = each.parentElement) {
        const { display, overflow } = getComputedStyle(each);
        if (display !== "block" || overflow !== "visible") found.push(each.className || each.tagName);
    }
    return found;
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("width", "lang", "scheme"), [(1280, "en", "light"), (390, "es", "dark")])
def test_every_lesson(browser: Browser, address: str, width: int, lang: str, scheme: str):
    texts = languages()[lang]
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}classroom/?lang={lang}")
    expect(page.locator(".lessons li")).to_have_count(len(LESSONS), timeout=PATIENT)
    for name in LESSONS:
        page.goto(f"{address}classroom/{name}?lang={lang}")
        expect(page.get_by_role("heading", name=texts["lessons"][name]["title"], exact=True).first).to_be_visible(
            timeout=PATIENT
        )
        expect(page.locator(".seen:visible")).not_to_be_empty(timeout=PATIENT)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        for tab in page.get_by_role("tab").all():
            tab.click()
            expect(page.locator(".question:visible")).to_have_count(1)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.keyboard.press("f")
        expect(page.locator("html")).to_have_class("presenting")
        page.emulate_media(media="print")
        assert page.evaluate(CLIPS) == [], name
        page.emulate_media(media="screen")
    assert problems == []
    context.close()


@pytest.mark.browser
def test_a_duel_steps_and_its_link_does_it_again(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/duel?lang=en&part=now")
    page.get_by_role("button", name="Step critic").click()
    expect(page.locator(".figures:visible")).to_contain_text("0 · 1", timeout=PATIENT)
    page.wait_for_url("**did=d1*")
    page.goto(page.url.replace("did=d1", "did=d1_n3"))
    expect(page.locator(".figures:visible")).to_contain_text("3 · 4", timeout=PATIENT)
    page.close()


@pytest.mark.browser
def test_a_link_to_what_is_not_there_says_so_and_the_lesson_begins(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/afterwards?lang=en&class=turnip&step=bake;all")
    expect(page.locator(".seen:visible")).not_to_be_empty(timeout=PATIENT)
    told = page.locator(".toast").all_inner_texts()
    texts = languages()["en"]
    assert told == [texts["page"]["link_wrong"], texts["lessons"]["afterwards"]["chapters"]["one"]["no_step"]]
    page.close()


@pytest.mark.browser
def test_the_link_is_of_the_chapter_that_is_looked_at(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/layers?lang=en&part=kernel&seed=3&pixel=9~9&moment=left")
    another, tabs = page.get_by_role("button", name="Another picture"), page.get_by_role("tab")
    expect(page.locator(".sum:visible")).not_to_be_empty(timeout=PATIENT)
    assert page.locator(".toast").all_inner_texts() == []  # what is of no chapter shown is nobody's fault
    tabs.nth(0).click()
    another.locator("visible=true").click()
    page.wait_for_url("**seed=4*", timeout=PATIENT)
    tabs.nth(3).click()
    page.wait_for_url(lambda url: "part=kernel" in url and "seed=3" in url, timeout=PATIENT)
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_contain_text(languages()["en"]["page"]["keys_drawing"])
    page.close()
