import numpy as np

from postprocess.clustering import assign, find_centres


def blobs(k: int, seed: int = 0) -> np.ndarray:
    random = np.random.RandomState(seed)
    true = random.permutation(np.arange(k) * 40.0)[:, None] + random.rand(k, 3)
    return (true[:, None] + random.standard_normal((k, 300, 3))).reshape(-1, 3).astype(np.float32)


def test_finds_blobs_that_lie_apart():
    points = blobs(5)
    centres = find_centres(points, 5)
    labels = assign(points, centres).reshape(5, 300)
    assert len({row[0] for row in labels}) == 5
    assert all((row == row[0]).all() for row in labels)


def test_centres_are_ordered_and_the_same_every_time():
    points = np.random.RandomState(1).rand(5000, 3).astype(np.float32)
    centres = find_centres(points, 8)
    assert (np.diff(centres[:, 0]) >= 0).all()
    assert np.array_equal(centres, find_centres(points.copy(), 8))


def test_no_more_centres_than_colours():
    two = np.repeat(np.array([[0, 0, 0], [50, 0, 0]], np.float32), 20, axis=0)
    assert len(find_centres(two, 8)) == 2
    assert len(find_centres(two[:1], 8)) == 1


def test_assign_takes_the_nearest():
    random = np.random.RandomState(2)
    points, centres = random.rand(7, 9, 3), random.rand(4, 3)
    distances = np.linalg.norm(points[..., None, :] - centres, axis=-1)
    assert np.array_equal(assign(points, centres), distances.argmin(-1))
