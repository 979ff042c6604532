"""How alike two pictures are to the eye, as a loss: by what a frozen network sees in them halfway.

The mean square of pixels prefers a blur to a leaf that is a pixel off. Maps of a network that was taught to tell things
apart do not (Johnson et al. 2016, arXiv:1603.08155; Zhang et al. 2018, arXiv:1801.03924): fine ones hold edges and
grain, coarse ones what is where.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .features import EfficientNetLite2, feature_network


class Likeness:
    """The distance of pictures from one wanted picture, with gradients."""

    def __init__(self, wanted: Tensor) -> None:
        """`wanted`: 1×C×H×W in [−1, 1], C 1 or 3. FeatureError where the network is not installed."""
        network = feature_network(EfficientNetLite2.name)
        assert isinstance(network, EfficientNetLite2)
        self._network = network
        with torch.no_grad():
            self._wanted = network.maps(wanted)

    def distance(self, picture: Tensor) -> Tensor:
        """N×C×H×W → a scalar ≥ 0, 0 for the wanted picture itself, about 1 for another: the mean of `relative` over the
        network's maps."""
        seen = zip(self._wanted, self._network.maps(picture), strict=True)
        return torch.stack([relative(wanted, ours) for wanted, ours in seen]).mean()


def relative(real: Tensor, ours: Tensor) -> Tensor:
    """Mean squared difference of N×C×h×w maps, each picture's in units of the real map's root mean square."""
    scale = real.square().mean(dim=(1, 2, 3), keepdim=True).add(1e-6).sqrt()
    return ((real - ours) / scale).square().mean()
