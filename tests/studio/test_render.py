"""Rendering: the same recipe is the same picture whatever was rendered before, beside or after it."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import numpy as np
import pytest

from postprocess import STEPS, Regions, StepUse, apply, find_regions
from studio import (
    BusyError,
    Mix,
    Recipe,
    RecipeError,
    Rendering,
    Studio,
    StudioError,
    neighbours,
    recipe_from_png,
    to_png,
)
from studio import render as render_module
from studio.painter import Painter, for_critic

from .conftest import CLASSES, Z_DIM
from .recipes import random_recipe, random_use

WANTS_REGIONS = [name for name, step in STEPS.items() if step.wants_regions]
PLAIN = [name for name, step in STEPS.items() if not step.wants_regions]
BASE = Recipe(seed=11, psi=0.9)


def equal(first: Any, second: Any) -> bool:
    """Both None, or the same array."""
    return first is second if first is None or second is None else np.array_equal(first, second)


def same(first: Rendering, second: Rendering) -> bool:
    """Equal pixels, alpha and readings, bit for bit."""
    stages = list(zip(first.stages, second.stages, strict=True))
    return (
        first.recipe == second.recipe
        and np.array_equal(first.raw, second.raw)
        and first.critic == second.critic
        and all(np.array_equal(a.image, b.image) and a.critic == b.critic for a, b in stages)
        and all(equal(a.alpha, b.alpha) for a, b in stages)
    )


def recipes(count: int, seed: int) -> list[Recipe]:
    """Random recipes that the tiny model can paint."""
    rng = random.Random(seed)
    return [
        random_recipe(rng, classes=CLASSES, z_dim=Z_DIM, ws=(8, 16), layers=7, steps=2, moved=False)
        for _ in range(count)
    ]


def test_cold_warm_and_in_any_order_the_pixels_are_the_same(studio: Studio, checkpoints: Path):
    wanted = recipes(12, seed=30)
    cold = [Studio(checkpoints, default="tiny", precision="fp32").render(recipe) for recipe in wanted[:3]]
    first = [studio.render(recipe) for recipe in wanted]
    again = [studio.render(recipe) for recipe in reversed(wanted)][::-1]
    assert all(map(same, cold, first))
    assert all(map(same, first, again))


def test_threads_that_render_at_once_never_mix(studio: Studio, checkpoints: Path):
    wanted = recipes(6, seed=31)
    alone = [studio.render(recipe) for recipe in wanted]
    shared = Studio(checkpoints, default="tiny", precision="fp32")
    start = Barrier(len(wanted))

    def visit(recipe: Recipe) -> list[Rendering]:
        start.wait()
        return [shared.render(recipe), shared.render(replace(recipe, seed=recipe.seed ^ 1)), shared.render(recipe)]

    with ThreadPoolExecutor(len(wanted)) as pool:
        for before, (one, _, two) in zip(alone, pool.map(visit, wanted), strict=True):
            assert same(before, one) and same(before, two)


def test_a_step_changed_after_others_gives_what_it_gives_alone(studio: Studio, checkpoints: Path):
    rng = random.Random(32)
    uses = [replace(random_use(rng, name), on=True) for name in PLAIN[:3]]
    studio.render(replace(BASE, steps=tuple(uses)))
    changed = replace(BASE, steps=(*uses[:2], replace(uses[2], on=False), uses[0]))
    assert same(studio.render(changed), Studio(checkpoints, default="tiny", precision="fp32").render(changed))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_behind_others_gives_what_the_whole_chain_gives(studio: Studio, name: str):
    rng = random.Random(name)
    chain = tuple(replace(random_use(rng, each), on=True) for each in ("exposure", "cut_out", name, "vignette", name))
    raw = studio.render(BASE).raw.copy()  # one that a step could write to, unlike the studio's
    wanted = apply(raw, chain, lambda: find_regions(raw))
    for known in (1, 2, 3, 4, 5, 5):  # the stages of that many steps come out of the cache or are made anew
        stages = studio.render(replace(BASE, steps=chain[:known]), critic="none").stages
        for made, stage in zip(stages, wanted, strict=False):
            assert np.array_equal(made.image, stage.image) and equal(made.alpha, stage.alpha)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 12},
        {"label": CLASSES[1]},
        {"psi": 0.5},
        {"cutoff": 2},
        {"centre": "global"},
        {"moves": (("pc1", 2.0),)},
        {"mix": Mix(5, None, 3)},
        {"noise": 0.0},
        {"noise": 1.5},
        {"noise_seed": 1},
        {"latent": (0.5,) * Z_DIM},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_of_the_latent_changes_the_picture(studio: Studio, change: dict[str, object]):
    assert not np.array_equal(studio.render(BASE).raw, studio.render(replace(BASE, **change)).raw)  # type: ignore[arg-type]


def test_the_class_of_the_mix_and_its_first_layer_matter(studio: Studio):
    mixes = [Mix(5, None, 1), Mix(5, CLASSES[1], 1), Mix(5, None, 4)]
    pictures = [studio.render(replace(BASE, mix=mix)).raw for mix in mixes]
    assert not any(np.array_equal(pictures[0], other) for other in pictures[1:])
    assert np.array_equal(pictures[0], studio.render(replace(BASE, mix=Mix(5, CLASSES[0], 1))).raw)


def test_what_cannot_matter_does_not(studio: Studio):
    silent = replace(BASE, noise=0.0)
    assert np.array_equal(studio.render(silent).raw, studio.render(replace(silent, noise_seed=4)).raw)
    given = replace(BASE, latent=(0.5,) * Z_DIM)
    assert np.array_equal(studio.render(given).raw, studio.render(replace(given, seed=99)).raw)


def test_the_latent_of_a_seed_given_outright_is_the_same_picture(studio: Studio):
    z = np.random.RandomState(11).randn(1, Z_DIM)[0].astype(np.float32)
    assert np.array_equal(studio.render(BASE).raw, studio.render(replace(BASE, latent=tuple(z.tolist()))).raw)


def test_the_styles_of_a_recipe_given_outright_are_the_same_picture(studio: Studio):
    for recipe in (BASE, *recipes(5, seed=34)):
        ws = studio.styles(recipe)
        own = recipe.with_own_noise_only()
        bare = replace(recipe, layers=own, mix=None, moves=())
        given = replace(bare, seed=0, latent=None, ws=ws, psi=-1, cutoff=2, centre="global")
        assert ws.shape == (8, 16)
        assert np.array_equal(studio.render(recipe).raw, studio.render(given).raw)


def test_moves_add_to_given_styles_and_a_mix_replaces_rows_of_them(studio: Studio):
    plain, mix = replace(BASE, mix=None, moves=()), Mix(5, CLASSES[1], 3)
    given = replace(plain, ws=studio.styles(plain))
    changes: list[dict[str, Any]] = [
        {"moves": (("pc1", 1.5), ("pc2", -0.5))},
        {"mix": mix},
        {"mix": mix, "moves": (("pc1", 1.0),)},
    ]
    for change in changes:
        assert np.array_equal(studio.render(replace(given, **change)).raw, studio.render(replace(plain, **change)).raw)
        assert not np.array_equal(studio.render(replace(given, **change)).raw, studio.render(plain).raw)


def test_through_link_and_json_the_pixels_stay(studio: Studio):
    for recipe in recipes(4, seed=33):
        rendering = studio.render(recipe)
        assert same(rendering, studio.render(Recipe.from_query(rendering.recipe.to_query())))
        assert same(rendering, studio.render(Recipe.from_json(json.loads(json.dumps(rendering.recipe.to_json())))))
        assert recipe_from_png(to_png(rendering)) == rendering.recipe


def test_a_rendering_is_complete_and_its_arrays_cannot_be_changed(studio: Studio):
    rendering = studio.render(replace(BASE, steps=(StepUse(PLAIN[0]), StepUse(PLAIN[1], on=False))))
    assert rendering.raw.shape == (32, 32, 3) and rendering.raw.dtype == np.float32
    assert rendering.raw.min() >= 0 and rendering.raw.max() <= 1
    assert [stage.name for stage in rendering.stages] == [PLAIN[0]]  # one that is off has no stage
    assert rendering.picture is rendering.stages[-1].image and rendering.critic is not None
    assert set(rendering.seconds) == {"raw", "regions", "steps", "critic", "total"}
    regions = studio.render(BASE, regions=True).regions
    assert regions is not None
    for array in (rendering.raw, rendering.picture, regions.subject, regions.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0.5
    report = json.loads(json.dumps(rendering.report(), allow_nan=False))
    assert list(report) == ["recipe", "critic", "spoken", "stages", "seconds", "attribution"]
    assert Recipe.from_json(report["recipe"]) == rendering.recipe
    assert report["stages"][0]["name"] == PLAIN[0] and report["stages"][0]["critic"]["words"]


def test_the_critic_reads_what_is_asked_for(studio: Studio):
    recipe = replace(BASE, steps=(StepUse(PLAIN[0]),))
    readings = {
        asked: [r is not None for r in (rendering.critic, rendering.stages[0].critic)]
        for asked in ("all", "raw", "none")
        for rendering in [studio.render(recipe, critic=asked)]  # type: ignore[arg-type]
    }
    assert readings == {"all": [True, True], "raw": [True, False], "none": [False, False]}


def test_a_stage_that_changes_nothing_reads_like_the_raw_picture(studio: Studio, checkpoints: Path):
    painter = Painter({"tiny": checkpoints / "tiny"}, "fp32")
    model = painter.open("tiny").model
    recipe = studio.normalise(BASE)
    raw = studio.render(recipe).raw
    blank = np.ones_like(raw)
    alone = painter.judge(model, recipe, [(raw, None)])
    beside = painter.judge(model, recipe, [(blank, None), (raw, None), (raw, np.ones_like(raw[..., 0]))])
    assert beside[1] == beside[2] == alone[0] != beside[0]


def test_the_critic_sees_cut_outs_over_white_and_at_the_models_size():
    image = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    assert np.array_equal(for_critic(image, np.zeros((64, 64), np.float32), 64), np.ones((64, 64, 3), np.float32))
    for side in (16, 64, 100):
        seen = for_critic(np.full((side, side, 3), 0.25, np.float32), None, 32)
        assert seen.shape == (32, 32, 3) and seen.dtype == np.float32 and np.allclose(seen, 0.25, atol=1e-5)
    smooth = np.linspace(0, 1, 64, dtype=np.float32)[None, :, None].repeat(64, 0).repeat(3, 2)
    halved = smooth.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(for_critic(smooth, None, 32) - halved)[:, 2:-2].max() < 0.01


def test_regions_are_found_once_a_latent_and_only_when_wanted(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []

    def counted(image: Any) -> Regions:
        calls.append(1)
        return find_regions(image)

    monkeypatch.setattr(render_module, "find_regions", counted)
    studio = Studio(checkpoints, default="tiny", precision="fp32")
    assert studio.render(replace(BASE, steps=(StepUse(PLAIN[0]),))).regions is None and not calls
    for _ in range(2):
        for name in WANTS_REGIONS[:2]:
            assert studio.render(replace(BASE, steps=(StepUse(name),))).regions is not None
    assert studio.render(BASE, regions=True).regions is not None
    assert len(calls) == 1


def test_a_version_of_the_same_major_is_taken_another_is_refused(studio: Studio):
    assert studio.normalise(Recipe(version="1.0")).version == "1.2"
    with pytest.raises(RecipeError, match=r"made with tiny 2\.0; this atelier has tiny 1\.2"):
        studio.render(Recipe(version="2.0"))


def test_normalising_fills_in_and_is_idempotent(studio: Studio):
    for recipe in [Recipe(), *recipes(20, seed=34)]:
        normal = studio.normalise(recipe)
        assert (normal.model, normal.version) == ("tiny", "1.2") and normal.label in CLASSES
        assert studio.normalise(normal) == normal
        assert replace(normal, model="", version="", label=recipe.label) == recipe


@pytest.mark.parametrize(
    ("recipe", "word"),
    [
        (Recipe(model="rosegarden"), "rosegarden"),
        (Recipe(label="kiwi"), "kiwi"),
        (Recipe(mix=Mix(1, "kiwi", 1)), "kiwi"),
        (Recipe(moves=(("pc9", 1.0),)), "pc9"),
        (Recipe(cutoff=9), "at most 8"),
        (Recipe(mix=Mix(1, None, 8)), "0 to 7"),
        (Recipe(latent=(0.5,) * 15), "of 16 numbers, not of 15"),
        (Recipe(model="plain", label="peach"), "it has none"),
        (Recipe(model="plain", moves=(("pc9", 1.0),)), "pc1"),
    ],
)
def test_what_the_model_does_not_have_is_refused_in_one_sentence(studio: Studio, recipe: Recipe, word: str):
    for ask in (studio.normalise, studio.render):
        with pytest.raises(RecipeError) as caught:
            ask(recipe)
        assert word in str(caught.value) and str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_broken_model_is_refused_in_one_sentence_and_the_others_work(studio: Studio):
    with pytest.raises(StudioError, match=r"^The model broken cannot be opened: .*\.$"):
        studio.render(Recipe(model="broken"))
    assert studio.render(Recipe(model="plain")).critic is None


def test_a_studio_without_its_models_says_so(checkpoints: Path, tmp_path: Path):
    with pytest.raises(StudioError, match="no checkpoint"):
        Studio(tmp_path)
    with pytest.raises(StudioError, match="'orchard'"):
        Studio(checkpoints, default="orchard")
    with pytest.raises(ValueError, match="no folder"):
        Studio(tmp_path / "missing")


def test_no_more_than_so_many_may_wait(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    studio = Studio(checkpoints, default="tiny", precision="fp32")
    studio.normalise(BASE)
    waiting, go = Barrier(render_module.MAX_WAITING + 2), Event()
    prepare = studio._prepare

    def slowly(recipe: Recipe):
        waiting.wait(timeout=60)
        assert go.wait(timeout=60)
        return prepare(recipe)

    monkeypatch.setattr(studio, "_prepare", slowly)
    with ThreadPoolExecutor(render_module.MAX_WAITING + 1) as pool:
        renders = [pool.submit(studio.render, replace(BASE, seed=i)) for i in range(render_module.MAX_WAITING + 1)]
        waiting.wait(timeout=60)
        with pytest.raises(BusyError, match="busy"):
            studio.render(BASE)
        go.set()
        assert [r.result().recipe.seed for r in renders] == list(range(render_module.MAX_WAITING + 1))
    monkeypatch.undo()
    assert studio.render(BASE).recipe.seed == BASE.seed  # every place is free again, also after a refusal
    for _ in range(2 * render_module.MAX_WAITING):
        with pytest.raises(RecipeError):
            studio.render(Recipe(label="kiwi"))
    studio.render(BASE)


def test_neighbours_are_the_next_seeds_with_all_else_kept():
    recipe = replace(BASE, steps=(StepUse(PLAIN[0]),))
    assert neighbours(recipe, 3) == [replace(recipe, seed=BASE.seed + i) for i in (1, 2, 3)]
    assert [near.seed for near in neighbours(Recipe(seed=2**32 - 3), 8)] == [2**32 - 2, 2**32 - 1]
    assert neighbours(replace(recipe, latent=(0.5,)), 3) == []


def test_pictures_painted_ahead_are_those_painted_alone_to_the_last_bit(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
):
    ahead, alone = (Studio(checkpoints, default="tiny", precision="fp32") for _ in range(2))
    wanted = [Recipe(seed=seed, label=label, noise_seed=noise) for seed, label, noise in SEVERAL]
    found = [alone.render(recipe, critic="raw") for recipe in wanted]
    monkeypatch.setattr(Painter, "paint", None)  # from here on nothing is painted one by one
    ahead.paint_ahead([*wanted, wanted[0]], critic=True)
    for recipe, other in zip(wanted, found, strict=True):
        one = ahead.render(recipe, critic="raw")
        assert np.array_equal(one.raw, other.raw)
        assert one.critic is not None and other.critic is not None
        assert one.critic.logit == pytest.approx(other.critic.logit, abs=1e-4)
    ahead.paint_ahead(wanted)  # nothing is left to do
    with pytest.raises(RecipeError):
        ahead.paint_ahead([Recipe(label="stone")])


SEVERAL = [(1, "apple", None), (2, "peach", None), (3, "apple", 7), (4, None, None), (5, "peach", 7)]
