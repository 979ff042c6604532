from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from postprocess import StepUse
from studio import Mix, Recipe, RecipeError, Studio, StudioError
from studio.tools.curves import KINDS
from studio.tools.directions import closed_form
from studio.tools.film import MAX_FRAMES
from studio.tools.latents import styles_of, z_of
from studio.tools.walk import SPACES, Sweep, Walk, Walker, circular, driven, walk_from_json, walk_to_json

KEYS = (
    Recipe(seed=1),
    Recipe(seed=2, psi=1.0, moves=(("pc1", 1.0),)),
    Recipe(seed=3, noise=0.5, psi=0.3),
)
MIXED = (Recipe(seed=1, label="peach"), Recipe(seed=2, label="apple", mix=Mix(9, None, 3)), Recipe(seed=4, psi=0.0))


def painted(studio: Studio, recipe: Recipe) -> np.ndarray:
    return studio.render(recipe, critic="none").picture


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("space", SPACES)
def test_a_walk_meets_its_keys_and_a_loop_closes_to_the_bit(studio: Studio, space: str, path: str, closed: bool):
    frames = 12 if closed else 9
    walker = Walker(studio, Walk(KEYS, frames, path, space, closed=closed))
    recipes = list(walker)
    for place, key in enumerate(KEYS):
        assert recipes[4 * place] == studio.normalise(key)
    if closed:
        assert walker.recipe(frames) == recipes[0]
        np.testing.assert_array_equal(painted(studio, walker.recipe(frames)), painted(studio, KEYS[0]))
    else:
        with pytest.raises(StudioError, match="0 to 8"):
            walker.recipe(9)


@pytest.mark.parametrize("keys", [KEYS, MIXED])
@pytest.mark.parametrize("path", KINDS)
def test_nothing_jumps_at_a_key(studio: Studio, keys: tuple[Recipe, ...], path: str):
    walker = Walker(studio, Walk(keys, 3000, path))
    before, at, after = (painted(studio, walker.recipe(number)) for number in (999, 1000, 1001))
    assert np.abs(at - before).max() < 0.02 and np.abs(after - at).max() < 0.02


def test_halfway_lies_between_in_every_number(studio: Studio):
    keys = (
        Recipe(seed=1, psi=0.4, noise=0.2, moves=(("pc1", 1.0),)),
        Recipe(seed=1, psi=0.8, noise=1.0, moves=(("pc2", -2.0),)),
    )
    half = Walker(studio, Walk(keys, 3, "linear", closed=False)).recipe(1)
    assert half.noise == pytest.approx(0.6) and dict(half.moves) == pytest.approx({"pc1": 0.5, "pc2": -1.0})
    wanted = Recipe(seed=1, psi=0.6, noise=0.6, moves=half.moves)  # one seed: only its variety changes
    np.testing.assert_allclose(styles_of(studio, half), styles_of(studio, wanted), atol=1e-5)
    z = Walker(studio, Walk(keys, 3, "linear", "z", closed=False)).recipe(1)
    assert z.psi == pytest.approx(0.6) and z.latent is not None


def test_a_walk_through_z_keeps_the_length_of_latents(studio: Studio):
    keys = tuple(Recipe(seed=seed) for seed in range(4))
    lengths = [np.linalg.norm(z_of(studio, studio.normalise(key))) for key in keys]
    for path in ("spherical", "spline"):
        for recipe in Walker(studio, Walk(keys, 20, path, "z")):
            length = np.linalg.norm(z_of(studio, recipe))
            assert min(lengths) - 1e-4 <= length <= max(lengths) + 1e-4


def test_sweeps_change_what_they_name(studio: Studio):
    way = closed_form(studio, "tiny", 1)[0]
    step = StepUse("gaussian_blur")
    name = next(iter(step.validated().parameters))
    sweeps = (
        Sweep("psi", (0.0, 1.0), "none"),
        Sweep("noise", (0.0, 2.0), "none"),
        Sweep("moves.pc1", (-2.0, 2.0), "none"),
        Sweep(f"steps.0.{name}", (0.5, 1.5), "none"),
        Sweep("way.0", (0.0, 3.0), "none"),
    )
    key = Recipe(seed=6, steps=(step,))
    first, middle, last = Walker(studio, Walk((key, key), 3, "linear", closed=False, sweeps=sweeps, ways=(way,)))
    assert (first.noise, middle.noise, last.noise) == (0, 1, 2)
    assert [use.parameters[name] for each in (first, middle, last) for use in each.steps] == [0.5, 1.0, 1.5]
    average = styles_of(studio, replace(studio.normalise(key), psi=0.0, steps=()))
    with studio.working("tiny") as model:
        pc1 = next(each for each in model.directions if each.name == "pc1")
    shift = pc1.vector.numpy() * pc1.sigma
    np.testing.assert_allclose(styles_of(studio, first), average - 2 * shift, atol=1e-4)
    full = styles_of(studio, replace(key, psi=1.0, steps=()))
    np.testing.assert_allclose(
        styles_of(studio, last), full + 2 * shift + np.array(way.vector) * way.sigma * 3, atol=1e-4
    )


def test_noise_stays_or_flows(studio: Studio):
    fixed = list(Walker(studio, Walk(KEYS[:2], 6, "linear")))
    assert {each.noise_seed for each in fixed} == {None}
    flowing = list(Walker(studio, Walk(KEYS[:2], 6, "linear", noise="flowing", hold=2)))
    assert [each.noise_seed for each in flowing] == [0, 0, 1, 1, 2, 2]


def test_a_circular_walk_is_closed_and_stays_at_its_radius(studio: Studio):
    ways = closed_form(studio, "tiny", 2)
    walker = Walker(studio, circular(studio, Recipe(seed=2), ways[0], ways[1], 1.5, 8))
    centre = styles_of(studio, Recipe(seed=2))
    turned = [styles_of(studio, recipe)[0] - centre[0] for recipe in walker]
    for offset in turned:
        along = [offset @ np.array(way.vector) / way.sigma for way in ways]
        assert np.hypot(*along) == pytest.approx(1.5, abs=1e-3)
    np.testing.assert_allclose(turned[0], -turned[4], atol=1e-4)
    assert walker.recipe(8) == walker.recipe(0)


def test_curves_drive_numbers(studio: Studio):
    values = np.linspace(0, 1, 5)
    walk = Walk((Recipe(seed=1),), 5, "linear", sweeps=driven([("moves.pc1", values, -1.0, 1.0)]))
    amounts = [dict(recipe.moves).get("pc1", 0.0) for recipe in Walker(studio, walk)]
    assert amounts == pytest.approx([-1, -0.5, 0, 0.5, 1])


def test_a_frame_is_its_recipe_alone_in_any_order(studio: Studio):
    walk = Walk(MIXED, 10, "spline")
    one, other = Walker(studio, walk), Walker(studio, walk)
    forwards = [one.recipe(number) for number in range(10)]
    assert [other.recipe(number) for number in reversed(range(10))] == forwards[::-1]
    assert all(Recipe.from_json(recipe.to_json()) == recipe for recipe in forwards)


def test_a_walk_travels_as_json(studio: Studio):
    walk = Walk(
        MIXED,
        20,
        "linear",
        "w",
        "smooth",
        False,
        "flowing",
        3,
        (Sweep("psi", (0.0, 1.0)),),
        tuple(closed_form(studio, "tiny", 1)),
    )
    assert walk_from_json(json.loads(json.dumps(walk_to_json(walk)))) == walk
    assert walk_from_json({"keys": [{}]}) == Walk((Recipe(),))
    broken: list[object] = [
        [],
        {},
        {"keys": 3},
        {"keys": [{"seed": -1}]},
        {"keys": [{}], "wings": 1},
        {"keys": [{}], "frames": "many"},
        {"keys": [{}], "closed": 1},
        {"keys": [{}], "sweeps": [{"what": "psi"}]},
        {"keys": [{}], "sweeps": [1]},
        {"keys": [{}], "sweeps": [{"what": 3, "values": [1]}]},
        {"keys": [{}], "ways": [{}]},
    ]
    for wrong in broken:
        with pytest.raises(StudioError):
            walk_from_json(wrong)


def test_what_no_walk_is_made_of_is_refused(studio: Studio):
    key = Recipe()
    for walk, words in [
        (Walk(()), "keyframes"),
        (Walk((key,), 10_000), f"1 to {MAX_FRAMES}"),
        (Walk((key, Recipe(model="plain"))), "one model"),
        (Walk((key,), path="straight"), "A walk is"),
        (Walk((key,), space="x"), "A walk is"),
        (Walk((key,), hold=0), "held"),
        (Walk((key, Recipe(label="peach")), space="z"), "one class"),
        (Walk((key,), sweeps=(Sweep("psi", ()),)), "finite"),
        (Walk((key,), sweeps=(Sweep("psi", (float("nan"),)),)), "finite"),
        (Walk((key,), sweeps=(Sweep("wings", (1.0,)),)), "cannot sweep"),
        (Walk((key,), sweeps=(Sweep("steps.0.amount", (1.0,)),)), "cannot sweep"),
        (Walk((key,), sweeps=(Sweep("way.0", (1.0,)),)), "no direction"),
        (Walk((key,), sweeps=(Sweep("moves.pc77", (1.0,)),)), "no direction"),
        (Walk((key,), sweeps=(Sweep("psi", (1.0,), "bouncy"),)), "Easing"),
    ]:
        with pytest.raises(StudioError, match=words):
            list(Walker(studio, walk))
    with pytest.raises(RecipeError):
        Walker(studio, Walk((key,), sweeps=(Sweep("noise", (0.0, 99.0)),)))
