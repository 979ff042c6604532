"""What a file holds, as plain values: the one thing that every format looks at. Nothing of it was ever run."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from generator.errors import CheckpointError

from .limits import MAX_DIRECTORY, MAX_FILE, Budget, MalformedError, UnknownNameError
from .names import is_known
from .source import Region, Source
from .torch_legacy import MAGIC, read_blob, read_legacy
from .torch_zip import LOCAL, read_zip
from .tree import Tree
from .unpickle import unpickle
from .values import Inert, Persistent

__all__ = ["Content", "Inert", "Persistent", "read_content"]

# First bytes of files that people mistake for checkpoints.
OTHERS = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"RIFF": "a picture or a sound (RIFF)",
    b"\x1f\x8b": "a gzip archive, which has to be unpacked first",
    b"7z\xbc\xaf": "a 7z archive, which has to be unpacked first",
    b"Rar!": "a RAR archive, which has to be unpacked first",
    b"BZh": "a bzip2 archive, which has to be unpacked first",
    b"\xfd7zXZ": "an xz archive, which has to be unpacked first",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive, which has to be unpacked first",
    b"\x89HDF": "an HDF5 file (Keras), which this program does not read",
    b"\x93NUMPY": "an array of NumPy's and no network",
    b"GGUF": "a language model (GGUF)",
    b"version https://git-lfs": "a pointer of Git LFS: the file itself was not downloaded",
}
FAMILIAR = {
    "dnnlib.tflib": "a TensorFlow network", "tfutil": "a TensorFlow network", "tensorflow": "a TensorFlow network",
    "__main__": "a whole module",
}  # fmt: skip

TAR = 257  # where the mark of a tar archive stands

# What a reader may trip over in a file that contradicts itself; each is the file's fault and none the program's.
BROKEN = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError, RecursionError, struct.error)


@dataclass(frozen=True)
class Content:
    """A file as data.

    `kind`: "nvidia" (a pickle of persistent modules), "torch" (torch.save, old or new), "safetensors", "pickle".
    `root`: a tree of dict (str or int keys), list, tuple, set, str, bytes, bool, int, float, None, Tensor (on the CPU,
    inside its storage), Inert and Persistent, without cycles and of bounded depth; for safetensors a dict of tensors.
    `metadata`: the texts in a safetensors header. `found`: of a file that was converted, what its format's search had
    found then (`Family.found`): any JSON, to be checked.
    """

    path: Path
    kind: str
    root: Any
    metadata: dict[str, str] = field(default_factory=dict)
    found: Any = None


def read_content(path: Path) -> Content:
    """The file as data; nothing that it names or carries is imported, compiled or run.

    Memory: one copy of its tensors. Raises CheckpointError, one sentence: empty, truncated, too large, of another
    kind, or naming what no format needs.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no file {path.name} in {path.parent.name or path.parent}.")
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return _read(path, Region(file.fileno(), 0, size), file.read(64))
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror}).") from None


def _read(path: Path, region: Region, head: bytes) -> Content:
    if not region.length:
        raise CheckpointError(f"{path.name} is empty.")
    if region.length > MAX_FILE:
        megabytes, most = region.length >> 20, MAX_FILE >> 20
        raise CheckpointError(f"{path.name} has {megabytes:,} MB; this program reads up to {most:,} MB.")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise CheckpointError(f"{path.name} is a web page, not the file that it links to.")
    for beginning, what in OTHERS.items():
        if head.startswith(beginning):
            raise CheckpointError(f"{path.name} is {what}.")
    if b"\x12\x07pytorch" in head[:32]:
        raise CheckpointError(
            f"{path.name} is an ONNX file, which this program does not read: open the checkpoint that it was made from."
        )
    if region.length > TAR + 8 and region.part(TAR, 5).read() == b"ustar":
        raise CheckpointError(f"{path.name} is a tar archive, which has to be unpacked first.")
    if head[8:9] == b"{":
        return _read_safetensors(path, region.length, head)
    budget = Budget(region.length)
    tree = Tree(budget, load=None, nested=lambda part: read_blob(part, budget))
    try:
        kind, root = _read_tree(region, head, budget, tree)
    except UnknownNameError as error:
        raise CheckpointError(_unknown(path, error)) from None
    except MalformedError as error:
        raise CheckpointError(_malformed(path, head, str(error))) from None
    except BROKEN:
        raise CheckpointError(_malformed(path, head, "a value in it is not what it should be")) from None
    except MemoryError:
        raise CheckpointError(f"{path.name} does not fit this machine's memory.") from None
    if isinstance(root, Inert) and not root.state and not is_known(root.module, root.name):
        raise CheckpointError(_unknown(path, UnknownNameError(root.module, root.name)))
    return Content(path, "nvidia" if tree.persistent else kind, root)


def _read_tree(region: Region, head: bytes, budget: Budget, tree: Tree) -> tuple[str, Any]:
    if head.startswith(LOCAL):
        return "torch", read_zip(region, budget, tree)
    source = Source(region)
    raw = unpickle(source, budget)
    if type(raw) is int and raw == MAGIC:
        return "torch", read_legacy(source, budget, tree)
    return "pickle", tree.make(raw)


def _malformed(path: Path, head: bytes, reason: str) -> str:
    if not head.startswith((LOCAL, b"\x80")):  # nothing says that it is a pickle of protocol 0 or 1, but it may be
        what = ""
        if not set(head) & set(range(9)):  # no byte that a text never has
            what = " but a text, perhaps a message in its place"
        return f"{path.name} is neither a torch file nor a pickle nor a safetensors file{what}."
    return f"{path.name} is no whole {'torch file' if head.startswith(LOCAL) else 'pickle or torch file'}: {reason}."


def _unknown(path: Path, error: UnknownNameError) -> str:
    what = next((what for start, what in FAMILIAR.items() if error.dotted.startswith(start)), "")
    way_out = "the network's state_dict() would be read"
    if "TensorFlow" in what:
        way_out = "what NVIDIA's legacy.py makes of it would be read"
    return (
        f"{path.name} names {error.dotted}{what and f' ({what})'}, which this program does not know; "
        f"nothing of the file was run, {way_out}."
    )


def _read_safetensors(path: Path, size: int, head: bytes) -> Content:
    length = struct.unpack("<Q", head[:8])[0]
    if length > min(size - 8, MAX_DIRECTORY):
        raise CheckpointError(f"{path.name} is no whole safetensors file: its header has {length:,} bytes.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return Content(path, "safetensors", tensors, dict(file.metadata() or {}))
    except (SafetensorError, *BROKEN) as error:
        raise CheckpointError(f"{path.name} is no whole safetensors file ({str(error)[:100]}).") from None
