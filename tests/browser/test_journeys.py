"""Three whole journeys of an artist: find, keep, steer, restore; breed, walk, export; upload, project, edit, export."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, expect

from studio import Recipe, Studio, data_url, recipe_from_png, to_png
from tests.browser.conftest import Visitor
from ui.parts.live_view import VIEW

pytestmark = pytest.mark.browser


def tab(page: Page, name: str) -> None:
    """Go to a tab."""
    page.get_by_role("tab", name=name).click()


def kept(page: Page, count: int) -> None:
    """The tray holds so many, and is shown."""
    expect(page.locator(".tray .tray-count")).to_have_text(str(count))
    if page.locator(".tray").is_hidden():
        page.keyboard.press("f")
    expect(page.locator(".tray .kept li")).to_have_count(count)


def test_find_keep_steer_and_restore_after_a_reload(visitor: Visitor, studio: Studio) -> None:
    page = visitor.page
    tab(page, "Sheet")
    found = page.locator(".contact .pictures .picture").nth(2)
    seed = int(page.locator(".contact .pictures .seed").nth(2).inner_text())
    found.click()
    page.locator(".contact [data-action=keep-chosen]").click()
    kept(page, 1)
    page.locator(".tray .kept .picture").click()  # it opens on the plate
    expect(page.get_by_label("Seed · latent z")).to_have_value(str(seed))
    page.get_by_label("Variety · truncation ψ, as a number").fill("1.1")
    page.get_by_label("Variety · truncation ψ, as a number").blur()
    visitor.rest()
    page.keyboard.press("k")  # the tray lies over the button
    kept(page, 2)
    page.locator(".tray .kept input[type=text]").last.fill("steered")
    page.locator(".tray .kept input[type=text]").last.blur()
    page.keyboard.press("x")
    page.locator("#compare-dialog .wipe").check()
    for caption in page.locator("#compare-dialog figcaption").all():
        expect(caption).to_be_visible()  # of both, though one lies over the other
    page.keyboard.press("Escape")
    picture = visitor.picture
    visitor.open("?seed=99")
    kept(page, 2)
    expect(page.locator(".tray .kept input[type=text]").last).to_have_value("steered")
    page.locator(".tray .kept .picture").last.click()
    expect(page.get_by_label("Seed · latent z")).to_have_value(str(seed))
    visitor.rest()
    assert visitor.picture == picture == data_url(studio.render(Recipe(seed=seed, psi=1.1)).picture, at_least=VIEW)


def test_a_favourite_that_was_removed_comes_back(visitor: Visitor) -> None:
    page = visitor.page
    tab(page, "Sheet")
    pictures = page.locator(".contact .pictures .picture")
    for number in (2, 5, 7):
        pictures.nth(number).click()
    page.locator(".contact [data-action=keep-chosen]").click()
    kept(page, 3)
    names = page.locator(".tray .kept input[type=text]")
    before = [name.get_attribute("placeholder") for name in names.all()]
    assert all(name and name.startswith("seed ") and "convincing" not in name for name in before)
    remove = page.locator(".tray [title=Remove]")
    remove.nth(1).click()
    expect(names).to_have_count(2)
    page.keyboard.press("Control+z")  # where it was removed, undo brings it back
    expect(names).to_have_count(3)
    remove.nth(0).click()
    expect(names).to_have_count(2)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(names).to_have_count(3)
    assert [name.get_attribute("placeholder") for name in names.all()] == before
    foot = "parseFloat(getComputedStyle(document.querySelector('.gradio-container')).paddingBottom)"
    assert page.evaluate(foot) >= page.locator(".tray").evaluate(
        "(tray) => tray.offsetHeight"
    )  # nothing stays behind it
    page.keyboard.press("Escape")
    expect(page.locator(".tray")).to_be_hidden()
    page.wait_for_function(f"{foot} === 0")


def test_who_has_no_favourites_is_told_how_a_walk_begins(visitor: Visitor) -> None:
    page = visitor.page
    tab(page, "Walk")
    expect(page.locator(".walks .empty-keys")).to_be_visible()
    expect(page.locator(".walks [data-action=play]")).to_be_disabled()
    page.get_by_role("button", name="Keep four by chance").click()
    expect(page.locator(".walks .keys-strip li")).to_have_count(4)
    expect(page.locator(".walks .empty-keys")).to_be_hidden()
    expect(page.locator(".walks .view img[src]")).to_be_visible()


def test_a_page_that_is_loaded_again_shows_what_was_looked_at(visitor: Visitor) -> None:
    page = visitor.page
    expect(page.locator("#live .hint")).to_have_css("opacity", "1")
    page.keyboard.press("d")
    visitor.rest()
    tab(page, "Directions")
    expect(page.locator(".strips .picture").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("tab", name="Directions")).to_have_attribute("aria-selected", "true")
    tab(page, "Explore")
    visitor.rest()
    expect(page.locator("#live .hint")).to_have_css("opacity", "0")  # whoever has rolled the dice knows how
    tab(page, "Sheet")
    visitor.open("?seed=7")  # a link leads to its picture
    expect(page.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")


RESTED = """async (wanted) => {
    // The number and order of a sheet's pictures once nothing has changed for two seconds.
    const seeds = () => [...document.querySelectorAll(".contact .pictures .seed")].map((each) => each.textContent);
    for (let before = "", since = performance.now(), end = since + 25_000; performance.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const now = seeds();
        if (now.join() !== before || now.length <= wanted) [before, since] = [now.join(), performance.now()];
        else if (performance.now() - since > 2000) return now.length;
    }
    throw new Error("The sheet does not come to rest.");
}"""


def test_a_sheet_goes_on_while_its_end_is_in_sight(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 1600, "height": 2000})
    tab(page, "Sheet")
    page.locator(".contact .hide").uncheck()
    pictures = page.locator(".contact .pictures .picture")
    page.wait_for_function("document.querySelectorAll('.contact .pictures .picture').length > 150")
    page.wait_for_function("document.querySelector('.contact .more').getBoundingClientRect().top > innerHeight + 600")
    count = page.evaluate(RESTED, 150)  # what is out of sight is not painted
    page.locator(".contact .by").select_option("critic")
    page.wait_for_function(
        "[...document.querySelectorAll('.contact .picture')].every((each) => each.title.includes('·'))"
    )
    page.locator(".contact .more").scroll_into_view_if_needed()
    assert page.evaluate(RESTED, count) > count
    seed = page.locator(".contact .pictures .seed").nth(7).inner_text()
    pictures.nth(7).click()
    page.locator(".contact [data-action=open-chosen]").click()
    expect(page.get_by_label("Seed · latent z")).to_have_value(seed)


def test_a_direction_leads_from_these_favourites_to_those(visitor: Visitor) -> None:
    page = visitor.page
    for seed in (1, 2, 3):
        page.get_by_label("Seed · latent z").fill(str(seed))
        page.get_by_label("Seed · latent z").blur()
        visitor.rest()
        page.locator("#live [data-action=keep], [data-action='tray.keep']").first.click()
    kept(page, 3)
    ticks = page.locator(".tray .kept input[type=checkbox]")
    ticks.nth(0).check()
    page.keyboard.press("f")
    tab(page, "Directions")
    button, strips = page.locator(".bench [data-action=groups]"), page.locator(".strips > li")
    expect(strips.first).to_be_visible()
    before = strips.count()
    button.click()
    expect(button).to_have_text("From these 1 to those …")
    button.click()  # no others are chosen yet
    expect(page.locator(".toast", has_text="Choose other favourites")).to_be_visible()
    page.keyboard.press("f")
    for place in (1, 2):
        ticks.nth(place).check()
    button.click()
    expect(strips).to_have_count(before + 1)
    name = strips.first.get_by_label("Name").input_value()
    strips.first.get_by_title("Remove").click()
    expect(strips).to_have_count(before)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(strips).to_have_count(before + 1)
    expect(strips.first.get_by_label("Name")).to_have_value(name)
    strips.first.get_by_label("Name").fill("towards those")
    strips.first.get_by_label("Name").blur()
    page.reload()  # the page shows the same tab, and what was found there
    expect(strips).to_have_count(before + 1)
    expect(strips.first.get_by_label("Name")).to_have_value("towards those")
    expect(strips.first.locator(".note").first).to_contain_text("two groups")
    expect(strips.first.locator(".picture")).to_have_count(7)
    expect(button).to_have_text("From these to those")


def test_breed_walk_and_export(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    tab(page, "Mix")
    cells = page.locator(".matrix td .picture")
    for place in (0, 3):
        cells.nth(place).click()
    page.locator("[data-action=breed]").click()
    children = page.locator(".generation .picture")
    expect(children).to_have_count(8)
    for place in (1, 5):
        children.nth(place).click()
    page.locator("[data-action=keep-chosen]:visible").click()
    kept(page, 2)
    page.keyboard.press("f")
    tab(page, "Walk")
    expect(page.locator(".walks .keys-strip li")).to_have_count(2)
    page.locator(".walks .seconds").fill("0.4")
    page.locator(".walks .seconds").blur()
    page.locator(".walks .kind").select_option("gif")
    page.locator(".walks .size").select_option("1 lanczos")
    with page.expect_download(lambda download: download.suggested_filename.endswith(".gif")) as download:
        page.locator(".walks [data-action=export]").click()
    download.value.save_as(tmp_path / "walk.gif")
    with av.open(str(tmp_path / "walk.gif")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 10 and frames[0].shape == (32, 32, 3)
    assert abs(frames[5].astype(int) - frames[0]).max() > 8  # it moves


def test_upload_project_edit_and_export(visitor: Visitor, studio: Studio, tmp_path: Path) -> None:
    page = visitor.page
    mine = tmp_path / "mine.png"
    mine.write_bytes(to_png(studio.render(Recipe(seed=5))))
    tab(page, "Your picture")
    page.locator(".project .steps").evaluate("(field) => (field.value = 12)")
    page.locator(".project input[type=file]").set_input_files(mine)
    says = page.locator(".project .error")
    expect(says).to_contain_text("dB")
    page.locator(".project [data-action=search]").click()
    expect(says).to_contain_text("After 12 steps")
    page.locator(".project .steps").evaluate("(field) => (field.value = 4)")
    page.locator(".project .source").click()  # no other place: what was found stays
    expect(says).to_contain_text("After 12 steps")
    page.locator(".project [data-action=search]").click()
    page.locator(".project .steps").evaluate("(field) => (field.value = 9)")  # of the next search, not of this
    expect(says).to_contain_text("After 4 steps")
    expect(page.locator(".project .bar")).to_be_hidden()
    page.locator(".project [data-action=to-plate]").click()
    expect(page.locator("#live .specimen")).to_contain_text("styles of its own")
    visitor.rest()
    found = visitor.picture
    slider = page.locator("#latent .directions input[type=number]").first
    slider.fill("1.5")
    slider.blur()
    visitor.rest()
    assert visitor.picture != found
    page.get_by_role("button", name="Save PNG").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="32 px as made").click()
    download.value.save_as(tmp_path / "edited.png")
    recipe = recipe_from_png(tmp_path / "edited.png")
    assert recipe.ws is not None and dict(recipe.moves)[studio.models()[0]["directions"][0]["name"]] == 1.5
    assert visitor.picture == data_url(studio.render(recipe).picture, at_least=VIEW)
