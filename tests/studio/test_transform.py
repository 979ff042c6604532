"""A network with an input transform: its pictures turn and shift, and one that takes seconds can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from generator import draw_z, open_checkpoint
from generator import model as generator_model
from generator.measuring.cost import Cost
from generator.storage import conversion as convert
from postprocess import StepUse
from studio import FIELDS, Recipe, RecipeError, StoppedError, Studio, recipe_from_png, to_png
from studio.painter import SLOW_MS
from tests.generator.formats.stylegan3_files import LAYERS, write_stylegan3

MOVED = Recipe(model="pinwheel", seed=3, label="1", psi=0.9, rotation=40.0, x=0.125, y=-0.25)
STILL = replace(MOVED, rotation=0.0, x=0.0, y=0.0)


@pytest.fixture(scope="module")
def pinwheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A StyleGAN3 of another program, converted."""
    folder = tmp_path_factory.mktemp("foreign")
    return convert.convert(write_stylegan3(folder / "pinwheel.pkl"), out=folder / "converted")


@pytest.fixture
def both(checkpoints: Path, pinwheel: Path) -> Studio:
    """A studio of the house with the pinwheel beside it; its caches are cold."""
    return Studio(checkpoints, default="tiny", precision="fp32", further={"pinwheel": pinwheel})


def at_layer(layer: int, act: Callable[[], Any]) -> Callable[[float], None]:
    """What hears of a picture's share and acts once when that layer is done."""

    def hear(share: float) -> None:
        if round(share * LAYERS) == layer:
            act()

    return hear


def stop() -> None:
    raise StoppedError("Stopped.")


# ---- the picture --------------------------------------------------------------------------------------------------


def test_a_moved_picture_is_the_models(both: Studio, pinwheel: Path):
    model = open_checkpoint(pinwheel, precision="fp32")
    ws = model.map(draw_z(3, model.z_dim)[None], [1], 0.9)
    image = model.synthesize(ws, transform={"rotation": 40.0, "x": 0.125, "y": -0.25})[0]
    expected = ((image + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
    assert np.array_equal(both.render(MOVED).raw, expected)
    for still in (replace(MOVED, rotation=0.0), replace(MOVED, x=0.0), replace(MOVED, y=0.0)):
        assert not np.array_equal(both.render(still).raw, expected)


def test_a_saved_picture_and_a_link_bring_the_transform_back(both: Studio):
    rendering = both.render(MOVED)
    assert recipe_from_png(to_png(rendering)) == rendering.recipe == Recipe.from_query(rendering.recipe.to_query())
    assert rendering.recipe.transform == MOVED.transform
    assert b'"rotation"' not in to_png(both.render(STILL))


@pytest.mark.parametrize("part", ["rotation", "x", "y"])
def test_a_model_without_an_input_transform_refuses_one(both: Studio, part: str):
    with pytest.raises(RecipeError, match=rf"^tiny has no {part}: its network has no input transform .*\.$"):
        both.render(Recipe(model="tiny", **{part: 0.5}))  # type: ignore[arg-type]
    both.render(Recipe(model="tiny", **{part: -0.0}))  # type: ignore[arg-type]


def test_recipes_and_models_agree_on_the_ranges(both: Studio, pinwheel: Path):
    ranges = {field.name: field.limits() for field in FIELDS}
    for one in open_checkpoint(pinwheel).transforms:
        assert (one.minimum, one.maximum) == (ranges[one.name]["minimum"], ranges[one.name]["maximum"])
    described = {entry["name"]: entry for entry in both.models()}
    assert described["pinwheel"]["transforms"] == ["rotation", "x", "y"] and described["tiny"]["transforms"] == []
    narrowed = {field["key"]: field for field in described["tiny"]["recipe"]}
    assert all(narrowed[part]["minimum"] == narrowed[part]["maximum"] == 0 for part in ("rotation", "x", "y"))


# ---- progress, and an end to it -----------------------------------------------------------------------------------


def test_progress_is_told_for_what_must_be_painted_and_for_nothing_else(both: Studio):
    shares: list[float] = []
    both.render(MOVED, progress=shares.append)
    assert shares == [layer / LAYERS for layer in range(1, LAYERS + 1)]
    both.render(replace(MOVED, steps=(StepUse("contrast"),)), progress=shares.append)  # painted already
    assert len(shares) == LAYERS


def test_a_stopped_picture_leaves_the_worker_free_and_nothing_behind(
    both: Studio,
    checkpoints: Path,
    pinwheel: Path,
):
    with pytest.raises(StoppedError):
        both.render(MOVED, progress=at_layer(4, stop))
    both.render(Recipe(model="tiny"), progress=lambda share: stop())  # its turn comes at once, and it tells nothing
    again = Studio(checkpoints, "tiny", "fp32", {"pinwheel": pinwheel})
    assert np.array_equal(both.render(STILL).raw, again.render(STILL).raw)
    assert np.array_equal(both.render(MOVED).raw, again.render(MOVED).raw)


def test_one_that_waits_for_its_turn_can_be_stopped_and_the_other_goes_on(both: Studio):
    reached, go_on, heard = Event(), Event(), list[float]()

    def pause() -> None:
        reached.set()
        assert go_on.wait(30)

    def hear(share: float) -> None:
        heard.append(share)
        if len(heard) == 2:
            stop()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(both.render, MOVED, progress=at_layer(2, pause))
        assert reached.wait(30)
        with pytest.raises(StoppedError):
            both.render(STILL, progress=hear)  # ends although the other is still there
        assert heard == [0.0, 0.0] and not first.done()
        go_on.set()
        assert first.result(30).recipe.transform == MOVED.transform


@pytest.mark.parametrize("milliseconds, slow", [(SLOW_MS + 1, True), (SLOW_MS, False)])
def test_slow_is_what_the_cost_says(
    checkpoints: Path,
    pinwheel: Path,
    monkeypatch: pytest.MonkeyPatch,
    milliseconds: float,
    slow: bool,
):
    previews = {"tiny": ((16, 1.0),), "plain": ((16, 1.0),), "pinwheel": ()}
    monkeypatch.setattr(generator_model, "LIGHT_FLOPS", 0)
    monkeypatch.setattr(Cost, "measure", lambda model: Cost(milliseconds, previews[model.name]))
    studio = Studio(checkpoints, default="tiny", precision="fp32", further={"pinwheel": pinwheel})
    found = {entry["name"]: entry["slow"] for entry in studio.models()}
    assert found == {"tiny": False, "plain": False, "pinwheel": slow}


def test_light_networks_are_not_slow(both: Studio):
    assert not any(entry["slow"] for entry in both.models())
