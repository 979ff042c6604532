"""That a file is AI-generated, written where its kind has room for it: XMP in films and moving pictures.

A packet goes where Adobe's specification (XMP part 3) has it: an MP4's `uuid` box, a GIF's application extension, a
WebP's `XMP ` chunk, a PNG's iTXt. Matroska has tags of its own, which the encoder writes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from studio import Rendering, StudioError
from studio.files import xmp

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
KEYWORD = b"XML:com.adobe.xmp"
# XMP part 3, §1.1.2: bytes that lead any reader of sub-blocks to their end, wherever in the text it begins.
GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


@dataclass(frozen=True)
class Label:
    """What a file says of itself: a title, a sentence that it is AI-generated, whose rights, and all that as XMP."""

    title: str
    description: str
    rights: str
    packet: str


def label_of(rendering: Rendering, title: str) -> Label:
    """What a file made of pictures like this one says of itself."""
    recipe, provenance = rendering.recipe, rendering.provenance
    words = f"AI-generated: {rendering.specimen}"
    rights = f"{provenance.attribution} {provenance.licence}".strip()
    packet = xmp.packet(description=words, rights=rights, system=recipe.model, version=recipe.version)
    return Label(title, words, rights, packet)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_text(keyword: bytes, text: str) -> bytes:
    """An iTXt chunk, not packed."""
    return png_chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode())


def label_file(path: Path, kind: str, packet: str) -> None:
    """Write an XMP packet into a finished file, in place: "mp4", "gif", "apng" or "webp"; others are left alone."""
    if kind == "mp4":
        with path.open("ab") as file:
            data = packet.encode()
            file.write(struct.pack(">I4s", 24 + len(data), b"uuid") + MP4_XMP + data)
    elif kind in _INTO:
        path.write_bytes(_INTO[kind](path.read_bytes(), packet))


def _into_png(data: bytes, packet: str) -> bytes:
    head = 8 + 25  # signature and IHDR
    if not data.startswith(PNG_SIGNATURE):
        raise StudioError("The encoder wrote no PNG.")
    return data[:head] + png_text(KEYWORD, packet) + data[head:]


def _into_gif(data: bytes, packet: str) -> bytes:
    flags = data[10]
    head = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)  # the screen's size, and its colours if it has some
    return data[:head] + b"\x21\xff\x0bXMP DataXMP" + packet.encode() + GIF_TRAILER + data[head:]


def _into_webp(data: bytes, packet: str) -> bytes:
    if data[8:16] != b"WEBPVP8X":
        raise StudioError("The encoder wrote no moving WebP.")
    text = packet.encode()
    body = bytearray(data[8:] + b"XMP " + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2))
    body[12] |= 0x04  # the flag of VP8X that says there is XMP
    return b"RIFF" + struct.pack("<I", len(body)) + bytes(body)


_INTO = {"apng": _into_png, "gif": _into_gif, "webp": _into_webp}
