"""Each lesson in a browser: it can be used, says what was seen, holds its state in its link, and fits its window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from studio import Studio
from tests.generator.test_house import FOLDER
from tests.ui.serving import served
from ui import classroom
from ui.classroom.sheet import languages

PATIENT = 30_000  # ms that a page may take on a busy machine
LOOK = Path(__file__).with_name("legible.js").read_text(encoding="utf-8")
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the house itself is served: its models' histories and companions are what the lessons are about."""
    with served(Studio(FOLDER, default="orchard")) as url:
        yield url


@pytest.mark.browser
@pytest.mark.parametrize(("width", "lang", "scheme"), [(1280, "en", "light"), (390, "es", "dark")])
def test_every_lesson(browser: Browser, address: str, width: int, lang: str, scheme: str):
    texts = languages()[lang]
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for part in ("glossary", "for_teachers", "lessons"):
        page.goto(f"{address}classroom/?lang={lang}&part={part}")
        expect(page.locator(f".{part.removeprefix('for_')}")).to_be_visible(timeout=PATIENT)
        assert page.evaluate(LOOK) == [], part
    expect(page.locator(".lessons li")).to_have_count(len(LESSONS), timeout=PATIENT)
    for name in LESSONS:
        chapters = texts["lessons"][name]["chapters"]
        page.goto(f"{address}classroom/{name}?lang={lang}")
        expect(page.get_by_role("heading", name=texts["lessons"][name]["title"], exact=True).first).to_be_visible(
            timeout=PATIENT
        )
        expect(page.locator(".seen:visible")).not_to_be_empty(timeout=PATIENT)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.get_by_role("tab").all_inner_texts() == [chapter["title"] for chapter in chapters.values()]
        for tab, chapter in zip(page.get_by_role("tab").all(), chapters.values(), strict=True):
            tab.click()
            expect(page.locator(".question:visible")).to_have_text(chapter["question"])
            expect(page.locator(".seen:visible")).not_to_be_empty(timeout=PATIENT)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            assert page.evaluate(LOOK) == [], (name, chapter["title"])
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
@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("part=judges&critic=99&generator=0", "part=judges"),
        ("part=judges&generator=3", "part=judges"),
        ("part=now&shape=drawn&drawn=abc", "part=now"),
        ("part=now&shape=drawn", "part=now&shape=drawn"),  # nothing is drawn as yet: it waits for that
    ],
)
def test_a_link_that_names_half_of_a_thing_says_so(browser: Browser, address: str, query: str, left: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/duel?lang=en&{query}")
    page.wait_for_url(lambda url: url.endswith(f"lang=en&{left}"), timeout=PATIENT)
    expect(page.locator(".seen:visible")).not_to_be_empty(timeout=PATIENT)
    told = page.locator(".toast").all_inner_texts()
    assert told == ([] if query == left else [languages()["en"]["page"]["link_wrong"]])
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


@pytest.mark.browser
def test_a_link_holds_what_is_shown_and_nothing_of_another_chapter(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/duel?lang=en&part=now&shape=grid&did=n2")
    expect(page.locator(".figures:visible")).to_contain_text("2 · 2", timeout=PATIENT)
    page.get_by_role("tab", name="Who judges whom").click()
    page.wait_for_url(lambda url: "part=judges" in url and "did=" not in url and "shape=" not in url, timeout=PATIENT)
    page.get_by_role("button", name="Critic after 0 pictures, generator after 0:").click(timeout=PATIENT)
    expect(page.locator(".seen:visible")).to_contain_text("The critic of 0 pictures looks at", timeout=PATIENT)
    page.wait_for_url("**critic=0&generator=0*")
    page.get_by_role("tab", name="A duel that happens now").click()
    page.wait_for_url(lambda url: "shape=grid" in url and "did=n2" in url and "critic=" not in url, timeout=PATIENT)
    page.close()


@pytest.mark.browser
def test_points_and_garments_are_drawn_by_keyboard(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/duel?lang=en&part=now")
    page.locator("label", has_text="drawn by you").click()
    sheet = page.locator("canvas.board:visible")
    sheet.press("Space")
    for key in ["ArrowRight"] * 4 + ["ArrowUp"] * 4:
        sheet.press(key)
    sheet.press("Space")
    page.wait_for_url("**drawn=0%2C0%7E10%2C0*", timeout=PATIENT)
    expect(page.locator(".figures:visible")).to_contain_text("0 · 0", timeout=PATIENT)
    page.goto(f"{address}classroom/bottleneck?lang=en")
    expect(page.locator(".seen:visible")).to_contain_text("64 numbers", timeout=PATIENT)
    chapter = languages()["en"]["lessons"]["bottleneck"]["chapters"]["squeeze"]
    page.get_by_role("button", name=chapter["clear"]).click()
    expect(page.locator(".seen:visible")).to_have_text(chapter["draw_first"])
    pad = page.locator("canvas.pad:visible")
    pad.press("Enter")
    pad.press("ArrowDown")
    page.keyboard.press("Tab")  # who goes on has let go of the pen
    expect(page.locator(".seen:visible")).to_contain_text("Your drawing", timeout=PATIENT)
    page.get_by_label(chapter["keep"]).fill("0")
    expect(page.locator(".seen:visible")).to_contain_text("With 1 code to choose from", timeout=PATIENT)
    page.close()


@pytest.mark.browser
def test_what_is_asked_for_while_pictures_are_prepared_happens_afterwards(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/duel?lang=en&part=garments&kind=bag")
    page.get_by_role("button", name="Run", exact=True).click()  # the pictures to learn from are still being painted
    expect(page.locator(".figures:visible")).to_have_text(re.compile(r"[1-9]\d* · [1-9]"), timeout=3 * PATIENT)
    page.close()


@pytest.mark.browser
def test_presenting_ends_with_escape(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/data?lang=en&present=1")
    expect(page.locator("html")).to_have_class("presenting", timeout=PATIENT)
    page.keyboard.press("Escape")
    expect(page.locator("html")).not_to_have_class("presenting")
    page.close()


@pytest.mark.browser
def test_presenting_turns_part_by_part(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/data?lang=en&present=1")
    tabs = page.get_by_role("tab")
    expect(tabs.nth(0)).to_have_attribute("aria-selected", "true", timeout=PATIENT)
    page.keyboard.press("PageDown")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("PageDown")
    page.wait_for_url("**/classroom/duel?*present=1*", timeout=PATIENT)
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1920, 1080)])
def test_a_picture_and_its_neighbours_are_presented_at_one_glance(
    browser: Browser, address: str, width: int, height: int
):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{address}classroom/trust?lang=en&part=seen&present=1")
    faces = page.locator(".compared :is(.specimen, .neighbours img)")
    expect(faces).to_have_count(6, timeout=PATIENT)
    page.wait_for_function("[...document.querySelectorAll('.compared img')].every((img) => img.naturalWidth)")
    ends = [box["y"] + box["height"] for face in faces.all() if (box := face.bounding_box())]
    sentence = page.locator(".chapter:not([hidden]) .after").bounding_box()
    assert len(ends) == 6 and sentence and max(ends) <= sentence["y"]
    page.close()


@pytest.mark.browser
def test_lessons_open_with_the_class_that_the_model_opens_with(browser: Browser, address: str):
    page = browser.new_page()
    for query in ("afterwards?lang=en", "trust?lang=en&part=seen", "uses?lang=en&part=film"):
        page.goto(f"{address}classroom/{query}")
        expect(
            page.locator(".lesson .chapter:not([hidden]) select option:checked", has_text="persimmon")
        ).to_have_count(1, timeout=PATIENT)
    page.close()


@pytest.mark.browser
def test_the_sequence_opens_with_a_picture_begun(browser: Browser, address: str):
    page = browser.new_page()
    page.goto(f"{address}classroom/sequence?lang=en")
    expect(page.locator(".seen:visible")).to_contain_text("32 of 64", timeout=PATIENT)
    page.get_by_role("button", name="One code").click()
    expect(page.locator(".seen:visible")).to_contain_text("33 of 64")
    page.get_by_role("button", name="Begin again").click()
    expect(page.locator(".seen:visible")).to_contain_text("0 of 64")
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("query", ["", "&present=1"])
def test_the_verdict_on_a_pair_is_seen_on_a_low_projector(browser: Browser, address: str, query: str):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{address}classroom/trust?lang=en{query}")
    page.get_by_role("button", name="left, I think").click(timeout=PATIENT)
    expect(page.get_by_role("button", name="Next pair")).to_be_in_viewport(ratio=1)
    expect(page.locator(".seen:visible")).to_have_text(re.compile("critic"))
    expect(page.locator(".seen:visible")).to_be_in_viewport()
    page.close()
