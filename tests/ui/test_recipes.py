"""The examples of docs/recipes.md, each run through Gradio's own client; and what the endpoints refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import tifffile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import Recipe, Studio, recipe_from_png
from tests.studio.tools.sounds import beats

DOCUMENT = Path(__file__).parents[2] / "docs" / "recipes.md"
SECTIONS = re.findall(r"^## (.+?): .*?$\n(.*?)(?=^## |\Z)", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program that talks to the page."""
    client = Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    yield client
    client.close()


def run(client: Client, name: str) -> dict[str, Any]:
    """What is known after the example of that name."""
    section = next(text for title, text in SECTIONS if name in title)
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    known: dict[str, Any] = {"client": client}
    exec(compile(code, str(DOCUMENT), "exec"), known)
    return known


def test_every_endpoint_has_an_example_and_says_what_it_takes(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {name for title, _ in SECTIONS for name in title.split(" and ")} == set(described)
    for name, facts in described.items():
        assert len(facts["description"]) > 30, name


def test_every_input_has_a_schema_that_validators_accept(client: Client) -> None:
    # As language models' clients ask it: of a type that is {} they refuse the whole tool.
    info = httpx.get(client.src + "gradio_api/info").json()["named_endpoints"]
    types = {"string", "integer", "number", "boolean", "object", "array", "null"}
    for name, facts in info.items():
        for parameter in facts["parameters"]:
            schema = parameter["type"]
            for each in schema.get("anyOf", schema.get("oneOf", [schema])):
                assert "$ref" in each or each["type"] in types, (name, parameter["parameter_name"])


def test_models_and_render(client: Client, studio: Studio) -> None:
    known = run(client, "/render")
    assert recipe_from_png(Path(known["picture"])) == Recipe.from_json(known["report"]["recipe"])


def test_sheet(client: Client) -> None:
    known = run(client, "/sheet")
    assert Path(known["sheet"]).read_bytes().startswith(b"%PDF")
    pictures = known["report"]["pictures"]
    assert len(pictures) + known["report"]["hidden"] == 12
    logits = [each["critic"]["logit"] for each in pictures]
    assert logits == sorted(logits, reverse=True)


def test_mix(client: Client, studio: Studio) -> None:
    known = run(client, "/mix")
    assert len(known["born"]["children"]) == 4
    for path in (known["table"], known["family"]):
        with Image.open(path) as image:
            assert image.width > 256
    studio.render(Recipe.from_json(known["lower_right"]))


def test_directions(client: Client, studio: Studio) -> None:
    known = run(client, "/directions")
    assert studio.normalise(Recipe.from_json(known["moved"])).ws is not None
    answer = client.predict(recipe={}, kind=json.dumps(known["strongest"]), api_name="/directions")[1]
    assert answer["directions"] == [known["strongest"]]


def test_project(client: Client, studio: Studio) -> None:
    known = run(client, "/project")
    assert recipe_from_png(Path(known["again"])) == Recipe.from_json(known["facts"]["recipe"])
    assert f"{known['facts']['psnr']:.1f} dB" in known["facts"]["words"]


def test_drag(client: Client) -> None:
    known = run(client, "/drag")
    assert recipe_from_png(Path(known["longer"])) == Recipe.from_json(known["moved"]["recipe"])
    assert known["moved"]["steps"] <= 20 and len(known["moved"]["pixels_left"]) == 1


def test_walk(client: Client) -> None:
    known = run(client, "/walk")
    with av.open(known["film"]) as film:
        assert sum(1 for _ in film.decode(video=0)) == 12 == known["facts"]["frames"]
    assert json.loads(Path(known["walk"]).read_text("utf-8"))["walk"]["closed"]


def test_a_sound_drives_a_walk_and_lies_under_it(client: Client, tmp_path: Path) -> None:
    sound, _ = beats(tmp_path / "beat.wav", 1, 120)
    drives = [{"what": "noise", "curve": "onsets", "low": 0, "high": 2}]
    walk = {"keys": [{"seed": 1}], "frames": 10}
    film, beside, _ = client.predict(
        walk=walk, kind="mp4", fps=10, sound=handle_file(str(sound)), drives=drives, api_name="/walk"
    )
    with av.open(film) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    (sweep,) = json.loads(Path(beside).read_text("utf-8"))["walk"]["sweeps"]
    assert sweep["what"] == "noise" and 0 <= min(sweep["values"]) < max(sweep["values"]) <= 2


def test_export(client: Client) -> None:
    known = run(client, "/export")
    assert tifffile.imread(known["poster"]).dtype == "uint16"
    assert Path(known["palette"]).read_bytes()[:4] == b"ASEF" and Path(known["parcel"]).read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("/sheet", {"count": 5000}),
        ("/sheet", {"order": "beauty"}),
        ("/sheet", {"kind": "exe"}),
        ("/mix", {"rows": {"seed": 1}}),
        ("/mix", {"rows": []}),
        ("/mix", {"rows": [{}], "columns": [{}], "group": "upper"}),
        ("/directions", {"kind": "beauty"}),
        ("/directions", {"kind": "{"}),
        ("/directions", {"recipe": {"model": "pears"}}),
        ("/walk", {"walk": {"keys": [{}], "frames": 10_000}}),
        ("/walk", {"walk": []}),
        ("/walk", {"walk": {"keys": [{}], "frames": 2}, "sound": handle_file(str(DOCUMENT))}),
        ("/walk", {"walk": {"keys": [{}]}, "kind": "avi"}),
        ("/project", {}),
        ("/project", {"picture": handle_file(str(DOCUMENT))}),
        ("/project", {"picture": handle_file(str(DOCUMENT.with_name("screenshot.png"))), "steps": 0}),
        ("/project", {"picture": handle_file(str(DOCUMENT.with_name("screenshot.png"))), "size": 90}),
        ("/drag", {"points": []}),
        ("/drag", {"points": [[0.5, 0.5, 0.5, 1.2]]}),
        ("/drag", {"points": [[0.5, 0.5, 0.5]]}),
        ("/drag", {"points": [[0.5, 0.5, 0.6, 0.6]], "mask": "0" * 1024}),
        ("/drag", {"points": [[0.5, 0.5, 0.6, 0.6]], "steps": 0}),
        ("/export", {"wish": {"kind": "exe"}}),
        ("/export", {"palette": "exe"}),
        ("/export", {"trade": "film", "choices": []}),
        ("/export", {"trade": "piracy"}),
    ],
)
def test_what_is_wrong_is_one_sentence(client: Client, name: str, request_: dict[str, Any]) -> None:
    with pytest.raises(AppError) as refusal:
        client.predict(**request_, api_name=name)
    assert str(refusal.value).rstrip().endswith(".") and "Traceback" not in str(refusal.value)
