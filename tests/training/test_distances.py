"""Distances between sets of feature vectors: closed forms, hand-made sets, naive and public implementations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from training.distances import (
    Moments,
    density_coverage,
    distances,
    frechet_distance,
    kernel_distance,
    precision_recall,
    radii,
)


def vectors(seed: int, count: int, width: int = 4) -> Tensor:
    """Standard normal vectors."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def gaussian(mean: list[float], covariance: Tensor) -> Moments:
    """Moments given, not measured."""
    return Moments(torch.tensor(mean, dtype=torch.float64), covariance.double(), 100)


# ---- Fréchet --------------------------------------------------------------------------------------


def test_moments_are_those_of_numpy():
    x = vectors(0, 50)
    found = Moments.of(x)
    np.testing.assert_allclose(found.mean, x.numpy().mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.covariance, np.cov(x.numpy().T), rtol=1e-5)
    assert found.count == 50


@pytest.mark.parametrize("shape", [(1, 4), (0, 4), (4,)])
def test_too_few_vectors_for_a_covariance_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="two feature vectors or more"):
        Moments.of(torch.zeros(shape))


def test_frechet_distance_of_diagonal_gaussians():
    # Commuting covariances: the sum of squared differences of means and of standard deviations.
    a = gaussian([0, 0, 0], torch.diag(torch.tensor([1.0, 4.0, 9.0])))
    b = gaussian([1, -2, 0], torch.diag(torch.tensor([4.0, 4.0, 0.0])))
    assert frechet_distance(a, b) == pytest.approx((1 + 4) + (1 + 0 + 9))


def test_frechet_distance_in_one_dimension_and_of_itself():
    a, b = gaussian([3], torch.tensor([[4.0]])), gaussian([0], torch.tensor([[0.25]]))
    assert frechet_distance(a, b) == pytest.approx(9 + 1.5**2)
    x = Moments.of(vectors(1, 30, 8))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_is_that_of_a_general_matrix_root():
    linalg = pytest.importorskip("scipy.linalg")
    a, b = (Moments.of(vectors(seed, 80, 6) @ vectors(seed + 9, 6, 6) + seed) for seed in (1, 2))
    root = linalg.sqrtm(a.covariance.numpy() @ b.covariance.numpy()).real
    expected = float((a.mean - b.mean).square().sum()) + np.trace((a.covariance + b.covariance).numpy() - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_frechet_distance_with_fewer_pictures_than_features():
    # Rank below the dimension: rotating both sets changes nothing.
    x, y = vectors(1, 10, 40).double(), vectors(2, 12, 40).double() + 0.5
    turn = torch.linalg.qr(torch.randn(40, 40, generator=torch.Generator().manual_seed(3), dtype=torch.float64)).Q
    plain = frechet_distance(Moments.of(x), Moments.of(y))
    assert frechet_distance(Moments.of(x @ turn), Moments.of(y @ turn)) == pytest.approx(plain, rel=1e-7)
    shifted = frechet_distance(Moments.of(x), Moments.of(x + 3))
    assert shifted == pytest.approx(40 * 9, rel=1e-6)


# ---- KID ------------------------------------------------------------------------------------------


def naive_kernel_distance(x: Tensor, y: Tensor) -> float:
    """The estimator as a sum over pairs (Bińkowski et al. 2018, eq. 4), on whole sets."""

    def k(a: Tensor, b: Tensor) -> float:
        return (float(a @ b) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within = sum(k(a, b) for a, b in itertools.permutations(x, 2)) / (n * (n - 1))
    within += sum(k(a, b) for a, b in itertools.permutations(y, 2)) / (m * (m - 1))
    return within - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_kernel_distance_is_the_sum_over_pairs():
    x, y = vectors(0, 9).double(), vectors(1, 9).double() + 0.7
    assert kernel_distance(x, y, subsets=1) == pytest.approx(naive_kernel_distance(x, y), rel=1e-9)


def test_kernel_distance_is_unbiased():
    # The diagonal, left in, would add about 2·(2³ + …)/50 = 0.5.
    x = vectors(0, 2000)
    values = [kernel_distance(*x[i : i + 100].split(50), subsets=1) for i in range(0, 2000, 100)]
    assert abs(sum(values) / 20) < 0.2 and min(values) < 0


def test_kernel_distance_grows_with_the_shift():
    x = vectors(0, 400)
    values = [kernel_distance(x[:200], x[200:] + shift, size=100) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values) and values[-1] > 20 * abs(values[0])


def test_kernel_distance_of_a_set_from_itself_takes_only_what_the_diagonal_leaves_out():
    x = vectors(5, 40).double()
    k = (x @ x.T / 4 + 1) ** 3
    expected = 2 * (k.sum() - k.trace()) / (40 * 39) - 2 * k.mean()
    assert kernel_distance(x, x, subsets=3) == pytest.approx(float(expected), rel=1e-9)


def test_kernel_distance_needs_pairs():
    with pytest.raises(ValueError, match="two pictures or more"):
        kernel_distance(torch.zeros(1, 3), torch.zeros(5, 3))


# ---- neighbourhoods -------------------------------------------------------------------------------


def line(*points: float) -> Tensor:
    """Points on a line, as vectors of one number."""
    return torch.tensor(points)[:, None]


def test_distances_and_radii_of_points_on_a_line():
    assert distances(line(0, 3), line(1, 7)).tolist() == [[1, 7], [2, 4]]
    assert radii(line(0, 1, 3, 7), 1).tolist() == [1, 1, 2, 4]
    assert radii(line(0, 1, 3, 7), 2).tolist() == [3, 2, 3, 6]


@pytest.mark.parametrize("k", [0, 4])
def test_more_neighbours_than_there_are_others_are_refused(k: int):
    with pytest.raises(ValueError, match="nearest neighbours"):
        radii(line(0, 1, 3, 7), k)


def test_precision_and_recall_by_hand():
    # Balls of the real points (k = 1): [-1, 1], [0, 2], [9, 11], [10, 12].
    real, fake = line(0, 1, 10, 11), line(0.5, 1.5, 5.0, 5.5)
    # Balls of the fakes: [-0.5, 1.5], [0.5, 2.5], [4.5, 5.5], [5, 6]: only 0 and 1 lie in one.
    assert precision_recall(real, fake, k=1) == (0.5, 0.5)
    assert precision_recall(real, real, k=1) == (1, 1)
    assert precision_recall(real, fake + 100, k=1) == (0, 0)


def test_a_fake_of_one_kind_is_precise_but_recalls_little():
    real = torch.cat([vectors(0, 50), vectors(1, 50) + 20])
    fake = vectors(2, 50)
    precision, recall = precision_recall(real, fake)
    assert precision > 0.8 and 0.3 < recall <= 0.5
    assert precision_recall(fake, real) == (recall, precision)


def test_density_and_coverage_by_hand():
    real, fake = line(0, 1, 10, 11), line(0.5, 1.5, 5.0, 5.5)
    # 0.5 lies in two balls, 1.5 in one: 3 of k·M = 4; of four real balls two hold a fake.
    assert density_coverage(real, fake, k=1) == (0.75, 0.5)
    assert density_coverage(real, line(0.5, 0.5, 0.5, 0.5), k=1) == (2, 0.5)


def test_coverage_of_equal_distributions_is_as_derived():
    # 1 − 2^−k for equally many pictures, and many; density 1 (Naeem et al. 2020, §3.3).
    values = [density_coverage(vectors(i, 600, 8), vectors(i + 50, 600, 8), k=3) for i in range(4)]
    density, coverage = (sum(column) / 4 for column in zip(*values, strict=True))
    assert coverage == pytest.approx(1 - 2**-3, abs=0.02) and density == pytest.approx(1, abs=0.05)


def test_an_outlier_inflates_precision_but_not_coverage_of_fakes_around_it():
    real = torch.cat([vectors(0, 60, 2), torch.full((1, 2), 30.0)])
    fake = torch.full((60, 2), 20.0) + vectors(1, 60, 2)
    precision, _ = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert precision == 1.0  # the flaw that density mends (Naeem et al. 2020, §3.1)
    assert density < 0.3 and coverage == pytest.approx(1 / 61)


@pytest.mark.parametrize("k", [3, 5])
def test_figures_are_those_of_the_package_prdc(k: int):
    prdc = pytest.importorskip("prdc")
    real, fake = vectors(3, 90, 6), vectors(4, 70, 6) * 1.2 + 0.2
    expected = prdc.compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k=k)
    ours = (*precision_recall(real, fake, k), *density_coverage(real, fake, k))
    for name, value in zip(("precision", "recall", "density", "coverage"), ours, strict=True):
        assert value == pytest.approx(expected[name], abs=1e-9), name


def test_figures_do_not_depend_on_the_order_or_a_common_shift():
    real, fake = vectors(3, 40), vectors(4, 40) + 0.5
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    for measure in (precision_recall, density_coverage):
        plain = measure(real, fake)
        assert measure(real[order], fake[order]) == pytest.approx(plain)
        assert measure(real + 4, fake + 4) == pytest.approx(plain)
    assert math.isclose(kernel_distance(real, fake, subsets=1), kernel_distance(real[order], fake, subsets=1))
