"""The bottleneck and the sentence: pictures as tables of codes, and a network that writes such tables code by code.

The autoencoder (a VQ-VAE, van den Oord et al. 2017, arXiv:1711.00937) squeezes a picture into whole numbers; the
recurrent network says how likely each number is to come next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import MAX_SEED, LatentError, Model, draw_z, open_checkpoint
from generator.companions import (
    AUTOENCODER_FILE,
    RECURRENT_FILE,
    OpenAutoencoder,
    OpenRecurrent,
    open_autoencoder,
    open_recurrent,
)

from .errors import ClassroomError

PSI = 0.7
LIKELIEST = 12  # codes whose chances are told
STEPS = 9  # pictures of a walk
SURVEYED = 60  # pictures that say which codes are used most

Array = NDArray[np.float32]


class Codes:
    """A small model with the autoencoder and the recurrent network beside it; both opened when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def model(self) -> Model:
        """The generator, whose pictures are squeezed."""
        return open_checkpoint(self._folder, precision="fp32")

    @cached_property
    def autoencoder(self) -> OpenAutoencoder:
        """Pictures ⇄ codes."""
        return open_autoencoder(self._folder)

    @cached_property
    def recurrent(self) -> OpenRecurrent:
        """Codes so far → the next."""
        return open_recurrent(self._folder)

    # ---- the bottleneck -------------------------------------------------------------------------------------------

    def picture(self, seed: object, label: object) -> Tensor:
        """The generator's picture 1×C×R×R in [−1, 1]. ClassroomError."""
        if type(seed) is not int or not 0 <= seed <= MAX_SEED:
            raise ClassroomError("seed", "A seed is a whole number from 0 to {most}.", most=MAX_SEED)
        labels = [self._label(label)] if self.model.classes else None
        ws = self.model.map(draw_z(seed, self.model.z_dim)[None], labels, psi=PSI)
        return self.model.synthesize(ws).clamp(-1, 1)

    def drawn(self, rows: object) -> Tensor:
        """A drawing, rows of grey values 0 … 255, as the autoencoder takes it. ClassroomError if it is no such drawing,
        or nothing is drawn."""
        side = self.model.resolution
        wrong = ClassroomError("drawing", "A drawing is {side} rows of {side} grey values.", side=side)
        if not isinstance(rows, list) or len(rows) != side:
            raise wrong
        if not all(isinstance(row, list) and len(row) == side for row in rows):
            raise wrong
        if not all(type(value) is int and 0 <= value <= 255 for row in rows for value in row):
            raise wrong
        picture = torch.tensor(rows, dtype=torch.float32) / 127.5 - 1
        if float(picture.max() - picture.min()) < 0.1:
            raise ClassroomError("nothing_drawn", "Draw something first.")
        return picture.expand(1, self.model.img_channels, side, side).contiguous()

    def encode(self, picture: Tensor) -> list[list[int]]:
        """The picture's codes, row by row."""
        return [[int(code) for code in row] for row in self.autoencoder.encode(picture)[0]]

    def decode(self, codes: object) -> Tensor:
        """What a table of codes stands for, 1×C×R×R. ClassroomError if it is no table of codes."""
        return self.autoencoder.decode(self._table(codes)).clamp(-1, 1)

    def narrow(self, codes: object, keep: object) -> list[list[int]]:
        """The same table when only the `keep` codes used most are left: each becomes the nearest of those."""
        table = self._table(codes)
        if type(keep) is not int or not 1 <= keep <= self.autoencoder.codes:
            raise ClassroomError("keep", "There are 1 to {most} codes to keep.", most=self.autoencoder.codes)
        book = self.autoencoder.network.codebook
        left = self._by_use[:keep]
        nearest = torch.cdist(book, book[left]).argmin(dim=1)
        return [[int(code) for code in row] for row in left[nearest][table[0]]]

    def walk(self, first: object, last: object) -> Tensor:
        """Pictures on the straight way between two tables, in the space of the codes' vectors: STEPS×C×R×R."""
        network = self.autoencoder.network
        with torch.inference_mode():
            a, b = (network.vectors(self._table(codes)) for codes in (first, last))
            ways = [torch.lerp(a, b, float(share)) for share in np.linspace(0, 1, STEPS)]
            return network.decoder(torch.cat(ways)).clamp(-1, 1)

    @staticmethod
    def lost(before: Tensor, after: Tensor) -> float:
        """Peak signal-to-noise ratio in decibels: 20 is rough, 30 hard to tell; 99 where nothing is lost."""
        error = float(((before - after) / 2).square().mean())
        return round(min(-10 * math.log10(max(error, 1e-12)), 99.0), 1)

    @cached_property
    def _by_use(self) -> Tensor:
        """All codes, the most used first, counted over pictures of all classes."""
        classes = max(len(self.model.classes), 1)
        pictures = torch.cat([self.picture(seed, seed % classes) for seed in range(SURVEYED)])
        counts = torch.bincount(self.autoencoder.encode(pictures).flatten(), minlength=self.autoencoder.codes)
        return counts.argsort(descending=True, stable=True)

    # ---- one piece after another ----------------------------------------------------------------------------------

    def chances(self, codes: object, label: object, temperature: object) -> list[tuple[int, float]]:
        """The likeliest codes to come next, with their chances (0 … 1) at this temperature, likeliest first. `codes`:
        those so far, in one row. ClassroomError."""
        so_far = self._prefix(codes)
        heat = _temperature(temperature)
        network = self.recurrent.network
        if so_far.shape[1] >= network.config.length:
            raise ClassroomError("written", "This picture is written; begin another.")
        with torch.inference_mode():
            before, above = network.neighbours(so_far)
            logits, _ = network.step(before, above, torch.tensor([self._label(label)]), 0)
            last = logits[0, -1].double()
            if heat == 0:
                return [(int(last.argmax()), 1.0)]
            shares = ((last - last.max()) / heat).softmax(dim=0)
        best = shares.topk(min(LIKELIEST, len(shares)))
        return [(int(code), round(float(share), 4)) for share, code in zip(best.values, best.indices, strict=True)]

    def write(
        self, codes: object, label: object, temperature: object, seed: object, count: int | None = None
    ) -> list[int]:
        """The codes so far and those that follow, drawn from `seed`: `count` more, or all. What is given stays.
        ClassroomError."""
        so_far = self._prefix(codes)
        heat = _temperature(temperature)
        try:
            whole = self.recurrent.sample([self._label(label)], temperature=heat, seed=seed, given=so_far)  # type: ignore[arg-type]
        except LatentError as error:
            raise ClassroomError("seed", "A seed is a whole number from 0 to {most}.", most=MAX_SEED) from error
        written = [int(code) for code in whole.flatten()]
        return written if count is None else written[: so_far.shape[1] + count]

    def so_far(self, codes: list[int]) -> Tensor:
        """The picture of codes written so far; what is not written yet is as empty as the code used most."""
        length = self.recurrent.network.config.length
        filled = [*codes, *[int(self._by_use[0])] * (length - len(codes))]
        return self.decode(torch.tensor(filled).view(self.autoencoder.side, -1).tolist())

    def _prefix(self, codes: object) -> Tensor:
        length, most = self.recurrent.network.config.length, self.autoencoder.codes
        if not isinstance(codes, list) or len(codes) > length:
            raise ClassroomError("codes", "These are no codes of this network.")
        if not all(type(code) is int and 0 <= code < most for code in codes):
            raise ClassroomError("codes", "These are no codes of this network.")
        return torch.tensor(codes, dtype=torch.long).view(1, -1)

    def _table(self, codes: object) -> Tensor:
        side, most = self.autoencoder.side, self.autoencoder.codes
        rows = codes if isinstance(codes, list) and len(codes) == side else None
        if rows is None or not all(isinstance(row, list) and len(row) == side for row in rows):
            raise ClassroomError("codes", "These are no codes of this network.")
        if not all(type(code) is int and 0 <= code < most for row in rows for code in row):
            raise ClassroomError("codes", "These are no codes of this network.")
        return torch.tensor(rows, dtype=torch.long)[None]

    def _label(self, label: object) -> int:
        if type(label) is not int or not 0 <= label < max(len(self.model.classes), 1):
            raise ClassroomError("class", "There is no such class here.")
        return label

    def told_of(self) -> dict[str, Any]:
        """What a page must know: rows of codes, how many different ones, classes, the picture's side."""
        return {
            "side": self.autoencoder.side,
            "codes": self.autoencoder.codes,
            "classes": list(self.model.classes),
            "resolution": self.model.resolution,
            "bits": round(math.log2(self.autoencoder.codes) * self.autoencoder.side**2),
        }


def find_codes(folders: Mapping[str, Path]) -> dict[str, Codes]:
    """The models that have an autoencoder and a recurrent network beside them."""
    both = (AUTOENCODER_FILE, RECURRENT_FILE)
    return {name: Codes(path) for name, path in folders.items() if all((path / file).is_file() for file in both)}


def _temperature(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 5:
        raise ClassroomError("temperature", "The temperature is a number from 0 to 5.")
    return float(value)
