"""The subject of a picture, softly, and its regions of like colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling
from scipy import ndimage

from postprocess.arrays import Image, Labels, Mask, check_image, resample
from postprocess.clustering import assign, find_centres
from postprocess.colour import to_lab
from postprocess.errors import PostprocessError
from postprocess.smoothing import blur
from postprocess.subject import find_subject

MOST_REGIONS = 16


@dataclass(frozen=True, eq=False)
class Regions:
    """What a segmentation step sees of a picture. Where there is a subject and a ground, label 0 is the ground."""

    subject: Mask  # H×W float32 in [0, 1]: 1 on the subject, 0 on the ground, between at a soft edge
    labels: Labels  # H×W int32, 0 … k−1, each of them in use
    colours: Image  # k×3 float32 in [0, 1]: each region's mean colour

    def resized(self, height: int, width: int) -> Regions:
        """The same regions for the picture at another size: the mask interpolated, the labels those of the nearest."""
        if self.subject.shape == (height, width):
            return self
        subject = np.clip(resample(self.subject, height, width, Resampling.BICUBIC), 0.0, 1.0)
        return Regions(subject, resample(self.labels, height, width, Resampling.NEAREST), self.colours)


def find_regions(image: Image, k: int = 6) -> Regions:
    """Find the subject and at most `k` (1 … 16) regions of like colour: the ground, if any, and k−1 in the subject.

    A picture with no subject, or nothing but subject, is divided as a whole; a flat one is a single region.
    Deterministic; raises PostprocessError for a wrong picture or k.
    """
    check_image(image)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MOST_REGIONS:
        raise PostprocessError(f"The number of regions must be a whole number from 1 to {MOST_REGIONS}, not {k!r}.")
    subject = find_subject(image)
    inside = subject >= 0.5
    labels = np.zeros(inside.shape, np.int32)
    if inside.any() and not inside.all():
        if k > 1:
            labels[inside] = 1 + _divide(image, inside, k - 1)
    else:
        labels[:] = _divide(image, np.ones_like(inside), k).reshape(labels.shape)
    used = np.bincount(labels.ravel()) > 0
    labels = (np.cumsum(used) - 1).astype(np.int32)[labels]  # no gaps
    return Regions(subject, labels, mean_colours(image, labels))


def _divide(image: Image, where: NDArray[np.bool_], k: int) -> Labels:
    """Clusters by colour of the pixels in the H×W flags `where`, 0 … k−1, dark to light, with smooth outlines."""
    reach = max(image.shape[:2]) / 128
    lab = to_lab(np.clip(blur(image, reach), 0.0, 1.0))
    centres = find_centres(lab[where], k)
    nearest = assign(lab, centres)
    # Each pixel goes to the cluster that most of its neighbours belong to: no specks, round outlines.
    votes = [blur((where & (nearest == i)).astype(np.float32), 1.2 * reach) for i in range(len(centres))]
    return np.argmax(votes, axis=0)[where].astype(np.int32)


def mean_colours(image: Image, labels: Labels) -> Image:
    """k×3: the mean colour of each label; 0 for a label that no pixel has."""
    index = np.arange(int(labels.max()) + 1)
    means = [ndimage.mean(image[..., channel], labels, index) for channel in range(3)]
    return np.nan_to_num(np.stack(means, axis=1)).astype(np.float32)
