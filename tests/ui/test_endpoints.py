"""The endpoints for programs, through Gradio's own client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from studio import Recipe, Studio, recipe_from_png
from ui.controls import ControlSet
from ui.endpoints import NAMES


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program that talks to the page."""
    client = Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    yield client
    client.close()


def test_nothing_else_is_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert set(described["named_endpoints"]) == {f"/{name}" for name in NAMES}
    assert not described["unnamed_endpoints"]


@pytest.mark.parametrize("fields", [{}, {"seed": 9, "class": "gage", "steps": [{"name": "contrast"}]}])
def test_render_makes_a_file_and_a_report(client: Client, studio: Studio, fields: dict[str, Any]) -> None:
    path, report = client.predict(fields, api_name="/render")
    recipe = studio.normalise(Recipe.from_json(fields))
    assert recipe_from_png(Path(path)) == recipe
    with Image.open(path) as image:
        assert image.size == (32, 32)
    assert Recipe.from_json(report["recipe"]) == recipe
    assert {"logit", "percentile_real", "percentile_generated", "words"} <= set(report["critic"])
    assert [stage["name"] for stage in report["stages"]] == [use.name for use in recipe.steps]
    assert report["seconds"]["total"] > 0


@pytest.mark.parametrize(
    "recipe",
    [
        {"seed": -1},
        {"seed": 2**32},
        {"seed": 0.5},
        {"psi": 9},
        {"model": "pears"},
        {"class": "pear"},
        {"moves": {"pc99": 1}},
        {"rotation": 30},
        {"x": 2},
        {"steps": [{"name": "no such step"}]},
        {"sede": 1},
        [1, 2],
        "text",
        7,
    ],
)
def test_a_bad_recipe_is_refused_in_a_sentence(client: Client, recipe: object) -> None:
    with pytest.raises(AppError) as refusal:
        client.predict(recipe, api_name="/render")
    assert str(refusal.value).rstrip().endswith(".")
    assert "Traceback" not in str(refusal.value)


def test_models_says_what_there_is(client: Client, studio: Studio, controls: ControlSet) -> None:
    models = client.predict(api_name="/models")
    assert models == studio.models()
    assert ControlSet.of(models[0]) == controls
