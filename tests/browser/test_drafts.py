"""A network too heavy to follow the hand: drafts in a drag, and the picture at its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator import model as generator_model
from generator.measuring.cost import Cost
from studio import Recipe, Studio, data_url
from tests.browser.conftest import Visitor
from tests.browser.test_explore import slider
from tests.ui.serving import served, tiny_studio
from ui.parts.live_view import VIEW

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio over a tiny model that counts as heavy, and of which only the preview at 8 px fits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator_model, "LIGHT_FLOPS", 0)
        patch.setattr(Cost, "measure", lambda model: Cost(500.0, ((8, 30.0),)))
        yield tiny_studio(tmp_path_factory.mktemp("heavy"))


@pytest.fixture(scope="module")
def address(studio: Studio) -> Iterator[str]:
    """Where its page is served."""
    with served(studio) as url:
        yield url


def test_a_drag_shows_drafts_and_then_the_picture_with_its_reading(visitor: Visitor, studio: Studio) -> None:
    track = slider(visitor, "darker ↔ lighter")
    visitor.page.evaluate("""() => {
        window.answers = [];
        document.addEventListener("atelier:answer", ({ detail }) =>
            window.answers.push([detail.draft, detail.read, detail.picture]));
    }""")
    box = track.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    visitor.page.mouse.move(box["x"] + box["width"] * 0.5, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * 0.8, y, steps=12)
    visitor.page.wait_for_function("window.answers.some(([draft]) => draft)")
    visitor.page.mouse.up()
    visitor.rest()
    answers = visitor.page.evaluate("window.answers")
    recipe = Recipe.from_json({"moves": {"pc1": float(track.input_value())}})
    whole = data_url(studio.render(recipe).picture, at_least=VIEW)
    assert visitor.picture == whole
    assert answers[0][:2] == [True, False]
    # The picture first, the critic's word after it.
    assert answers[-2:] == [[False, False, whole], [False, True, whole]]
    assert visitor.latest()["answer"]["critic"]
