"""The live view's server functions: values in, one JSON object out, whatever comes in."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generator import model as generator_model
from generator.measuring.cost import Cost
from studio import BusyError, Recipe, Studio, Styles, data_url, recipe_from_png, to_png
from tests.ui.serving import OTHER, tiny_studio
from ui.controls import ControlSet
from ui.parts.live_view import NEIGHBOURS, VIEW, link_answer, live_functions

Functions = dict[str, Callable[[Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def server(studio: Studio, controls: ControlSet) -> Functions:
    """The functions by the names that the browser calls them by."""
    return {function.__name__: function for function in live_functions(studio, controls)}


def pixels(url: str) -> np.ndarray:
    """The picture in a data URL."""
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


def test_a_picture_is_the_studios(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(seed=5, psi=1.0))
    answer = json.loads(json.dumps(server["picture"]({"values": controls.values(recipe)})))
    picture = studio.render(recipe).picture
    assert answer["picture"] == data_url(picture, at_least=VIEW)
    assert answer["width"] == picture.shape[1]
    factor = VIEW // answer["width"]  # brought back to its own pixels, the enlarged picture is about what it was
    small = pixels(answer["picture"]).reshape(answer["width"], factor, answer["width"], factor, 3).mean((1, 3)) / 255
    assert np.corrcoef(small.ravel(), picture.ravel())[0, 1] > 0.9
    assert Recipe.from_query(answer["query"]) == recipe
    assert {"critic", "stages", "caption", "attribution"} <= set(answer)


def test_a_drag_is_answered_with_drafts_and_ends_with_the_picture(
    controls: ControlSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generator_model, "LIGHT_FLOPS", 0)  # every network is heavy, and only the preview fits
    monkeypatch.setattr(Cost, "measure", lambda model: Cost(500.0, ((8, 30.0),)))
    heavy = tiny_studio(tmp_path)
    server = {function.__name__: function for function in live_functions(heavy, controls)}
    recipe = heavy.normalise(Recipe(seed=5))
    request = {"values": controls.values(recipe), "read": True}
    draft = server["picture"]({**request, "draft": True})
    assert draft["draft"] is True and draft["read"] is False and draft["critic"] is None
    whole = server["picture"](request)
    assert whole["draft"] is False and whole["read"] is True and whole["critic"]
    assert draft["width"] == whole["width"] and draft["picture"] != whole["picture"]
    assert server["picture"]({**request, "draft": True}) == whole  # it is there by now


@pytest.mark.parametrize("read", [True, False])
def test_a_light_network_answers_a_drag_with_the_picture(
    server: Functions,
    studio: Studio,
    controls: ControlSet,
    read: bool,
) -> None:
    request = {"values": controls.values(studio.normalise(Recipe(seed=51))), "read": read}
    answer = server["picture"]({**request, "draft": True})
    assert answer["draft"] is False and answer["read"] is read
    assert answer == server["picture"](request)


def test_before_is_the_raw_picture(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe.from_json({"steps": [{"name": "contrast", "parameters": {}}]}))
    answer = server["picture"]({"values": controls.values(recipe)})
    rendering = studio.render(recipe)
    details = server["details"]({"values": controls.values(recipe)})
    assert details["before"] == data_url(rendering.raw, at_least=VIEW)
    assert answer["picture"] == data_url(rendering.picture, at_least=VIEW) != details["before"]
    assert set(details["accent"]) == {"light", "dark"}
    plain = studio.normalise(Recipe(seed=5))
    assert server["details"]({"values": controls.values(plain)})["before"] is None
    assert [stage["name"] for stage in answer["stages"]] == ["contrast"]
    assert answer["stages"][0]["critic"]["words"]


def test_neighbours_are_the_next_seeds(server: Functions, studio: Studio, controls: ControlSet) -> None:
    answer = server["neighbours"]({"values": controls.values(studio.normalise(Recipe(seed=10)))})
    assert [near["seed"] for near in answer["neighbours"]] == list(range(11, 11 + NEIGHBOURS))
    last = server["neighbours"]({"values": controls.values(studio.normalise(Recipe(seed=2**32 - 2)))})
    assert [near["seed"] for near in last["neighbours"]] == [2**32 - 1]


def test_a_saved_picture_restores_its_values(server: Functions, studio: Studio, controls: ControlSet) -> None:
    values = controls.values(studio.normalise(Recipe(seed=77, label="gage", moves=(("pc2", -1.5),))))
    saved = server["save"]({"values": values})
    assert recipe_from_png(base64.b64decode(saved["png"])).seed == 77
    assert saved["name"] == "plums-gage-77.png"
    assert server["restore"]({"png": saved["png"]}) == {"values": values}
    large = server["save"]({"values": values, "width": 90})
    assert large["name"] == "plums-gage-77-90px.png"
    assert server["restore"]({"png": large["png"]}) == {"values": values}
    assert "px wide, not 9000" in server["save"]({"values": values, "width": 9000})["error"]


@pytest.mark.parametrize("extra", ["", "__theme=dark&", "view=api&", "fbclid=IwAR&"])
def test_a_link_restores_its_values(server: Functions, studio: Studio, controls: ControlSet, extra: str) -> None:
    recipe = studio.normalise(Recipe(seed=77, psi=0.25))
    others = {"foreign": extra.rstrip("&")} if extra else {}
    assert server["restore"]({"query": extra + recipe.to_query()}) == {"values": controls.values(recipe), **others}


def test_an_address_without_a_recipe_is_the_first_picture(
    server: Functions,
    studio: Studio,
    controls: ControlSet,
) -> None:
    for others in ("__theme=dark", "nonsense", "fbclid=IwAR&utm_source=mail"):
        answer = {"values": controls.values(studio.normalise(Recipe())), "foreign": others}
        assert server["restore"]({"query": others}) == answer


def foreign_png() -> str:
    """A picture without a recipe, as base64."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(
    "name, request_",
    [
        ("picture", None),
        ("picture", {}),
        ("picture", []),
        ("picture", {"values": None}),
        ("neighbours", {"values": [1]}),
        ("save", {}),
        ("restore", {}),
        ("restore", None),
        ("restore", {"query": 3}),
        ("restore", {"query": "seed=nonsense"}),
        ("restore", {"png": ""}),
        ("restore", {"png": "!"}),
        ("restore", {"png": 7}),
        ("restore", {"png": foreign_png()}),
    ],
)
def test_anything_wrong_is_answered_in_a_sentence(server: Functions, name: str, request_: object) -> None:
    answer = server[name](request_)
    assert set(answer) == {"error"}
    assert answer["error"].endswith(".")


def test_every_way_to_cut_a_link_is_noticed(server: Functions, studio: Studio) -> None:
    query = studio.normalise(Recipe(seed=123456, psi=0.25, label="gage")).to_query()
    for length in range(len("v=1"), len(query)):
        assert "error" in server["restore"]({"query": query[:length]}), query[:length]


def test_what_could_be_read_of_a_cut_link_is_offered(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(seed=123456, psi=0.25, label="gage"))
    query = recipe.to_query()
    answer = server["restore"]({"query": query[: query.index("&end")] + "&fbclid=IwAR"})
    assert answer["foreign"] == "fbclid=IwAR" and "incomplete" in answer["error"]
    assert answer["rest"] == {"values": controls.values(replace(recipe, psi=0.7))}  # 0.25 may be what was left of 0.255
    assert "rest" not in server["restore"]({"query": query.replace("gage", "fig")[:-1]})  # there is no such class


def test_a_busy_studio_asks_to_come_back(
    server: Functions,
    studio: Studio,
    controls: ControlSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def render(*_: object, **__: object) -> None:
        raise BusyError("Busy.")

    monkeypatch.setattr(studio, "render", render)
    assert server["picture"]({"values": controls.values(studio.normalise(Recipe()))})["busy"] > 0


def test_a_recipe_of_another_model_is_on_its_page(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(model=OTHER, seed=4))
    answer = server["restore"]({"query": recipe.to_query()})
    assert answer == {"elsewhere": f"{OTHER}?{recipe.to_query()}"}
    png = base64.b64encode(to_png(studio.render(recipe))).decode()
    assert server["restore"]({"png": png}) == answer


def test_a_recipe_of_another_model_does_not_fit_this_page(
    server: Functions,
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    query = Recipe(model="pears").to_query()
    assert "pears" in server["restore"]({"query": query})["error"]


def test_the_file_is_what_the_studio_writes(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipe = studio.normalise(Recipe(seed=3))
    assert base64.b64decode(server["save"]({"values": controls.values(recipe)})["png"]) == to_png(studio.render(recipe))


def test_a_recipe_too_long_for_a_link_says_so_and_is_shown_all_the_same() -> None:
    short, long = (Recipe(ws=Styles.of(np.eye(rows, 512))) for rows in (1, 18))
    assert link_answer(short) == {"query": short.to_query(), "no_link": ""}
    answer = link_answer(long)
    assert answer["query"] is None and "save the picture" in answer["no_link"]


def test_a_past_comes_back_as_the_steps_of_this_page(server: Functions, studio: Studio, controls: ControlSet) -> None:
    recipes = [Recipe(seed=3, psi=0.5), Recipe.from_json({"seed": 4, "steps": [{"name": "contrast"}]})]
    steps = [controls.values(studio.normalise(recipe)) for recipe in recipes]
    unused = list(steps[0])
    unused[controls.names.index("mix_seed")] = {"a": ["junk"]}  # nothing is mixed in: it stands for nothing
    assert server["past"]({"steps": [*steps, unused]}) == {"steps": [*steps, steps[0]]}


@pytest.mark.parametrize("steps", [None, {}, [None], [[]], ["a" * 40], [[[]] * 40], [[0]] * 201])
def test_a_past_of_anything_else_is_refused(server: Functions, steps: Any) -> None:
    assert server["past"]({"steps": steps}).keys() == {"error"}
