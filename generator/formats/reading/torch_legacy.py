"""torch.save before 1.6, and the blobs inside NVIDIA's pickles: five pickles in a row, then the storages' bytes.

They are a magic number, the protocol's version, the writer's machine, the value itself, and the storages' keys.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .limits import Budget, MalformedError
from .source import Region, Source
from .storages import stored
from .tensors import read_storage
from .tree import Tree
from .unpickle import Unpickler, unpickle

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


def read_blob(region: Region, budget: Budget) -> Any:
    """The tree of a whole old torch file that lies inside another file; it may not hold a further one."""
    source = Source(region)
    if unpickle(source, budget) != MAGIC:
        raise MalformedError("a blob in it is no torch file")
    return read_legacy(source, budget, Tree(budget, load=None, nested=None))


def read_legacy(source: Source, budget: Budget, tree: Tree) -> Any:
    """The tree of an old torch file, from behind its magic number. Raises MalformedError, UnknownNameError."""
    version, machine = unpickle(source, budget), unpickle(source, budget)
    if version != PROTOCOL or not isinstance(machine, dict):
        raise MalformedError("it is a torch file of an unknown version")
    if machine.get("little_endian") is not True:
        raise MalformedError("its numbers are in another byte order")
    pickled = Unpickler(source, budget)
    root = pickled.load()
    kinds: dict[str, tuple[torch.dtype, int]] = {}
    for pid in pickled.stored:
        dtype, key, count = stored(pid)
        if kinds.setdefault(key, (dtype, count)) != (dtype, count):
            raise MalformedError(f"its storage {key[:20]} is of two kinds")
    parts = _parts(source, unpickle(source, budget), kinds)
    loaded: dict[str, Tensor] = {}

    def load(pid: object) -> Tensor:
        dtype, key, _ = stored(pid)
        if key not in parts:
            raise MalformedError(f"its storage {key[:20]} is missing")
        if key not in loaded:
            loaded[key] = read_storage(parts[key], dtype, budget)
        return loaded[key]

    tree.load = load
    return tree.make(root)


def _parts(source: Source, keys: object, kinds: dict[str, tuple[torch.dtype, int]]) -> dict[str, Region]:
    """Key → bytes of every storage, each written behind its number of elements."""
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in kinds for key in keys):
        raise MalformedError("it lists storages that nothing in it uses")
    parts: dict[str, Region] = {}
    for key in keys:
        dtype, count = kinds[key]
        if source.number("<q") != count or key in parts:
            raise MalformedError(f"its storage {key[:20]} has another size than it says")
        parts[key] = source.take(count * dtype.itemsize)
    return parts
