"""Files as people have them, made here: the kinds for which ../shared/cases has examples, and some more."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 20
APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(60)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def drawn(seed: int, side: int = SIDE) -> Image.Image:
    """Smooth colours that depend on the seed."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file's content."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(seed: int = 0, kind: str = "PNG") -> bytes:
    """A small picture's file."""
    return saved(drawn(seed), kind)


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """The files in a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack(path: Path, files: Sequence[tuple[str | bytes, bytes]]) -> Path:
    """A zip whose names have these very bytes and no word on their encoding; texts are written as UTF-8, said so."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo("x")
            info.filename = name if isinstance(name, str) else name.decode("cp437")
            archive.writestr(info, content)
    raw = path.read_bytes()
    for name, _ in files:  # Python writes every name that is not ASCII as UTF-8 and says so: written anew as it was
        if isinstance(name, bytes) and not name.isascii():
            raw = _renamed(raw, name.decode("cp437").encode(), name)
    path.write_bytes(raw)
    return path


def _renamed(raw: bytes, written: bytes, meant: bytes) -> bytes:
    """The zip with another name of the same entry: both headers tell its length, the last record where they lie."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    out = bytearray()
    central = bytearray()
    for info, content in entries:
        flags = info.flag_bits
        name = info.orig_filename.encode("utf-8" if flags & 0x800 else "cp437")
        if name == written:
            name, flags = meant, 0
        head = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 33, info.CRC, len(content), len(content), len(name), 0)
        central += b"PK\x01\x02\x14\x00" + head + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name
        out += b"PK\x03\x04" + head + name + content
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(central), len(out), 0)
    return bytes(out + central) + b"PK\x05\x06" + end


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with one more chunk after its header."""
    return png[:33] + chunk(kind, data) + png[33:]


LARGE = zlib.compress(b"text of a program that makes pictures " * 60_000)


def class_files(classes: Iterable[str], count: int = 6, kind: str = "PNG", ending: str = "png") -> dict[str, bytes]:
    """Pictures in class folders."""
    return {f"{name}/{i}.{ending}": picture(i, kind) for name in classes for i in range(count)}


def _mac(path: Path, prefix: str = "") -> None:
    files: list[tuple[str | bytes, bytes]] = [(".DS_Store", b"\0\0\0\1Bud1")]
    for i in range(6):
        folder = f"{'ab'[i % 2]}/" if prefix else ""
        files += [(f"{folder}{i}.png", picture(i)), (f"__MACOSX/{folder}._{i}.png", APPLE_DOUBLE)]
    pack(path, files)


def _links(folder: Path) -> None:
    put(folder / "links", class_files(["apples"]))
    put(folder / "elsewhere", {f"{i}.png": picture(i) for i in range(6)})
    os.symlink(folder / "elsewhere", folder / "links" / "pears")
    os.symlink(folder / "links", folder / "elsewhere" / "round")  # would never end


def _rgba(i: int) -> Image.Image:
    noise = np.random.default_rng(i).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
    noise[..., 3] = 0
    noise[5:15, 5:15] = (200, 30, 40, 255)
    return Image.fromarray(noise, "RGBA")


def _palette(i: int) -> bytes:
    image = Image.new("P", (SIDE, SIDE), 0)
    image.putpalette([255, 0, 255, 200, 30, 40])
    image.paste(1, (5, 5, 15, 15))
    return saved(image, transparency=0)


def grey16(i: int = 0) -> Image.Image:
    """A ramp over all 16 bits."""
    return Image.fromarray(np.linspace(0, 65535, SIDE * SIDE).round().astype(np.uint16).reshape(SIDE, SIDE))


def exif(orientation: int) -> bytes:
    """EXIF with nothing but the orientation."""
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def _tool(path: Path) -> None:
    rows = [[f"0000{i // 6}/img{i:08d}.png", i % 3] for i in range(12)]
    files: list[tuple[str | bytes, bytes]] = [(str(name), picture(i)) for i, (name, _) in enumerate(rows)]
    pack(path, [*files, ("dataset.json", json.dumps({"labels": rows}).encode())])


def _zipped(names: Callable[[int], str | bytes]) -> Callable[[Path], object]:
    return lambda path: pack(path, [(names(i), picture(i)) for i in range(8)])


def _folder(files: Callable[[], dict[str, bytes]]) -> Callable[[Path], object]:
    return lambda path: put(path, files())


SIX = range(6)
# name → how to make it at a path; those that end in .zip are zips
KINDS: dict[str, Callable[[Path], object]] = {
    "mac-flat.zip": _mac,
    "mac-classes.zip": lambda path: _mac(path, "classes"),
    "mac-dots": _folder(lambda: {f"p{i}.png": picture(i) for i in SIX} | {f"._p{i}.png": APPLE_DOUBLE for i in SIX}),
    "nas": _folder(
        lambda: (
            {f"p{i}.jpg": picture(i, "JPEG") for i in SIX}
            | {f"@eaDir/p{i}.jpg/SYNOPHOTO_THUMB_M.jpg": picture(i, "JPEG") for i in SIX}
        )
    ),
    "folder-named-png": _folder(lambda: {f"set.png/{i}.png": picture(i) for i in SIX}),
    "train-dataset-tool.zip": _tool,
    "train-grey16.zip": lambda path: pack(path, [(f"{i}.png", saved(grey16(i))) for i in SIX]),
    "mode-grey-16": _folder(lambda: {f"{i}.png": saved(grey16(i)) for i in SIX}),
    "mode-rgba-hidden-noise": _folder(lambda: {f"{i}.png": saved(_rgba(i)) for i in SIX}),
    "mode-palette-alpha": _folder(lambda: {f"{i}.png": _palette(i) for i in SIX}),
    "exif-6": _folder(
        lambda: {f"{i}.jpg": saved(Image.new("RGB", (60, 40), (9, 9, 9)), "JPEG", exif=exif(6)) for i in SIX}
    ),
    "class-of-tiff": _folder(
        lambda: class_files(["apples", "pears"], kind="JPEG", ending="jpg") | class_files(["plums"], 6, "TIFF", "tif")
    ),
    "mixed-kinds": _folder(
        lambda: (
            {f"p{i}.jpg": picture(i, "JPEG") for i in SIX}
            | {f"q{i}.tif": picture(i, "TIFF") for i in SIX}
            | {f"r{i}.gif": picture(i, "GIF") for i in SIX}
            | {f"s{i}.HEIC": HEIC for i in SIX}
        )
    ),
    "links": _links,
    "backslash.zip": _zipped(lambda i: f"{('dogs', 'cats')[i % 2]}\\{i}.png"),
    "sjis.zip": _zipped(lambda i: f"{('りんx', 'なしx')[i % 2]}/{i:02d}.png".encode("cp932")),
    "big-ztxt": _folder(
        lambda: {"p.png": picture(1), "workflow.png": with_chunk(picture(), b"zTXt", b"prompt\0\0" + LARGE)}
    ),
    "big-iccp": _folder(
        lambda: {"p.png": picture(1), "camera.png": with_chunk(picture(), b"iCCP", b"profile\0\0" + LARGE)}
    ),
    "rare-class": _folder(lambda: class_files(["common"], 12) | {"rare/p5.png": picture()}),
}
