from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from studio import Recipe, StoppedError, Studio, StudioError
from studio.tools import directions
from studio.tools.directions import (
    MEASURES,
    Way,
    between,
    closed_form,
    end_stops,
    measured,
    move,
    of_checkpoint,
    orthogonal,
    regress,
    strip,
)
from studio.tools.latents import styles_of
from studio.tools.sheet import look_at

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def ways(studio: Studio) -> list[Way]:
    return closed_form(studio, "tiny", 5)


def test_closed_form_directions_are_the_eigenvectors_of_the_style_weights(studio: Studio, ways: list[Way]):
    with studio.working("tiny") as model:
        weights = model.family.style_weights().double().numpy()
    matrix = weights.T @ weights
    values = []
    for way in ways:
        vector = np.array(way.vector)
        image = matrix @ vector
        values.append(float(vector @ image))
        np.testing.assert_allclose(image, values[-1] * vector, atol=1e-4 * np.abs(matrix).max())
        assert way.sigma > 0 and (way.model, way.version) == ("tiny", "1.2")
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-5)
    table = np.array([way.vector for way in ways])
    np.testing.assert_allclose(table @ table.T, np.eye(5), atol=1e-5)


def test_a_direction_that_was_exported_and_imported_makes_the_same_pixels(studio: Studio, ways: list[Way]):
    recipe = Recipe(seed=3)
    way = ways[0].renamed("rounder").on(1, 3)
    again = Way.from_text(way.to_text())
    assert again == way
    pictures = [studio.render(move(studio, recipe, [(each, 2.0)]), critic="none").picture for each in (way, again)]
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_moving_is_by_standard_deviations_on_the_layers_that_are_named(studio: Studio, ways: list[Way]):
    recipe = studio.normalise(Recipe(seed=3, moves=(("pc1", 1.0),)))
    before = styles_of(studio, recipe)
    moved = move(studio, recipe, [(ways[1].on(1, 2), -1.5)])
    step = styles_of(studio, moved) - before
    wanted = np.array(ways[1].vector) * ways[1].sigma * -1.5
    np.testing.assert_allclose(step[1:3], np.stack([wanted, wanted]), atol=1e-5)
    assert not step[0].any() and not step[3:].any()
    assert move(studio, recipe, [(ways[0], 0.0)]) == recipe
    assert strip(studio, recipe, ways[0], 7)[3] == recipe


def test_a_checkpoints_direction_moves_as_its_slider_does(studio: Studio):
    way = of_checkpoint(studio, "tiny", "pc2")
    slider = studio.render(Recipe(seed=5, moves=(("pc2", 2.0),)), critic="none").picture
    np.testing.assert_allclose(
        studio.render(move(studio, Recipe(seed=5), [(way, 2.0)]), critic="none").picture, slider, atol=1e-5
    )
    with pytest.raises(StudioError, match="no direction"):
        of_checkpoint(studio, "tiny", "pc99")


def test_what_is_made_orthogonal_has_nothing_of_the_others(studio: Studio, ways: list[Way]):
    vector = RNG.normal(size=16)
    way = replace(ways[0], vector=tuple(vector / np.linalg.norm(vector)))
    rest = orthogonal(way, ways[:3])
    np.testing.assert_allclose([np.dot(rest.vector, other.vector) for other in ways[:3]], 0, atol=1e-6)
    assert np.linalg.norm(rest.vector) == pytest.approx(1)
    assert orthogonal(way, []).vector == pytest.approx(way.vector)
    with pytest.raises(StudioError, match="Nothing is left"):
        orthogonal(ways[0], [ways[1], ways[0]])
    with pytest.raises(StudioError, match="different models"):
        orthogonal(ways[0], [replace(ways[1], model="plain")])


def test_regression_finds_the_direction_behind_a_number_and_says_how_much_it_explains():
    truth = np.zeros(12)
    truth[2], truth[7] = 0.6, -0.8
    styles = RNG.normal(size=(400, 12))
    vector, explained = regress(styles, styles @ truth * 3 + RNG.normal(size=400) * 0.3)
    assert vector @ truth > 0.99 and np.linalg.norm(vector) == pytest.approx(1)
    assert 0.95 < explained <= 1
    assert regress(styles, RNG.normal(size=400))[1] < 0.05  # noise explains nothing of what was held out
    flat, none = regress(styles, np.full(400, 2.0))
    assert not flat.any() and none == 0


@pytest.mark.parametrize("measure", ["darkness", "redness"])
def test_a_measured_direction_leads_to_more_of_it(studio: Studio, measure: str):
    told: list[float] = []
    way = measured(studio, Recipe(label="peach"), measure, 120, progress=told.append)
    assert told[-1] == 1 and len(told) == 120
    assert way.explained is not None and way.explained <= 1
    value = MEASURES[measure][1]
    means = []
    for amount in (-2.0, 0.0, 2.0):
        recipes = [move(studio, Recipe(seed=seed, label="peach", psi=1.0), [(way, amount)]) for seed in range(900, 912)]
        looks = [look_at(studio.render(recipe, critic="none").picture, 48) for recipe in recipes]
        means.append(np.mean([value(look) for look in looks]))
    assert means[0] < means[1] < means[2]


def test_every_measure_tells_a_number_of_any_picture():
    for picture in (np.zeros((32, 32, 3)), np.ones((32, 32, 3)), RNG.random((40, 40, 3))):
        look = look_at(picture.astype(np.float32), 48)
        assert all(np.isfinite(of(look)) for _, of in MEASURES.values())


def test_from_these_to_those_leads_from_one_average_to_the_other(studio: Studio):
    these, those = ([Recipe(seed=seed, psi=1.0) for seed in seeds] for seeds in ((1, 2, 3), (4, 5)))
    way = between(studio, these, those)
    average = [np.mean([styles_of(studio, recipe)[0] for recipe in group], axis=0) for group in (these, those)]
    np.testing.assert_allclose(
        average[0] + np.array(way.vector) * np.linalg.norm(average[1] - average[0]), average[1], atol=1e-4
    )
    for wrong, words in [
        (([], those), "at least one"),
        ((these, these), "the same"),
        ((these, [Recipe(model="plain")]), "one model"),
    ]:
        with pytest.raises(StudioError, match=words):
            between(studio, *wrong)


def test_end_stops_are_where_the_critic_leaves_the_range(
    studio: Studio, ways: list[Way], monkeypatch: pytest.MonkeyPatch
):
    stops = end_stops(studio, Recipe(seed=3), ways[0], reach=8.0, steps=8)
    recipe = Recipe(seed=3)

    def share(amount: float) -> float:
        reading = studio.render(move(studio, recipe, [(ways[0], amount)]), critic="raw").critic
        assert reading is not None
        found = reading.percentile_real if stops.among == "real" else reading.percentile_generated
        assert found is not None
        return found

    for stop, sign in ((stops.low, -1), (stops.high, 1)):
        if stop is not None:
            assert stop == 0 or share(stop) >= directions.LOWEST
            assert share(stop + sign) < directions.LOWEST
    with pytest.raises(StudioError, match="without a critic"):
        end_stops(studio, Recipe(model="plain"), replace(ways[0], model="plain"))


def test_what_does_not_fit_is_refused(studio: Studio, ways: list[Way]):
    way = ways[0]
    for moves, words in [
        ([(replace(way, model="plain"), 1.0)], "not of tiny"),
        ([(replace(way, version="2.0"), 1.0)], "not of tiny"),
        ([(way, 99.0)], "standard deviations"),
        ([(way.on(3, 1), 1.0)], "layers"),
        ([(way.on(0, 60), 1.0)], "layers"),
        ([(replace(way, vector=(1.0,)), 1.0)], "does not fit"),
    ]:
        with pytest.raises(StudioError, match=words):
            move(studio, Recipe(), moves)
    for wrong in ({"measure": "beauty"}, {"measure": "size", "count": 3}):
        with pytest.raises(StudioError):
            measured(studio, Recipe(), **wrong)  # type: ignore[arg-type]

    def stop(share: float) -> None:
        raise StoppedError("closed")

    with pytest.raises(StoppedError):
        measured(studio, Recipe(), "size", progress=stop)


@pytest.mark.parametrize(
    "change",
    [
        {"vector": []},
        {"vector": [1.0, "x"]},
        {"vector": [3.0, 4.0]},
        {"sigma": -1},
        {"sigma": None},
        {"first": 1.5},
        {"last": -2},
        {"name": 7},
        {"wings": 1},
        {"format": "other"},
        {"format_version": 2},
        {"explained": "much"},
    ],
)
def test_a_file_that_holds_no_direction_is_refused(ways: list[Way], change: dict[str, object]):
    with pytest.raises(StudioError):
        Way.from_text(json.dumps({**json.loads(ways[0].to_text()), **change}))


def test_what_is_no_json_is_refused():
    for text in ("", "{", "[]", '{"format": NaN}', "[" * 50_000):
        with pytest.raises(StudioError):
            Way.from_text(text)
