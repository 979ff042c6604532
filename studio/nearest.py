""" "Have I seen this before?": the training pictures that a generated picture comes nearest to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generator import GeneratorError, Model
from generator.companions import open_autoencoder
from generator.measuring import (
    AUTOENCODER,
    INDEX_FILE,
    REMEMBERED_FILE,
    FeatureNetwork,
    Index,
    Match,
    Remembered,
    feature_network,
    open_index,
    open_remembered,
)

from .cache import BoundedCache
from .errors import StudioError
from .training_pictures import read_picture

Array = NDArray[np.float32]
MAX_NEAREST = 24
OPEN_INDICES = 3
COPY = 0.99  # share of held-out pictures beyond which nearness is remarkable
VOTES = 8  # nearest training pictures that say which class a picture is taken for
USUAL = 0.9  # and up to which it is what real pictures have


@dataclass(frozen=True, eq=False)
class TrainingPicture:
    """A training picture near a generated one.

    `record`: its name in the training data, `number`: the number in that name. `distance`: of their features, in the
    index's own unit. `closer_than`: share of held-out real pictures that are farther from their own nearest training
    picture, 0 … 1: near 1, it may be a copy. `picture` H×W×3 in [0, 1] where the data are on this machine; elsewhere
    as the model remembers it, then it `is_remembered`, or None. `source`, a link to it, where one is known.
    """

    record: str
    number: int | None
    distance: float
    closer_than: float
    picture: Array | None
    source: str | None
    is_remembered: bool = False

    def report(self) -> dict[str, Any]:
        """JSON-able, without the picture."""
        return {
            "record": self.record,
            "number": self.number,
            "distance": round(self.distance, 3),
            "closer_than": round(self.closer_than, 4),
            "has_picture": self.picture is not None and not self.is_remembered,
            "is_remembered": self.is_remembered,
            "source": self.source,
        }


def nearness_words(closer_than: float) -> str:
    """A sentence for the share (0 … 1) of held-out pictures that are farther from their nearest training picture."""
    percent = f"{100 * max(closer_than, 1 - closer_than):.0f} %"
    if closer_than > COPY:
        return "Suspiciously close: nearly all real pictures that were held back are farther from theirs. A copy?"
    if closer_than > USUAL:
        return f"Closer to its nearest training picture than usual: {percent} of held-back real ones are farther away."
    if closer_than < 1 - COPY:
        return "No copy: farther from its nearest training picture than nearly all held-back real ones from theirs."
    if closer_than < 1 - USUAL:
        return f"Farther from its nearest training picture than usual: {percent} of held-back real ones are closer."
    return (
        "About as close to its nearest training picture as real ones that were held back are to theirs: "
        f"{100 * closer_than:.0f} % of those are farther, the others closer."
    )


def has_index(folder: Path) -> bool:
    """Whether the checkpoint in `folder` brings an index of its training pictures."""
    return (folder / INDEX_FILE).is_file()


class Lookup:
    """The indices of checkpoints and the networks that they are searched with, opened when first asked for."""

    def __init__(self) -> None:
        self._open: BoundedCache[Path, tuple[Index, FeatureNetwork]] = BoundedCache(OPEN_INDICES)
        self._remembered: BoundedCache[Path, Remembered] = BoundedCache(OPEN_INDICES)

    def search(self, folder: Path, raw: Array, grey: bool, k: int) -> tuple[Index, list[Match]]:
        """The index of the checkpoint in `folder`, and the k records nearest to a picture H×W×3 in [0, 1].

        Uses torch: the caller holds its lock. StudioError if there is no index, it is broken, or its network is not
        installed; or for k out of 1 … MAX_NEAREST.
        """
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_NEAREST:
            raise StudioError(f"From 1 to {MAX_NEAREST} nearest training pictures can be shown, not {k!r}.")
        try:
            index, network = self._opened(folder)
            picture = torch.from_numpy(raw.copy()).permute(2, 0, 1)[None] * 2 - 1
            features = network(picture.mean(dim=1, keepdim=True) if grey else picture)[0]
            return index, index.nearest(features, k)
        except GeneratorError as error:
            raise StudioError(f"The training pictures of {folder.name} cannot be searched: {error}") from None

    def label(self, folder: Path, picture: Array, grey: bool) -> int | None:
        """The class that most of the VOTES records nearest to a picture H×W×3 in [0, 1] have, of as many the nearest's.
        None where the records' classes are not known. As `search` for the rest."""
        codes = self._codes(folder)
        if codes is None or not has_index(folder):
            return None
        _, matches = self.search(folder, picture, grey, VOTES)
        rows = [row for match in matches if (row := codes.find(match.record)) is not None]
        return Counter(codes.labels[rows].tolist()).most_common(1)[0][0] if rows else None

    def remember(self, folder: Path, model: Model, records: Sequence[str]) -> dict[str, Array]:
        """Those of these training pictures that the model, or the autoencoder beside it, remembers, H×W×3 in [0, 1], as
        it paints them again from their codes. Uses torch: the caller holds its lock.

        Nothing where no codes lie in the folder, or they are another version's: it would paint something else.
        """
        try:
            codes = self._codes(folder)
            if codes is None or (codes.name, codes.version) != (model.name, model.version):
                return {}
            rows = {record: row for record in records if (row := codes.find(record)) is not None}
            if not rows:
                return {}
            painted = _paint(codes, [*rows.values()], folder, model)
        except GeneratorError as error:
            raise StudioError(f"The training pictures that {folder.name} remembers cannot be shown: {error}") from None
        shown = (painted.float().clamp(-1, 1) / 2 + 0.5).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).cpu().numpy()
        return dict(zip(rows, shown, strict=True))

    def _codes(self, folder: Path) -> Remembered | None:
        if (known := self._remembered.get(folder)) is None and (folder / REMEMBERED_FILE).is_file():
            known = open_remembered(folder)
            self._remembered.put(folder, known, 1)
        return known

    def _opened(self, folder: Path) -> tuple[Index, FeatureNetwork]:
        if (known := self._open.get(folder)) is not None:
            return known
        index = open_index(folder)
        network = feature_network(index.network, folder)
        self._open.put(folder, (index, network), 1)
        return index, network


def _paint(codes: Remembered, rows: list[int], folder: Path, model: Model) -> torch.Tensor:
    """Pictures N×C×R×R, about [−1, 1], of these rows."""
    if codes.by == AUTOENCODER:
        autoencoder = open_autoencoder(folder)
        return autoencoder.decode(codes.tables(rows, autoencoder.side))
    labels = codes.labels[rows].tolist() if model.classes else None
    return model.synthesize(model.map(codes.latents(rows), labels))


def with_pictures(index: Index, matches: list[Match]) -> list[TrainingPicture]:
    """The matches with what there is to see of them on this machine: pictures, links."""
    return [
        TrainingPicture(
            match.record,
            match.number,
            match.distance,
            match.closer_than,
            read_picture(match.record),
            index.link(match.record),
        )
        for match in matches
    ]


def with_remembered(found: list[TrainingPicture], remembered: Mapping[str, Array]) -> list[TrainingPicture]:
    """The same, and in place of pictures that are not here those that are remembered."""
    return [
        replace(each, picture=remembered[each.record], is_remembered=True)
        if each.picture is None and each.record in remembered
        else each
        for each in found
    ]
