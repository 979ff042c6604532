"""What the page is made of."""

from __future__ import annotations

import re
from typing import Any

import gradio as gr
import pytest

from studio import Studio, Visitors
from tests.ui.serving import MODEL, OTHER
from ui.bundle import UI
from ui.endpoints import NAMES
from ui.masthead import masthead
from ui.models import model_entry, model_pages
from ui.page import build_classroom, build_own_page, build_page, launch_options, visitors_pages
from ui.places import Place, places, seen_from
from ui.tabs import find_tabs


@pytest.fixture(scope="module")
def page(studio: Studio) -> gr.Blocks:
    """The page, not launched."""
    return build_page(studio)


def test_only_the_endpoints_for_programs_are_public(page: gr.Blocks) -> None:
    assert set(page.get_api_info()["named_endpoints"]) == {f"/{name}" for name in NAMES}


def test_the_live_path_is_not_queued(page: gr.Blocks) -> None:
    for function in page.fns.values():
        assert function.queue == (function.api_name in NAMES), function.api_name


def test_no_event_of_the_page_announces_its_progress(studio: Studio) -> None:
    # Gradio would tell screen readers "common.complete", a key for which it has no words.
    own = visitors_pages(studio, Visitors(studio))
    for function in [*build_page(studio, own).fns.values(), *build_classroom(studio).fns.values()]:
        assert function.show_progress == "hidden" or function.api_name in NAMES, function.api_name


def test_an_opened_model_is_named_in_its_masthead(studio: Studio) -> None:
    page = build_own_page(studio, [*seen_from(2, places(studio))])
    (head,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "masthead"]
    links = re.findall(r'<a href="([^"]*)"([^>]*)>([^<]*)</a>', str(head.value))  # type: ignore[attr-defined]
    current = [(path, title) for path, attributes, title in links if "aria-current=page" in attributes]
    assert current == [("./", MODEL)], "not one of the house that may have the same name"


def test_every_direction_has_a_slider(page: gr.Blocks, studio: Studio) -> None:
    labels = [str(block.label) for block in page.blocks.values() if isinstance(block, gr.Slider)]
    for direction in studio.models()[0]["directions"]:
        assert any(direction["title"] in label for label in labels)


def test_tabs_are_found_in_their_order() -> None:
    tabs = find_tabs()
    assert "Explore" in [tab.title for tab in tabs]
    assert [tab.order for tab in tabs] == sorted(tab.order for tab in tabs)


def test_nothing_is_fetched_from_outside(studio: Studio) -> None:
    options: dict[str, Any] = launch_options(studio)
    assert not options["theme"]._stylesheets
    sources = [path.read_text(encoding="utf-8") for kind in ("html", "css", "js") for path in UI.rglob(f"*.{kind}")]
    for text in (options["head"], *sources):
        addresses = set(re.findall(r"https?://[^\s\"'`)\\]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses


def test_a_models_own_words_cannot_become_html(studio: Studio) -> None:
    model = studio.models()[0]
    model["provenance"]["attribution"] = "<script>alert(1)</script>"
    links = [Place("plums", "plums", "./", True), Place("<script>", "<script>", "x", True)]
    assert "<script" not in masthead("plums", links, model)


def test_the_about_sheet_says_classes_in_words(studio: Studio) -> None:
    model = studio.models()[0] | {"classes": ["citrus_other", "plum"]}
    assert "<dd>other citrus, plum</dd>" in masthead("plums", [Place("plums", "plums", "./", True)], model)


def test_every_model_has_a_page_with_its_own_controls(page: gr.Blocks, studio: Studio) -> None:
    paths = model_pages(studio)
    assert set(paths) == {MODEL, OTHER} and paths[MODEL] == "./"
    dropdowns = {
        name: [
            block for block in page.blocks.values() if isinstance(block, gr.Dropdown) and block.page == path.strip("./")
        ]
        for name, path in paths.items()
    }
    assert dropdowns[MODEL] and not dropdowns[OTHER]  # only the first has classes


def test_the_masthead_leads_to_every_place_and_says_which_is_shown(studio: Studio) -> None:
    text = masthead(OTHER, places(studio), model_entry(studio, OTHER))
    assert '<a href="./">plums</a>' in text
    assert f'<a href="{OTHER}" aria-current=page>{OTHER}</a>' in text
    assert 'href="open-yours" class=room' in text
    below = masthead("open-yours", seen_from(2, places(studio)))
    assert '<a href="../../">plums</a>' in below and f'<a href="../../{OTHER}">{OTHER}</a>' in below
