"""The server functions of dragging: stateless, one JSON value in, one object out, whatever comes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from studio import Recipe, Studio
from ui.controls import ControlSet
from ui.parts.drag import drag_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]
PULLS = [[0.45, 0.5, 0.6, 0.5]]


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """The functions by the names that the browser calls them by."""
    return {function.__name__: function for function in drag_functions(studio, controls, 32)}


def job(number: int) -> dict[str, Any]:
    return {"key": "4" * 32, "number": number}


def test_a_picture_is_taken_and_dragged(server: Functions, studio: Studio, controls: ControlSet) -> None:
    values = controls.values(studio.normalise(Recipe(seed=3)))
    taken = json.loads(json.dumps(server["plate"]({"values": values})))
    asked = {"recipe": taken["recipe"], "pulls": PULLS, "mask": ""}
    answer, number = server["start"](asked), 0
    while not answer.get("over") and number < 3:
        number += 1
        answer = json.loads(json.dumps(server["further"]({**asked, "state": answer["state"], "job": job(number)})))
        assert answer["picture"].startswith("data:image/") and len(answer["points"]) == 1 and 0 < answer["share"] <= 1
    assert Recipe.from_json(answer["recipe"]).ws is not None and answer["words"].endswith(".")
    assert server["stop"]({"job": job(number)}) == {}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("plate", {}),
        ("plate", {"values": [3]}),
        ("start", {"pulls": []}),
        ("start", {"mask": "holes"}),
        ("start", {"recipe": {"model": "pears"}}),
        ("further", {"state": "", "job": job(5)}),
        ("further", {"state": None, "job": {}}),
    ],
)
def test_what_is_wrong_is_one_sentence(server: Functions, name: str, request_: dict[str, Any]) -> None:
    answer = server[name]({"recipe": {"seed": 3}, "pulls": PULLS, "mask": "", **request_})
    assert set(answer) == {"error"} and answer["error"].endswith((".", "it."))
