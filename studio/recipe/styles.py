"""The styles of a picture, given layer by layer: `Recipe.ws`, as projection and dragging make them.

Kept as the bytes of float32: a StyleGAN of 1024 px takes 18×512 of them, which as Python's numbers would weigh eight
times as much in each key of a cache. In JSON they are rows of numbers; in a link, one short text:

    h128:4.6:AAAA…      width 128; two rows that stand 4 and 6 times; float16 in URL-safe base64 ("f": float32)

A row that is repeated is written once, and float16 is used only where it holds every number exactly, so that a link
is the same picture to the last bit. `Styles.rounded` makes it so, for those who would rather have a short link.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RecipeError
from .kinds import shown

MAX_ROWS = 64  # no StyleGAN has more than 18; the model has the last word
MAX_WIDTH = 4096
MAX_NUMBERS = 32 * 1024
LARGEST = 10_000.0  # of a w that any network was seen to have, by a factor of a hundred
KINDS = {"h": "<f2", "f": "<f4"}
TEXT = re.compile(r"([hf])(\d{1,4}):(\d{1,2}(?:\.\d{1,2})*):([\w-]+)", re.ASCII)
BROKEN = "The styles (ws) in this link are broken."


@dataclass(frozen=True)
class Styles:
    """Rows of w, one a layer: `data` is N×`width` float32, little-endian. Made by `Styles.of` or `Styles.from_text`."""

    data: bytes
    width: int

    @classmethod
    def of(cls, values: object) -> Styles:
        """From rows of numbers, an array N×W or other Styles; RecipeError for another shape, anything that is no finite
        number from −10,000 to 10,000, and more than 64 rows, 4096 columns or 32,768 numbers."""
        if isinstance(values, Styles):
            return values
        array = values if isinstance(values, np.ndarray) else _array(values)
        if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.size:
            raise _refuse("rows of numbers of one length")
        rows, width = array.shape
        if rows > MAX_ROWS or width > MAX_WIDTH or array.size > MAX_NUMBERS:
            raise _refuse(f"at most {MAX_ROWS} rows of {MAX_WIDTH} numbers, and {MAX_NUMBERS} in all")
        if not (np.abs(array) <= LARGEST).all():  # false for NaN as well
            raise _refuse(f"finite numbers from {-LARGEST:.0f} to {LARGEST:.0f}")
        return cls((array.astype("<f4") + np.float32(0)).tobytes(), width)  # −0.0 becomes 0.0: equal must read the same

    @property
    def array(self) -> NDArray[np.float32]:
        """N×W float32, read-only."""
        return np.frombuffer(self.data, "<f4").reshape(-1, self.width)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and their width."""
        return len(self.data) // (4 * self.width), self.width

    def rounded(self) -> Styles:
        """With every number as float16 has it, 3 to 4 digits: half as long in a link, and a picture that is hardly
        another one."""
        return Styles.of(self.array.astype(np.float16).astype(np.float32))

    def to_json(self) -> list[list[float]]:
        """The rows as lists of the shortest decimal numbers that are the same again in float32."""
        return [[float(number) for number in row] for row in self.array.astype("U32").tolist()]

    def to_text(self) -> str:
        """The short text of a link."""
        starts = [0, *(i for i in range(1, len(self.array)) if not np.array_equal(self.array[i], self.array[i - 1]))]
        times = np.diff([*starts, len(self.array)])
        rows = self.array[starts]
        with np.errstate(over="ignore"):
            half = rows.astype("<f2")
        kind, packed = ("h", half) if np.array_equal(half.astype("<f4"), rows) else ("f", rows)
        text = base64.urlsafe_b64encode(packed.tobytes()).decode().rstrip("=")
        return f"{kind}{self.width}:{'.'.join(map(str, times))}:{text}"

    @classmethod
    def from_text(cls, text: str) -> Styles:
        """What `to_text` wrote; RecipeError."""
        found = TEXT.fullmatch(text)
        if not found:
            raise RecipeError(BROKEN)
        kind, width, times = found[1], int(found[2]), [int(number) for number in found[3].split(".")]
        try:
            data = base64.b64decode(found[4] + "=" * (-len(found[4]) % 4), altchars=b"-_", validate=True)
            rows = np.frombuffer(data, KINDS[kind]).reshape(len(times), width)
        except (binascii.Error, ValueError):
            raise RecipeError(BROKEN) from None
        if not 1 <= sum(times) <= MAX_ROWS or not all(times):
            raise RecipeError(BROKEN)
        return cls.of(np.repeat(rows.astype(np.float32), times, axis=0))


def _array(values: Any) -> NDArray[np.float64]:
    """Nested sequences of real numbers as an array; RecipeError for anything else, before NumPy guesses at it."""
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise _refuse("rows of numbers", values)
    if not all(isinstance(row, Sequence) and not isinstance(row, (str, bytes)) for row in values):
        raise _refuse("rows of numbers")
    if len(values) > MAX_ROWS or sum(map(len, values)) > MAX_NUMBERS or len({len(row) for row in values}) > 1:
        raise _refuse(f"rows of one length, {MAX_NUMBERS} numbers at most")
    for row in values:
        for number in row:
            if isinstance(number, bool) or not isinstance(number, Real):
                raise _refuse("rows of numbers", number)
    try:
        return np.array(values, dtype=np.float64)
    except (OverflowError, ValueError, TypeError):
        raise _refuse("numbers of a usual size") from None


def _refuse(wanted: str, came: object = None) -> RecipeError:
    return RecipeError(f"Styles (ws) must be {wanted}{'' if came is None else f', not {shown(came)}'}.")
