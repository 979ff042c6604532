"""What foreign files hold is read as it was written, whatever the protocol, and nothing else is taken."""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import time
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from generator import CheckpointError
from generator.formats.reading import content as content_module
from generator.formats.reading.content import Content, Inert, Persistent, read_content
from tests.generator.formats import build_files as build

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def same(ours: object, theirs: object) -> bool:
    """Whether two trees have the same values, tensors bit for bit, a dict being any mapping."""
    if isinstance(theirs, Tensor):
        return isinstance(ours, Tensor) and ours.dtype == theirs.dtype and torch.equal(ours, theirs.detach())
    if isinstance(theirs, dict):
        return type(ours) is dict and list(ours) == list(theirs) and all(same(ours[k], v) for k, v in theirs.items())
    if isinstance(theirs, (list, tuple)):
        return type(ours) is type(theirs) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


# ---- plain values --------------------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "numbers": [0, 1, -1, 255, 256, 65_535, 65_536, -(1 << 31), 1 << 31, (1 << 63) - 1, -(1 << 100), 0.1, -1e300],
    "words": [True, False, None, float("inf")],
    "texts": ["", "plain", "Größe 5×3 – ψ 𝄞", "two\nlines\\and 'quotes' \" \x00", "long " * 400],
    "bytes": [b"", b"\x00\xff\n", bytes(range(256)) * 3],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), [()], {})],
    "sets": [set(), {"a", 1, 2.5, None}],
    "keys": {1: "int", "s": {2: {3: []}}},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_are_read_in_every_protocol(protocol: int, tmp_path: Path):
    content = read_content(build.write_pickle(tmp_path / "values.pkl", VALUES, protocol))
    assert content.kind == "pickle"
    assert same(content.root, VALUES)


def test_text_of_python_2_is_read(tmp_path: Path):
    (tmp_path / "two").write_bytes(b"(S'it\\'s'\np0\nU\x03abcT\x02\x00\x00\x00\xc3\xa9U\x01\xffl.")
    assert read_content(tmp_path / "two").root == ["it's", "abc", "é", "ÿ"]


def test_protocol_0_has_its_own_truth(tmp_path: Path):
    (tmp_path / "zero").write_bytes(b"(I01\nI00\nI7\nL12L\nF2.5\nNl.")
    root = read_content(tmp_path / "zero").root
    assert root == [True, False, 7, 12, 2.5, None] and [type(v) for v in root[:2]] == [bool, bool]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_relatives_of_dict_become_dict(protocol: int, tmp_path: Path):
    default: defaultdict[str, list[int]] = defaultdict(list, a=[1])
    value = {
        "ordered": OrderedDict(b=1, a=2), "count": Counter({30: 1}), "default": default,
        "easy": build.EasyDict(x=build.EasyDict(y=0)),
    }  # fmt: skip
    root = read_content(build.write_pickle(tmp_path / "dicts.pkl", value, protocol)).root
    plain = {"ordered": {"b": 1, "a": 2}, "count": {30: 1}, "default": {"a": [1]}, "easy": {"x": {"y": 0}}}
    assert same(root, plain)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_settings_of_a_program_are_inert(protocol: int, tmp_path: Path):
    config = build.BaseConfig()
    config.__dict__.update(dimLatent=512, nested=argparse.Namespace(size=64))
    root = read_content(build.write_pickle(tmp_path / "settings.pkl", config, protocol)).root
    assert isinstance(root, Inert) and (root.module, root.name) == ("models.utils.config", "BaseConfig")
    inner = root.state["nested"]
    assert root.state["dimLatent"] == 512
    assert isinstance(inner, Inert) and (inner.module, inner.name) == ("argparse", "Namespace")
    assert inner.state == {"size": 64}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?"])
def test_numpy_becomes_torch(protocol: int, dtype: str, tmp_path: Path):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    columns = np.asfortranarray(array[0])
    root = read_content(build.write_pickle(tmp_path / "arrays.pkl", [array, columns, array[1, 2, 3]], protocol)).root
    assert torch.equal(root[0], torch.from_numpy(array)) and root[0].dtype == torch.from_numpy(array).dtype
    assert torch.equal(root[1], torch.from_numpy(columns))
    assert type(root[2]) in (int, float, bool) and root[2] == array[1, 2, 3].item()


# ---- tensors -------------------------------------------------------------------------------------------------------

DTYPES = [
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.bool,
]  # fmt: skip


def tensors(dtype: torch.dtype) -> dict[str, Tensor]:
    """Every way to lie in a storage: plain, transposed, a window, expanded, none at all, a single number."""
    base = (torch.randn(4, 6) * 9).to(dtype)
    return {
        "plain": base, "transposed": base.t(), "window": base[1:3, 2:5], "expanded": base[:1, :1].expand(3, 5),
        "empty": base[:0], "scalar": base[2, 3], "last": base[3:, 5:],
    }  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_tensors_of_every_type_and_layout(dtype: torch.dtype, kind: str, tmp_path: Path):
    value, path = tensors(dtype), tmp_path / "tensors"
    if kind == "pickle":
        build.write_pickle(path, value)
    else:
        build.write_torch(path, value, legacy=kind == "legacy")
    content = read_content(path)
    assert content.kind == ("pickle" if kind == "pickle" else "torch")
    assert same(content.root, value)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_training_file_is_read_as_torch_reads_it(legacy: bool, protocol: int, tmp_path: Path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(2, 2, bias=False))
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.randn(2, 3, 4, 4)).sum().backward()
    optimiser.step()
    value = {"g": network.state_dict(), "list": list(network.parameters()), "optim": optimiser.state_dict(), "n": 3}
    path = build.write_torch(tmp_path / "000003.pt", value, legacy, protocol)
    root = read_content(path).root
    assert same(root, value)
    if protocol == 2:  # the only one that torch itself reads safely
        assert same(root, torch.load(path, weights_only=True))


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_tied_weights_stay_tied_and_none_is_the_files(kind: str, tmp_path: Path):
    weight = torch.randn(8)
    path = build.write_torch(tmp_path / "tied.pt", {"a": weight, "b": weight[2:]}, legacy=kind == "legacy")
    root = read_content(path).root
    root["a"][2] = 7.0
    assert root["b"][0] == 7.0
    assert read_content(path).root["b"][0] == weight[2]


def test_safetensors_are_read_with_their_texts(tmp_path: Path):
    values = {"a.weight": torch.randn(2, 3), "b": torch.arange(3)}
    save_file(values, tmp_path / "model.safetensors", metadata={"about": "plums"})
    content = read_content(tmp_path / "model.safetensors")
    assert content.kind == "safetensors" and content.metadata == {"about": "plums"}
    assert set(content.root) == set(values) and all(torch.equal(content.root[k], v) for k, v in values.items())


# ---- NVIDIA's modules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_persistent_module_without_its_source(protocol: int, tmp_path: Path):
    plain = nn.Linear(2, 2)
    network = build.Layer(
        "Generator", 4, (5, 6), parameters={"const": torch.ones(2), "bias": None}, buffers={"w_avg": torch.zeros(3)},
        modules={"b4": build.small_network(), "skip": plain}, source="raise SystemExit('run')", img_resolution=64,
        attributes={"num_ws": 10, "gain": np.float64(0.5)},
    )  # fmt: skip
    content = read_content(build.write_pickle(tmp_path / "network.pkl", {"G_ema": network}, protocol))
    found = content.root["G_ema"]
    assert content.kind == "nvidia" and isinstance(found, Persistent)
    assert (found.class_name, found.init_args, found.init_kwargs) == ("Generator", (4, (5, 6)), {"img_resolution": 64})
    assert found.state == {"training": False, "num_ws": 10, "gain": 0.5}
    assert set(found.parameters) == {"const"} and set(found.buffers) == {"w_avg"}
    inner = found.modules["b4"]
    assert isinstance(inner, Persistent) and inner.modules["fc0"].init_kwargs == {"activation": "lrelu"}  # type: ignore[union-attr]
    assert isinstance(found.modules["skip"], Inert) and found.modules["skip"].name == "Linear"
    names = ["const", "w_avg", "b4.const", "b4.w_avg", "b4.fc0.weight", "skip.weight", "skip.bias"]
    assert list(found.tensors()) == names
    assert torch.equal(found.tensors()["skip.weight"], plain.weight.detach())


@pytest.mark.parametrize("name", ["sg2ada-64-cond5.pkl", "sg2-in-sg3repo-64.pkl", "sg3t-64-uncond.pkl"])
def test_files_by_the_original_programs(name: str):
    path = build.INTEROP / name
    if not path.exists():
        pytest.skip("the files of other programs are not beside the project")
    content = read_content(path)
    assert content.kind == "nvidia" and {"G", "D", "G_ema"} <= set(content.root)
    for key in ("G", "D", "G_ema"):
        network = content.root[key]
        assert isinstance(network, Persistent)
        assert network.class_name == ("Discriminator" if key == "D" else "Generator")
        assert network.state["img_resolution"] == 64
        values = network.tensors()
        assert len(values) > 30 and all(torch.isfinite(value).all() for value in values.values())
    assert set(content.root["G"].tensors()) == set(content.root["G_ema"].tensors())


@pytest.mark.parametrize("name", ["netG_epoch_24.pth", "netD_epoch_24.pth", "rosinality-000010.pt"])
def test_torch_files_by_the_original_programs(name: str):
    path = build.INTEROP / name
    if not path.exists():
        pytest.skip("the files of other programs are not beside the project")
    with torch.serialization.safe_globals([argparse.Namespace]):
        theirs = torch.load(path, weights_only=True)
    ours = read_content(path).root
    if (args := theirs.pop("args", None)) is not None:
        assert ours.pop("args").state == vars(args)
    assert same(ours, theirs)


# ---- what it costs -------------------------------------------------------------------------------------------------

MEASURE = """
import resource, sys
from pathlib import Path
from generator.formats.reading import read_content
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) << 10
read_content(Path(sys.argv[1]))
before = peak()
content = read_content(Path(sys.argv[2]))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own count of the memory")
@pytest.mark.parametrize("kind", ["pickle", "zip", "legacy"])
def test_a_big_file_is_held_once(kind: str, tmp_path: Path):
    weights = {f"w{i}": torch.randn(1 << 20) for i in range(8)}
    network = build.Layer("Generator", parameters=weights)
    small = build.write_pickle(tmp_path / "small", build.small_network())
    path = tmp_path / "big"
    build.write_pickle(path, network) if kind == "pickle" else build.write_torch(path, weights, kind == "legacy")
    command = [sys.executable, "-c", MEASURE, str(small), str(path)]
    root = Path(__file__).resolve().parents[4]
    extra = int(subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout)
    assert extra < 1.3 * path.stat().st_size
    began = time.perf_counter()
    read_content(path)
    assert time.perf_counter() - began < 2


# ---- what it is not ------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(CheckpointError) as caught:
        read_content(path)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 250 and path.name in sentence
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "is a picture"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"\x1f\x8b\x08" + bytes(99), "gzip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"hello, I am a text", "is neither a torch file nor a pickle nor a safetensors file"),
        (bytes(4096), "is neither"),
        (b"\xff" * 4096, "is neither"),
        (b"\x80", "is no whole pickle or torch file: it ends in the middle"),
        (b"\x80\x04", "it ends in the middle"),
        (b"PK\x03\x04", "is no whole torch file: it ends in the middle"),
        (b"\x40\x00\x00\x00\x00\x00\x00\x00{", "is no whole safetensors file"),
        (b"\x02\x00\x00\x00\x00\x00\x00\x00{]", "is no whole safetensors file"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff{}", "is no whole safetensors file"),
        (b"\x80\x02cdnnlib.tflib.network\nNetwork\n.", "dnnlib.tflib.network.Network (a TensorFlow network)"),
        (b"\x80\x02ctfutil\nNetwork\n.", "tfutil.Network (a TensorFlow network)"),
        (b"\x80\x02c__main__\nGenerator\n)\x81}b.", "names __main__.Generator (a whole module), which this program"),
        (b"cnumpy\nload\n.", "names numpy.load, which this program does not know; nothing of the file was run"),
        (b"\x80\x02(K\x01K\x02o.", "calls something that is no name"),
        (b"\x80\x04\x82\x01.", "an instruction b'\\x82' that this program does not follow"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_named(content: bytes, sentence: str, tmp_path: Path):
    (tmp_path / "thing.pkl").write_bytes(content)
    assert sentence in refused(tmp_path / "thing.pkl")


def test_a_missing_file_and_a_folder(tmp_path: Path):
    assert "There is no file nowhere.pkl" in refused(tmp_path / "nowhere.pkl")
    (tmp_path / "folder").mkdir()
    assert "There is no file folder" in refused(tmp_path / "folder")


def test_a_zip_of_something_else(tmp_path: Path):
    assert "without a data.pkl" in refused(build.write_zip(tmp_path / "photos.zip", {"a/photo.png": b"x"}))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_with_a_checkpoint_in_it_says_so(compression: int, tmp_path: Path):
    files = {"__MACOSX/._net.pkl": b"x", "a/net.pkl": b"\x80\x02}." + bytes(99), "a/readme.txt": bytes(99)}
    sentence = refused(build.write_zip(tmp_path / "net.zip", files, compression))
    assert "a zip archive with net.pkl in it: unpack it and open that" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\n<!DocType HTML><html>", "is a web page"),
        (b'{"error": "denied"}', "but a text, perhaps a message in its place"),
        (b"\x08\x06\x12\x07pytorch\x1a", "is an ONNX file"),
        (b"\x93NUMPY\x01", "is an array of NumPy's"),
        (bytes(1) + b"a.pt" + bytes(252) + b"ustar" + bytes(250), "is a tar archive"),
        (b"BZh91AY", "bzip2"),
    ],
)  # fmt: skip
def test_other_files_are_called_by_their_names(content: bytes, sentence: str, tmp_path: Path):
    (tmp_path / "thing.pt").write_bytes(content)
    assert sentence in refused(tmp_path / "thing.pt")


def test_a_torchscript_program(tmp_path: Path):
    files = {"net/data.pkl": b"\x80\x02}.", "net/constants.pkl": b"\x80\x02).", "net/code/net.py": b"print()" * 9}
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # torch itself compresses the program's text
        path = build.write_zip(tmp_path / "net.pt", files, compression)
        assert "TorchScript program, which would have to be run" in refused(path)


def test_a_compressed_archive(tmp_path: Path):
    path = build.write_zip(tmp_path / "net.pt", {"net/data.pkl": b"\x80\x02}." + bytes(99)}, zipfile.ZIP_DEFLATED)
    assert "compressed" in refused(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_another_byte_order(legacy: bool, tmp_path: Path):
    raw = build.torch_bytes({"a": torch.ones(2)}, legacy)
    changed = raw.replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89")  # the old kind; in the new one a file:
    changed = changed if legacy else raw.replace(b"little", b"big   ")
    assert changed != raw
    (tmp_path / "net.pt").write_bytes(changed)
    assert "byte order" in refused(tmp_path / "net.pt")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(content_module, "MAX_FILE", 1 << 20)
    with (tmp_path / "huge.pkl").open("wb") as file:
        file.truncate(3 << 20)
    assert "has 3 MB; this program reads up to 1 MB" in refused(tmp_path / "huge.pkl")


def test_content_knows_its_path(tmp_path: Path):
    path = build.write_pickle(tmp_path / "a.pkl", [])
    assert read_content(path) == Content(path, "pickle", [])
