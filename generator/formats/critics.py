"""A discriminator that does not open must not keep its generator from being shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from generator.errors import CheckpointError

from .reading.content import Content

_T = TypeVar("_T")


def if_it_opens(asked: Content | None, read: Callable[[], _T | None]) -> tuple[_T | None, str]:
    """What `read` gives, and a note for the model where that is None because of what is in the file.

    `asked`: the file that was given for the discriminator alone, None if it lies beside the generator. CheckpointError
    for one that was asked for: leaving it out would not be what was wanted.
    """
    try:
        return read(), ""
    except CheckpointError as error:
        if asked is not None:
            raise
        return None, f"Its discriminator was left out. {error}"
