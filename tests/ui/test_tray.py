"""The tray's and the contact sheet's server functions: one JSON value in, one object out, whatever comes in."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from studio import Recipe, Studio, recipe_from_png, to_png
from studio.tools.favourites import Favourite, from_text, from_zip, to_text
from tests.ui.serving import OTHER
from ui.controls import ControlSet
from ui.handing_out import TYPES
from ui.parts.mixing import mixing_functions
from ui.parts.sheet import BATCH, sheet_functions
from ui.parts.tray import tray_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]
JOB = {"key": "0" * 32, "number": 1}


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """Both parts' functions by the names that the browser calls them by."""
    functions = [*tray_functions(studio, controls), *sheet_functions(studio, controls)]
    return {function.__name__: function for function in functions}


def file_of(answer: dict[str, Any]) -> bytes:
    """The file in an answer that can travel as JSON."""
    assert answer["type"] in TYPES.values()
    return base64.b64decode(json.loads(json.dumps(answer))["file"])


def packed(data: bytes, name: str) -> dict[str, Any]:
    return {"file": base64.b64encode(data).decode(), "name": name}


def test_what_is_kept_is_the_picture_of_these_controls(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(seed=7, psi=0.3))
    entry = server["kept"]({"values": controls.values(recipe)})
    assert Recipe.from_json(entry["recipe"]) == recipe
    assert entry["picture"].startswith("data:image/jpeg") and entry["caption"]
    assert server["kept"]({"recipe": entry["recipe"]}) == entry


def test_a_favourite_opens_here_or_on_its_models_page(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(seed=7))
    assert server["open_recipe"]({"recipe": recipe.to_json()}) == {"values": controls.values(recipe)}
    elsewhere = server["open_recipe"]({"recipe": {"model": OTHER, "seed": 3}})["elsewhere"]
    assert elsewhere.startswith(f"{OTHER}?") and Recipe.from_query(elsewhere.split("?")[1]).seed == 3


def test_favourites_go_out_and_come_back(server: Functions, studio: Studio) -> None:
    favourites = [{"name": "first", "recipe": {"seed": 1}}, {"name": "", "recipe": {"seed": 2}}]
    kept = [Favourite(Recipe(seed=1), "first"), Favourite(Recipe(seed=2))]
    text = file_of(server["save"]({"favourites": favourites, "kind": "json"}))
    assert from_text(text.decode()) == (kept, [])
    pictures = file_of(server["save"]({"favourites": favourites, "kind": "zip", "job": JOB}))
    assert [each.recipe.seed for each in from_zip(pictures)[0]] == [1, 2]
    for data, name, count in [
        (text, "favourites.json", 2),
        (pictures, "a.zip", 2),
        (to_png(studio.render(Recipe(seed=9))), "x.png", 1),
    ]:
        answer = server["load"](packed(data, name))
        assert len(answer["favourites"]) == count and answer["left_out"] == []


def test_a_broken_entry_is_left_out_with_a_sentence(server: Functions) -> None:
    content = json.loads(to_text([Favourite(Recipe(seed=1))]))
    content["favourites"].append({"recipe": {"seed": "much"}})
    answer = server["load"](packed(json.dumps(content).encode(), "f.json"))
    assert len(answer["favourites"]) == 1 and answer["left_out"][0].startswith("Entry 2 was left out")


def test_a_sheet_shows_the_next_seeds_with_what_they_are_sorted_by(
    server: Functions, studio: Studio, controls: ControlSet
) -> None:
    values = controls.values(studio.normalise(Recipe(seed=5)))
    answer = json.loads(json.dumps(server["pictures"]({"values": values, "first": 40, "count": 3})))
    assert [entry["recipe"]["seed"] for entry in answer["entries"]] == [40, 41, 42]
    recipes = [entry["recipe"] for entry in answer["entries"]]
    readings = json.loads(json.dumps(server["readings"]({"recipes": recipes})))["readings"]
    for entry, read in zip(answer["entries"], readings, strict=True):
        reading = studio.render(Recipe.from_json(entry["recipe"])).critic
        assert reading is not None and read == {"critic": pytest.approx(reading.logit), "words": reading.headline}
        assert len(base64.b64decode(entry["squares"])) == 12 * 12 * 3
    assert len(server["pictures"]({"values": values, "first": 0, "count": 9999})["entries"]) == BATCH


@pytest.mark.parametrize(("kind", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("zip", b"PK")])
def test_a_sheet_is_taken_home(server: Functions, kind: str, head: bytes) -> None:
    recipes = [{"seed": seed} for seed in range(3)]
    data = file_of(server["files"]({"recipes": recipes, "kind": kind, "page": "Letter", "job": JOB}))
    assert data.startswith(head)
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".png")]
            assert [recipe_from_png(archive.read(name)).seed for name in names] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("kept", {}),
        ("kept", None),
        ("kept", {"recipe": {"seed": -1}}),
        ("compare", {"recipe": {"wings": 2}}),
        ("open_recipe", {"recipe": {"model": "no such"}}),
        ("save", {"favourites": [], "kind": "json"}),
        ("save", {"favourites": "all", "kind": "json"}),
        ("save", {"favourites": [{"recipe": {}}], "kind": "zip", "job": "mine"}),
        ("load", {"file": "###", "name": "x"}),
        ("load", packed(b"what", "x.json")),
        ("load", packed(b"PK\x03\x04", "x.zip")),
        ("pictures", {"values": [], "first": 0, "count": 1}),
        ("readings", {"recipes": []}),
        ("readings", {"recipes": [{}] * (BATCH + 1)}),
        ("readings", {"recipes": [{"seed": None}]}),
        ("files", {"recipes": [], "kind": "png", "job": JOB}),
        ("files", {"recipes": [{}], "kind": "exe", "job": JOB}),
        ("files", {"recipes": [{"seed": None}], "kind": "png", "job": JOB}),
        ("progress", {"job": 3}),
    ],
)
def test_what_is_wrong_is_one_sentence(server: Functions, name: str, request_: Any) -> None:
    answer = server[name](request_)
    assert set(answer) == {"error"} and answer["error"].endswith((".", "reload it."))


# ---------------------------------------------------------------- mixing and breeding


@pytest.fixture(scope="module")
def mixer(studio: Studio, controls: ControlSet) -> Functions:
    """The functions of the tab of mixing."""
    return {function.__name__: function for function in mixing_functions(studio, controls)}


def test_a_matrix_has_a_picture_for_each_row_and_column(mixer: Functions, studio: Studio, controls: ControlSet) -> None:
    values = controls.values(studio.normalise(Recipe(psi=0.5)))
    request = {"values": values, "group": "middle", "rows": [1, 2], "columns": [3, 4, 5]}
    answer = json.loads(json.dumps(mixer["table"](request)))
    assert [len(line) for line in answer["cells"]] == [3, 3]
    assert [entry["recipe"]["seed"] for entry in answer["columns"]] == [3, 4, 5]
    cell = Recipe.from_json(answer["cells"][1][2]["recipe"])
    assert studio.normalise(controls.recipe(controls.values(cell))) == cell


def test_children_are_bred_from_recipes(mixer: Functions, studio: Studio) -> None:
    request = {"parents": [{"seed": 1}, {"seed": 2}], "mutation": 0.2, "how": "blend", "seed": 7}
    answer = mixer["bred"](request)
    assert len(answer["children"]) == 8 and answer == mixer["bred"](request)
    broken: list[dict[str, Any]] = [
        {"parents": []},
        {"parents": 3},
        {"mutation": "much"},
        {"mutation": 2},
        {"how": "x"},
        {"seed": 0.5},
        {"parents": [{"seed": None}]},
    ]
    for wrong in broken:
        assert set(mixer["bred"]({**request, **wrong})) == {"error"}
    assert set(mixer["table"]({"values": 1, "group": "middle", "rows": [1], "columns": [2]})) == {"error"}
