"""A StyleGAN3 that takes seconds: it turns and shifts when the hand lets go, says how far it is, and can be stopped."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from generator import model as generator_model
from generator.families.stylegan3.networks import AliasFreeLayer
from generator.measuring.cost import Cost
from generator.storage.conversion import convert
from studio import Recipe, Studio, data_url
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.browser.test_explore import slider
from tests.generator.formats.stylegan3_files import LAYERS, write_stylegan3
from tests.ui.serving import served, tiny_studio
from ui.parts.live_view import VIEW

pytestmark = pytest.mark.browser
ROTATION = "Rotation · input transform"
LAYER_SECONDS = 0.1  # of each of its layers, most of it slept away
Visit = Callable[..., Visitor]


class Brush:
    """Lets layers be painted: all of them, or so many until it is let go, however slow the page and its test are."""

    def __init__(self) -> None:
        self._layers: int | None = None
        self._changed = threading.Condition()

    def hold_after(self, layers: int) -> None:
        """Stop after so many layers."""
        with self._changed:
            self._layers = layers

    def let_go(self) -> None:
        """Go on."""
        with self._changed:
            self._layers = None
            self._changed.notify_all()

    def layer(self) -> None:
        """Wait until one more may be painted."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._layers is None or self._layers > 0, timeout=60)
            if self._layers is not None:
                self._layers -= 1


@pytest.fixture(scope="module")
def brush() -> Brush:
    """What all pictures of these tests are painted with."""
    return Brush()


@pytest.fixture(autouse=True)
def let_go(brush: Brush) -> Iterator[None]:
    """No test leaves it held."""
    yield
    brush.let_go()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, brush: Brush) -> Iterator[Studio]:
    """A studio over a tiny StyleGAN3 that counts as heavy, and takes two seconds indeed."""
    folder = tmp_path_factory.mktemp("slow")
    pinwheel = convert(write_stylegan3(folder / "pinwheel.pkl"), out=folder)
    tiny_studio(folder / "house")
    forward = AliasFreeLayer.forward

    def slowly(self: AliasFreeLayer, *args: Any) -> Any:
        time.sleep(LAYER_SECONDS)
        brush.layer()
        return forward(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator_model, "LIGHT_FLOPS", 0)
        patch.setattr(Cost, "measure", lambda model: Cost(2000.0, ((8, 30.0),) if model.preview_resolutions else ()))
        patch.setattr(AliasFreeLayer, "forward", slowly)
        yield Studio(folder / "house", default="pinwheel", precision="fp32", further={"pinwheel": pinwheel})


@pytest.fixture(scope="module")
def address(studio: Studio) -> Iterator[str]:
    """Where its page is served."""
    with served(studio) as url:
        yield url


def shown(studio: Studio, **recipe: object) -> str:
    return data_url(studio.render(Recipe.from_json(recipe)).picture, at_least=VIEW)


def press(visitor: Visitor, label: str, share: float) -> None:
    """Take a slider's thumb somewhere and hold it there."""
    track = slider(visitor, label)
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    visitor.page.mouse.move(box["x"] + box["width"] / 2, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * share, y, steps=12)


def wait_for_painting(visitor: Visitor) -> None:
    """Until the page says that some layers are done."""
    visitor.page.wait_for_function("document.querySelector('#live .waiting progress')?.value > 0")
    expect(visitor.page.locator("#live .waiting")).to_be_visible()
    expect(visitor.page.locator("#live .how-far")).to_contain_text("%")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_picture_is_painted_when_the_hand_lets_go_and_stays_if_the_next_is_cancelled(
    visit: Visit,
    studio: Studio,
    brush: Brush,
    viewport: ViewportSize,
) -> None:
    visitor = visit(viewport)
    page = visitor.page
    visitor.open()
    still, waiting = visitor.picture, page.locator("#live .waiting")
    assert still == shown(studio)
    expect(waiting).to_be_hidden()
    asked = visitor.latest()["asked"]
    press(visitor, ROTATION, 0.8 if viewport is DESK else 0.7)
    page.wait_for_timeout(700)
    assert visitor.latest()["asked"] == asked, "a hand that moves or holds asks for nothing"
    brush.hold_after(3)
    page.mouse.up()
    wait_for_painting(visitor)
    assert visitor.picture == still
    rotation = float(slider(visitor, ROTATION).input_value())
    assert 30 < rotation < 180

    page.get_by_role("button", name="Cancel").click()
    expect(waiting).to_be_hidden()
    brush.let_go()
    asked = time.monotonic()
    with studio._painter._shared.turns.turn():
        assert time.monotonic() - asked < 4 * LAYER_SECONDS, "the worker must be free between two layers"
    expect(slider(visitor, ROTATION)).to_have_value("0")
    page.wait_for_timeout(1000 * LAYERS * LAYER_SECONDS)
    assert visitor.picture == still and visitor.latest()["values"] is not None
    assert "rotation" not in page.url

    brush.hold_after(3)
    page.get_by_role("button", name="Redo").click()  # what was cancelled is one step ahead
    expect(slider(visitor, ROTATION)).to_have_value(f"{rotation:g}")
    wait_for_painting(visitor)
    brush.let_go()
    visitor.rest()
    assert visitor.picture == shown(studio, rotation=rotation) != still
    expect(page).to_have_url(re.compile(f"&rotation={rotation:g}&"))
    page.get_by_role("button", name="Undo").click()
    visitor.rest()
    assert visitor.picture == still
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_keys_and_reset_move_the_sliders_as_any_other(visit: Visit, studio: Studio, brush: Brush) -> None:
    visitor = visit()
    visitor.open()
    track = slider(visitor, "Horizontal · input transform")
    track.focus()
    for _ in range(3):
        visitor.page.keyboard.press("ArrowRight")
    asked = visitor.latest()["asked"]
    visitor.rest()
    assert visitor.picture == shown(studio, x=0.03)
    assert visitor.latest()["asked"] - asked <= 2, "one picture for three strokes, and its reading"
    visitor.page.locator(".transform-x .reset-button").click()
    visitor.rest()
    assert visitor.picture == shown(studio)
    track.focus()
    brush.hold_after(3)
    visitor.page.keyboard.press("ArrowLeft")
    wait_for_painting(visitor)
    visitor.page.keyboard.press("Escape")
    expect(track).to_have_value("0")


def test_post_processing_stays_live(visit: Visit, studio: Studio) -> None:
    visitor = visit()
    visitor.open()
    visitor.page.locator(".add-step").select_option("contrast")
    began = time.monotonic()
    expect(visitor.page.locator("#live .processed")).to_have_count(1)
    assert time.monotonic() - began < LAYERS * LAYER_SECONDS
    visitor.rest()
    assert visitor.picture == shown(studio, steps=[{"name": "contrast"}])


def test_a_cancel_never_stops_anothers_picture(visit: Visit, studio: Studio, brush: Brush) -> None:
    first, second = visit(), visit()
    first.open()
    second.open()
    brush.hold_after(3)
    second.page.get_by_label("Seed · latent z").fill("77")
    second.page.keyboard.press("Enter")
    wait_for_painting(second)
    first.page.keyboard.press("Escape")  # nothing is painted for this one
    first.page.get_by_label("Seed · latent z").fill("78")
    first.page.keyboard.press("Enter")
    expect(first.page.locator("#live .how-far")).to_have_text("Painting …")  # it waits for its turn
    first.page.get_by_role("button", name="Cancel").click()
    brush.let_go()
    second.rest()
    assert second.picture == shown(studio, seed=77)
    assert first.picture == shown(studio) and first.seed == "0"


def test_a_first_picture_that_is_cancelled_can_be_painted_after_all(visit: Visit, studio: Studio, brush: Brush) -> None:
    visitor = visit()
    brush.hold_after(3)
    visitor.page.goto(visitor.address + "?seed=79&rotation=-45")
    wait_for_painting(visitor)
    visitor.page.get_by_role("button", name="Cancel").click()
    brush.let_go()
    expect(visitor.page.locator("#live .how-far")).to_have_text("Not painted.")
    visitor.page.get_by_role("button", name="Paint it").click()
    visitor.page.wait_for_selector("#live img.after[src]")
    visitor.rest()
    assert visitor.picture == shown(studio, seed=79, rotation=-45)
    expect(visitor.page.locator("#live .waiting")).to_be_hidden()
