"""The pages of models that visitors opened: reached by their tokens alone, opened once, with endpoints of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from starlette.applications import Starlette

from generator import save_checkpoint
from studio import Recipe, Studio, Visitors, recipe_from_png, visitors
from tests.generator.build import lively_model
from tests.studio.conftest import keeping
from tests.ui.serving import MODEL, served
from ui import visitors_pages
from ui.controls import ControlSet
from ui.endpoints import NAMES
from ui.own_pages import OwnPages
from ui.parts.live_view import live_functions

TOKENS = ("0123456789abcdef", "fedcba9876543210")
NAME = "cats"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A local folder with two models, as an earlier run of the program leaves them."""
    for token in TOKENS:
        model = lively_model()
        model.name, model.version = NAME, token
        save_checkpoint(model, tmp_path / token / NAME)
    return tmp_path


def ask(own: OwnPages, talk: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Talk to an application that has these pages, from its beginning to its end."""

    async def session() -> None:
        app = Starlette(routes=own.routes)
        async with (
            own.lifespan(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://host", follow_redirects=True
            ) as client,
        ):
            await talk(client)

    asyncio.run(session())


def counted(studio: Studio, visitors: Visitors) -> tuple[OwnPages, list[gr.Blocks]]:
    """Pages of visitors, and those that were built so far."""
    own, built = visitors_pages(studio, visitors), list[gr.Blocks]()
    build = own._build

    def count(each: Studio) -> gr.Blocks:
        built.append(build(each))
        return built[-1]

    own._build = count
    return own, built


def test_a_link_to_a_kept_model_works_after_a_restart(studio: Studio, kept: Path) -> None:
    own, built = counted(studio, Visitors(keeping(studio, kept)))

    async def talk(client: httpx.AsyncClient) -> None:
        paths = ["", "/", "/config", "/gradio_api/info", "/?seed=3"]
        answers = await asyncio.gather(*[client.get(f"/yours/{TOKENS[0]}{path}") for path in paths])
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        assert answers[2].json()["root"] == f"http://host/yours/{TOKENS[0]}"
        assert len(built) == 1  # although they came at once
        assert (await client.get(f"/yours/{TOKENS[1]}/")).status_code == 200
        assert len(built) == 2

    ask(own, talk)


def test_a_picture_of_a_kept_model_leads_to_its_page(studio: Studio, kept: Path) -> None:
    local = Visitors(keeping(studio, kept))
    one, two = (local.reopen(token).studio for token in TOKENS)
    recipe = one.normalise(Recipe(seed=5))
    for where in (local.studio, two):
        page = ControlSet.of(where.models()[0])
        (restore,) = [each for each in live_functions(where, page) if each.__name__ == "restore"]
        assert restore({"query": recipe.to_query()}) == {"elsewhere": f"yours/{TOKENS[0]}/?{recipe.to_query()}"}
    (restore,) = [each for each in live_functions(studio, page) if each.__name__ == "restore"]
    assert "must be opened first" in restore({"query": recipe.to_query()})["error"]


@pytest.mark.parametrize("token", ["0" * 16, "..", "%2e%2e", "..%2f..", TOKENS[0].upper(), f"{TOKENS[0]}%00", NAME])
def test_unknown_tokens_are_not_found(studio: Studio, kept: Path, token: str) -> None:
    own, built = counted(studio, Visitors(keeping(studio, kept)))

    async def talk(client: httpx.AsyncClient) -> None:
        assert (await client.get(httpx.URL(f"http://host/yours/{token}/config"))).status_code == 404

    ask(own, talk)
    assert not built


def test_a_host_that_keeps_nothing_opens_nothing_of_itself(studio: Studio, kept: Path) -> None:
    own, built = counted(studio, Visitors(studio))

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.get(f"/yours/{TOKENS[0]}/")
        assert answer.status_code == 404 and "open its file again" in answer.text

    ask(own, talk)
    assert not built


def test_a_kept_model_that_is_broken_is_a_sentence(studio: Studio, kept: Path) -> None:
    (kept / TOKENS[0] / NAME / "generator.safetensors").write_bytes(b"<script>")

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.get(f"/yours/{TOKENS[0]}/")
        assert answer.status_code == 500 and "cats cannot be opened" in answer.text

    ask(visitors_pages(studio, Visitors(keeping(studio, kept))), talk)


def test_the_page_of_a_forgotten_model_goes_and_one_in_use_stays(
    studio: Studio, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Visitors(keeping(studio, kept))
    own, built = counted(studio, local)
    monkeypatch.setattr(visitors, "MAX_MODELS", 1)

    async def talk(client: httpx.AsyncClient) -> None:
        for token in TOKENS:
            await client.get(f"/yours/{token}/config")
        await own.sweep()
        assert [page._queue.stopped for page in built] == [True, False]  # else each would cost time for ever
        await client.get(f"/yours/{TOKENS[1]}/config")
        assert len(built) == 2
        assert (await client.get(f"/yours/{TOKENS[0]}/config")).status_code == 200  # and comes again when asked for
        assert len(built) == 3

    ask(own, talk)
    assert all(page._queue.stopped for page in built)


def test_programs_reach_an_opened_model_and_only_that(studio: Studio, kept: Path) -> None:
    local = Visitors(keeping(studio, kept))
    with served(local.studio, local) as address:
        client = Client(f"{address}yours/{TOKENS[0]}/", verbose=False, download_files=str(kept / "downloads"))
        described = client.view_api(return_format="dict", print_info=False)
        assert set(described["named_endpoints"]) == {f"/{name}" for name in NAMES}
        assert not described["unnamed_endpoints"]
        assert [model["version"] for model in client.predict(api_name="/models")] == [TOKENS[0]]
        path, report = client.predict({"seed": 7}, api_name="/render")
        opened = local.get(TOKENS[0])
        assert opened is not None
        recipe = opened.studio.normalise(Recipe(seed=7))
        assert recipe_from_png(Path(path)) == recipe == Recipe.from_json(report["recipe"])
        with Image.open(path) as image:
            assert image.size == (32, 32)
        for other in ({"model": MODEL}, {"model": NAME, "version": TOKENS[1]}):
            with pytest.raises(AppError):
                client.predict(other, api_name="/render")
        client.close()
        house = Client(address, verbose=False)
        assert NAME not in [model["name"] for model in house.predict(api_name="/models")]
        house.close()
