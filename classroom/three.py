"""Three ways to a picture, on the same data: a GAN, an autoencoder and a recurrent network, beside each other.

The GAN paints from random numbers; the recurrent network writes codes that the autoencoder's decoder unfolds; the
autoencoder alone invents nothing, so it is given the GAN's pictures to squeeze and unfold. What was measured of each
when it was trained is told as it stands in its file; what is measured here is measured alike for all three.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from generator.companions import CLASSIFIER_FILE, OpenClassifier, open_classifier

from .cards import evaluation_of
from .codes import Codes
from .errors import ClassroomError
from .sheets import Array, tensors

KINDS = ("gan", "autoencoder", "recurrent")
PAINTED = 32
AT_ONCE = 4  # a batch, so that a turn stays short
TOLD = {  # which figures of which file
    "autoencoder": ("psnr", "codes_used"),
    "recurrent": ("class_agreement", "bits_per_code", "bits_per_code_unigram"),
}


@dataclass
class Painted:
    """Pictures N×C×R×R in [−1, 1] so far, how long they took, and, when all are there, what they measure."""

    pictures: list[Tensor] = field(default_factory=list)
    seconds: float = 0.0
    figures: dict[str, float] | None = None


class Three:
    """The three networks beside one model, and the classifier that looks at what they make."""

    def __init__(self, folder: Path, codes: Codes) -> None:
        self._folder, self._codes = folder, codes
        self._kept: dict[tuple[str, int | None], Painted] = {}

    @cached_property
    def _classifier(self) -> OpenClassifier:
        return open_classifier(self._folder)

    def told(self, kind: object) -> dict[str, float]:
        """What was measured of a kind when it was trained: its file's own figures. ClassroomError: no such kind."""
        kind = _kind(kind)
        if kind == "gan":
            found = evaluation_of(self._folder)
            return {name: found[name] for name in ("class_agreement", "class_agreement_real") if name in found}
        network = self._codes.autoencoder if kind == "autoencoder" else self._codes.recurrent
        measured = network.description.measured
        return {name: float(measured[name]) for name in TOLD[kind] if name in measured}

    def paint(self, kind: object, label: object, seconds: float) -> tuple[Array, dict[str, float] | None]:
        """Pictures N×H×W×C so far of the seeds 0 … 31, and figures when all are there; goes on for about `seconds`.

        The figures: `recognised`, the share (0 … 1) whose class the classifier finds, `spread`, the mean distance of
        two pictures of one class in its features, and `ms` a picture. `label`: one class for all; None: one after the
        other. ClassroomError."""
        kind, label = _kind(kind), self._label(label)
        found = self._kept.setdefault((kind, label), Painted())
        ends = time.perf_counter() + seconds
        while sum(map(len, found.pictures)) < PAINTED:
            first = sum(map(len, found.pictures))
            began = time.perf_counter()
            found.pictures.append(self._batch(kind, range(first, first + AT_ONCE), label))
            found.seconds += time.perf_counter() - began
            if time.perf_counter() >= ends:
                break
        whole = torch.cat(found.pictures)
        if len(whole) == PAINTED and found.figures is None:
            found.figures = self._figures(whole, label) | {"ms": round(1e3 * found.seconds / PAINTED, 1)}
        return tensors(whole), found.figures

    def _batch(self, kind: str, seeds: range, label: int | None) -> Tensor:
        labels = self._labels(seeds, label)
        if kind == "recurrent":
            return self._codes.autoencoder.decode(self._codes.recurrent.sample(labels, seed=seeds.start)).clamp(-1, 1)
        made = torch.cat([self._codes.picture(seed, each) for seed, each in zip(seeds, labels, strict=True)])
        if kind == "gan":
            return made
        return self._codes.autoencoder.decode(self._codes.autoencoder.encode(made)).clamp(-1, 1)

    def _figures(self, pictures: Tensor, label: int | None) -> dict[str, float]:
        wanted = torch.tensor(self._labels(range(PAINTED), label))
        recognised = float((self._classifier.classify(pictures) == wanted).double().mean())
        features = self._classifier(pictures)
        apart = (features[:, None] - features[None]).square().sum(dim=2).sqrt()
        alike = (wanted[:, None] == wanted[None]) & ~torch.eye(PAINTED, dtype=torch.bool)
        return {"recognised": round(recognised, 3), "spread": round(float(apart[alike].mean()), 2)}

    def _labels(self, seeds: range, label: int | None) -> list[int]:
        classes = max(len(self._codes.model.classes), 1)
        return [seed % classes if label is None else label for seed in seeds]

    def _label(self, label: object) -> int | None:
        if label is None:
            return None
        if type(label) is not int or not 0 <= label < len(self._codes.model.classes):
            raise ClassroomError("class", "There is no such class here.")
        return label


def find_three(folders: Mapping[str, Path], codes: Mapping[str, Codes]) -> dict[str, Three]:
    """The models that have all of it beside them."""
    return {
        name: Three(folders[name], each) for name, each in codes.items() if (folders[name] / CLASSIFIER_FILE).is_file()
    }


def _kind(kind: object) -> str:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ClassroomError("kind", "There are a GAN, an autoencoder and a recurrent network here, and nothing else.")
    return kind
