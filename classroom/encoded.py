"""The bottleneck in colour: a picture as the numbers from which its generator paints it again, found by an encoder.

Encoder and generator are the two halves of a variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114), joined
with a GAN as by Larsen et al. 2016 (arXiv:1512.09300). The studio's models compute it, in the studio's own turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import Model

from .errors import ClassroomError
from .specimens import Specimens
from .telling import fitted
from .training_data import RealPictures

MADE, REAL = "made", "real"  # a picture that the generator made of a seed, or one that it learned from
LIMIT = 4.0  # of a number: they are about normal, so hardly any lies beyond
BETWEEN = 7  # pictures of a way between two, both ends among them
KEPT = 64

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Encoded:
    """`picture` 1×C×R×R in [−1, 1]; `code` 1×K; `surest`: the K places in it, first those that the encoder is surest
    of (of least spread), which hold most of the picture; `record`: of a real picture, "" of one that was made."""

    picture: Tensor
    code: Tensor
    surest: tuple[int, ...]
    record: str


class Encodings:
    """Pictures of the models that have an encoder; `real`: those that they learned from, where they are known."""

    def __init__(self, specimens: Specimens, real: Mapping[str, RealPictures]) -> None:
        self._specimens = specimens
        self._real = real
        self._kept = lru_cache(maxsize=KEPT)(self._encoded)

    def has_real(self, model: str) -> bool:
        """Whether the pictures that a model learned from are on this machine."""
        return model in self._real and self._real[model].are_here

    def encoded(self, model: object, kind: object, seed: object, label: object) -> Encoded:
        """The picture of a seed, or (of `kind` REAL) the one of that number among a class's real ones, and its code.
        ClassroomError for what there is not."""
        recipe = self._specimens.recipe(model, seed, label)
        if kind not in (MADE, REAL):
            raise ClassroomError("request", "This request does not come from this page; reload it.")
        return self._kept(recipe.model, kind == REAL, recipe.seed, recipe.label)

    def again(self, found: Encoded, model: str, label: object, changed: object, keep: object) -> tuple[Tensor, Tensor]:
        """What the generator paints of a code 1×K when only the `keep` surest numbers are left, the others 0, and some
        are changed, [[place, value], …]; and that code. ClassroomError for numbers that fit no code."""
        code = torch.zeros_like(found.code)
        length = code.shape[1]
        if type(keep) is not int or not 1 <= keep <= length:
            raise ClassroomError("keep", "There are 1 to {most} codes to keep.", most=length)
        places = list(found.surest[:keep])
        code[0, places] = found.code[0, places]
        for place, value in _changes(changed, length):
            code[0, place] = value
        with self._specimens.studio.working(model) as opened:
            return _painted(opened, code, self._weights(opened, label)), code

    def between(self, first: Encoded, last: Encoded, model: str, labels: tuple[object, object], step: object) -> Tensor:
        """Picture `step`, 0 … BETWEEN − 1, of the straight way between two codes and their classes. ClassroomError."""
        if type(step) is not int or not 0 <= step < BETWEEN:
            raise ClassroomError("frame", "This loop has frames 0 to {last}.", last=BETWEEN - 1)
        share = step / (BETWEEN - 1)
        with self._specimens.studio.working(model) as opened:
            ends = [self._weights(opened, label) for label in labels]
            weights = None if ends[0] is None or ends[1] is None else torch.lerp(ends[0], ends[1], share)
            return _painted(opened, torch.lerp(first.code, last.code, share), weights)

    def _encoded(self, model: str, is_real: bool, seed: int, label: str | None) -> Encoded:
        labels = None if label is None else [self._specimens.classes[model].index(label)]
        if is_real:
            record, picture = self._nth(model, seed, label)
        else:
            recipe = self._specimens.recipe(model, seed, None if labels is None else labels[0])
            record, picture = "", self._specimens.studio.render(recipe, critic="none").raw
        with self._specimens.studio.working(model) as opened:
            fitting = fitted(picture, opened.resolution, opened.img_channels == 1)
            image = torch.from_numpy(np.array(fitting)).permute(2, 0, 1)[None] * 2 - 1
            if opened.img_channels == 1:
                image = image.mean(dim=1, keepdim=True)
            code, spread = (each.cpu() for each in opened.encode(image, labels))
        return Encoded(image, code, tuple(spread[0].argsort(stable=True).tolist()), record)

    def _nth(self, model: str, number: int, label: str | None) -> tuple[str, Array]:
        real = self._real.get(model)
        records = [] if real is None else real.of_class(label)
        record = records[number % len(records)] if records else ""
        picture = None if real is None or not records else real.picture(record)
        if picture is None:
            raise ClassroomError("not_here", "The real pictures of this model are not on this machine.")
        return record, picture

    @staticmethod
    def _weights(model: Model, label: object) -> Tensor | None:
        return None if not model.classes else model.class_weights([label], 1)  # type: ignore[list-item]

    def told_of(self) -> dict[str, dict[str, Any]]:
        """Of each model what a page must know: its classes, how many numbers a code has, whether real ones are here."""
        told = {}
        for name, classes in self._specimens.classes.items():
            with self._specimens.studio.working(name) as opened:
                size = {"numbers": opened.z_dim, "pixels": opened.resolution**2 * opened.img_channels}
            told[name] = {"classes": classes, "real": self.has_real(name), **size}
        return told


def _painted(model: Model, code: Tensor, weights: Tensor | None) -> Tensor:
    return model.synthesize(model.map(code, weights)).float().clamp(-1, 1).cpu()


def _changes(changed: object, length: int) -> list[tuple[int, float]]:
    wrong = ClassroomError("code_numbers", "A code's numbers lie within ±{reach}.", reach=f"{LIMIT:g}")
    if not isinstance(changed, list) or len(changed) > length:
        raise wrong
    found = []
    for each in changed:
        if not isinstance(each, list) or len(each) != 2:
            raise wrong
        place, value = each
        fits = type(place) is int and 0 <= place < length and type(value) in (int, float)
        if not fits or not -LIMIT <= value <= LIMIT:
            raise wrong
        found.append((place, float(value)))
    return found
