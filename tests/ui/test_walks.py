"""The server functions of directions and walks: one JSON value in, one object out, whatever comes in."""

from __future__ import annotations

import base64
import io
import json
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import Recipe, Studio, recipe_from_png
from studio.tools.directions import Way, closed_form
from studio.tools.music import CURVES
from studio.tools.walk import Walker, walk_from_json
from ui.controls import ControlSet
from ui.parts.walks import walks_functions
from ui.parts.ways import COUNT, ways_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]
JOB = {"key": "1" * 32, "number": 1}
WALK = {"keys": [{"seed": 1}, {"seed": 2}], "frames": 6, "path": "linear"}
FILM = {"kind": "apng", "fps": 10, "factor": 1, "method": "lanczos", "card": ""}


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """Both parts' functions by the names that the browser calls them by."""
    functions = [*ways_functions(studio, controls), *walks_functions(studio, controls)]
    return {function.__name__: function for function in functions}


@pytest.fixture(scope="module")
def values(studio: Studio, controls: ControlSet) -> list[Any]:
    return controls.values(studio.normalise(Recipe(seed=3)))


def drum() -> str:
    """Two seconds of a beat, as base64."""
    rate, out = 8000, io.BytesIO()
    time = np.arange(2 * rate) / rate
    samples = np.exp(-((time + 0.25) % 0.5) * 30) * np.sin(2 * np.pi * 100 * time)
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 30000).astype("<i2").tobytes())
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize("kind", ["own", "closed form"])
def test_directions_have_strips_with_the_picture_in_their_middle(
    server: Functions, controls: ControlSet, studio: Studio, values: list[Any], kind: str
) -> None:
    found = json.loads(json.dumps(server["find"]({"kind": kind})))["ways"]
    assert len(found) == len(controls.directions) if kind == "own" else len(found) > 2
    way = found[0]
    shown = server["pictures"]({"values": values, "way": way})["pictures"]
    assert len(shown) == COUNT
    assert Recipe.from_json(shown[COUNT // 2]["recipe"]) == studio.normalise(controls.recipe(values))
    assert server["find"]({"kind": "file", "text": json.dumps(way)})["ways"] == [way]
    if kind == "closed form":
        straight = Way.from_json(server["straighten"]({"way": {**found[1], "last": 2}, "others": [way]})["way"])
        assert abs(np.dot(straight.vector, way["vector"])) < 1e-5 and straight.last == 2


def test_stops_and_groups(server: Functions, studio: Studio, controls: ControlSet, values: list[Any]) -> None:
    way = closed_form(studio, controls.model, 1)[0].to_json()
    stops = server["stops"]({"values": values, "way": way, "job": JOB})
    assert set(stops) == {"low", "high", "among"}
    found = server["find"]({"kind": "groups", "these": [{"seed": 1}], "those": [{"seed": 2}]})["ways"]
    assert Way.from_json(found[0]).kind == "two groups"


def test_a_frame_is_the_walks(server: Functions, studio: Studio) -> None:
    answer = server["frame"]({"walk": WALK, "number": 2})
    recipe = Walker(studio, walk_from_json(WALK)).recipe(2)
    assert answer["caption"] == studio.render(recipe).specimen and answer["picture"].startswith("data:image/")


def test_a_film_comes_with_its_walk(server: Functions, tmp_path: Path) -> None:
    answer = json.loads(json.dumps(server["film"]({"walk": WALK, "film": FILM, "job": JOB})))
    path = tmp_path / answer["name"]
    path.write_bytes(base64.b64decode(answer["file"]))
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 6
    beside = json.loads(base64.b64decode(answer["beside"]["file"]))
    assert walk_from_json(beside["walk"]).frames == 6


def test_a_frame_is_shown_as_the_film_will_have_it(server: Functions, controls: ControlSet, studio: Studio) -> None:
    curves = server["curves"]({"sound": drum(), "fps": 10, "frames": 6})["curves"]
    assert set(curves) == {*CURVES} and all(
        len(curve) == 6 and 0 <= min(curve) <= max(curve) <= 1 for curve in curves.values()
    )
    what = f"moves.{controls.directions[0]}"
    number = int(np.argmax(curves["loudness"]))
    swept = {**WALK, "sweeps": [{"what": what, "values": [2 * curves["loudness"][number]], "easing": "none"}]}
    shown = server["frame"]({"walk": swept, "number": number})
    drives = [{"what": what, "curve": "loudness", "low": 0, "high": 2}]
    answer = server["film"](
        {"walk": WALK, "film": {**FILM, "kind": "png"}, "job": JOB, "sound": drum(), "drives": drives}
    )
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["file"]))) as frames:
        names = sorted(name for name in frames.namelist() if name.endswith(".png"))
        recipe = recipe_from_png(frames.read(names[number]))
    assert shown["caption"] == studio.render(recipe).specimen
    assert dict(recipe.moves)[controls.directions[0]] == pytest.approx(2 * curves["loudness"][number], abs=1e-3)


def test_a_film_is_driven_by_a_sound_and_carries_it(server: Functions, controls: ControlSet, tmp_path: Path) -> None:
    heard = server["hear_sound"]({"sound": drum()})
    assert heard["seconds"] == pytest.approx(2, abs=0.1) and heard["onsets"] == 4
    drives = [{"what": f"moves.{controls.directions[0]}", "curve": "low", "low": 0, "high": 2}]
    film = {**FILM, "kind": "mp4", "with_sound": True}
    answer = server["film"]({"walk": WALK, "film": film, "job": JOB, "sound": drum(), "drives": drives})
    path = tmp_path / answer["name"]
    path.write_bytes(base64.b64decode(answer["file"]))
    with av.open(str(path)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    beside = json.loads(base64.b64decode(answer["beside"]["file"]))
    assert beside["walk"]["sweeps"][0]["what"] == drives[0]["what"]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("find", {"kind": "groups", "these": [], "those": [{}]}),
        ("find", {"kind": "file", "text": "{"}),
        ("find", {"kind": "beauty", "values": 3, "job": JOB}),
        ("pictures", {"values": [], "way": {}}),
        ("straighten", {"way": {}, "others": []}),
        ("frame", {"walk": {**WALK, "frames": 10_000}, "number": 0}),
        ("frame", {"walk": WALK, "number": 6}),
        ("frame", {"walk": {"keys": []}, "number": 0}),
        ("curves", {"sound": "", "fps": 10, "frames": 6}),
        ("curves", {"sound": drum(), "fps": 999, "frames": 6}),
        ("hear_sound", {"sound": base64.b64encode(b"la la la").decode()}),
        ("film", {"walk": WALK, "film": {**FILM, "kind": "avi"}, "job": JOB}),
        ("film", {"walk": WALK, "film": {**FILM, "fps": "fast"}, "job": JOB}),
        ("film", {"walk": WALK, "film": FILM, "job": None}),
        ("film", {"walk": WALK, "film": FILM, "job": JOB, "sound": drum(), "drives": [{"what": "psi"}]}),
    ],
)
def test_what_is_wrong_is_one_sentence(server: Functions, name: str, request_: Any) -> None:
    answer = server[name](request_)
    assert set(answer) == {"error"} and answer["error"].endswith(".")
