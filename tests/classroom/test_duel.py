"""The duel in the plane: gradients, what the lesson promises of it, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from classroom.contest import MOST_STEPS, read_program
from classroom.duel import COVERS_WITHIN, Duel
from classroom.errors import ClassroomError
from classroom.perceptron import Perceptron
from classroom.shapes import SHAPES, find_shape

DRAWN = [[x / 10, 0.5] for x in range(-5, 6)]


def replay(program: str, **begin) -> Duel:
    duel = Duel(**begin)
    for kind, value in read_program(program):
        if kind in "ngd":
            duel.run(kind, int(value))
        else:
            name = {"G": "generator", "D": "critic", "B": "batch"}[kind]
            duel.change(**{name: int(value) if kind == "B" else value})  # type: ignore[arg-type]
    return duel


def test_gradients_are_those_of_finite_differences():
    random = np.random.default_rng(0)
    net = Perceptron([2, 5, 1], random)
    net.flat[:] = random.standard_normal(len(net.flat))
    x = random.standard_normal((3, 2)).astype(np.float32)
    net(x)
    at_inputs, at_parameters = net.backward(np.ones((3, 1), np.float32))
    for array, gradient in [(x.reshape(-1), at_inputs.reshape(-1)), (net.flat, at_parameters)]:
        for index in range(len(array)):
            before = array[index]
            array[index] = before + 1e-2  # exact within rounding, unless a neuron changes its side
            up = net(x).sum()
            array[index] = before - 1e-2
            down = net(x).sum()
            array[index] = before
            assert gradient[index] == pytest.approx((up - down) / 2e-2, rel=0.02, abs=2e-3)


@pytest.fixture(scope="module")
def trained() -> Duel:
    duel = Duel()
    duel.run("n", COVERS_WITHIN)
    return duel


def test_with_the_default_settings_the_ring_is_covered(trained: Duel):
    figures = trained.figures()
    assert figures["state"] == "covers" and figures["covered"] >= 7 and figures["of"] == 8
    assert figures["share"] > 0.4


def test_a_quick_generator_before_a_critic_that_stands_still_collapses():
    duel = replay("n800_G0.02_g1000")
    assert duel.figures()["state"] == "collapsed" and duel.figures()["covered"] <= 2


def test_a_critic_that_is_too_slow_leaves_heaps_empty():
    assert replay("D0.0002_n800").figures()["covered"] <= 3


def test_a_rate_far_too_high_diverges_says_so_and_stops():
    duel = replay("G1e9_n100")
    view = duel.view()
    assert view["figures"]["state"] == "diverged" and view["points"] == []
    assert duel.run("n", 10) == 0
    json.dumps(view, allow_nan=False)


def test_the_same_program_gives_the_same_points_however_it_was_cut():
    whole, cut = replay("n60_G0.01_g20_d5_B32_n9", seed=5), Duel(seed=5)
    for _ in range(6):
        cut.run("n", 10)
    cut.change(generator=0.01)
    for _ in range(4):
        cut.run("g", 5)
    cut.run("d", 5)
    cut.change(batch=32)
    cut.run("n", 9)
    assert cut.program == whole.program == "n60_G0.01_g20_d5_B32_n9"
    assert np.array_equal(cut.points(), whole.points())
    assert not np.array_equal(Duel(seed=6).points(), Duel(seed=5).points())


def test_looking_changes_nothing():
    looked, other = Duel(), Duel()
    for duel in (looked, other):
        duel.run("n", 5)
        if duel is looked:
            duel.view()
        duel.run("n", 5)
    assert np.array_equal(looked.points(), other.points())


@pytest.mark.parametrize(("kind", "still", "moves"), [("g", "critic", "generator"), ("d", "generator", "critic")])
def test_one_side_alone(kind: str, still: str, moves: str):
    duel = Duel()
    before = {side: getattr(duel, side).weights[0].copy() for side in (still, moves)}
    duel.run(kind, 3)
    assert np.array_equal(getattr(duel, still).weights[0], before[still])
    assert not np.array_equal(getattr(duel, moves).weights[0], before[moves])


def test_arrows_point_uphill(trained: Duel):
    points = trained.points(50)
    arrows = trained.arrows(points)
    up = trained.critic(points + 1e-3 * arrows) - trained.critic(points)
    assert (up > 0).mean() > 0.9


@pytest.mark.parametrize("name", [*SHAPES, "drawn"])
def test_a_shape_covers_itself(name: str):
    shape = find_shape(name, DRAWN)
    points = shape.sample(1000, np.random.default_rng(0))
    covered, share = shape.covered(points)
    assert share > 0.95 and covered >= (len(shape.centres) if shape.heaps else 1)
    duel = Duel(name, drawn=DRAWN)
    duel.run("n", 2)
    assert duel.figures()["state"] == "start"


def test_time_bounds_a_slice():
    duel = Duel()
    assert 1 <= duel.run("n", 40_000, seconds=0.02) < 4000


@pytest.mark.parametrize("program", ["n", "n0", "x3", "n5_", "G", "Gnan", "G-1", "n9999999", 7, "n1_" * 300 + "n1"])
def test_a_program_that_cannot_be_read_is_refused(program: object):
    with pytest.raises(ClassroomError):
        read_program(program)


@pytest.mark.parametrize(
    "change",
    [
        {"generator": 0},
        {"critic": float("nan")},
        {"critic": "fast"},
        {"generator": float("inf")},
        {"batch": 1},
        {"batch": 2.5},
    ],
)
def test_a_bad_setting_changes_nothing(change: dict[str, Any]):
    duel = Duel()
    with pytest.raises(ClassroomError):
        duel.change(**change)
    assert duel.rates == Duel().rates and duel.program == ""


@pytest.mark.parametrize(
    "begin",
    [
        {"shape": "square"},
        {"shape": "drawn"},
        {"shape": "drawn", "drawn": [[0, 0]]},
        {"shape": "drawn", "drawn": [[0, float("nan")]] * 9},
        {"shape": "drawn", "drawn": [[0, 9]] * 9},
        {"shape": "drawn", "drawn": "aaaaaaa"},
        {"seed": -1},
        {"seed": True},
    ],
)
def test_a_bad_beginning_is_refused(begin: dict[str, Any]):
    with pytest.raises(ClassroomError):
        Duel(**begin)


def test_a_duel_ends():
    with pytest.raises(ClassroomError):
        Duel().run("n", MOST_STEPS + 1)
