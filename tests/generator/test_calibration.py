"""What a logit means: percentiles and densities from quantiles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from generator import Calibration, CheckpointError


def normal(mean: float, count: int = 3000, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).normal(mean, 1.0, count).tolist()


SAMPLES: dict[str, Callable[[], Calibration]] = {
    "apart": lambda: Calibration.measure(normal(2), normal(-1, seed=1)),
    "far apart": lambda: Calibration.measure(normal(30), normal(-30, seed=1)),
    "alike": lambda: Calibration.measure(normal(0), normal(0, seed=1)),
    "uniform": lambda: Calibration.measure(np.linspace(0, 1, 999).tolist(), np.linspace(0.5, 3, 999).tolist()),
    "uniform alike": lambda: Calibration.measure(np.linspace(0, 1, 999).tolist(), np.linspace(0, 1, 999).tolist()),
    "few": lambda: Calibration.measure([0.1, 0.2, 0.9], [-1.0, 0.15]),
    "many the same": lambda: Calibration.measure([1.0] * 500 + normal(1, 500), normal(0)),
    "outlier": lambda: Calibration.measure([*normal(0), 60.0], normal(-1, seed=1)),
    "a point": lambda: Calibration.measure([2.0, 2.0], normal(0)),
}


@pytest.fixture(params=SAMPLES.values(), ids=list(SAMPLES))
def calibration(request: pytest.FixtureRequest) -> Calibration:
    """Each of the distributions above."""
    result: Calibration = request.param()
    return result


def test_percentiles_rise_from_0_to_100(calibration: Calibration):
    grid = np.linspace(-100, 100, 4001)
    for percentile in (calibration.percentile_real, calibration.percentile_generated):
        values = [share for logit in grid if (share := percentile(float(logit))) is not None]
        assert len(values) == len(grid)
        assert values[0] == 0.0 and values[-1] == 100.0
        assert all(b >= a for a, b in pairwise(values))


def test_percentiles_are_shares_of_the_sample():
    real, generated = normal(2), normal(-1, seed=1)
    calibration = Calibration.measure(real, generated)
    assert (calibration.real_count, calibration.generated_count) == (3000, 3000)
    for logit in np.linspace(-5, 6, 45).tolist():
        share, other = (100 * np.mean(np.array(sample) < logit) for sample in (real, generated))
        assert calibration.percentile_real(logit) == pytest.approx(share, abs=0.5)
        assert calibration.percentile_generated(logit) == pytest.approx(other, abs=0.5)


def test_densities_have_area_1(calibration: Calibration):
    grid, real, generated = calibration.densities()
    assert real is not None
    assert grid.shape == real.shape == generated.shape == (96,)
    assert grid[0] < min(calibration.real[0], calibration.generated[0])
    assert grid[-1] > max(calibration.real[-1], calibration.generated[-1])
    for density in (real, generated):
        assert (density >= 0).all() and np.isfinite(density).all()
        assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=0.01)


def test_densities_lie_where_the_samples_do():
    grid, real, generated = Calibration.measure(normal(2, 20_000), normal(-1, 20_000, seed=1)).densities(400)
    assert real is not None
    exact = np.exp(-0.5 * (grid - 2) ** 2) / np.sqrt(2 * np.pi)
    assert np.abs(real - exact).max() < 0.05
    assert grid[generated.argmax()] == pytest.approx(-1, abs=0.4)


@pytest.mark.parametrize("points", [32, 96, 500])
def test_the_number_of_points_changes_only_the_resolution(points: int):
    calibration = SAMPLES["apart"]()
    grid, real, _ = calibration.densities(points)
    fine, expected, _ = calibration.densities(1000)
    assert real is not None and expected is not None and len(grid) == points
    assert np.abs(real - np.interp(grid, fine, expected)).max() < 0.05 * expected.max()


@pytest.mark.parametrize("name", ["real", "generated"])
@pytest.mark.parametrize("values", [(2.0, 1.0), (1.0,), (), (0.0, float("nan")), (0.0, float("inf")), ((0.0, 1.0),)])
def test_quantiles_that_are_none_are_refused(name: str, values: tuple[float, ...]):
    halves = {"real": (0.0, 1.0), "generated": (0.0, 1.0), name: values}
    with pytest.raises(CheckpointError, match=rf"calibration \({name}\) is not an ascending list of numbers\.$"):
        Calibration(real_count=2, generated_count=2, **halves)
