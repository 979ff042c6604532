"""Files as other programs write them, written here: NVIDIA's pickles, torch.save's two kinds, and pickles by hand."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from generator.formats.reading.content import Inert, Persistent

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"


class EasyDict(dict[str, Any]):
    """Stands for dnnlib's: a dict and no more."""


class BaseConfig:
    """Stands for pytorch_GAN_zoo's: an object with attributes."""


class Network:
    """Stands for dnnlib.tflib's: an object with attributes, its variables among them."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("only its name is written")


class Layer:
    """A module that is pickled as `torch_utils.persistence` does it: one dict with its source, its class, its state."""

    def __init__(
        self,
        class_name: str,
        *args: Any,
        parameters: Mapping[str, Tensor | None] | None = None,
        buffers: Mapping[str, Tensor] | None = None,
        modules: Mapping[str, Layer | nn.Module] | None = None,
        source: str = "",
        attributes: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        own = {k: None if v is None else nn.Parameter(v) for k, v in (parameters or {}).items()}
        self.meta = {
            "type": "class",
            "version": 6,
            "module_src": source,
            "class_name": class_name,
            "state": {
                "training": False,
                "_parameters": OrderedDict(own),
                "_buffers": OrderedDict(buffers or {}),
                "_non_persistent_buffers_set": set(),
                "_backward_hooks": OrderedDict(),
                "_modules": OrderedDict(modules or {}),
                "_init_args": args,
                "_init_kwargs": EasyDict(kwargs),
                **(attributes or {}),
            },
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _reconstruct_persistent_obj, (self.meta,)


def as_layer(module: Persistent) -> Layer:
    """What is read back as this module, to be pickled."""
    children = {name: as_layer(child) for name, child in module.modules.items() if isinstance(child, Persistent)}
    return Layer(
        module.class_name,
        *module.init_args,
        parameters=module.parameters,
        buffers=module.buffers,
        modules=children,
        attributes=module.state,
        **module.init_kwargs,
    )


def as_config(values: Inert) -> BaseConfig:
    """What is read back as these values of pytorch_GAN_zoo's, to be pickled."""
    made = BaseConfig()
    made.__dict__.update(values.state)
    return made


FOREIGN: dict[str, Any] = {
    "torch_utils.persistence": _reconstruct_persistent_obj,
    "dnnlib.util": EasyDict,
    "models.utils.config": BaseConfig,
    "dnnlib.tflib.network": Network,
}


@contextlib.contextmanager
def foreign_names() -> Iterator[None]:
    """Within, the stand-ins answer to the names that other programs have for them: those are what is written."""
    before = dict(sys.modules)
    names = {module: thing.__module__ for module, thing in FOREIGN.items()}
    for module, thing in FOREIGN.items():
        parts = module.split(".")
        for i in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:i]), ModuleType(".".join(parts[:i])))
        setattr(sys.modules[module], thing.__name__, thing)
        thing.__module__ = module
    try:
        yield
    finally:
        for module, thing in FOREIGN.items():
            thing.__module__ = names[module]
        for name in set(sys.modules) - set(before):
            if name.split(".")[0] in {module.split(".")[0] for module in FOREIGN}:
                del sys.modules[name]


def write_pickle(path: Path, value: object, protocol: int = 4) -> Path:
    """A plain pickle, with torch's storages as nested torch.save blobs, as NVIDIA's programs write it."""
    with foreign_names(), path.open("wb") as file:
        pickle.dump(value, file, protocol=protocol)
    return path


def write_torch(path: Path, value: object, legacy: bool = False, protocol: int = 2) -> Path:
    """torch.save, the zip archive or the row of pickles of before 1.6."""
    with foreign_names():
        torch.save(value, path, _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)
    return path


def torch_bytes(value: object, legacy: bool = False) -> bytes:
    """The bytes of `write_torch`."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def small_network() -> Layer:
    """The smallest module with something of every part."""
    dense = {"weight": torch.randn(3, 2), "bias": None}
    inner = Layer("FullyConnectedLayer", 2, 3, parameters=dense, activation="lrelu")
    return Layer(
        "Generator",
        2,
        parameters={"const": torch.randn(2)},
        buffers={"w_avg": torch.randn(3)},
        modules={"fc0": inner},
        attributes={"z_dim": 2},
    )


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip archive of any files."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# ---- pickles by hand: each function gives the instructions that leave one value on the stack -------------------------

HEAD, STOP = b"\x80\x02", b"."


def text(value: str) -> bytes:
    """A str."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def blob(value: bytes) -> bytes:
    """A bytes."""
    return b"B" + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    """An int."""
    raw = value.to_bytes((value.bit_length() >> 3) + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def several(*values: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(values) + b"t"


def mapping(**values: bytes) -> bytes:
    """A dict with str keys."""
    return b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


def name(module: str, attribute: str) -> bytes:
    """A class or a function by its name."""
    return f"c{module}\n{attribute}\n".encode()


def call(function: bytes, *args: bytes) -> bytes:
    """What a call of it with these arguments would return."""
    return function + several(*args) + b"R"


def storage(key: str = "0", count: int = 4, kind: str = "FloatStorage") -> bytes:
    """A reference to a storage of torch.save."""
    return several(text("storage"), name("torch", kind), text(key), text("cpu"), number(count)) + b"Q"


def tensor(held: bytes, offset: int = 0, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,)) -> bytes:
    """A tensor over a storage."""
    shape, steps = (several(*map(number, values)) for values in (size, stride))
    hooks = call(name("collections", "OrderedDict"))
    return call(name("torch._utils", "_rebuild_tensor_v2"), held, number(offset), shape, steps, b"\x89", hooks)


def archive(path: Path, pickled: bytes, **storages: bytes) -> Path:
    """A torch archive with this data.pkl (without head and stop) and these storages, named with an underscore first."""
    files = {"archive/data.pkl": HEAD + pickled + STOP, "archive/byteorder": b"little"}
    return write_zip(path, files | {f"archive/data/{key[1:]}": content for key, content in storages.items()})
