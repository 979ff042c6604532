"""The error of this room: one sentence that names the file or the setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pictures import PicturesError


class TrainingError(ValueError):
    """Data, settings or a saved state that training cannot use."""


@contextmanager
def our_errors() -> Iterator[None]:
    """Pictures that cannot be read are data that training cannot use."""
    try:
        yield
    except PicturesError as error:
        raise TrainingError(str(error)) from None
