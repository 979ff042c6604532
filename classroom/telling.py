"""Real or generated? Pairs to tell apart, answers with a certainty, and curves that score them: yours, the critic's.

The receiver operating characteristic (Fawcett 2006, doi:10.1016/j.patrec.2005.10.010): for every threshold, the share
of generated pictures taken for real against the share of real ones taken for real. Its area is the chance that of one
real and one generated picture the real one scores higher, ties counting half.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from generator import Model

from .errors import ClassroomError
from .specimens import Specimens
from .training_data import RealPictures

PAIRS = 10
CERTAINTIES = (-2, -1, 1, 2)  # from "the right one is real, surely" to "the left one is real, surely"
ROUNDS = 1000
LOOKED_UP = 12  # records that are looked for before one says that the data are not here
KEPT = 64
REAL, REMEMBERED = "real", "remembered"

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Curve:
    """`false` and `true` positive rates from (0, 0) to (1, 1), one point a distinct threshold, and the area below."""

    false: tuple[float, ...]
    true: tuple[float, ...]
    area: float

    def told(self) -> dict[str, Any]:
        """JSON-able."""
        points = [[round(x, 4), round(y, 4)] for x, y in zip(self.false, self.true, strict=True)]
        return {"points": points, "area": round(self.area, 4)}


def roc(scores: Sequence[float], real: Sequence[bool]) -> Curve:
    """The curve of scores, higher meaning "real", and what the pictures were. ClassroomError unless there are real and
    generated ones, and a finite score for each."""
    values, truth = np.asarray(scores, np.float64), np.asarray(real, bool)
    if values.shape != truth.shape or values.ndim != 1 or not np.isfinite(values).all() or len(set(truth.tolist())) < 2:
        raise ClassroomError("answers", "There are {count} answers to give first.", count=PAIRS)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last = np.append(np.diff(values) != 0, True)  # only where the next score is another one is there a threshold
    true = np.concatenate([[0.0], np.cumsum(truth)[last] / truth.sum()])
    false = np.concatenate([[0.0], np.cumsum(~truth)[last] / (~truth).sum()])
    return Curve(tuple(false.tolist()), tuple(true.tolist()), float(np.trapezoid(true, false)))


@dataclass(frozen=True, eq=False)
class Pair:
    """A real and a generated picture, H×W×3 in [0, 1], of one size. `scores`: the critic's logit of each.
    `is_remembered`: the real one is not on this machine, and stands here as the model remembers it."""

    real: Array
    made: Array
    real_left: bool
    record: str
    source: str | None
    seed: int
    scores: tuple[float, float]  # real, made
    is_remembered: bool

    @property
    def shown(self) -> tuple[Array, Array]:
        """Left and right."""
        return (self.real, self.made) if self.real_left else (self.made, self.real)


class Telling:
    """Pairs of the models whose real pictures are known by record; which of them are on this machine turns out when
    they are asked for."""

    def __init__(self, specimens: Specimens, real: Mapping[str, RealPictures]) -> None:
        self._specimens = specimens
        self._real = {name: found for name, found in real.items() if name in specimens.classes}
        self._kept = lru_cache(maxsize=KEPT)(self._made)

    @property
    def names(self) -> tuple[str, ...]:
        """The models."""
        return tuple(self._real)

    def shows(self, model: object) -> str | None:
        """What there is to tell from a model's generated pictures on this machine: its REAL ones; else those as it
        has REMEMBERED them; or nothing."""
        real = self._found(model)
        if real.are_here:
            return REAL
        kept = (self._specimens.studio.remembered(str(model), record) for record in real.sampled)
        return REMEMBERED if any(picture is not None for picture in kept) else None

    def known(self, model: object) -> Curve | None:
        """The critic's curve over all real pictures held out from its training and as many of its generator's, from the
        quantiles that the checkpoint keeps; None where it keeps none."""
        self._found(model)
        with self._specimens.studio.working(str(model)) as opened:
            calibration = opened.calibration
        if calibration is None or not calibration.real:
            return None
        both = [*calibration.real, *calibration.generated]
        return roc(both, [True] * len(calibration.real) + [False] * len(calibration.generated))

    def pair(self, model: object, round_: object, number: object) -> Pair:
        """A pair by its number in a round of ten; ClassroomError if there is no such pair, or no real picture here, nor
        a remembered one."""
        self._found(model)
        if type(round_) is not int or not 0 <= round_ < ROUNDS or type(number) is not int or not 0 <= number < PAIRS:
            raise ClassroomError("pair", "There is no such pair.")
        return self._kept(str(model), round_, number)

    def _made(self, name: str, round_: int, number: int) -> Pair:
        found = self._real[name]
        rng = np.random.default_rng([zlib.crc32(name.encode()), round_, number])
        record, real, is_remembered = self._drawn(name, rng)
        classes = self._specimens.classes[name]
        named = found.kinds.get(record)
        label = classes.index(named) if named in classes else int(rng.integers(max(len(classes), 1)))
        seed = int(rng.integers(1_000_000))
        recipe = replace(self._specimens.recipe(name, seed, label), psi=1.0)  # as the critic's calibration was made
        made = self._specimens.studio.render(recipe, critic="none").raw
        with self._specimens.studio.working(name) as opened:
            size = opened.resolution
            real = fitted(real, size, opened.img_channels == 1)
            known = [label] if named in classes else list(range(len(classes)))
            scores = tuple(_logit(opened, picture, known) for picture in (real, made))
        source = found.index.link(record)
        both = (scores[0], scores[1])
        return Pair(real, made, bool(rng.integers(2)), record, source, seed, both, is_remembered)

    def result(self, model: object, round_: object, answers: object) -> dict[str, Any]:
        """Ten answers (CERTAINTIES) scored beside the critic: how many pairs were right, and the curves of both."""
        if not isinstance(answers, list) or len(answers) != PAIRS or not all(a in CERTAINTIES for a in answers):
            raise ClassroomError("answers", "There are {count} answers to give first.", count=PAIRS)
        pairs = [self.pair(model, round_, number) for number in range(PAIRS)]
        yours = [(answer if pair.real_left else -answer) for answer, pair in zip(answers, pairs, strict=True)]
        known = self.known(model)
        truth = [True, False] * PAIRS
        return {
            "you": {"right": sum(y > 0 for y in yours)} | roc([s for y in yours for s in (y, -y)], truth).told(),
            "critic": {"right": sum(p.scores[0] > p.scores[1] for p in pairs)}
            | roc([score for pair in pairs for score in pair.scores], truth).told(),
            "known": None if known is None else known.told(),
        }

    def _drawn(self, name: str, rng: np.random.Generator) -> tuple[str, Array, bool]:
        real = self._real[name]
        all_records = real.index.records
        records = [all_records[place] for place in rng.integers(len(all_records), size=LOOKED_UP)]
        for record in records:
            if (picture := real.picture(record)) is not None:
                return record, picture, False
        if (kept := self._specimens.studio.remembered(name, records[0])) is not None:
            return records[0], kept, True
        raise ClassroomError("not_here", "The real pictures of this model are not on this machine.")

    def _found(self, model: object) -> RealPictures:
        if not isinstance(model, str) or model not in self._real:
            raise ClassroomError("no_model", "This lesson knows no such model.")
        return self._real[model]


def fitted(picture: Array, size: int, grey: bool) -> Array:
    """A real picture as its network was shown it: a few pixels too small, it gets a rim of nothing; else it is resized
    by Lanczos. H×W×3 in [0, 1] → size×size×3, all channels alike where `grey`."""
    height, width = picture.shape[:2]
    if size * 7 // 8 <= height <= size and size * 7 // 8 <= width <= size:
        top, left = (size - height) // 2, (size - width) // 2
        rim = np.zeros((size, size, 3), np.float32)
        rim[top : top + height, left : left + width] = picture
        picture = rim
    else:
        image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
        picture = np.asarray(image.resize((size, size), Image.Resampling.LANCZOS), np.float32) / np.float32(255)
    return np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2) if grey else picture


def _logit(model: Model, picture: Array, labels: Sequence[int]) -> float:
    """The critic's logit; the highest over the classes where several are possible."""
    image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] * 2 - 1
    if model.img_channels == 1:
        image = image.mean(dim=1, keepdim=True)
    if not labels:
        return float(model.criticize(image, None)[0])
    return max(float(model.criticize(image, [label])[0]) for label in labels)
