import numpy as np
import pytest
from scipy import ndimage

from postprocess.smoothing import COSINE_FROM, blur


@pytest.mark.parametrize("shape", [(32, 32, 3), (31, 45), (3, 40, 3), (1, 1, 3)])
@pytest.mark.parametrize("sigma", [0.5, 1.4, 1.5, 2.0, 7.0, 40.0])
def test_agrees_with_a_direct_gaussian(shape, sigma):
    array = np.random.RandomState(1).rand(*shape).astype(np.float32)
    direct = ndimage.gaussian_filter(array.astype(float), sigma, mode="reflect", axes=(0, 1), truncate=6)
    result = blur(array, sigma)
    assert result.dtype == np.float32 and result.shape == shape
    assert np.abs(result - direct).max() < 2e-3


def test_the_two_ways_meet_where_they_change_over():
    array = np.random.RandomState(2).rand(64, 64).astype(np.float32)
    assert np.abs(blur(array, COSINE_FROM) - blur(array, COSINE_FROM - 1e-6)).max() < 1e-3


@pytest.mark.parametrize("sigma", [1.0, 6.0])
def test_keeps_mean_and_flat_pictures(sigma):
    array = np.random.RandomState(3).rand(40, 50).astype(np.float32)
    assert blur(array, sigma).mean() == pytest.approx(array.mean(), abs=1e-5)
    assert np.abs(blur(np.full((20, 20, 3), 0.7, np.float32), sigma) - 0.7).max() < 1e-5


def test_more_sigma_is_smoother():
    array = np.random.RandomState(4).rand(64, 64).astype(np.float32)
    spreads = [blur(array, sigma).std() for sigma in (0.0, 0.7, 1.4, 1.6, 3.0, 10.0)]
    assert spreads == sorted(spreads, reverse=True)


def test_blurring_twice_adds_variances():
    array = np.random.RandomState(5).rand(48, 48).astype(np.float32)
    assert np.abs(blur(blur(array, 3), 4) - blur(array, 5)).max() < 1e-4
