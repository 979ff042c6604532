"""The server functions of one's own picture: stateless, one JSON value in, one object out, whatever comes in."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio import Recipe, Studio
from ui.controls import ControlSet
from ui.parts.project import project_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]
PLACE = {"x": 0.5, "y": 0.5, "size": 1.0}


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """The functions by the names that the browser calls them by."""
    return {function.__name__: function for function in project_functions(studio, controls, 32)}


@pytest.fixture(scope="module")
def values(studio: Studio, controls: ControlSet) -> list[Any]:
    return controls.values(studio.normalise(Recipe(seed=3)))


def job(number: int) -> dict[str, Any]:
    return {"key": "3" * 32, "number": number}


def upload() -> str:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def test_a_picture_is_taken_guessed_and_refined(server: Functions, studio: Studio, values: list[Any]) -> None:
    taken = server["take"]({"file": upload(), "name": "mine.png"})
    assert (taken["width"], taken["height"]) == (60, 40)
    asked = {"values": values, "picture": taken["picture"], "place": PLACE}
    answer = json.loads(json.dumps(server["begin"]({**asked, "steps": 3, "job": job(1)})))
    assert answer["taken_for"] is None  # no training pictures are known here
    assert answer["done"] == 0 and answer["target"].startswith("data:image/")
    number = 1
    while answer["done"] < 3:
        number += 1
        answer = server["go_on"]({**asked, "state": answer["state"], "editability": 0.5, "job": job(number)})
    studio.render(Recipe.from_json(answer["recipe"]))
    other = next(name for name in studio.opened().classes if name != answer["recipe"]["class"])
    taken_for = {**asked, "state": answer["state"], "editability": 0.5, "taken_for": other, "job": job(number + 1)}
    assert server["go_on"](taken_for)["recipe"]["class"] == other
    assert "no class" in server["go_on"]({**taken_for, "taken_for": "nothing", "job": job(number + 2)})["error"]
    assert answer["words"].endswith(".") and answer["picture"].startswith("data:image/")
    assert server["stop"]({"job": job(number)}) == {}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("take", {"file": base64.b64encode(b"la la la").decode(), "name": "song.png"}),
        ("take", {"file": 3}),
        ("begin", {"picture": "", "place": PLACE, "steps": 3, "job": job(100)}),
        ("begin", {"place": {**PLACE, "size": 99.0}, "steps": 3, "job": job(101)}),
        ("begin", {"place": [], "steps": 3, "job": job(102)}),
        ("begin", {"place": {**PLACE, "x": "left"}, "steps": 3, "job": job(103)}),
        ("begin", {"place": PLACE, "steps": "many", "job": job(104)}),
        ("go_on", {"place": PLACE, "state": "", "editability": 0.5, "job": job(105)}),
        ("go_on", {"place": PLACE, "state": "0/3:", "editability": "much", "job": job(106)}),
    ],
)
def test_what_is_wrong_is_one_sentence(server: Functions, values: list[Any], name: str, request_: Any) -> None:
    answer = server[name]({"values": values, "picture": upload(), **request_})
    assert set(answer) == {"error"} and answer["error"].endswith((".", "it."))
