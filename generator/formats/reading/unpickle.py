"""A pickle as data: a small machine that follows its instructions and makes nothing but inert values.

Where Python's own machine would import a name and call it, this one notes the name beside the arguments. It stops at a
call of a name that is not on the list in `names.py`; a class that is not may have instances, of which it notes the
attributes. Opcodes and protocols 0 to 5 as `pickletools` documents them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from .limits import MAX_INT, MAX_LINE, MAX_TEXT, Budget, MalformedError, UnknownNameError
from .names import CONTAINERS, MAPPINGS, RECONSTRUCTOR, Name, UnknownName, noted
from .source import Region, Source

SMALL = 256  # bytes up to which they are read at once; longer ones (tensors) are left where they are


class Instance:
    """What a call would have made: the name called, its arguments, and the state that was to be set on the result."""

    __slots__ = ("args", "name", "state")

    def __init__(self, name: Name, args: tuple[Any, ...]) -> None:
        self.name, self.args = name, args
        self.state: Any = None


class Stored:
    """A persistent id: something that lies outside the pickle, such as a tensor's storage."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key


Scalar = (str, bytes, int, float, type(None))


def check_key(key: object) -> object:
    """A plain value that may stand in a set or before a dict's value. Tuples may not: hashing them has no bound."""
    if not isinstance(key, Scalar) or (isinstance(key, int) and abs(key) >= 1 << 63):
        raise MalformedError("a dictionary or a set in it holds a key that is no text or number")
    return key


class Unpickler:
    """One pickle from `source` up to its STOP. Values: plain Python ones, Region, Name, Instance, Stored."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self.source, self.budget = source, budget
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.stored: list[Any] = []  # every persistent id, as met

    def load(self) -> Any:
        """The value that the pickle is of, its calls noted, not made. Raises MalformedError, UnknownNameError."""
        read, steps = self.source.read, STEPS
        while True:
            self.budget.ops -= 1
            if self.budget.ops < 0:
                raise MalformedError("it has more instructions than any checkpoint needs")
            code = read(1)
            if code == b".":
                return self.pop()
            step = steps.get(code)
            if step is None:
                raise MalformedError(f"it has an instruction {code!r} that this program does not follow")
            step(self)

    # ---- the stack ----------------------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        """Put a value on top."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the top value."""
        if not self.stack:
            raise MalformedError("an instruction in it lacks its value")
        return self.stack.pop()

    def top(self) -> Any:
        """The top value, which stays."""
        if not self.stack:
            raise MalformedError("an instruction in it lacks its value")
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        """Everything above the last mark."""
        if not self.marks:
            raise MalformedError("an instruction in it lacks its mark")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        """MARK."""
        self.marks.append(self.stack)
        self.stack = []

    def drop(self) -> None:
        """POP, which also takes back a mark that nothing lies above."""
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    # ---- containers -----------------------------------------------------------------------------------------------

    def take(self, count: int) -> tuple[Any, ...]:
        """The top `count` values, lowest first."""
        return tuple(reversed([self.pop() for _ in range(count)]))

    def fill(self, target: Any, items: Sequence[Any]) -> Any:
        """Set key, value, key, value, … in the dict `target`."""
        if not isinstance(target, dict) or len(items) % 2:
            raise MalformedError("it sets items of something that is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[check_key(key)] = value
        return target

    def extend(self, target: Any, items: Sequence[Any]) -> Any:
        """Append to the list `target`."""
        if not isinstance(target, list):
            raise MalformedError("it appends to something that is no list")
        target.extend(items)
        return target

    def add(self, target: Any, items: Sequence[Any]) -> Any:
        """Add to the set `target`."""
        if not isinstance(target, set):
            raise MalformedError("it adds to something that is no set")
        target.update(check_key(item) for item in items)
        return target

    def below(self, change: Callable[[Any, Sequence[Any]], object], items: Sequence[Any]) -> None:
        """Change the top value (`fill`, `extend`, `add`) by items that lay on it and are taken off already."""
        change(self.top(), items)

    # ---- memo -----------------------------------------------------------------------------------------------------

    def get(self, index: int) -> None:
        """Push what was remembered."""
        if index not in self.memo:
            raise MalformedError("it recalls what it never remembered")
        self.push(self.memo[index])

    def put(self, index: int) -> None:
        """Remember the top value."""
        self.memo[index] = self.top()

    # ---- numbers and texts ----------------------------------------------------------------------------------------

    def whole(self, count: int) -> int:
        """A little-endian signed number of `count` bytes."""
        if not 0 <= count <= MAX_INT:
            raise MalformedError("it holds a number that is far too long")
        return int.from_bytes(self.source.read(count), "little", signed=True)

    def line(self) -> str:
        """One line of a text protocol."""
        return self.source.line(MAX_LINE).decode("latin-1")

    def decimal(self) -> int | bool:
        """A whole number in digits; 00 and 01 are protocol 0's False and True."""
        text = self.line()
        if text in ("00", "01"):
            return text == "01"
        if len(text) > 2 * MAX_INT:
            raise MalformedError("it holds a number that is far too long")
        return int(text.removesuffix("L"))

    def text(self, count: int) -> str:
        """`count` bytes of UTF-8."""
        if count > MAX_TEXT:
            raise MalformedError("it holds a text that is far too long")
        self.budget.copy(count)
        return self.source.read(count).decode("utf-8", "surrogatepass")

    def old_text(self, count: int) -> str:
        """A string of Python 2: UTF-8 if it is that, else one character a byte."""
        if not 0 <= count <= MAX_TEXT:
            raise MalformedError("it holds a text that is far too long")
        self.budget.copy(count)
        raw = self.source.read(count)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def quoted(self) -> str:
        """A string of protocol 0 in quotes, with escapes."""
        text = self.line()
        if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
            raise MalformedError("it holds a text without its quotes")
        return text[1:-1].encode("latin-1").decode("unicode_escape")

    def raw(self, count: int) -> bytes | Region:
        """`count` bytes: themselves if few, else where they lie."""
        return self.source.read(count) if count <= SMALL else self.source.take(count)

    # ---- names, and calls that are not made -----------------------------------------------------------------------

    def name(self, module: Any, name: Any) -> None:
        """Push a name."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise MalformedError("it names something by other than text")
        self.push(noted(module, name))

    def call(self, name: Any, args: Any) -> None:
        """Push what a call would have made: a container of our own, or a note."""
        if not isinstance(name, Name) or not isinstance(args, tuple):
            raise MalformedError("it calls something that is no name")
        if name == RECONSTRUCTOR:
            if len(args) != 3 or not isinstance(args[0], Name) or not isinstance(args[2], (dict, type(None))):
                raise MalformedError(f"it calls {name} in an unknown way")
            name, args = args[0], args[2:] if args[2] else ()
            if isinstance(name, UnknownName) and not args:
                return self.push(Instance(name, ()))
        if isinstance(name, UnknownName):
            raise UnknownNameError(*name)
        if name in MAPPINGS:
            self.push(self.mapping(name, args))
        elif name in CONTAINERS:
            items = args[0] if args else []
            if len(args) > 1 or not isinstance(items, (list, tuple, set)):
                raise MalformedError(f"it calls {name} in an unknown way")
            self.budget.copy(8 * len(items))
            self.push(self.add(set(), [*items]) if CONTAINERS[name] is set else [*items])
        else:
            self.push(Instance(name, args))

    def new(self, name: Any, args: Any) -> None:
        """NEWOBJ: an instance of a class, whose attributes follow. Of a class that nobody knows only as object makes
        it, without arguments."""
        if isinstance(name, UnknownName) and args == ():
            self.push(Instance(name, ()))
        else:
            self.call(name, args)

    def mapping(self, name: Name, args: tuple[Any, ...]) -> dict[Any, Any]:
        """A dict in place of one of its subclasses: empty, or from pairs; a default's factory is dropped."""
        made: dict[Any, Any] = {}
        if not args or (len(args) == 1 and (args[0] is None or isinstance(args[0], Name))):
            return made
        if len(args) > 1 or not isinstance(args[0], (list, dict)):
            raise MalformedError(f"it calls {name} in an unknown way")
        pairs = list(args[0].items()) if isinstance(args[0], dict) else args[0]
        self.budget.copy(16 * len(pairs))
        for pair in pairs:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise MalformedError(f"it calls {name} in an unknown way")
            made[check_key(pair[0])] = pair[1]
        return made

    def refer(self, key: Any) -> None:
        """PERSID, BINPERSID: push a note of something outside the pickle.

        Old torch files name a module's class so, too, beside its source, which is left.
        """
        if isinstance(key, tuple) and len(key) == 4 and key[0] == "module" and isinstance(key[1], Name):
            return self.push(key[1])
        self.stored.append(key)
        self.push(Stored(key))

    def new_with_names(self) -> None:
        """NEWOBJ_EX: a class, positional and named arguments (of which none are expected)."""
        name, args, named = self.take(3)
        if not isinstance(named, dict) or named:
            raise MalformedError("it makes something with named arguments")
        self.new(name, args)

    def obj(self) -> None:
        """OBJ: a class and its arguments above a mark."""
        items = self.pop_mark()
        if not items:
            raise MalformedError("an instruction in it lacks its value")
        self.call(items[0], tuple(items[1:]))

    def inst(self) -> None:
        """INST: a class named in two lines, its arguments above a mark."""
        self.name(self.line(), self.line())
        self.call(self.pop(), tuple(self.pop_mark()))

    def build(self) -> None:
        """BUILD: note the state. Attributes of dicts are dropped (hooks and versions of a state_dict)."""
        state = self.pop()
        target = self.top()
        if isinstance(target, Instance):
            target.state = state
        elif not isinstance(target, dict):
            raise MalformedError("it sets the state of something that has none")


def _float(m: Unpickler) -> float:
    return float(struct.unpack(">d", m.source.read(8))[0])


STEPS: dict[bytes, Callable[[Unpickler], object]] = {
    b"\x80": lambda m: m.source.read(1),  # PROTO
    b"\x95": lambda m: m.source.read(8),  # FRAME
    b"(": Unpickler.mark,
    b"0": Unpickler.drop,
    b"1": Unpickler.pop_mark,
    b"2": lambda m: m.push(m.top()),
    # plain values
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(m.decimal()),
    b"L": lambda m: m.push(m.decimal()),
    b"F": lambda m: m.push(float(m.line())),
    b"K": lambda m: m.push(m.source.number("<B")),
    b"M": lambda m: m.push(m.source.number("<H")),
    b"J": lambda m: m.push(m.source.number("<i")),
    b"\x8a": lambda m: m.push(m.whole(m.source.number("<B"))),
    b"\x8b": lambda m: m.push(m.whole(m.source.number("<i"))),
    b"G": lambda m: m.push(_float(m)),
    b"S": lambda m: m.push(m.quoted()),
    b"T": lambda m: m.push(m.old_text(m.source.number("<i"))),
    b"U": lambda m: m.push(m.old_text(m.source.number("<B"))),
    b"V": lambda m: m.push(m.line().encode("latin-1").decode("raw_unicode_escape")),
    b"X": lambda m: m.push(m.text(m.source.number("<I"))),
    b"\x8c": lambda m: m.push(m.text(m.source.number("<B"))),
    b"\x8d": lambda m: m.push(m.text(m.source.number("<Q"))),
    b"B": lambda m: m.push(m.raw(m.source.number("<I"))),
    b"C": lambda m: m.push(m.raw(m.source.number("<B"))),
    b"\x8e": lambda m: m.push(m.raw(m.source.number("<Q"))),
    b"\x96": lambda m: m.push(m.raw(m.source.number("<Q"))),
    b"\x98": lambda m: None,  # READONLY_BUFFER
    # containers
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"\x8f": lambda m: m.push(set()),
    b"t": lambda m: m.push(tuple(m.pop_mark())),
    b"\x85": lambda m: m.push(m.take(1)),
    b"\x86": lambda m: m.push(m.take(2)),
    b"\x87": lambda m: m.push(m.take(3)),
    b"l": lambda m: m.push(m.pop_mark()),
    b"d": lambda m: m.push(m.fill({}, m.pop_mark())),
    b"\x91": lambda m: m.push(m.add(set(), m.pop_mark())),
    b"a": lambda m: m.below(m.extend, m.take(1)),
    b"e": lambda m: m.below(m.extend, m.pop_mark()),
    b"s": lambda m: m.below(m.fill, m.take(2)),
    b"u": lambda m: m.below(m.fill, m.pop_mark()),
    b"\x90": lambda m: m.below(m.add, m.pop_mark()),
    # memo
    b"p": lambda m: m.put(m.decimal()),
    b"q": lambda m: m.put(m.source.number("<B")),
    b"r": lambda m: m.put(m.source.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"g": lambda m: m.get(m.decimal()),
    b"h": lambda m: m.get(m.source.number("<B")),
    b"j": lambda m: m.get(m.source.number("<I")),
    # names and calls
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": lambda m: m.name(*m.take(2)),
    b"R": lambda m: m.call(*m.take(2)),
    b"\x81": lambda m: m.new(*m.take(2)),
    b"\x92": Unpickler.new_with_names,
    b"o": Unpickler.obj,
    b"i": Unpickler.inst,
    b"b": Unpickler.build,
    b"P": lambda m: m.refer(m.line()),
    b"Q": lambda m: m.refer(m.pop()),
}


def unpickle(source: Source, budget: Budget) -> Any:
    """The next pickle of `source`, its calls noted and not made; `source` stands behind it afterwards."""
    return Unpickler(source, budget).load()
