"""The Explore tab under a real hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from studio import Recipe, Studio, data_url, recipe_from_png
from tests.browser.conftest import PHONE, Visitor
from ui.parts.live_view import VIEW

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def slider(visitor: Visitor, label: str) -> Locator:
    """A slider of Gradio's, by its label."""
    return visitor.page.get_by_role("slider", name=label, exact=True)


def drag(visitor: Visitor, track: Locator, start: float, end: float, moves: int = 30) -> None:
    """Drag the thumb from one share of the track to another."""
    box = track.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    visitor.page.mouse.move(box["x"] + box["width"] * start, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * end, y, steps=moves)
    visitor.page.mouse.up()


def shown(studio: Studio, **recipe: object) -> str:
    """What the plate must show for a recipe."""
    return data_url(studio.render(Recipe.from_json(recipe)).picture, at_least=VIEW)


# ---------------------------------------------------------------- opening


def test_the_page_opens_with_the_first_picture(staying: Visitor, studio: Studio) -> None:
    visitor = staying
    assert visitor.picture == shown(studio)
    expect(visitor.page.get_by_text("AI-generated", exact=True)).to_be_visible()
    expect(visitor.page.locator("#live .attribution")).to_contain_text(studio.models()[0]["attribution"])
    expect(visitor.page.locator("#live .caption")).to_contain_text("plums · damson · seed 0 · ψ 0.7")
    expect(visitor.page.locator(".critic-card .words")).not_to_be_empty()


def test_the_picture_is_the_largest_thing_and_nothing_needs_scrolling(staying: Visitor) -> None:
    visitor = staying
    sheet = visitor.page.locator("#plate-sheet").bounding_box()
    assert sheet and sheet["width"] >= 512 and sheet["height"] >= 512
    for part in ("#latent .directions", "#live .neighbours", ".plate-tools", ".critic-card", ".add-step"):
        box = visitor.page.locator(part).bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 800 and box["x"] + box["width"] <= 1280, part
    assert visitor.page.evaluate("document.documentElement.scrollHeight") <= 800


# ---------------------------------------------------------------- the live loop


def test_a_drag_ends_with_the_picture_of_the_last_value(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    track = slider(visitor, "darker ↔ lighter")
    drag(visitor, track, 0.5, 0.8)
    visitor.rest()
    amount = float(track.input_value())
    assert 2 < amount < 3
    assert visitor.picture == shown(studio, moves={"pc1": amount})


def test_late_answers_are_dropped_and_two_are_in_flight_at_most(visit: Visit, studio: Studio) -> None:
    visitor = visit()
    visitor.context.add_init_script("""
        const ask = window.fetch;
        window.traffic = { now: 0, most: 0, held: 0, hold: false };
        window.fetch = async (...call) => {
            if (!String(call[0]?.url ?? call[0]).includes("component_server")) return ask(...call);
            window.traffic.most = Math.max(window.traffic.most, ++window.traffic.now);
            try {
                const answer = await ask(...call);
                if (window.traffic.hold && window.traffic.held++ === 0) await new Promise((go) => setTimeout(go, 1500));
                return answer;
            } finally {
                window.traffic.now--;
            }
        };
    """)
    visitor.open()
    visitor.page.evaluate("Object.assign(window.traffic, { hold: true, most: 0 })")
    track = slider(visitor, "small ↔ large")
    drag(visitor, track, 0.5, 0.2, moves=12)
    visitor.page.wait_for_timeout(1800)
    visitor.rest()
    traffic = visitor.page.evaluate("window.traffic")
    assert traffic["held"] > 2, "others must have overtaken the one that was held"
    assert traffic["most"] <= 3  # two pictures, and the neighbours once at rest
    assert visitor.picture == shown(studio, moves={"pc2": float(track.input_value())})


def test_two_visitors_keep_apart(visit: Visit, studio: Studio) -> None:
    first, second = visit(), visit()
    first.open()
    second.open()
    drag(first, slider(first, "darker ↔ lighter"), 0.5, 0.9, moves=5)
    second.page.get_by_label("Seed · latent z").fill("42")
    second.page.keyboard.press("Enter")
    first.rest()
    second.rest()
    amount = float(slider(first, "darker ↔ lighter").input_value())
    assert first.picture == shown(studio, moves={"pc1": amount})
    assert second.picture == shown(studio, seed=42)


def test_every_kind_of_control_reaches_the_picture(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    visitor.page.get_by_label("Class · condition").click()
    visitor.page.get_by_role("option", name="gage").click()
    visitor.page.get_by_label("Mix in a second seed · style mixing").check()
    visitor.page.get_by_role("spinbutton", name="Second seed", exact=True).fill("9")
    visitor.page.get_by_label("Noise", exact=True).uncheck()
    visitor.page.get_by_label("Variety · truncation ψ, as a number").fill("1.2")
    visitor.page.keyboard.press("Tab")
    visitor.rest()
    first = int(slider(visitor, "Second seed from this layer on").input_value())
    mix = {"seed": 9, "first": first}
    assert visitor.picture == shown(studio, **{"class": "gage", "mix": mix, "noise": 0, "psi": 1.2})


# ---------------------------------------------------------------- keys


def test_a_slider_moves_by_arrow_key(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    slider(visitor, "darker ↔ lighter").focus()
    for _ in range(3):
        visitor.page.keyboard.press("ArrowRight")
    visitor.rest()
    assert visitor.picture == shown(studio, moves={"pc1": 0.15})


def test_single_keys(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    press = visitor.page.keyboard.press
    press("n")
    visitor.rest()
    assert visitor.picture == shown(studio, seed=1) and visitor.seed == "1"
    press("d")
    visitor.rest()
    rolled = int(visitor.seed)
    assert visitor.picture == shown(studio, seed=rolled)
    press("u")
    visitor.rest()
    assert visitor.seed == "1"
    press("z")
    visitor.rest()
    assert visitor.picture == shown(studio) and visitor.seed == "0"
    press("r")
    press("r")
    visitor.rest()
    assert visitor.seed == str(rolled)
    press("1")
    assert visitor.page.locator("#live img.after").bounding_box()["width"] == 32  # type: ignore[index]
    press("1")
    press("?")
    expect(visitor.page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    visitor.page.get_by_label("Seed · latent z").focus()
    press("d")  # a letter that is typed is no shortcut
    visitor.page.keyboard.press("Tab")
    visitor.rest()
    assert visitor.seed == str(rolled)


def test_everything_has_a_name_and_a_visible_focus(moved: Visitor) -> None:
    visitor = moved
    unnamed = visitor.page.evaluate("""() => [...document.querySelectorAll("#explore :is(button, input, select)")]
        .filter((node) => node.offsetParent && !node.labels?.length && !node.getAttribute("aria-label") && !node.title
            && !node.textContent.trim())
        .map((node) => node.outerHTML)""")
    assert unnamed == []
    track = slider(visitor, "darker ↔ lighter")
    track.focus()
    visitor.page.keyboard.press("ArrowRight")
    assert track.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"


# ---------------------------------------------------------------- history


def test_a_drag_is_one_step_of_history(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    track = slider(visitor, "darker ↔ lighter")
    drag(visitor, track, 0.5, 0.7)
    visitor.rest()
    visitor.page.get_by_role("button", name="Undo").click()
    visitor.rest()
    assert visitor.picture == shown(studio) and float(track.input_value()) == 0
    visitor.page.get_by_role("button", name="Redo").click()
    visitor.rest()
    assert visitor.picture == shown(studio, moves={"pc1": float(track.input_value())})
    visitor.page.get_by_role("button", name="Reset", exact=True).click()
    visitor.rest()
    assert visitor.picture == shown(studio)


def test_each_direction_has_a_reset(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    track = slider(visitor, "small ↔ large")
    drag(visitor, track, 0.5, 0.7, moves=3)
    visitor.rest()
    assert visitor.picture != shown(studio)
    visitor.page.locator(".block", has=track).get_by_label("Reset to default value").click()
    visitor.rest()
    assert visitor.picture == shown(studio)


def test_a_neighbour_is_one_click_away(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    visitor.page.get_by_label("Go to seed 3").click()
    visitor.rest()
    assert visitor.picture == shown(studio, seed=3) and visitor.seed == "3"
    expect(visitor.page.get_by_label("Go to seed 11")).to_be_visible()


# ---------------------------------------------------------------- post-processing


def add(visitor: Visitor, name: str) -> None:
    """Add a post-processing step by its name in recipes."""
    visitor.page.locator(".add-step").select_option(name)


def test_steps_are_added_tuned_moved_switched_and_removed(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    add(visitor, "contrast")
    add(visitor, "saturation")
    visitor.rest()
    both = [{"name": "contrast"}, {"name": "saturation"}]
    assert visitor.picture == shown(studio, steps=both)
    expect(visitor.page.locator(".stages li")).to_have_count(3)
    expect(visitor.page.locator(".scale .marker")).to_have_count(3)

    first = visitor.page.locator(".step").first
    if "closed" in (first.get_attribute("class") or ""):  # the two did not fit
        first.locator(".step-title").click()
    first.locator("input[type=range]").first.focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.rest()
    tuned = visitor.latest()["values"][-1]
    assert tuned != both and visitor.picture == shown(studio, steps=tuned)

    visitor.page.keyboard.press("Alt+ArrowDown")
    visitor.rest()
    assert [step["name"] for step in visitor.latest()["values"][-1]] == ["saturation", "contrast"]
    assert visitor.picture == shown(studio, steps=tuned[::-1])

    grips = visitor.page.locator(".step .grip")
    start, end = grips.first.bounding_box(), visitor.page.locator(".step").last.bounding_box()
    assert start and end
    for key, names in (("Escape", ["saturation", "contrast"]), (None, ["contrast", "saturation"])):
        visitor.page.mouse.move(start["x"] + 8, start["y"] + 8)
        visitor.page.mouse.down()
        visitor.page.mouse.move(start["x"] + 8, end["y"] + end["height"], steps=4)
        if key:  # thought better of
            visitor.page.keyboard.press(key)
        visitor.page.mouse.up()
        visitor.rest()
        assert [step["name"] for step in visitor.latest()["values"][-1]] == names
    visitor.page.locator(".step").first.press("Alt+ArrowDown")

    visitor.page.locator(".step").first.locator(".switch").uncheck()
    visitor.rest()
    assert visitor.picture == shown(studio, steps=tuned[:1])

    visitor.page.locator(".step").last.get_by_label("Remove").click()
    visitor.rest()
    assert visitor.picture == shown(studio)
    visitor.page.keyboard.press("Escape")


def test_before_and_after(moved: Visitor, studio: Studio) -> None:
    visitor = moved
    add(visitor, "contrast")
    visitor.rest()
    before = visitor.page.locator("#live img.before")
    expect(before).to_be_hidden()
    visitor.page.locator("#live").click(position={"x": 2, "y": 2})
    visitor.page.locator("#plate-sheet").hover()
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.down("b")
    expect(before).to_be_visible()
    assert before.get_attribute("src") == shown(studio)
    visitor.page.keyboard.up("b")
    expect(before).to_be_hidden()
    visitor.page.keyboard.press("s")
    expect(visitor.page.get_by_label("Where before ends and after begins")).to_be_visible()
    expect(before).to_be_visible()
    visitor.page.keyboard.press("s")
    expect(before).to_be_hidden()


# ---------------------------------------------------------------- links and files


def test_a_link_restores_the_same_pixels(visit: Visit, studio: Studio) -> None:
    first = visit(permissions=["clipboard-read", "clipboard-write"])
    first.open()
    drag(first, slider(first, "darker ↔ lighter"), 0.5, 0.31, moves=4)
    add(first, "contrast")
    first.rest()
    first.page.get_by_role("button", name="Copy link").click()
    first.page.get_by_text("Link copied").wait_for()
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert link == first.page.url
    second = visit()
    second.open(link.removeprefix(second.address))
    assert second.picture == first.picture
    assert second.latest()["values"] == first.latest()["values"]
    expect(second.page.locator(".step")).to_have_count(1)
    assert slider(second, "darker ↔ lighter").input_value() == slider(first, "darker ↔ lighter").input_value()


def test_a_saved_picture_restores_the_same_pixels(visit: Visit, studio: Studio, tmp_path: Path) -> None:
    first = visit()
    first.open()
    first.page.keyboard.press("d")
    add(first, "contrast")
    first.rest()
    first.page.get_by_role("button", name="Save PNG").click()
    with first.page.expect_download() as download:
        first.page.get_by_role("button", name="32 px as made").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert str(recipe_from_png(saved).seed) == first.seed
    with Image.open(saved) as image:
        assert image.size == (32, 32)
    first.page.get_by_role("button", name="Save PNG").click()
    as_shown = first.page.get_by_role("button", name="as on the plate")
    with first.page.expect_download() as download:
        as_shown.click()
    large = tmp_path / download.value.suggested_filename
    download.value.save_as(large)
    with Image.open(large) as image:
        assert image.size == (first.page.locator("#live img.after").evaluate("(image) => image.clientWidth"),) * 2
    second = visit()
    second.open()
    for file in (saved, large):
        second.page.keyboard.press("n")
        drop(second, file)
        second.page.get_by_text("Restored from the picture.").wait_for()
        second.rest()
        assert second.picture == first.picture and second.seed == first.seed


def drop(visitor: Visitor, path: Path) -> None:
    """Drop a file on the plate, as from a file manager."""
    transfer = visitor.page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            return transfer;
        }""",
        [path.name, list(path.read_bytes())],
    )
    visitor.page.dispatch_event("#plate-sheet", "drop", {"dataTransfer": transfer})


# ---------------------------------------------------------------- what goes wrong


def forget_toasts(visitor: Visitor) -> None:
    """Take away what was said to earlier tests."""
    visitor.page.evaluate("document.querySelectorAll('.toast').forEach((each) => each.remove())")


@pytest.mark.parametrize("typed", ["4294967296", "-1", "1.5", ""])
def test_a_bad_seed_gets_a_sentence_and_changes_nothing(staying: Visitor, studio: Studio, typed: str) -> None:
    visitor = staying
    forget_toasts(visitor)
    before = visitor.picture
    assert before == shown(studio)
    field = visitor.page.get_by_label("Seed · latent z")
    field.fill(typed)
    field.press("Enter")
    visitor.page.locator(".toast.alert").first.wait_for()
    visitor.rest()
    assert "Seed" in visitor.toasts[0] and visitor.toasts[0].endswith(".")
    assert visitor.picture == before and visitor.seed == "0"


def test_a_cut_link_gets_a_sentence_and_the_first_picture(visit: Visit, studio: Studio) -> None:
    visitor = visit()
    query = studio.normalise(Recipe(seed=1234, psi=0.5)).to_query()
    cut = query[: query.index("psi=") + 5] + "&fbclid=IwAR"
    visitor.open("?" + cut)
    assert len(visitor.toasts) == 1 and "incomplete" in visitor.toasts[0]
    assert visitor.picture == shown(studio)
    visitor.rest()
    assert visitor.page.url.endswith("?" + cut)  # it may yet be mended by hand
    visitor.page.get_by_role("button", name="Show what could be read").click()
    visitor.rest()
    assert visitor.picture == shown(studio, seed=1234)
    assert visitor.page.url.endswith("&fbclid=IwAR") and "&end=" in visitor.page.url
    visitor.open("?fbclid=IwAR&utm_source=mail")
    visitor.rest()
    assert not visitor.toasts and "fbclid=IwAR&utm_source=mail" in visitor.page.url


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_a_bad_file_gets_a_sentence_and_changes_nothing(
    staying: Visitor, studio: Studio, tmp_path: Path, content: bytes
) -> None:
    visitor = staying
    forget_toasts(visitor)
    before = visitor.picture
    assert before == shown(studio)
    (tmp_path / "bad.png").write_bytes(content)
    drop(visitor, tmp_path / "bad.png")
    visitor.page.locator(".toast.alert").wait_for()
    assert visitor.toasts[0].endswith(".")
    assert visitor.picture == before


# ---------------------------------------------------------------- small and dark


def test_a_phone_has_no_sideways_scroll_and_keeps_the_plate(visit: Visit) -> None:
    visitor = visit(PHONE, has_touch=True)
    visitor.open()
    page = visitor.page
    for fold in ("The critic", "Afterwards"):
        page.get_by_role("button", name=fold).click()
    add(visitor, "contrast")
    visitor.rest()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_timeout(200)
    assert page.evaluate("window.scrollY") > 300
    sheet = page.locator("#plate-sheet").bounding_box()
    assert sheet and 0 <= sheet["y"] < 60 and sheet["width"] >= 240
    page.get_by_role("button", name="Afterwards").click()
    expect(page.locator(".add-step")).to_be_hidden()


def test_the_endpoints_are_described_behind_the_masthead_s_link(visitor: Visitor) -> None:
    page, panel = visitor.page, visitor.page.locator(".api-docs")
    page.get_by_role("link", name="API", exact=True).click()
    expect(panel).to_contain_text("/render", timeout=15_000)
    page.goto(f"{visitor.address}?view=api")  # as a bookmark
    expect(panel).to_contain_text("/render", timeout=15_000)
    ours = [each for each in visitor.complaints if not each.startswith("Failed to load resource")]
    visitor.complaints[:] = ours  # Gradio's panel asks for what is not offered here: MCP, monitoring


COUNT_FRAMES = """(() => {
    const frame = window.requestAnimationFrame.bind(window);
    window.framesAsked = 0;
    window.requestAnimationFrame = (callback) => (window.framesAsked++, frame(callback));
})()"""


@pytest.mark.parametrize("path", ["", "quinces", "classroom"])
def test_a_page_at_rest_asks_for_no_frames(visit: Visit, path: str) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script(COUNT_FRAMES)
    page.goto(visitor.address + path)
    page.wait_for_selector("h1")
    counts = [page.evaluate("window.framesAsked")]
    while len(counts) < 2 or counts[-1] - counts[-2] > 5:
        assert len(counts) < 30, f"frames asked for, second by second: {counts}"
        page.wait_for_timeout(1000)
        counts.append(page.evaluate("window.framesAsked"))
    assert counts[0] > 0


def test_the_dark_is_dark(visit: Visit) -> None:
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    grounds = []
    for visitor in (light, dark):
        visitor.open()
        colour = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")))
    assert grounds[0] > 600 and grounds[1] < 150


def test_actual_pixels_are_the_pictures_own(visit: Callable[..., Visitor], studio: Studio):
    visitor = visit()
    visitor.open()
    visitor.page.get_by_role("button", name="1:1").click()
    shown = visitor.page.locator("#live img.after").bounding_box()
    assert shown is not None
    assert round(shown["width"]) == studio.models()[0]["resolution"]


def test_no_label_shines_through_the_plate_on_a_phone(visit: Visit) -> None:
    visitor = visit(PHONE)
    visitor.open()
    on_top = visitor.page.evaluate("""async () => {
        const plate = document.querySelector(".pinned");
        const first = document.querySelector("#latent label > span");
        document.body.style.paddingBottom = "100vh";  // a model with few sliders makes a page too short to scroll
        // So far that the first label has gone behind the plate, wherever the page puts both.
        for (let i = 0; i < 3; i++) {  // the plate itself moves until it is pinned
            window.scrollBy(0, first.getBoundingClientRect().top - plate.getBoundingClientRect().bottom / 2);
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
        const foot = plate.getBoundingClientRect().bottom;
        return [...document.querySelectorAll("#latent label > span")]
            .map((label) => label.getBoundingClientRect())
            .filter(({ top, bottom, width }) => width && top > 0 && bottom < foot)
            .map(({ left, top }) => plate.contains(document.elementFromPoint(left + 3, top + 3)));
    }""")
    assert on_top and all(on_top)
