"""A walker over a PNG file's chunks that reads one text and never a pixel (PNG specification, 3rd edition, §5, §11.3).

A file from a stranger may be cut, hostile or huge. So nothing here is decoded but the header and the wanted text,
what is skipped is never read into memory, and every length has a bound.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from ..errors import RecipeError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_FILE = 32 * 1024 * 1024  # bytes
MAX_PIXELS = 50_000_000
MAX_CHUNKS = 10_000
MAX_TEXT = 512 * 1024  # bytes of the text, packed and unpacked: as long as a recipe may be

NO_PNG = "This file is not a PNG picture."
BROKEN = "This PNG file is broken or cut short."
TOO_LARGE = f"The recipe in this picture is too large: a recipe has at most {MAX_TEXT >> 10} kB."
NO_TEXT = "This picture carries no recipe: only PNG files saved by an atelier do."


def read_itxt(source: bytes | Path, keyword: str) -> str:
    """The text of the first iTXt chunk of that keyword (ASCII); RecipeError with one sentence if there is none.

    Only the header's checksum and that chunk's are verified; what comes after the chunk is not looked at.
    """
    if isinstance(source, bytes):
        return _walk(io.BytesIO(source), len(source), keyword.encode("ascii"))
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):  # a folder, or a pipe that would be waited for
            raise RecipeError(NO_PNG)
        with source.open("rb") as file:
            return _walk(file, status.st_size, keyword.encode("ascii"))
    except OSError:
        raise RecipeError("This file cannot be read.") from None


def _walk(file: BinaryIO, size: int, keyword: bytes) -> str:
    if file.read(len(SIGNATURE)) != SIGNATURE:
        raise RecipeError(NO_PNG)
    if size > MAX_FILE:
        raise RecipeError(f"This file is too large: {MAX_FILE >> 20} MB are the most.")
    length, kind = _head(file)
    if kind != b"IHDR" or length != 13:
        raise RecipeError(BROKEN)
    width, height = struct.unpack(">II", _body(file, length, kind)[:8])
    if not (width and height):
        raise RecipeError(BROKEN)
    if width * height > MAX_PIXELS:
        raise RecipeError(f"This picture is too large: {MAX_PIXELS // 10**6} megapixels are the most.")
    for _ in range(MAX_CHUNKS):
        length, kind = _head(file)
        if kind == b"IEND":
            raise RecipeError(NO_TEXT)
        if length + 4 > size - file.tell():
            raise RecipeError(BROKEN)
        if kind == b"iTXt":
            start = file.tell()
            if file.read(min(len(keyword) + 1, length)) == keyword + b"\0":
                file.seek(start)
                if length > MAX_TEXT:
                    raise RecipeError(TOO_LARGE)
                return _text(_body(file, length, kind))
            file.seek(start)
        file.seek(length + 4, os.SEEK_CUR)
    raise RecipeError(NO_TEXT)


def _head(file: BinaryIO) -> tuple[int, bytes]:
    """Length and type of the next chunk."""
    head = file.read(8)
    if len(head) < 8:
        raise RecipeError(BROKEN)
    length, kind = struct.unpack(">I4s", head)
    if length >= 2**31 or not kind.isalpha():
        raise RecipeError(BROKEN)
    return length, kind


def _body(file: BinaryIO, length: int, kind: bytes) -> bytes:
    """A chunk's data, its CRC-32 (over type and data) verified."""
    data, crc = file.read(length), file.read(4)
    if len(crc) < 4 or zlib.crc32(kind + data) != int.from_bytes(crc, "big"):
        raise RecipeError(BROKEN)
    return data


def _text(data: bytes) -> str:
    """The text of iTXt data: keyword\\0 packed? method language\\0 translated keyword\\0 text (§11.3.3.4)."""
    fields = data.split(b"\0", 1)[1]
    packed, method, rest = fields[:1], fields[1:2], fields[2:]
    parts = rest.split(b"\0", 2)
    if packed not in (b"\0", b"\1") or method != b"\0" or len(parts) != 3:
        raise RecipeError(BROKEN)
    text = _unpack(parts[2]) if packed == b"\1" else parts[2]
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise RecipeError(BROKEN) from None


def _unpack(data: bytes) -> bytes:
    """Inflate at most MAX_TEXT bytes: a zip bomb costs no more than that."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, MAX_TEXT + 1)
    except zlib.error:
        raise RecipeError(BROKEN) from None
    if len(text) > MAX_TEXT:
        raise RecipeError(TOO_LARGE)
    if not inflater.eof:
        raise RecipeError(BROKEN)
    return text
