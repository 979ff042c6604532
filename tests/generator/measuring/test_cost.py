"""The cost of a picture and what of it fits into a frame, by a clock that the tests turn themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from generator.measuring.cost import COARSEST, Cost
from tests.generator.build import GENERATORS, lively_model

COST = Cost(400.0, ((16, 10.0), (32, 30.0), (64, 90.0), (128, 200.0)))


@pytest.mark.parametrize(
    ("budget", "resolution"),
    [
        (400.0, None),
        (1e9, None),  # the whole picture fits
        (399.9, 128),
        (200.0, 128),
        (199.9, 64),
        (90.0, 64),
        (89.0, 32),
        (60.0, 32),
        (29.0, 16),
        (10.0, 16),
        (9.9, 16),
        (0.0, 16),  # nothing fits: the least that there is
    ],
)
def test_the_finest_preview_that_fits(budget: float, resolution: int | None):
    assert COST.preview_resolution(budget) == resolution


def test_without_previews_there_is_only_the_picture():
    assert Cost(400.0).preview_resolution(1.0) is None


def clock(*rounds: tuple[float, ...]) -> Iterator[float]:
    """A clock for `Cost.measure` by which the parts of each round take these seconds."""
    now = 1000.0
    for parts in rounds:
        yield now
        for part in parts:
            now += part
            yield now
        now += 50.0  # between rounds: counts for nothing


def test_parts_are_the_fastest_of_their_kind_and_add_up():
    model = lively_model(replace(GENERATORS["paper"], resolution=64))
    assert [size for size in model.preview_resolutions if size >= COARSEST] == [16, 32]
    times = clock((9.0, 9.0, 9.0), (0.2, 0.25, 1.5), (0.125, 0.5, 2.0), (0.3, 0.5, 1.0))
    cost = Cost.measure(model, 3, times.__next__)
    assert next(times, None) is None
    assert [size for size, _ in cost.previews] == [16, 32]
    assert [*(ms for _, ms in cost.previews), cost.picture] == pytest.approx([125.0, 375.0, 1375.0])


def test_every_round_makes_a_picture_of_its_own(monkeypatch: pytest.MonkeyPatch):
    model = lively_model(replace(GENERATORS["paper"], resolution=64, num_classes=0), None)
    seen: list[tuple[int, torch.Tensor]] = []
    monkeypatch.setattr(model, "preview", lambda ws, size: seen.append((size, ws)))
    monkeypatch.setattr(model, "synthesize", lambda ws: seen.append((64, ws)))
    Cost.measure(model, 1)
    assert [size for size, _ in seen] == [16, 32, 64] * 2
    assert torch.equal(seen[0][1], seen[2][1])  # one picture in parts
    assert bool((seen[0][1] != seen[3][1]).any(dim=2).all())  # then another, in every row


def test_a_model_without_previews_is_measured_too():
    model = lively_model(replace(GENERATORS["paper"], architecture="orig"))
    cost = Cost.measure(model, 1, clock((1.0,), (0.5,)).__next__)
    assert cost.previews == () and cost.picture == pytest.approx(500.0)


def test_a_picture_of_seconds_without_previews_is_timed_once():
    model = lively_model(replace(GENERATORS["paper"], architecture="orig"))
    times = clock((1.5,))
    assert Cost.measure(model, 3, times.__next__).picture == pytest.approx(1500.0)
