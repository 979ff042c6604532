"""From what a pickle noted to values: dicts, lists, tensors, Inert, Persistent. Here a name gets its only meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import names
from .limits import MAX_DEPTH, MAX_NODES, MAX_TEXT, Budget, MalformedError
from .names import Name, UnknownName
from .source import Region
from .tensors import read_storage, reshape, view
from .unpickle import Instance, Stored
from .values import Inert, Persistent

ARRAYS = {
    "f2": torch.float16, "f4": torch.float32, "f8": torch.float64, "i1": torch.int8, "i2": torch.int16,
    "i4": torch.int32, "i8": torch.int64, "u1": torch.uint8, "b1": torch.bool,
}  # fmt: skip


class Tree:
    """Turns one raw value into a tree. `load` fetches a storage by its persistent id, `nested` reads a torch.save blob.

    `persistent`: whether any module of NVIDIA's was met.
    """

    def __init__(
        self, budget: Budget, load: Callable[[Any], Tensor] | None, nested: Callable[[Region], Any] | None
    ) -> None:
        self.budget, self.load, self.nested = budget, load, nested
        self.persistent = False
        self._made: dict[int, tuple[Any, int, int]] = {}  # id of a raw value → made of it, nodes, depth
        self._builders: dict[Name, Callable[[tuple[Any, ...], Any], Any]] = {
            names.PERSISTENT: self._persistent,
            names.LOAD_FROM_BYTES: self._load_from_bytes,
            names.REBUILD_TENSOR: self._tensor,
            names.REBUILD_TENSOR_V2: self._tensor,
            names.REBUILD_PARAMETER: self._parameter,
            names.REBUILD_PARAMETER_WITH_STATE: self._parameter,
            names.SIZE: self._size,
            names.ENCODE: self._encode,
            names.BYTES: self._bytearray,  # old protocols call it for no bytes at all
            names.BYTEARRAY: self._bytearray,
            names.DTYPE: self._dtype,
            names.SCALAR: self._scalar,
            names.RECONSTRUCT: self._array,
            names.FROMBUFFER: self._frombuffer,
        }

    def make(self, root: Any) -> Any:
        """The tree of a raw value, without recursion; MalformedError for cycles and for what has no bound."""
        waiting: list[tuple[Any, list[Any] | None]] = [(root, None)]
        begun: set[int] = set()
        while waiting:
            raw, inner = waiting.pop()
            if not _held(raw) or id(raw) in self._made:
                continue
            if inner is None:
                if id(raw) in begun:
                    raise MalformedError("a value in it contains itself")
                begun.add(id(raw))
                inner = _inside(raw)
                waiting.append((raw, inner))
                waiting.extend((value, None) for value in inner)
                continue
            known = [self._made[id(value)] for value in inner if _held(value)]
            nodes = 1 + len(inner) + sum(entry[1] for entry in known)
            depth = 1 + max((entry[2] for entry in known), default=0)
            if nodes > MAX_NODES or depth > MAX_DEPTH:
                raise MalformedError("its values are nested too deeply or shared too often")
            self._made[id(raw)] = (self._convert(raw), nodes, depth)
        made = self._value(root)
        self._made.clear()  # it would hold every tensor for as long as this reader lives
        return made

    def _value(self, raw: Any) -> Any:
        """What stands in the tree for a raw value whose inside is made."""
        made = self._part(raw)
        return self._bytes(made) if isinstance(made, Region) else made

    def _part(self, raw: Any) -> Any:
        """The same for an argument: bytes may stay where they lie."""
        if isinstance(raw, Name):
            return Inert(*raw)
        return self._made[id(raw)][0] if _held(raw) else raw

    def _convert(self, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: self._value(value) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self._value(value) for value in raw]
        if isinstance(raw, tuple):
            return tuple(self._value(value) for value in raw)
        if isinstance(raw, Stored):
            if self.load is None:
                raise MalformedError("it refers to something outside of itself")
            return self.load(raw.key)
        state = tuple(map(self._part, raw.state)) if _is_tuple(raw.state) else self._part(raw.state)
        args = tuple(map(self._part, raw.args))
        if builder := self._builders.get(raw.name):
            return builder(args, state)
        if isinstance(raw.name, UnknownName):
            return self._inert(raw.name, (), state if isinstance(state, dict) else None)
        if raw.name not in names.INERT and not names.is_torch_module(raw.name):
            raise MalformedError(f"it calls {raw.name} in an unknown way")
        return self._inert(raw.name, args, state)

    # ---- what each name means -------------------------------------------------------------------------------------

    def _inert(self, name: Name, args: tuple[Any, ...], state: Any) -> Inert:
        parts = state if isinstance(state, tuple) else (state,)  # a pair where a class has __slots__
        attributes: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, (dict, type(None))):
                raise MalformedError(f"its {name} has attributes without names")
            attributes.update({str(key): value for key, value in (part or {}).items()})
        return Inert(*name, tuple(self._bytes(a) if isinstance(a, Region) else a for a in args), attributes)

    def _persistent(self, args: tuple[Any, ...], state: Any) -> Persistent:
        meta = args[0] if len(args) == 1 else None
        held = meta.get("state") if isinstance(meta, dict) else None
        name = meta.get("class_name") if isinstance(meta, dict) else None
        if not isinstance(held, dict) or not isinstance(name, str) or state is not None:
            raise MalformedError("a persistent module in it has no class or no state")
        parts = {key: held.get(key, {}) for key in ("_init_kwargs", "_parameters", "_buffers", "_modules")}
        made_with = held.get("_init_args", ())
        if not all(isinstance(part, dict) for part in parts.values()) or not isinstance(made_with, (tuple, list)):
            raise MalformedError(f"its {name[:60]} lacks its arguments, tensors or modules")
        self.persistent = True
        return Persistent(
            class_name=name,
            state={key: value for key, value in held.items() if isinstance(key, str) and not key.startswith("_")},
            init_args=tuple(made_with),
            init_kwargs=_named(parts["_init_kwargs"], object),
            parameters=_named(parts["_parameters"], Tensor),
            buffers=_named(parts["_buffers"], Tensor),
            modules=_named(parts["_modules"], (Persistent, Inert)),
        )

    def _load_from_bytes(self, args: tuple[Any, ...], state: Any) -> Any:
        if self.nested is None or len(args) != 1:
            raise MalformedError("a file inside it holds another one")
        return self.nested(_region(args[0]))

    def _tensor(self, args: tuple[Any, ...], state: Any) -> Tensor:
        if len(args) < 4:
            raise MalformedError("a tensor in it has no storage")
        return view(args[0], args[1], args[2], args[3], self.budget)

    def _parameter(self, args: tuple[Any, ...], state: Any) -> Tensor:
        if not args or not isinstance(args[0], Tensor):
            raise MalformedError("a parameter in it has no tensor")
        return args[0]

    def _size(self, args: tuple[Any, ...], state: Any) -> tuple[Any, ...]:
        if len(args) != 1 or not isinstance(args[0], (tuple, list)):
            raise MalformedError("a tensor in it has no proper shape")
        return tuple(args[0])

    def _encode(self, args: tuple[Any, ...], state: Any) -> bytes:
        """Bytes as protocols before 3 write them: each a character."""
        if not args or not isinstance(args[0], str) or args[1:] not in (("latin1",), ("latin-1",)):
            raise MalformedError("it encodes bytes in an unknown way")
        self.budget.copy(len(args[0]))
        return args[0].encode("latin-1")

    def _bytearray(self, args: tuple[Any, ...], state: Any) -> bytes:
        if len(args) == 2:
            return self._encode(args, state)
        return self._bytes(_region(args[0] if args else b""))

    def _dtype(self, args: tuple[Any, ...], state: Any) -> Inert:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else "|"
        if not args or not isinstance(args[0], str):
            raise MalformedError("an array in it has no type")
        return Inert(*names.DTYPE, args[:1], {"order": order})

    def _scalar(self, args: tuple[Any, ...], state: Any) -> Any:
        if len(args) != 2:
            raise MalformedError("a number in it has no type")
        return self._flat(args[0], args[1], 1).item()

    def _array(self, args: tuple[Any, ...], state: Any) -> Tensor:
        """An ndarray from its state: version, shape, type, whether in Fortran's order, bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise MalformedError("an array in it has no data")
        _, shape, kind, fortran, data = state
        return reshape(self._flat(kind, data), shape, bool(fortran), self.budget)

    def _frombuffer(self, args: tuple[Any, ...], state: Any) -> Tensor:
        if len(args) != 4:
            raise MalformedError("an array in it has no data")
        data, kind, shape, order = args
        return reshape(self._flat(kind, data), shape, order == "F", self.budget)

    # ---- bytes ----------------------------------------------------------------------------------------------------

    def _flat(self, kind: object, data: object, count: int | None = None) -> Tensor:
        """A NumPy type and bytes as a flat tensor."""
        if not isinstance(kind, Inert) or (kind.module, kind.name) != names.DTYPE:
            raise MalformedError("an array in it has no type")
        dtype = ARRAYS.get(kind.args[0])
        if dtype is None or kind.state["order"] not in ("<", "=", "|"):
            raise MalformedError(f"it holds an array of type {str(kind.args[0])[:20]!r}, which is not read here")
        flat = read_storage(_region(data), dtype, self.budget)
        if count is not None and flat.numel() != count:
            raise MalformedError("a number in it has another size than its type")
        return flat

    def _bytes(self, region: Region) -> bytes:
        if region.length > MAX_TEXT:
            raise MalformedError("it holds a text that is far too long")
        self.budget.copy(region.length)
        return region.read()


def _held(raw: Any) -> bool:
    """Whether a raw value is looked into. Names, texts, numbers and sets (of such) are not; nor are bytes."""
    return isinstance(raw, (Instance, Stored, dict, list)) or _is_tuple(raw)


def _is_tuple(raw: Any) -> bool:
    return isinstance(raw, tuple) and not isinstance(raw, Name)


def _inside(raw: Any) -> list[Any]:
    if isinstance(raw, Instance):
        return [*raw.args, *(raw.state if _is_tuple(raw.state) else (raw.state,))]
    if isinstance(raw, dict):
        return list(raw.values())
    return [] if isinstance(raw, Stored) else list(raw)


def _region(data: object) -> Region:
    """Bytes as a region; Python 2 wrote them as text."""
    if isinstance(data, str):
        data = data.encode("latin-1")
    if isinstance(data, bytes):
        return Region(data, 0, len(data))
    if isinstance(data, Region):
        return data
    raise MalformedError("it holds something else in place of bytes")


def _named(part: dict[Any, Any], kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """A module's parts by name; what is None (a layer without bias) is left out."""
    wrong = [k for k, v in part.items() if not isinstance(k, str) or not isinstance(v, (kinds, type(None)))]
    if wrong and kinds is not object:
        raise MalformedError("a module in it holds something of another kind than it says")
    return {str(k): v for k, v in part.items() if v is not None or kinds is object}
