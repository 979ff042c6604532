"""The server functions of the endless map."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from studio import Recipe, Studio
from ui.controls import ControlSet
from ui.parts.world import world_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """The functions by the names that the browser calls them by."""
    return {function.__name__: function for function in world_functions(studio, controls)}


@pytest.fixture(scope="module")
def asked(studio: Studio, controls: ControlSet) -> dict[str, Any]:
    return {"values": controls.values(studio.normalise(Recipe(seed=3))), "mixed": True, "repeat": 0}


def test_chunks_and_files(server: Functions, asked: dict[str, Any]) -> None:
    assert server["chunk"]({**asked, "x": -1, "y": 2})["picture"].startswith("data:image/")
    answer = server["save"]({**asked, "x": 0, "y": 0, "width": 2, "height": 1, "seed": 8})
    with Image.open(io.BytesIO(base64.b64decode(answer["file"]))) as image:
        image.load()
        assert image.size == (64, 32) and "AI-generated" in image.info["Description"]


@pytest.mark.parametrize(
    "wrong", [{"x": 0.5}, {"x": "left"}, {"repeat": 77}, {"repeat": None}, {"values": []}, {"x": 10**9}]
)
def test_what_is_wrong_is_one_sentence(server: Functions, asked: dict[str, Any], wrong: dict[str, Any]) -> None:
    answer = server["chunk"]({**asked, "x": 0, "y": 0, **wrong})
    assert set(answer) == {"error"} and answer["error"].endswith((".", "it."))
