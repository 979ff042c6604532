"""The sheet of nearest training pictures: what it says, and what it shows where the data are not here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio import Recipe, Studio, StudioError, TrainingPicture, nearness_words
from tests.ui.serving import MODEL
from ui.controls import ControlSet
from ui.parts.nearest_sheet import NEAREST, nearest_function

FOUND = [
    TrainingPicture("gage/00017.jpg", 17, 1.0, 0.4, np.full((8, 8, 3), 0.5, np.float32), "https://example.org/17"),
    TrainingPicture("unnumbered", None, 2.0, 0.1, None, None),
]


@pytest.fixture
def ask(studio: Studio, controls: ControlSet, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server function, over a studio that finds FOUND."""

    def nearest(recipe: Recipe, k: int) -> list[TrainingPicture]:
        assert k == NEAREST and recipe.model == MODEL
        return FOUND

    monkeypatch.setattr(studio, "nearest", nearest)
    return nearest_function(studio, controls)


def test_the_picture_itself_stands_before_its_neighbours(ask: Any, studio: Studio, controls: ControlSet) -> None:
    answer = ask({"values": controls.values(studio.normalise(Recipe(seed=3)))})
    own, first, second = answer["tiles"]
    assert own["detail"] == "generated" and own["picture"].startswith("data:image/jpeg")
    assert first["title"] == "no. 17" and first["source"] == FOUND[0].source and first["picture"]
    assert second == {"picture": None, "title": "unnumbered", "detail": "unnumbered", "source": None}
    assert answer["words"] == nearness_words(0.4)


def test_each_band_has_words_of_its_own() -> None:
    copy, usual, far = (nearness_words(share) for share in (0.999, 0.4, 0.001))
    assert len({copy, usual, far}) == 3
    assert "copy?" in copy.lower() and "40 %" in usual and far.startswith("No copy")


def test_what_cannot_be_searched_is_a_sentence(
    studio: Studio,
    controls: ControlSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nearest(*_: object) -> list[TrainingPicture]:
        raise StudioError("There is no index.")

    monkeypatch.setattr(studio, "nearest", nearest)
    function = nearest_function(studio, controls)
    assert function({"values": controls.values(studio.normalise(Recipe()))}) == {"error": "There is no index."}
    assert "error" in function({"values": [1]}) and "error" in function(None)
