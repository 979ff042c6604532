"""A small classifier of a model's training pictures: tells which class a picture is of, and measures the models.

Four convolutions with batch normalisation (Ioffe & Szegedy 2015), halving three times, the mean over places, one dense
layer. It trained no generator; its penultimate layer is the feature space in which grey models are compared with their
data (`generator.measuring.features`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.config import RESOLUTIONS, Config
from generator.errors import CheckpointError

from .companion import Description, check_pictures, open_companion

KIND = "classifier"
FILE = "classifier.safetensors"
BATCH = 64  # pictures at a time: more do not fit the processor's caches


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """`width`: channels of the first layer; `features`: length of the feature vector."""

    resolution: int
    num_classes: int
    width: int = 32
    features: int = 64
    img_channels: int = 1

    def __post_init__(self) -> None:
        self.require_choice("resolution", RESOLUTIONS)
        self.require_choice("img_channels", (1, 3))
        self.require("num_classes", 2, 10_000)
        self.require("width", 1, 1024)
        self.require("features", 1, 4096)


class Classifier(nn.Module):
    """N×C×R×R in [−1, 1] → logits N×num_classes; `features` stops one layer before."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width, config.width, config.width * 3 // 2, config.features]
        self.stem = nn.Conv2d(config.img_channels, config.width, 4, 2, 1, bias=False)  # R → R/2
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, 1 if i == 0 else 2, 1, bias=False) for i, (a, b) in enumerate(pairwise(widths))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.last = nn.Conv2d(config.features, config.features, 3, 1, 1, bias=False)
        self.last_norm = nn.BatchNorm2d(config.features)
        self.out = nn.Linear(config.features, config.num_classes)

    def features(self, images: Tensor) -> Tensor:
        """N×C×R×R → N×features, ≥ 0: the mean over places of the last maps."""
        x = F.relu(self.norms[0](self.stem(images)))
        for conv, norm in zip(self.convs, self.norms[1:], strict=True):  # type: ignore[arg-type]
            x = F.relu(norm(conv(x)))
        x = F.relu(x + self.last_norm(self.last(x)))
        return x.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """N×C×R×R → logits N×num_classes."""
        return self.out(self.features(images))


class OpenClassifier:
    """A classifier from its file. Called, it is a feature network (`FeatureNetwork`)."""

    name = KIND
    resize = "none: pictures have the classifier's own size"

    def __init__(self, network: Classifier, description: Description) -> None:
        self.network, self.description = network, description

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""
        return self.description.classes

    @property
    def dimensions(self) -> int:
        """Length of a feature vector."""
        return self.network.config.features

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        """N×C×R×R in [−1, 1] → features N×F float32."""
        config = self.network.config
        check_pictures(pictures, config.img_channels, config.resolution, KIND)
        parts = [self.network.features(part.float()) for part in pictures.split(BATCH)]
        return torch.cat(parts) if parts else torch.zeros(0, self.dimensions)

    @property
    def accuracy(self) -> float:
        """Share of the held-out pictures whose class it finds."""
        return float(self.description.measured["test_accuracy"])

    @torch.inference_mode()
    def logits(self, pictures: Tensor) -> Tensor:
        """N×C×R×R in [−1, 1] → logits N×num_classes."""
        return self.network.out(self(pictures))

    def classify(self, pictures: Tensor) -> Tensor:
        """N×C×R×R in [−1, 1] → the likeliest class of each, N int64."""
        return self.logits(pictures).argmax(dim=1)


def open_classifier(path: str | Path) -> OpenClassifier:
    """The classifier in a folder or a file; CheckpointError, one sentence, if it is not a whole one."""
    path = Path(path)
    file = path if path.suffix == ".safetensors" else path / FILE
    network, description = open_companion(file, KIND, ClassifierConfig, Classifier, lambda config: config.num_classes)
    accuracy = description.measured.get("test_accuracy")
    if not isinstance(accuracy, float) or not 0 <= accuracy <= 1:
        raise CheckpointError(f"{file.name} does not say how often it is right (test_accuracy).")
    return OpenClassifier(network, description)
