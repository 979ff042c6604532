from __future__ import annotations

import numpy as np
import pytest

from studio import StudioError
from studio.tools.curves import EASINGS, KINDS, circle, curve, positions, slerp

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 3, 16))


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_slerp_turns_evenly_and_keeps_lengths_between(t: float):
    point = slerp(A, B, t)
    unit = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (A, B, point)]
    whole = np.arccos((unit[0] * unit[1]).sum(-1))
    np.testing.assert_allclose(np.arccos((unit[0] * unit[2]).sum(-1)), whole * t, rtol=1e-9)
    np.testing.assert_allclose(np.arccos((unit[2] * unit[1]).sum(-1)), whole * (1 - t), rtol=1e-9)
    wanted = np.linalg.norm(A, axis=-1) * (1 - t) + np.linalg.norm(B, axis=-1) * t
    np.testing.assert_allclose(np.linalg.norm(point, axis=-1), wanted)


def test_slerp_at_the_poles():
    for t in (0.25, 0.5, 0.75):
        through = slerp(A, -A, t)  # a half turn, along some meridian
        np.testing.assert_allclose(np.linalg.norm(through, axis=-1), np.linalg.norm(A, axis=-1))
        cosine = (through * A).sum(-1) / (A * A).sum(-1)
        np.testing.assert_allclose(cosine, np.cos(np.pi * t), atol=1e-9)
        np.testing.assert_array_equal(slerp(A, A, t), A)
        np.testing.assert_allclose(slerp(A, 3 * A, t), A * (1 + 2 * t))
        np.testing.assert_allclose(slerp(np.zeros_like(A), A, t), A * t)
    assert (slerp(A, B, 0) == A).all() and (slerp(A, B, 1) == B).all()


@pytest.mark.parametrize("offset", [1e-3, 1e-6, 1e-8, 1e-12])
def test_slerp_is_finite_and_of_unit_length_near_the_poles(offset: float):
    a = np.eye(4)[0]
    for sign in (1, -1):
        b = sign * a + offset * np.eye(4)[1]
        middle = slerp(a, b / np.linalg.norm(b), 0.5)
        assert np.isfinite(middle).all() and abs(np.linalg.norm(middle) - 1) < 1e-6


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("easing", EASINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_curve_meets_its_points_to_the_bit_and_a_loop_closes(kind: str, easing: str, closed: bool):
    points = RNG.normal(size=(5, 2, 8))
    at = curve(points, kind, closed, easing)
    for i, point in enumerate(points):
        np.testing.assert_array_equal(at(float(i)), point)
    if closed:
        np.testing.assert_array_equal(at(5.0), points[0])
        np.testing.assert_array_equal(at(7.25), at(2.25))


@pytest.mark.parametrize("closed", [False, True])
def test_a_spline_has_no_corner_not_even_at_its_seam(closed: bool):
    at = curve(RNG.normal(size=(4, 6)), "spline", closed)
    step = 1e-4
    for u in [1.0, 2.0, *([4.0] if closed else [])]:
        before, after = (at(u) - at(u - step)) / step, (at(u + step) - at(u)) / step
        np.testing.assert_allclose(before, after, atol=3e-3)


@pytest.mark.parametrize("name", EASINGS)
def test_easings_begin_and_end_where_they_should_and_never_turn_back(name: str):
    values = [EASINGS[name](t) for t in np.linspace(0, 1, 101)]
    assert (values[0], values[-1]) == (0, 1) and (np.diff(values) >= 0).all()


def test_positions_of_a_loop_leave_out_the_first_frame_at_its_end():
    assert positions(4, 2, closed=True) == [0, 0.5, 1, 1.5]
    assert positions(3, 2, closed=False) == [0, 0.5, 1]
    assert positions(1, 3, closed=False) == [0]


def test_a_curve_of_one_point_and_what_is_refused():
    np.testing.assert_array_equal(curve([A], closed=True)(0.4), A)
    with pytest.raises(StudioError, match="from 0 to 1"):
        curve([A, B])(1.5)
    with pytest.raises(StudioError, match="A curve is one of"):
        curve([A, B], "straight")


def test_a_circle_is_round_and_closed():
    u, v = np.linalg.qr(RNG.normal(size=(8, 2)))[0].T
    points = [circle(u, v, 2.5, t) for t in np.linspace(0, 1, 9)]
    np.testing.assert_allclose([np.linalg.norm(p) for p in points], 2.5)
    np.testing.assert_array_equal(points[0], points[-1])
