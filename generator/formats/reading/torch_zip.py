"""torch.save since 1.6: a zip archive of stored (never compressed) files, data.pkl and data/0, data/1, …

The archive's directory is read here and not by `zipfile`, which takes it whole into memory before it can be judged.
"""

from __future__ import annotations

import struct
from typing import Any

import torch
from torch import Tensor

from .limits import MAX_DIRECTORY, MAX_ENTRIES, Budget, MalformedError
from .source import Region, Source
from .storages import stored
from .tensors import read_storage
from .tree import Tree
from .unpickle import unpickle

END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
FILE, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
PACKED = (".pkl", ".pt", ".pth", ".safetensors", ".bin", ".ckpt", ".tar")  # what people zip
FULL = 0xFFFFFFFF  # a size or an offset that stands in the zip64 field instead


def read_zip(region: Region, budget: Budget, tree: Tree) -> Any:
    """The tree in a torch archive. Raises MalformedError, UnknownNameError."""
    files, packed = _files(region)
    names = [*files, *packed]
    pickles = [name for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise MalformedError(_instead(names))
    prefix = pickles[0].removesuffix("data.pkl")
    if prefix + "constants.pkl" in names or any(name.startswith(prefix + "code/") for name in names):
        raise MalformedError("it is a TorchScript program, which would have to be run; save its state_dict()")
    if packed:
        raise MalformedError("it is a compressed or encrypted archive, which torch never writes")
    order = files.get(prefix + "byteorder")
    if order is not None and (order.length > 16 or order.read() != b"little"):
        raise MalformedError("its numbers are in another byte order")
    loaded: dict[str, tuple[torch.dtype, Tensor]] = {}

    def load(pid: object) -> Tensor:
        dtype, key, count = stored(pid)
        if key not in loaded:
            part = files.get(f"{prefix}data/{key}")
            if part is None or part.length != count * dtype.itemsize:
                raise MalformedError(f"its storage {key[:20]} is missing or has another size")
            loaded[key] = (dtype, read_storage(part, dtype, budget))
        if loaded[key][0] != dtype or loaded[key][1].numel() != count:
            raise MalformedError(f"its storage {key[:20]} is of two kinds")
        return loaded[key][1]

    tree.load = load
    return tree.make(unpickle(Source(files[pickles[0]]), budget))


def _instead(names: list[str]) -> str:
    """What a zip archive is that torch did not write."""
    held = [name.rpartition("/")[2] for name in names if name[-1:] not in ("", "/") and "__MACOSX/" not in name]
    if inside := [name for name in held if name.lower().endswith(PACKED) and name[0] != "." and name != "data.pkl"]:
        shown = "".join(c if c.isprintable() else "?" for c in inside[0][:60])
        return f"it is a zip archive with {shown} in it: unpack it and open that"
    if any(name.endswith(".npy") for name in held):
        return "it holds NumPy's arrays (.npz) and no network"
    if "model.weights.h5" in held:
        return "it is a Keras model"
    return "it is a zip archive without a data.pkl"


def _files(region: Region) -> tuple[dict[str, Region], list[str]]:
    """Name → bytes of every file in the archive, together not more than the archive; and the names of those that are
    compressed or encrypted, which are not read."""
    start, length, count = _directory(region)
    if count > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise MalformedError("it is a zip archive of more files than any checkpoint needs")
    source = Source(region.part(start, length))
    files: dict[str, Region] = {}
    packed: list[str] = []
    total = 0
    for _ in range(count):
        name, part = _file(source, region)
        if name in files:
            raise MalformedError(f"it is a zip archive with two files {name[:60]!r}")
        if part is None:
            packed.append(name)
            continue
        total += part.length
        if total > region.length:
            raise MalformedError("it is a zip archive whose files overlap")
        files[name] = part
    return files, packed


def _directory(region: Region) -> tuple[int, int, int]:
    """Offset and bytes of the directory, and how many files it lists, from the record at the archive's end."""
    tail_at = max(0, region.length - (1 << 16) - 22)
    tail = region.part(tail_at, region.length - tail_at).read()
    found = tail.rfind(END)
    if found < 0 or found + 22 > len(tail):
        raise MalformedError("it ends in the middle")
    count, length, start = struct.unpack("<HII", tail[found + 10 : found + 20])
    at = tail_at + found
    if at >= 20 and (locator := region.part(at - 20, 20).read()).startswith(LOCATOR_64):
        record = region.part(struct.unpack("<Q", locator[8:16])[0], 56).read()
        if not record.startswith(END_64):
            raise MalformedError("its directory is not where it says")
        count, length, start = struct.unpack("<QQQ", record[32:56])
    return start, length, count


def _file(source: Source, region: Region) -> tuple[str, Region | None]:
    """The directory's next entry: a name, and where its bytes lie behind the header that they have of their own; None
    where they are compressed or encrypted."""
    head = source.read(46)
    flags, method = struct.unpack("<HH", head[8:12])
    packed, size, name_length, extra_length, comment_length = struct.unpack("<IIHHH", head[20:34])
    offset = struct.unpack("<I", head[42:46])[0]
    name = source.read(name_length).decode("utf-8", "replace")
    extra = source.read(extra_length)
    source.read(comment_length)
    if not head.startswith(FILE):
        raise MalformedError("its directory is broken")
    size, packed, offset = _zip64(extra, size, packed, offset)
    if method or flags & 1 or packed != size:
        return name, None
    local = region.part(offset, 30).read()
    if not local.startswith(LOCAL):
        raise MalformedError("its directory is broken")
    skipped = sum(struct.unpack("<HH", local[26:30]))
    return name, region.part(offset + 30 + skipped, size)


def _zip64(extra: bytes, *values: int) -> tuple[int, ...]:
    """The values, those that did not fit 32 bits taken in turn from the zip64 field (id 1)."""
    wide: list[int] = []
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1:
            wide = [int.from_bytes(extra[i : i + 8], "little") for i in range(4, 4 + length - length % 8, 8)]
        extra = extra[4 + length :]
    if values.count(FULL) > len(wide):
        raise MalformedError("its directory is broken")
    return tuple(wide.pop(0) if value == FULL else value for value in values)
