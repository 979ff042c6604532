"""Sets of pictures to compare: generated ones, and real ones with the same number of each class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from generator import Model, draw_z
from generator.measuring import FeatureNetwork

from .data import Data

CHUNK = 64  # pictures in float32 at a time


@dataclass(frozen=True, eq=False)
class Sample:
    """`pictures` N×C×R×R uint8, `labels` N int64 (zeros without classes), `features` N×F float32."""

    pictures: Tensor
    labels: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, index: Tensor | slice) -> Sample:
        """Some of it."""
        return Sample(self.pictures[index], self.labels[index], self.features[index])


def as_float(pictures: Tensor) -> Tensor:
    """uint8 → float32 in [−1, 1]."""
    return pictures.float() / 127.5 - 1


def as_pixels(pictures: Tensor) -> Tensor:
    """float32 in [−1, 1] → uint8, clipped and rounded as a visitor gets them."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to("cpu", torch.uint8)


def generate(model: Model, labels: Tensor, psi: float = 1.0, first_seed: int = 0) -> Tensor:
    """Pictures of consecutive seeds with these classes, N×C×R×R uint8: clipped and rounded as a visitor gets them."""
    pictures = []
    for i, label in enumerate(labels.tolist()):
        z = draw_z(first_seed + i, model.z_dim)[None]
        pictures.append(as_pixels(model.synthesize(model.map(z, [label] if model.classes else None, psi))))
    return torch.cat(pictures)


def features_of(network: FeatureNetwork, pictures: Tensor) -> Tensor:
    """N×C×R×R uint8 → N×F float32."""
    return torch.cat([network(as_float(part)) for part in pictures.split(CHUNK)])


def generated(model: Model, network: FeatureNetwork, labels: Tensor, psi: float = 1.0, first_seed: int = 0) -> Sample:
    """Generated pictures with their features; arguments as for `generate`."""
    pictures = generate(model, labels, psi, first_seed)
    return Sample(pictures, labels, features_of(network, pictures))


def real(data: Data, network: FeatureNetwork, index: Tensor) -> Sample:
    """The pictures of `data` with these numbers, with their features."""
    pictures = data.batch(index)
    return Sample(pictures, data.labels[index], features_of(network, pictures))


def real_features(data: Data, network: FeatureNetwork, index: Tensor) -> Tensor:
    """Their features alone, N×F: for more pictures than one would like to hold at once."""
    return torch.cat([network(as_float(data.batch(part))) for part in index.split(CHUNK)])


def class_counts(count: int, shares: Tensor, available: Tensor) -> Tensor:
    """How many pictures of each class make up a set of at most `count` with the given class shares.

    No class needs more than there are `available` (or its pictures would have to be repeated, and a repeated picture is
    no second one): the set is made smaller until that is so. Rounded by the largest remainder. [classes] → int64.
    """
    shares = shares.double() / shares.double().sum()
    wanted = shares > 0
    total = min(count, int((available[wanted].double() / shares[wanted] + 1e-9).min()))
    exact = shares * total
    counts = exact.floor().long()
    for index in (exact - counts).argsort(descending=True, stable=True)[: total - int(counts.sum())]:
        counts[index] += 1
    return torch.minimum(counts, available)


def draw(labels: Tensor, counts: Tensor, seed: int) -> Tensor:
    """Numbers of pictures, `counts[c]` of each class c, none twice, in random order: [len(labels)] → int64."""
    rng = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(len(labels), generator=rng)
    chosen = [shuffled[labels[shuffled] == c][:n] for c, n in enumerate(counts.tolist())]
    index = torch.cat(chosen)
    return index[torch.randperm(len(index), generator=rng)]
