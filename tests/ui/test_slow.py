"""A StyleGAN3 on the page and at the endpoint: moved by its input transform, waited for, stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from generator.families.stylegan3.networks import AliasFreeLayer
from generator.storage.conversion import convert
from studio import Recipe, Studio, data_url, recipe_from_png
from tests.generator.formats.stylegan3_files import LAYERS, write_stylegan3
from tests.ui.serving import MODEL, served, tiny_studio
from ui.controls import ControlSet
from ui.parts.live_view import VIEW, live_functions

KEY, OTHER_KEY = "0" * 32, "1" * 32


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A studio that shows a StyleGAN3 of another program first."""
    folder = tmp_path_factory.mktemp("foreign")
    pinwheel = convert(write_stylegan3(folder / "pinwheel.pkl"), out=folder)
    tiny_studio(folder / "house")
    return Studio(folder / "house", default="pinwheel", precision="fp32", further={"pinwheel": pinwheel})


@pytest.fixture
def controls(studio: Studio) -> ControlSet:
    """Its controls."""
    return ControlSet.of(studio.models()[-1])


@pytest.fixture
def server(studio: Studio, controls: ControlSet) -> dict[str, Callable[[Any], dict[str, Any]]]:
    """Its live view's functions by name."""
    return {function.__name__: function for function in live_functions(studio, controls, slow=True)}


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """The first picture stops in front of its fifth layer, tells it, and waits to be let on."""
    reached, go_on = Event(), Event()
    forward, passed = AliasFreeLayer.forward, list[None]()

    def slowly(self: AliasFreeLayer, *args: Any) -> Any:
        passed.append(None)
        if len(passed) == 5:
            reached.set()
            assert go_on.wait(30)
        return forward(self, *args)

    monkeypatch.setattr(AliasFreeLayer, "forward", slowly)
    yield reached, go_on
    go_on.set()


def request(controls: ControlSet, studio: Studio, number: int, key: str = KEY, **recipe: Any) -> dict[str, Any]:
    values = controls.values(studio.normalise(Recipe.from_json(recipe)))
    return {"values": values, "job": {"key": key, "number": number}, "read": False}


def test_a_picture_is_followed_and_stopped_by_whoever_waits_for_it(
    server: dict[str, Any],
    studio: Studio,
    controls: ControlSet,
    gate: tuple[Event, Event],
) -> None:
    reached, go_on = gate
    mine = request(controls, studio, 3, seed=31, rotation=10)
    yours = request(controls, studio, 9, key=OTHER_KEY, seed=32)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(server["picture"], mine)
        assert reached.wait(30)
        second = pool.submit(server["picture"], yours)
        assert server["progress"]({"job": mine["job"]}) == {"share": 4 / LAYERS}
        assert server["progress"]({"job": yours["job"], "stop": False}) == {"share": 0.0}  # waits for its turn
        server["progress"]({"job": mine["job"], "stop": True})
        go_on.set()
        assert first.result(30) == {"stopped": True}
        picture = second.result(30)["picture"]
    assert picture == data_url(studio.render(Recipe(seed=32)).picture, at_least=VIEW)


def test_a_newer_recipe_ends_the_older(
    server: dict[str, Any],
    studio: Studio,
    controls: ControlSet,
    gate: tuple[Event, Event],
) -> None:
    reached, go_on = gate
    with ThreadPoolExecutor(2) as pool:
        old = pool.submit(server["picture"], request(controls, studio, 1, seed=33))
        assert reached.wait(30)
        new = pool.submit(server["picture"], request(controls, studio, 2, seed=34))
        for _ in range(3000):  # until the newer one has begun
            if server["progress"]({"job": {"key": KEY, "number": 2}})["share"] == 0:
                break
            sleep(0.01)
        go_on.set()
        assert old.result(30) == {"stopped": True}
        assert "picture" in new.result(30)


@pytest.mark.parametrize("job", [None, {}, {"key": "short", "number": 1}], ids=repr)
def test_a_wrong_job_is_answered_in_a_sentence(
    server: dict[str, Any],
    studio: Studio,
    controls: ControlSet,
    job: object,
) -> None:
    wrong = {**request(controls, studio, 1), "job": job}
    assert "reload" in server["picture"](wrong)["error"] and "reload" in server["progress"](wrong)["error"]
    assert "reload" in server["progress"](None)["error"]


def test_the_endpoint_turns_and_shifts(studio: Studio, tmp_path: Path) -> None:
    with served(studio) as address:
        client = Client(address, verbose=False, download_files=str(tmp_path))
        try:
            still, report = client.predict({"seed": 5}, api_name="/render")
            assert not {"rotation", "x", "y"} & set(report["recipe"])
            moved, report = client.predict({"seed": 5, "rotation": 90, "x": -0.25}, api_name="/render")
            assert (report["recipe"]["rotation"], report["recipe"]["x"]) == (90, -0.25) and "y" not in report["recipe"]
            assert recipe_from_png(Path(moved)) == studio.normalise(Recipe(seed=5, rotation=90.0, x=-0.25))
            assert Path(still).read_bytes() != Path(moved).read_bytes()
            with pytest.raises(AppError, match="has no rotation"):
                client.predict({"model": MODEL, "rotation": 90}, api_name="/render")
        finally:
            client.close()
