from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generator import differentiable
from studio import Recipe, StoppedError, Studio, StudioError, Visitors, visitors
from studio.tools.drag import (
    GRID,
    Pull,
    State,
    begin,
    distances,
    drag,
    dragged,
    go_on,
    mask_from_text,
    pulls_from_json,
    shape_of,
    state_from_text,
    words_of,
)
from tests.generator.formats.makers import make
from tests.studio.conftest import keeping, tiny_model

BASE = Recipe(seed=1, psi=1.0)
PULLS = [Pull(0.45, 0.5, 0.55, 0.5)]


def test_a_handle_comes_nearer_and_the_recipe_is_its_picture(studio: Studio):
    states = [*drag(studio, BASE, PULLS, steps=60)]
    first, last = (max(distances(each, PULLS, 32)) for each in (states[0], states[-1]))
    assert states[-1].over and first == pytest.approx(3.2, abs=1e-4) and last < 0.75 * first
    made = dragged(studio, BASE, states[-1])
    assert made.ws is not None and made == Recipe.from_query(made.to_query())
    before, after = (studio.render(each, critic="none").raw for each in (BASE, made))
    assert np.abs(before - after).max() > 0.01


def test_only_the_first_layers_move_and_nothing_before_the_first_step(studio: Studio):
    rows, width = shape_of(studio, BASE)
    styles = studio.styles(studio.normalise(BASE)).array
    state = begin(studio, BASE, PULLS)
    np.testing.assert_allclose(dragged(studio, BASE, state).ws.array, styles, rtol=1e-3, atol=1e-4)  # type: ignore[union-attr]
    state = go_on(studio, BASE, PULLS, replace(state, steps=5))
    moved = dragged(studio, BASE, state).ws.array  # type: ignore[union-attr]
    assert state.done == 5 and width == styles.shape[1] and 0 < rows < len(styles)
    np.testing.assert_allclose(moved[rows:], styles[rows:], rtol=1e-3, atol=1e-4)
    assert (np.abs(moved[:rows] - styles[:rows]).max(axis=1) > 1e-2).all()


def test_a_drag_in_slices_is_the_same_drag(studio: Studio):
    state = begin(studio, BASE, PULLS, 6)
    whole = go_on(studio, BASE, PULLS, state)
    shares: list[float] = []
    while not state.over:
        state = state_from_text(state.to_text(), shape_of(studio, BASE), 1)
        state = go_on(studio, BASE, PULLS, state, seconds=0, progress=shares.append)
    assert state.done == whole.done and max(shares) == 1
    np.testing.assert_array_equal(state.at, whole.at)
    np.testing.assert_array_equal(state.points, whole.points)
    assert go_on(studio, BASE, PULLS, state) is state


def test_what_a_mask_holds_moves_less(studio: Studio):
    mask = np.zeros((GRID, GRID), np.float32)
    mask[:, GRID // 2 :] = 1
    pull = [Pull(0.7, 0.5, 0.85, 0.5)]
    before = studio.render(BASE, critic="none").raw
    changed = []
    for may in (None, mask):
        state = go_on(studio, BASE, pull, begin(studio, BASE, pull, 40), may)
        changed.append(np.abs(studio.render(dragged(studio, BASE, state), critic="none").raw - before)[:, :12].mean())
    assert changed[1] < 0.7 * changed[0]


def test_several_points_each_have_their_distance(studio: Studio):
    pulls = [Pull(0.3, 0.3, 0.35, 0.3), Pull(0.7, 0.7, 0.7, 0.6)]
    state = go_on(studio, BASE, pulls, begin(studio, BASE, pulls, 8))
    assert len(distances(state, pulls, 32)) == 2
    assert words_of(state, pulls, 32).endswith(".")


def test_noise_steps_and_class_of_a_recipe_stay(studio: Studio):
    recipe = replace(BASE, noise_seed=5, noise=0.5, label="peach")
    state = go_on(studio, recipe, PULLS, begin(studio, recipe, PULLS, 2))
    made = dragged(studio, recipe, state)
    assert (made.noise_seed, made.noise, made.label, made.steps) == (5, 0.5, "peach", recipe.steps)


def test_maps_are_those_of_the_picture_and_nothing_later_is_computed():
    model = tiny_model("seen")
    plain = differentiable(model)
    seen: dict[str, torch.Tensor] = {}
    ws = model.map(model.averages.everything[None, :16]).clone()
    plain.synthesize(ws, seen=seen)
    later = [place.module for place in plain.maps if place.name == plain.maps[-1].name]
    passed = []
    handle = later[0].register_forward_hook(lambda *given: passed.append(True))
    first, second = plain.look(ws, [plain.maps[2].name, plain.maps[1].name])
    handle.remove()
    assert not passed
    np.testing.assert_array_equal(first.numpy(), seen[plain.maps[2].name].numpy())
    np.testing.assert_array_equal(second.numpy(), seen[plain.maps[1].name].numpy())
    with pytest.raises(ValueError, match="no maps"):
        plain.look(ws, ["nowhere"])


def test_what_is_wrong_is_refused_in_a_sentence(studio: Studio):
    shape = shape_of(studio, BASE)
    good = go_on(studio, BASE, PULLS, begin(studio, BASE, PULLS, 2))
    bad = [
        replace(good, at=np.full_like(good.at, np.nan)),
        replace(good, second=good.second - 1),
        replace(good, done=9),
    ]
    texts: list[object] = [None, 7, "", "1/2/0:", good.to_text()[:-8], "x" + good.to_text()]
    for text in [*texts, *(each.to_text() for each in bad), replace(good, points=good.points + 3).to_text()]:
        with pytest.raises(StudioError, match=r"\.$"):
            state_from_text(text, shape, 1)
    with pytest.raises(StudioError):
        state_from_text(good.to_text(), shape, 2)
    for pulls in (
        None,
        "0.5",
        [],
        [[0.5, 0.5, 0.5]],
        [[0.5, 0.5, 0.5, 1.5]],
        [[0.5, 0.5, 0.5, True]],
        [[0.1] * 4] * 9,
        3,
    ):
        with pytest.raises(StudioError, match=r"\.$"):
            pulls_from_json(pulls)
    for mask in (3, "1", "0" * GRID * GRID, "2" * GRID * GRID):
        with pytest.raises(StudioError, match=r"\.$"):
            mask_from_text(mask)
    assert mask_from_text("") is None and mask_from_text("01" * (GRID * GRID // 2)).sum() == GRID * GRID / 2  # type: ignore[union-attr]
    for steps in (0, 10**6, 2.5):
        with pytest.raises(StudioError):
            begin(studio, BASE, PULLS, steps)  # type: ignore[arg-type]

    def stop(share: float) -> None:
        raise StoppedError("closed")

    with pytest.raises(StoppedError):
        go_on(studio, BASE, PULLS, begin(studio, BASE, PULLS), progress=stop)


def test_a_state_tells_when_it_is_there():
    zeros = np.zeros((1, 1), np.float32)
    there = State(zeros, zeros, zeros, np.array([[0.551, 0.5]], np.float32), 4, 9, True)
    assert words_of(there, PULLS, 128) == "There, after 4 steps."
    assert "7 px" in words_of(replace(there, points=np.array([[0.495, 0.5]], np.float32)), PULLS, 128)


KINDS = ("stylegan2_nvidia", "stylegan2_rosinality", "stylegan2_lucidrains", "stylegan_tensorflow")


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_opened_models_are_dragged(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setattr(visitors, "CALIBRATION_SECONDS", 0.0)
    opened, recipe = Visitors(keeping(studio, tmp_path / "kept")).open(make(kind, tmp_path).path).studio, Recipe(seed=1)
    state = go_on(opened, recipe, PULLS, begin(opened, recipe, PULLS, 2))
    before, after = (opened.render(each, critic="none").raw for each in (recipe, dragged(opened, recipe, state)))
    assert state.done == 2 and state.at.any() and not np.array_equal(before, after)


def test_a_model_that_cannot_be_dragged_says_so(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(visitors, "CALIBRATION_SECONDS", 0.0)
    opened = Visitors(keeping(studio, tmp_path / "kept")).open(make("stylegan3", tmp_path).path).studio
    with pytest.raises(StudioError, match=r"StyleGAN3.* cannot be dragged here\.$"):
        begin(opened, Recipe(seed=1), PULLS)
