"""How torch.save refers from its pickle to a storage beside it."""

from __future__ import annotations

import torch

from .limits import MalformedError
from .names import STORAGES, Name


def stored(pid: object) -> tuple[torch.dtype, str, int]:
    """Type, key and number of elements from ("storage", class, key, device, count[, None])."""
    if not isinstance(pid, tuple) or not 5 <= len(pid) <= 6 or pid[0] != "storage" or pid[5:] not in ((), (None,)):
        raise MalformedError("it refers to a storage in an unknown way")
    kind, key, _, count = pid[1:5]
    dtype = STORAGES.get(kind) if isinstance(kind, Name) else None
    if dtype is None or not isinstance(key, str) or type(count) is not int or not 0 <= count < 1 << 40:
        raise MalformedError("it refers to a storage in an unknown way")
    return dtype, key, count
