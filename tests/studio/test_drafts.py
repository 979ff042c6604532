"""Drafts: previews of networks too heavy to follow the hand, and of no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator import Model, draw_z, open_checkpoint
from generator import model as generator_model
from generator.measuring.cost import Cost
from postprocess import StepUse
from studio import Recipe, Studio

from .conftest import CLASSES

RECIPE = Recipe(model="tiny", seed=5, label=CLASSES[1], noise=0.5, noise_seed=3, moves=(("pc1", 1.0),))


def studio_with(checkpoints: Path, monkeypatch: pytest.MonkeyPatch, cost: Cost) -> Studio:
    """A studio to which every network is heavy and costs this much."""
    monkeypatch.setattr(generator_model, "LIGHT_FLOPS", 0)
    monkeypatch.setattr(Cost, "measure", lambda model: cost)
    return Studio(checkpoints, default="tiny", precision="fp32")


@pytest.fixture
def heavy(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Its pictures take half a second, the preview at 16 px a moment."""
    return studio_with(checkpoints, monkeypatch, Cost(500.0, ((16, 30.0),)))


def test_a_draft_is_the_preview_that_fits(heavy: Studio, studio: Studio, checkpoints: Path):
    model = open_checkpoint(checkpoints / "tiny", precision="fp32")
    recipe = Recipe(model="tiny", seed=5, label=CLASSES[1], psi=0.5)
    draft = heavy.render(recipe, draft=True)
    assert draft.draft and draft.critic is None
    ws = model.map(draw_z(5, model.z_dim)[None], [1], 0.5)
    expected = ((model.preview(ws, 16)[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
    assert np.array_equal(draft.raw, expected)
    assert draft.recipe == studio.render(recipe).recipe
    assert draft.raw.shape == studio.render(recipe).raw.shape


def test_the_picture_after_its_draft_is_that_without_one(heavy: Studio, studio: Studio):
    recipe = replace(RECIPE, steps=(StepUse("contrast"),))
    draft = heavy.render(recipe, draft=True)
    assert [stage.critic for stage in draft.stages] == [None]
    picture, alone = heavy.render(recipe), studio.render(recipe)
    assert not picture.draft
    assert np.array_equal(picture.raw, alone.raw) and np.array_equal(picture.picture, alone.picture)
    assert picture.critic == alone.critic and picture.stages[0].critic == alone.stages[0].critic
    assert not np.array_equal(draft.raw, alone.raw) and not np.array_equal(draft.picture, alone.picture)


def test_a_picture_that_is_there_already_is_no_draft(heavy: Studio):
    picture = heavy.render(RECIPE)
    again = heavy.render(RECIPE, draft=True)
    assert again.raw is picture.raw and again.critic == picture.critic and not again.draft


def test_a_heavy_network_that_fits_paints_whole_pictures(
    checkpoints: Path,
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
):
    fast = studio_with(checkpoints, monkeypatch, Cost(20.0, ((16, 5.0),)))
    rendering = fast.render(RECIPE, draft=True)
    assert not rendering.draft and rendering.critic is not None
    assert np.array_equal(rendering.raw, studio.render(RECIPE).raw)


def test_light_networks_are_never_measured_and_have_no_drafts(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    def measure(*_: object) -> Cost:
        raise AssertionError("a light network was measured")

    monkeypatch.setattr(Cost, "measure", measure)
    studio = Studio(checkpoints, default="tiny", precision="fp32")
    rendering = studio.render(RECIPE, draft=True)
    assert not rendering.draft and rendering.critic is not None
    assert rendering.raw is studio.render(RECIPE).raw


def test_a_network_is_measured_once(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    studio = studio_with(checkpoints, monkeypatch, Cost(500.0, ((16, 30.0),)))
    measured: list[str] = []

    def measure(model: Model) -> Cost:
        measured.append(model.name)
        return Cost(500.0, ((16, 30.0),))

    monkeypatch.setattr(Cost, "measure", measure)
    for seed in range(3):
        studio.render(Recipe(model="tiny", seed=seed), draft=True)
        studio.render(Recipe(model="plain", seed=seed), draft=True)
    assert measured == ["tiny", "plain"]
