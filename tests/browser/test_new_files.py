"""One file more, and it is on the page: a part, a tab, a lesson, found in a folder, dressed, with its keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from studio import Studio
from tests.browser.conftest import Visitor
from tests.ui.serving import served
from ui import classroom, parts, tabs

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

PART = {
    "__init__.py": """
        from ui.parts import part

        def double(number):
            return {"number": 2 * number}

        def counter(start):
            return part("counter", settings={"start": start}, server=[double])
        """,
    "counter.html": '<p class="tally"></p><button type="button" data-action="more">more</button>',
    "counter.js": """
        import { text } from "../../assets/dom.js";
        export default function ({ element, settings, backend, action }) {
          let count = settings.start;
          const show = () => text(element.querySelector(".tally"), String(count));
          const more = async () => {
            count = (await backend.double(count)).number;
            show();
          };
          action("more", { keys: ["n"], says: "twice as much", run: more });
          show();
        }
        """,
    "counter.css": "#page .tally { color: rgb(1, 2, 3); }",
}
TAB = """
    import gradio as gr
    from ui.parts.counter import counter
    from ui.tabs import Tab

    def build(studio, page, model):
        gr.Slider(0, 1, 0.5, label="A slider")
        counter(3)

    TAB = Tab("Counting", 99, build)
    """
LESSON = """
    import gradio as gr
    from ui.classroom import Lesson
    from ui.parts.counter import counter

    def build(studio, page):
        gr.Slider(0, 1, 0.5, label="A slider")
        counter(5)

    LESSON = Lesson("doubling", "Doubling", "What twice as much is.", 99, build)
    """


@pytest.fixture(scope="module")
def address(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a house with one part, one tab and one lesson more is served."""
    folder = tmp_path_factory.mktemp("more")
    for name, text in {
        **{f"parts/counter/{name}": text for name, text in PART.items()},
        "tabs/counting.py": TAB,
        "classroom/doubling.py": LESSON,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "\n".join(line.removeprefix("    " * (2 if "parts" in name else 1)) for line in text.split("\n"))
        )
    with pytest.MonkeyPatch.context() as patch:
        for package in (parts, tabs, classroom):
            patch.setattr(package, "__path__", [*package.__path__, str(folder / package.__name__.split(".")[-1])])
        with served(studio) as url:
            yield url


def look(visitor: Visitor) -> None:
    """The part is dressed and counts at a key; so is Gradio's slider beside it."""
    page = visitor.page
    count = page.locator(".tally")
    expect(count).to_have_text(re.compile(r"^\d+$"))  # its script has come
    before = int(count.inner_text())
    assert count.evaluate("(node) => getComputedStyle(node).color") == "rgb(1, 2, 3)"
    assert (
        page.get_by_role("slider", name="A slider", exact=True).evaluate("(node) => getComputedStyle(node).height")
        == "24px"
    )
    page.keyboard.press("n")
    expect(count).to_have_text(str(2 * before))
    page.get_by_role("button", name="more").click()
    expect(count).to_have_text(str(4 * before))
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet.get_by_text("twice as much")).to_be_visible()
    expect(sheet.get_by_text("next seed")).to_have_count(0)  # no plate is shown
    page.keyboard.press("Escape")


def test_a_tab_with_a_part_of_its_own(visitor: Visitor) -> None:
    page = visitor.page
    seed = visitor.seed
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet.get_by_text("next seed")).to_be_visible()
    expect(sheet.get_by_text("twice as much")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Counting").click()
    look(visitor)
    page.get_by_role("tab", name="Explore").click()
    assert visitor.seed == seed, "the key was the tab's own"
    page.keyboard.press("n")
    visitor.rest()
    assert visitor.seed == str(int(seed) + 1)


def test_a_lesson_is_listed_and_has_a_page(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("link", name="classroom").click()
    page.get_by_role("link", name="Doubling").click()
    page.wait_for_url("**/classroom/doubling")
    expect(page.locator(".tally")).to_have_text("5")
    look(visitor)
    page.get_by_role("link", name="plums").click()
    visitor.page.wait_for_selector("#live img.after[src]")


def test_another_may_answer_in_place_of_the_server(visit: Visit) -> None:
    visitor = visit()
    visitor.context.add_init_script("""
        Object.defineProperty(window, "atelier", {
            configurable: true,
            set(atelier) {
                Object.defineProperty(window, "atelier", { value: atelier });
                atelier.standIn("counter", { double: async (number) => ({ number: 1000 * number }) });
            },
        });
    """)
    visitor.page.goto(f"{visitor.address}classroom/doubling")
    expect(visitor.page.locator(".tally")).to_have_text("5")
    visitor.page.keyboard.press("n")
    expect(visitor.page.locator(".tally")).to_have_text("5000")
