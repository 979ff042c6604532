"""Every name that a file may use. None is ever looked up: a name here means that the reader knows what to note."""

from __future__ import annotations

import re
from typing import NamedTuple

import torch

from .limits import UnknownNameError


class Name(NamedTuple):
    """A class or function of another program: where it would be, and what it is called there."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class UnknownName(Name):
    """A name that is not on the list. It may only be that of a class, whose instances are kept as their attributes."""


PERSISTENT = Name("torch_utils.persistence", "_reconstruct_persistent_obj")
LOAD_FROM_BYTES = Name("torch.storage", "_load_from_bytes")
REBUILD_TENSOR = Name("torch._utils", "_rebuild_tensor")
REBUILD_TENSOR_V2 = Name("torch._utils", "_rebuild_tensor_v2")
REBUILD_PARAMETER = Name("torch._utils", "_rebuild_parameter")
REBUILD_PARAMETER_WITH_STATE = Name("torch._utils", "_rebuild_parameter_with_state")
SIZE = Name("torch", "Size")
ENCODE = Name("_codecs", "encode")
RECONSTRUCTOR = Name("copyreg", "_reconstructor")
NDARRAY = Name("numpy", "ndarray")
DTYPE = Name("numpy", "dtype")
BYTES, BYTEARRAY = Name("builtins", "bytes"), Name("builtins", "bytearray")
SCALAR = Name("numpy.core.multiarray", "scalar")
RECONSTRUCT = Name("numpy.core.multiarray", "_reconstruct")
FROMBUFFER = Name("numpy.core.numeric", "_frombuffer")

# The storages that torch.save names, and what lies in them.
STORAGES: dict[Name, torch.dtype] = {
    Name("torch", f"{kind}Storage"): dtype
    for kind, dtype in {
        "Double": torch.float64, "Float": torch.float32, "Half": torch.float16, "BFloat16": torch.bfloat16,
        "Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8,
        "Bool": torch.bool,
    }.items()
}  # fmt: skip

MAPPINGS = {
    Name("collections", "OrderedDict"), Name("collections", "defaultdict"), Name("dnnlib.util", "EasyDict"),
    Name("dnnlib", "EasyDict"), Name("builtins", "dict"),
    Name("collections", "Counter"),  # the milestones of a learning-rate schedule
}  # fmt: skip
CONTAINERS: dict[Name, type[set[object]] | type[list[object]]] = {
    Name("builtins", "set"): set, Name("builtins", "frozenset"): set, Name("builtins", "list"): list,
}  # fmt: skip
CALLED = {
    PERSISTENT, LOAD_FROM_BYTES, REBUILD_TENSOR, REBUILD_TENSOR_V2, REBUILD_PARAMETER, REBUILD_PARAMETER_WITH_STATE,
    SIZE, ENCODE, RECONSTRUCTOR, NDARRAY, DTYPE, SCALAR, RECONSTRUCT, FROMBUFFER, BYTES, BYTEARRAY,
}  # fmt: skip

# Classes whose instances are kept as a name and its attributes, and types that stand for themselves.
INERT = {
    Name("argparse", "Namespace"), Name("models.utils.config", "BaseConfig"), Name("torch", "device"),
    Name("builtins", "slice"), Name("builtins", "range"), Name("builtins", "complex"),
    Name("pathlib", "PosixPath"), Name("pathlib", "WindowsPath"), Name("pathlib", "PurePosixPath"),
    Name("pathlib", "PureWindowsPath"), Name("pathlib._local", "PosixPath"), Name("pathlib._local", "WindowsPath"),
}  # fmt: skip
TYPES = {
    *(Name("builtins", name) for name in ("object", "int", "float", "bool", "str", "tuple", "type")),
    *(Name("torch", str(dtype).removeprefix("torch.")) for dtype in STORAGES.values()),
    Name("torch", "Tensor"), Name("torch.nn.parameter", "Parameter"),
}  # fmt: skip
TORCH_MODULE = re.compile(r"torch\.nn\.modules\.[a-z]{1,30}")  # nn.ReLU and its like
IDENTIFIER = re.compile(r"[A-Za-z_]\w{0,60}", re.ASCII)
MODULE = re.compile(r"[A-Za-z_][\w.]{0,150}", re.ASCII)
CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,60}")

# Modules of Python itself: a checkpoint that needs more of them than is listed here is up to something.
CORE = {
    "builtins", "__builtin__", "os", "posix", "nt", "sys", "subprocess", "importlib", "runpy", "code", "pty", "socket",
    "shutil",
}  # fmt: skip

# Python 2 and other versions of NumPy have other names for the same.
MOVED = {
    "__builtin__": "builtins", "copy_reg": "copyreg", "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
}  # fmt: skip

KNOWN = {*MAPPINGS, *CONTAINERS, *CALLED, *INERT, *TYPES, *STORAGES}


def is_torch_module(name: Name) -> bool:
    """Whether it is a class of torch.nn, of which any may stand inertly inside an NVIDIA file."""
    return bool(TORCH_MODULE.fullmatch(name.module) and CLASS_NAME.fullmatch(name.name))


def is_known(module: str, name: str) -> bool:
    """Whether a name is on the list."""
    found = Name(module, name)
    return found in KNOWN or is_torch_module(found)


def noted(module: str, name: str) -> Name:
    """The name as a note; one that is not on the list is an UnknownName. Nothing is imported.

    UnknownNameError for what cannot be a class's own name, such as a path through attributes.
    """
    found = Name(MOVED.get(module, module), name)
    if found in KNOWN or is_torch_module(found):
        return found
    if not (IDENTIFIER.fullmatch(name) and MODULE.fullmatch(module)) or module.partition(".")[0] in CORE:
        raise UnknownNameError(module, name)
    return UnknownName(*found)
