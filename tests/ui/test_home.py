"""The server functions of the tab "Take home": one JSON value in, one object out, whatever comes in."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from studio import Recipe, Studio
from ui.controls import ControlSet
from ui.parts.home import home_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]
JOB = {"key": "2" * 32, "number": 1}
PRINT = {"size": "postcard", "dpi": 72, "bleed": 3}


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """The part's functions by the names that the browser calls them by."""
    return {function.__name__: function for function in home_functions(studio, controls)}


@pytest.fixture(scope="module")
def values(studio: Studio, controls: ControlSet) -> list[Any]:
    return controls.values(studio.normalise(Recipe(seed=3)))


def test_a_sheet_is_shown_as_it_will_be_cut_and_saved(server: Functions, values: list[Any]) -> None:
    shown = json.loads(json.dumps(server["sheet"]({"values": values, "print": PRINT})))
    answer = server["print_file"]({"values": values, "print": PRINT, "job": JOB})
    with Image.open(io.BytesIO(base64.b64decode(answer["file"]))) as image:
        assert image.size == (shown["width"], shown["height"])
    assert shown["bleed"] and shown["picture"].startswith("data:image/jpeg") and answer["type"] == "image/png"
    cut = server["sheet"]({"values": values, "print": {"cut_out": True}})
    assert not cut["opaque"] and cut["picture"].startswith("data:image/png")


def test_a_palette_and_a_trade_are_files(server: Functions, values: list[Any]) -> None:
    colours = server["palette"]({"values": values, "count": 4})["colours"]
    css = base64.b64decode(server["palette"]({"values": values, "count": 4, "kind": "css"})["file"]).decode()
    assert 1 <= len(colours) <= 4 and all(each["hex"] in css for each in colours)
    answer = server["trade"]({"values": values, "trade": "medicine", "choices": {"regions": "3"}, "job": JOB})
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["file"]))) as archive:
        assert "regions.csv" in archive.namelist()


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("sheet", {"print": {"size": "A9"}}),
        ("sheet", {"print": {"size": 4}}),
        ("sheet", {"print": {"wings": 2}}),
        ("sheet", {"print": "A4"}),
        ("print_file", {"print": {"size": "A2", "dpi": 600}, "job": JOB}),
        ("print_file", {"print": {"size": "A1", "dpi": 600}, "job": JOB}),
        ("print_file", {"print": PRINT, "job": 1}),
        ("palette", {"count": 99}),
        ("palette", {"count": "six"}),
        ("palette", {"count": 4, "kind": "exe"}),
        ("trade", {"trade": "alchemy", "choices": {}, "job": JOB}),
        ("trade", {"trade": "film", "choices": [], "job": JOB}),
        ("trade", {"trade": "film", "choices": {"frames a second": "1"}, "job": JOB}),
    ],
)
def test_what_is_wrong_is_one_sentence(server: Functions, values: list[Any], name: str, request_: Any) -> None:
    answer = server[name]({"values": values, **request_})
    assert set(answer) == {"error"} and answer["error"].endswith((".", "reload it."))
    assert set(server[name](request_)) == {"error"}
