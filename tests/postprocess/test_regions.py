import numpy as np
import pytest

from postprocess import PostprocessError, find_regions

from .pictures import CREAM, fruit_on_paper, odd_pictures

PAPERS = [CREAM, (1.0, 1.0, 1.0), (0.85, 0.78, 0.66), (0.72, 0.74, 0.75), (0.12, 0.12, 0.14)]


def overlap(subject, truth) -> float:
    """Intersection over union."""
    found = subject >= 0.5
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("side", [32, 64, 96, 128, 200])
def test_finds_fruit_at_any_size(side):
    image, truth = fruit_on_paper(side)
    assert overlap(find_regions(image).subject, truth) > (0.8 if side < 64 else 0.9)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("fruit", [(0.75, 0.2, 0.15), (0.35, 0.5, 0.15), (0.3, 0.15, 0.4), (0.9, 0.6, 0.1)])
def test_finds_fruit_on_paper_of_any_colour(paper, fruit):
    image, truth = fruit_on_paper(96, paper, fruit)
    assert overlap(find_regions(image).subject, truth) > 0.85


def test_pale_flesh_within_a_thin_skin_is_subject():
    side = 96
    y, x = np.mgrid[0:side, 0:side]
    radius = np.hypot(y - 48, x - 48)
    image = np.full((side, side, 3), CREAM, np.float32)
    image[radius < 26] = (0.99, 0.96, 0.82)  # nearly the paper's colour
    image[(radius >= 24) & (radius < 26)] = (0.7, 0.25, 0.2)
    image[radius < 4] = (0.35, 0.2, 0.1)
    assert overlap(find_regions(image).subject, radius < 26) > 0.9


def test_paper_that_darkens_to_one_side_is_still_paper():
    image, truth = fruit_on_paper()
    image *= np.linspace(1, 0.8, image.shape[1], dtype=np.float32)[None, :, None]
    assert overlap(find_regions(image).subject, truth) > 0.85


def test_a_pencil_frame_and_a_soft_shadow_are_not_subject():
    image, truth = fruit_on_paper()
    plain = image.copy()
    image[6:90, [6, 89]] *= np.float32(0.7)
    image[[6, 89], 6:90] *= np.float32(0.7)
    y, x = np.mgrid[0:96, 0:96]
    shadow = np.exp(-(((y - 50) / 6) ** 2) - ((x - 66) / 10) ** 2)
    image = np.where(truth[..., None], plain, image * (1 - 0.2 * shadow[..., None])).astype(np.float32)
    assert overlap(find_regions(image).subject, truth) > 0.85


@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_grainy_pictures_still_have_a_subject(noise):
    image, truth = fruit_on_paper()
    grain = noise * np.random.RandomState(1).standard_normal(image.shape)
    assert overlap(find_regions(np.clip(image + grain, 0, 1).astype(np.float32)).subject, truth) > 0.8


def test_a_sheet_on_a_grey_mount_is_not_subject():
    sheet, inner = fruit_on_paper(64)
    image = np.full((96, 96, 3), (0.68, 0.64, 0.6), np.float32)
    truth = np.zeros((96, 96), bool)
    image[16:80, 16:80], truth[16:80, 16:80] = sheet, inner
    assert overlap(find_regions(image).subject, truth) > 0.85


def test_the_edge_is_soft():
    subject = find_regions(fruit_on_paper()[0]).subject
    between = (subject > 0.05) & (subject < 0.95)
    assert 0.01 < between.mean() < 0.2


def check(regions, image, k):
    height, width = image.shape[:2]
    assert regions.subject.shape == regions.labels.shape == (height, width)
    assert regions.subject.dtype == np.float32 and regions.labels.dtype == np.int32
    assert np.isfinite(regions.subject).all() and regions.subject.min() >= 0 and regions.subject.max() <= 1
    count = len(regions.colours)
    assert 1 <= count <= k
    assert np.array_equal(np.unique(regions.labels), np.arange(count))
    assert regions.colours.shape == (count, 3) and regions.colours.dtype == np.float32
    for label in range(count):
        assert np.allclose(regions.colours[label], image[regions.labels == label].mean(0), atol=1e-4)


@pytest.mark.parametrize("name", odd_pictures())
@pytest.mark.parametrize("k", [1, 2, 6, 16])
def test_never_fails(name, k):
    image = odd_pictures()[name]
    check(find_regions(image, k), image, k)


@pytest.mark.parametrize("name", ["flat", "black", "white", "one pixel"])
def test_a_flat_picture_has_no_subject_and_one_region(name):
    regions = find_regions(odd_pictures()[name])
    assert regions.subject.max() == 0 and len(regions.colours) == 1


def test_the_ground_is_region_0_and_the_fruit_is_divided():
    image, _ = fruit_on_paper()
    regions = find_regions(image, 5)
    check(regions, image, 5)
    assert np.array_equal(regions.labels == 0, regions.subject < 0.5)
    assert len(regions.colours) == 5


def test_is_the_same_every_time_and_leaves_the_picture_alone():
    image, _ = fruit_on_paper()
    before = image.copy()
    first, second = find_regions(image), find_regions(image.copy())
    assert np.array_equal(image, before)
    assert np.array_equal(first.subject, second.subject) and np.array_equal(first.labels, second.labels)


@pytest.mark.parametrize("k", [0, -1, 17, 2.0, True, "6", None])
def test_a_wrong_number_of_regions_is_refused(k):
    with pytest.raises(PostprocessError, match="number of regions"):
        find_regions(fruit_on_paper()[0], k)


def test_resizing_keeps_subject_and_labels_in_place():
    regions = find_regions(fruit_on_paper(48)[0])
    large = regions.resized(96, 144)
    assert large.subject.shape == large.labels.shape == (96, 144) and large.labels.dtype == np.int32
    assert large.subject.mean() == pytest.approx(regions.subject.mean(), abs=0.01)
    assert np.array_equal(large.labels[::2, 1::3], regions.labels)
    assert regions.resized(48, 48) is regions
