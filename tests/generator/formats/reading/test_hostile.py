"""Files that mean harm: whatever they ask for, nothing runs, nothing hangs, nothing fills the memory."""

from __future__ import annotations

import pickle
import random
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from generator import CheckpointError, open_checkpoint
from generator.formats.reading.content import read_content
from generator.formats.reading.limits import MAX_DEPTH, MAX_ENTRIES, MAX_OPS
from tests.generator.formats import build_files as build
from tests.generator.formats.build_files import (
    HEAD,
    STOP,
    blob,
    call,
    mapping,
    name,
    number,
    several,
    storage,
    tensor,
    text,
)

SECONDS = 5  # of this process's own time, within which every file must have been judged; others may share the machine
MEMORY = 1 << 30

# ---- the watch -----------------------------------------------------------------------------------------------------

RUNS = ("import", "exec", "compile", "os.", "subprocess.", "pickle.", "socket.", "ctypes.", "marshal.", "shutil.")
READS = {"os.preadv"}
watched: list[str] = []
watching = False


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Python's own report of what it is about to do, for as long as `watching`."""
    if watching and event.startswith(RUNS) and event not in READS:
        watched.append(f"{event} {args[:1]!r:.80}")


sys.addaudithook(watch)


def read_watched(path: Path, read: Callable[[Path], object] = read_content) -> str:
    """The sentence with which a file is refused, "" if it is read; in time, in memory, and without running anything."""
    global watching
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    began = time.process_time()
    watched.clear()
    watching = True
    try:
        read(path)
        sentence = ""
    except CheckpointError as error:
        sentence = str(error)
        assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 250
    finally:
        watching = False
    assert not watched
    assert time.process_time() - began < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - before < MEMORY
    return sentence


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Good files read once, so that what Python loads late for itself (codecs) is there before the watch begins."""
    folder = tmp_path_factory.mktemp("warm")
    for path in small_files(folder).values():
        read_content(path)
    for codec in ("unicode_escape", "raw_unicode_escape", "latin-1"):
        assert b"a".decode(codec) == "a"


def small_files(folder: Path) -> dict[str, Path]:
    """The smallest whole file of every kind."""
    weights = {"a": torch.randn(3, 2), "b": torch.arange(3)}
    save_file(weights, folder / "safetensors")
    return {
        "zip": build.write_torch(folder / "zip", weights),
        "legacy": build.write_torch(folder / "legacy", weights, legacy=True),
        "nvidia": build.write_pickle(folder / "nvidia", {"G_ema": build.small_network()}),
        "text": build.write_pickle(folder / "text", {"G_ema": build.small_network(), "n": [1, 2.5]}, protocol=0),
        "safetensors": folder / "safetensors",
    }


def test_the_watch_sees(tmp_path: Path):
    evil = tmp_path / "evil.pkl"
    evil.write_bytes(HEAD + call(name("builtins", "compile"), text("1"), text("x"), text("eval")) + STOP)
    with pytest.raises(AssertionError):
        read_watched(evil, lambda path: compile(path.name, "x", "eval"))
    assert "names builtins.compile" in read_watched(evil)


# ---- code ----------------------------------------------------------------------------------------------------------

SENTINEL = "was_here"
COMMAND = f"touch {SENTINEL}"
PYTHON = f"open({SENTINEL!r}, 'w')"

CODE: dict[str, tuple[bytes, str]] = {
    "os.system": (call(name("os", "system"), text(COMMAND)), "os.system"),
    "posix": (call(name("posix", "system"), text(COMMAND)), "posix.system"),
    "eval": (call(name("builtins", "eval"), text(PYTHON)), "builtins.eval"),
    "eval of 2": (call(name("__builtin__", "eval"), text(PYTHON)), "__builtin__.eval"),
    "exec": (call(name("builtins", "exec"), text(PYTHON)), "builtins.exec"),
    "getattr": (
        call(call(name("builtins", "getattr"), name("builtins", "list"), text("__class__")), number(1)),
        "builtins.getattr",
    ),
    "import": (call(name("builtins", "__import__"), text("os")), "builtins.__import__"),
    "subprocess": (call(name("subprocess", "Popen"), text(COMMAND)), "subprocess.Popen"),
    "dotted": (name("torch", "_utils.os.system"), "torch._utils.os.system"),
    "dunder": (name("collections", "OrderedDict.__class__"), "collections.OrderedDict.__class__"),
    "through nn": (name("torch.nn.modules.module", "torch.load"), "torch.nn.modules.module.torch.load"),
    "load": (call(name("torch", "load"), text("x")), "torch.load"),
    "pickle": (call(name("_pickle", "loads"), blob(b"x")), "_pickle.loads"),
    "numpy": (call(name("numpy", "load"), text("x")), "numpy.load"),
    "hub": (call(name("torch.hub", "load"), text("x")), "torch.hub.load"),
    "types": (call(name("types", "FunctionType")), "types.FunctionType"),
    "operator": (call(name("operator", "attrgetter"), text("system")), "operator.attrgetter"),
    "partial": (call(name("functools", "partial"), text("x")), "functools.partial"),
    "stack": (b"\x80\x04" + text("os") + text("system") + b"\x93" + text(COMMAND) + b"\x85R", "os.system"),
    "inst": (b"(" + text(COMMAND) + b"ios\nsystem\n", "os.system"),
    "obj": (b"(" + name("os", "system") + text(COMMAND) + b"o", "os.system"),
    "newobj": (name("subprocess", "Popen") + text(COMMAND) + b"\x85\x81", "subprocess.Popen"),
    "newobj_ex": (name("subprocess", "Popen") + text(COMMAND) + b"\x85}\x92", "subprocess.Popen"),
    "in state": (name("argparse", "Namespace") + b")\x81" + mapping(a=name("os", "system")) + b"b", "os.system"),
    "as factory": (call(name("collections", "defaultdict"), name("os", "system")), "os.system"),
    "as storage": (several(text("storage"), name("os", "system")) + b"Q", "os.system"),
    "long name": (name("os" * 300, "system"), "osososos"),
    "odd name": (name("os\x1b[31m", "system"), "os?[31m.system"),
}


def test_an_instance_of_a_class_that_nobody_knows_is_its_attributes_and_its_module_is_not_imported(tmp_path: Path):
    (tmp_path / "plums.py").write_text("raise SystemExit")
    code = name("plums", "Thing") + b")\x81" + mapping(a=number(3), b=name("plums", "Other")) + b"b"
    path = tmp_path / "thing.pkl"
    path.write_bytes(HEAD + mapping(D=code) + STOP)
    found: list[Any] = []
    assert read_watched(path, lambda path: found.append(read_content(path).root["D"])) == ""
    assert (found[0].module, found[0].name, found[0].state["a"]) == ("plums", "Thing", 3)
    for call_of_it in (b")R", number(1) + b"\x85\x81", number(1) + b"\x85R"):  # but nothing is made with arguments
        path.write_bytes(HEAD + name("plums", "Thing") + call_of_it + STOP)
        assert "names plums.Thing, which this program does not know" in read_watched(path)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder in which nothing but the file under test may appear."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / SENTINEL).exists()


@pytest.mark.parametrize("place", ["pickle", "zip", "legacy", "blob", "module"])
@pytest.mark.parametrize("case", CODE)
def test_code_is_named_and_not_run(case: str, place: str, elsewhere: Path):
    code, named = CODE[case]
    path = elsewhere / "evil.pkl"
    if place == "pickle":
        path.write_bytes(HEAD + code + STOP)
    elif place == "zip":
        build.archive(path, mapping(g=code))
    elif place == "legacy":
        path.write_bytes(legacy(code))
    elif place == "blob":
        path.write_bytes(HEAD + call(name("torch.storage", "_load_from_bytes"), blob(legacy(code))) + STOP)
    else:
        meta = mapping(type=text("class"), module_src=text(PYTHON), class_name=text("G"), state=mapping(_buffers=code))
        path.write_bytes(HEAD + call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), meta) + STOP)
    sentence = read_watched(path)
    assert f"names {named}" in sentence and "which this program does not know; nothing of the file was run" in sentence


def legacy(root: bytes, keys: bytes = b"]", rest: bytes = b"") -> bytes:
    """The bytes of an old torch file."""
    pickles = [number(0x1950A86A20F9469CFC6C), number(1001), mapping(little_endian=b"\x88"), root, keys]
    return b"".join(HEAD + pickled + STOP for pickled in pickles) + rest


def test_a_modules_source_is_not_run(elsewhere: Path):
    network = build.Layer("Generator", source=PYTHON, parameters={"const": torch.ones(2)})
    assert read_watched(build.write_pickle(elsewhere / "g.pkl", {"G_ema": network})) == ""


def test_a_reduce_of_pickles_own_is_not_run(elsewhere: Path):
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return eval, (PYTHON,)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = build.write_pickle(elsewhere / "evil.pkl", {"g_ema": Evil()}, protocol)
        assert "eval" in read_watched(path)


# ---- tensors that are not there ------------------------------------------------------------------------------------

FOUR = bytes(16)
BIG = 1 << 40


@pytest.mark.parametrize(
    "changes",
    [
        {"offset": 1}, {"offset": -1}, {"offset": BIG}, {"size": (5,)}, {"size": (-4,)}, {"size": (BIG,)},
        {"stride": (2,)}, {"stride": (-1,)}, {"stride": (BIG,)}, {"size": (2, 2), "stride": (3, 1)},
        {"size": (1 << 30, 1 << 30), "stride": (0, 0)}, {"size": (1 << 20,), "stride": (0,)},
        {"size": (2,), "stride": (1, 1)}, {"size": (1,) * 9, "stride": (1,) * 9},
        {"size": (1 << 39, 1 << 39, 0), "stride": (1 << 39, 1, 1), "offset": 1 << 62},
    ],
    ids=str,
)  # fmt: skip
def test_tensors_outside_their_storage(changes: dict[str, Any], tmp_path: Path):
    path = build.archive(tmp_path / "evil.pt", tensor(storage(), **changes), _0=FOUR)
    assert "is no whole torch file" in read_watched(path)
    root = tensor(storage(), **changes)
    path.write_bytes(legacy(root, b"](" + text("0") + b"e", struct.pack("<q", 4) + FOUR))
    assert "is no whole pickle or torch file" in read_watched(path)


def test_the_same_tensor_inside_its_storage(tmp_path: Path):
    path = build.archive(tmp_path / "good.pt", tensor(storage()), _0=FOUR)
    assert read_watched(path) == ""
    path.write_bytes(legacy(tensor(storage()), b"](" + text("0") + b"e", struct.pack("<q", 4) + FOUR))
    assert read_watched(path) == ""


@pytest.mark.parametrize(
    "held",
    [
        storage(count=5), storage(count=3), storage(count=-1), storage(count=BIG), storage(key="1"),
        storage(key="../0"), storage(kind="DoubleStorage"), several(text("storage")) + b"Q", text("0") + b"Q",
        text("no storage"), b"N",
        several(storage(), storage(kind="IntStorage")),
    ],
)  # fmt: skip
def test_storages_that_are_not_there(held: bytes, tmp_path: Path):
    assert read_watched(build.archive(tmp_path / "evil.pt", tensor(held), _0=FOUR))


def test_one_storage_of_two_kinds(tmp_path: Path):
    root = several(tensor(storage()), tensor(storage(kind="IntStorage")))
    assert "of two kinds" in read_watched(build.archive(tmp_path / "evil.pt", root, _0=FOUR))


@pytest.mark.parametrize("numel", [5, -1, BIG, 1 << 62])
def test_old_storages_of_another_size(numel: int, tmp_path: Path):
    claimed = struct.pack("<q", numel)
    (tmp_path / "evil").write_bytes(legacy(tensor(storage()), b"](" + text("0") + b"e", claimed + FOUR))
    assert "another size" in read_watched(tmp_path / "evil")


def test_many_views_of_one_storage(tmp_path: Path):
    """Each is inside; but a reader that copies each would need 8 GB."""
    view = tensor(b"h\x00", size=(1 << 18,))
    root = storage(count=1 << 18) + b"q\x00" + b"0" + several(*[view] * 8000)
    path = build.archive(tmp_path / "evil.pt", root, _0=bytes(1 << 20))
    assert "claim far more than the whole file holds" in read_watched(path)


def test_many_arrays_of_the_same_bytes(tmp_path: Path):
    dtype = call(name("numpy", "dtype"), text("u1"))
    state = several(number(1), several(number(1 << 20)), dtype, b"\x89", b"h\x00")
    array = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray")) + state + b"b"
    (tmp_path / "evil").write_bytes(HEAD + blob(bytes(1 << 20)) + b"q\x000" + several(*[array] * 4000) + STOP)
    assert "claim more than the whole file holds" in read_watched(tmp_path / "evil")


@pytest.mark.parametrize("code", ["O", "V8", "f16", "U4", "M8[ns]", "", "f4\n"])
def test_arrays_of_other_types(code: str, tmp_path: Path):
    scalar = call(name("numpy.core.multiarray", "scalar"), call(name("numpy", "dtype"), text(code)), blob(bytes(8)))
    (tmp_path / "evil").write_bytes(HEAD + scalar + STOP)
    assert read_watched(tmp_path / "evil")


# ---- bombs ---------------------------------------------------------------------------------------------------------


def test_a_zip_that_inflates(tmp_path: Path):
    files = {"a/data.pkl": HEAD + b"}" + STOP, "a/data/0": bytes(200 << 20)}
    path = build.write_zip(tmp_path / "bomb.pt", files, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    assert "compressed" in read_watched(path)


def test_a_zip_of_very_many_files(tmp_path: Path):
    end = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, MAX_ENTRIES + 1, MAX_ENTRIES + 1, 46, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 46, 1)
    last = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "many.pt").write_bytes(b"PK\x03\x04" + bytes(42) + end + locator + last)
    assert "more files than any checkpoint needs" in read_watched(tmp_path / "many.pt")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_a_name_twice(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "twice.pt", "w") as file:
        for content in (HEAD + b"}" + STOP, HEAD + b"]" + STOP):
            file.writestr("a/data.pkl", content)
    assert "two files 'a/data.pkl'" in read_watched(tmp_path / "twice.pt")


def test_a_zip_whose_files_overlap(tmp_path: Path):
    """Every entry of the directory points to the same megabyte."""
    files = {"a/data.pkl": HEAD + b"}" + STOP, **{f"a/data/{i}": b"" for i in range(99)}, "a/data/99": bytes(1 << 20)}
    path = build.write_zip(tmp_path / "overlap.pt", files)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    last = raw.rfind(b"PK\x01\x02")
    while (at := raw.find(b"PK\x01\x02", at + 4)) >= 0:
        raw[at + 20 : at + 28] = raw[last + 20 : last + 28]
        raw[at + 42 : at + 46] = raw[last + 42 : last + 46]
    path.write_bytes(raw)
    assert "overlap" in read_watched(path)


def test_a_zip_with_two_pickles(tmp_path: Path):
    files = {"a/data.pkl": HEAD + b"}" + STOP, "b/data.pkl": HEAD + b"]" + STOP}
    assert "without a data.pkl" in read_watched(build.write_zip(tmp_path / "two.pt", files))


PUT, GET = b"q\x00", b"h\x00"
LAUGH = b"]" + b"".join(b"q" + bytes([i]) + b"0]h" + bytes([i]) + b"ah" + bytes([i]) + b"a" for i in range(60))
TUPLES = b")" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))

BOMBS: dict[str, tuple[bytes, str]] = {
    "list in itself": (b"]" + PUT + GET + b"a", "contains itself"),
    "dict in itself": (b"}" + PUT + text("a") + GET + b"s", "contains itself"),
    "tuple in itself": (b"]" + PUT + GET + b"\x85" + b"a", "contains itself"),
    "state in itself": (name("argparse", "Namespace") + b")\x81" + PUT + b"}" + text("a") + GET + b"sb", "contains"),
    "deep lists": (b"]" * 100_000 + b"a" * 99_999, "nested too deeply"),
    "deep tuples": (b")" + b"\x85" * 100_000, "nested too deeply"),
    "deep marks": (b"(" * 100_000 + b"t" * 100_000, "nested too deeply"),
    "deep calls": (b")" + b"".join([name("torch", "Size") + b"2\x85R"] * 300) + b"", ""),
    "deep namespaces": (b"N" + b"".join([b"\x85" + b"0" + name("argparse", "Namespace") + b")\x81"] * 300), ""),
    "billion laughs": (LAUGH, "shared too often"),
    "billion tuples": (TUPLES, "shared too often"),
    "tuple as key": (b"}" + TUPLES + b"Ns", "no text or number"),
    "tuple in set": (b"\x8f(" + TUPLES + b"\x90", "no text or number"),
    "huge key": (b"}" + number(1 << 200) + b"Ns", "no text or number"),
    "long number": (b"\x8b" + struct.pack("<i", 1 << 30), "far too long"),
    "negative number": (b"\x8b" + struct.pack("<i", -1), "far too long"),
    "long digits": (b"L" + b"9" * 5000 + b"L\n", "far too long"),
    "endless line": (b"V" + b"a" * (1 << 20), "no end"),
    "huge text": (b"\x8d" + struct.pack("<Q", 1 << 60), "far too long"),
    "huge bytes": (b"\x8e" + struct.pack("<Q", 1 << 60), "ends in the middle"),
    "huge frame": (b"\x95" + struct.pack("<Q", 1 << 60) + b"N", ""),
    "far memo": (b"Nr\xff\xff\xff\xff", ""),
    "no memo": (b"h\x07", "recalls what it never remembered"),
    "no stack": (b"R", "lacks its value"),
    "no mark": (b"t", "lacks its mark"),
    "many steps": (b"N0" * (MAX_OPS // 2 + 1) + b"N", "more instructions than any checkpoint needs"),
    "many sets": (b"\x8f" * (MAX_OPS - 10), ""),
    "copies": (
        b"](" + b"N" * 100_000 + b"e" + PUT + b"0" + several(*[call(name("builtins", "list"), GET)] * 10_000),
        "claim more than the whole file holds",
    ),
    "copied dicts": (
        b"}(" + b"".join(number(i) + b"N" for i in range(30_000)) + b"u" + PUT + b"0"
        + several(*[call(name("collections", "OrderedDict"), GET)] * 10_000),
        "claim more than the whole file holds",
    ),
    "encoded again and again": (
        text("a" * (1 << 20)) + PUT + b"0"
        + several(*[call(name("_codecs", "encode"), GET, text("latin1"))] * 10_000),
        "claim more than the whole file holds",
    ),
    "blob in blob": (
        call(
            name("torch.storage", "_load_from_bytes"),
            blob(legacy(call(name("torch.storage", "_load_from_bytes"), blob(legacy(b"N"))))),
        ),
        "a file inside it holds another one",
    ),
    "blob again and again": (
        blob(legacy(b"N0" * 1000 + b"N")) + PUT + b"0"
        + several(*[call(name("torch.storage", "_load_from_bytes"), GET)] * 10_000),
        "more instructions than any checkpoint needs",
    ),
    "other codec": (call(name("_codecs", "encode"), text("a"), text("zip")), "in an unknown way"),
    "range": (call(name("builtins", "bytearray"), number(1 << 40)), "in place of bytes"),
    "slices": (name("torch", "Size") + b")R", "no proper shape"),
    "no module": (
        call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), mapping(class_name=text("G"))),
        "no class or no state",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_bombs(case: str, tmp_path: Path):
    code, reason = BOMBS[case]
    path = tmp_path / "bomb.pkl"
    path.write_bytes(HEAD + code + STOP)
    assert reason in read_watched(path)
    assert reason in read_watched(build.archive(path, code)) or case == "huge bytes"


def test_depth_is_allowed_up_to_its_limit(tmp_path: Path):
    for depth, good in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        (tmp_path / "deep.pkl").write_bytes(HEAD + b"]" * depth + b"a" * (depth - 1) + STOP)
        assert (read_watched(tmp_path / "deep.pkl") == "") is good


# ---- broken at random ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["zip", "legacy", "nvidia", "text", "safetensors"])
def test_cut_anywhere(kind: str, tmp_path: Path):
    """At every byte of the smallest file."""
    path = small_files(tmp_path)[kind]
    raw = path.read_bytes()
    for length in range(0, len(raw), max(1, len(raw) // 500)):
        path.write_bytes(raw[:length])
        assert read_watched(path)


@pytest.mark.parametrize("kind", ["zip", "legacy", "nvidia", "safetensors"])
def test_cut_at_every_4_kb(kind: str, tmp_path: Path):
    weights = {f"w{i}": torch.randn(40, 100) for i in range(4)}
    path = tmp_path / "cut"
    if kind == "nvidia":
        build.write_pickle(path, {"G_ema": build.Layer("Generator", parameters=weights)})
    elif kind == "safetensors":
        save_file(weights, path)
    else:
        build.write_torch(path, weights, legacy=kind == "legacy")
    raw = path.read_bytes()
    assert len(raw) > 64_000 and read_watched(path) == ""
    for length in range(0, len(raw), 4096):
        path.write_bytes(raw[:length])
        assert read_watched(path)


FLIPS = 10_000


@pytest.mark.parametrize("kind", ["zip", "legacy", "nvidia", "text", "safetensors"])
def test_flipped_bytes(kind: str, tmp_path: Path):
    """The same flips at every run, one to three bytes a file, a fifth of all in each kind. Some still load."""
    stream = random.Random(f"flips of {kind}")
    path = small_files(tmp_path)[kind]
    raw = path.read_bytes()
    loaded = 0
    for _ in range(FLIPS // 5):
        broken = bytearray(raw)
        for _ in range(stream.choice((1, 1, 2, 3))):
            broken[stream.randrange(len(raw))] = stream.randrange(256)
        path.write_bytes(broken)
        loaded += not read_watched(path)
    assert 0 < loaded < FLIPS // 5


@pytest.mark.parametrize("files", ["netG_epoch_24.pth", "rosinality-000010.pt", "sg2ada-64-cond5.pkl"])
def test_real_files_with_flipped_bytes_open_or_are_refused(files: str, tmp_path: Path):
    """All the way through the door: a name or a shape that was changed is one sentence, too."""
    source = build.INTEROP / files
    if not source.exists():
        pytest.skip("the files of other programs are not beside the project")
    stream = random.Random(f"flips of {files}")
    raw = source.read_bytes()
    texts = [i for i in range(len(raw) - 8) if raw[i : i + 8].isascii() and raw[i : i + 8].isalpha()]
    for _ in range(12):
        broken = bytearray(raw)
        broken[stream.choice(texts)] ^= 1 << stream.randrange(7)
        (tmp_path / "broken").write_bytes(broken)
        try:
            open_checkpoint(tmp_path / "broken")
        except CheckpointError as error:
            assert "\n" not in str(error) and str(error).endswith(".")
