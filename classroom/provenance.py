"""What a PNG file says of itself, and how easily that is taken away: its chunks, the recipe, the label that an AI made
it. No pixel is decoded. PNG specification, 3rd edition, §5; IPTC Photo Metadata 2025.1 for the label."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from studio import RecipeError, recipe_from_png

from .errors import ClassroomError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # all that decides what is seen
MOST_BYTES = 8 << 20
MOST_CHUNKS = 10_000
MOST_TEXT = 400  # characters of a text that are shown
SOURCE_TYPE = re.compile(r"DigitalSourceType>\s*[^<]*?digitalsourcetype/(\w{1,60})\s*<")
FACTS = {
    "system": re.compile(r"AISystemUsed>([^<]{1,200})<"),
    "version": re.compile(r"AISystemVersionUsed>([^<]{1,200})<"),
    "tool": re.compile(r"CreatorTool>([^<]{1,200})<"),
}


@dataclass(frozen=True)
class Chunk:
    """A part of a PNG file: its type, its length in bytes, and the beginning of its text if it is one."""

    kind: str
    length: int
    text: str = ""


@dataclass(frozen=True)
class Statement:
    """What a file says: its chunks, the model and seed of its recipe (None without one), and its label: the source type
    of the IPTC, such as "trainedAlgorithmicMedia" (None without one), with the system that it names."""

    chunks: tuple[Chunk, ...]
    recipe: dict[str, Any] | None
    source_type: str | None
    facts: dict[str, str]
    size: int

    def told(self) -> dict[str, Any]:
        """JSON-able; runs of chunks of one kind as one."""
        rows: list[dict[str, Any]] = []
        for chunk in self.chunks:
            if rows and rows[-1]["kind"] == chunk.kind and not chunk.text:
                rows[-1]["length"] += chunk.length
                rows[-1]["count"] += 1
            else:
                rows.append({"kind": chunk.kind, "length": chunk.length, "count": 1, "text": chunk.text})
        return {"chunks": rows, "recipe": self.recipe, "type": self.source_type, "facts": self.facts, "size": self.size}


def read_statement(data: bytes) -> Statement:
    """What the bytes of a PNG say. ClassroomError if they are no whole PNG file, or too many."""
    chunks, texts = [], []
    for kind, body in _walk(data):
        text = _text_of(kind, body)
        texts.append(text)
        chunks.append(Chunk(kind.decode("ascii"), len(body), _short(text)))
    whole = "\n".join(texts)
    source = SOURCE_TYPE.search(whole)
    facts = {name: found[1] for name, pattern in FACTS.items() if (found := pattern.search(whole))}
    try:
        recipe = recipe_from_png(data)
        told = {"model": recipe.model, "version": recipe.version, "seed": recipe.seed, "label": recipe.label}
    except RecipeError:
        told = None
    return Statement(tuple(chunks), told, None if source is None else source[1], facts, len(data))


def strip(data: bytes) -> bytes:
    """The same picture without a word: all chunks that no pixel depends on are left out, the others stay byte for byte.
    ClassroomError as for `read_statement`."""
    kept = [(kind, body) for kind, body in _walk(data) if kind in PIXELS]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in kept
    )


def _walk(data: bytes) -> list[tuple[bytes, bytes]]:
    if len(data) > MOST_BYTES:
        raise ClassroomError("large_file", "This file is too large: {most} MB are the most.", most=MOST_BYTES >> 20)
    if not data.startswith(SIGNATURE):
        raise ClassroomError("no_png", "This file is not a PNG picture.")
    broken = ClassroomError("broken_png", "This PNG file is broken or cut short.")
    found: list[tuple[bytes, bytes]] = []
    at = len(SIGNATURE)
    while at + 12 <= len(data) and len(found) < MOST_CHUNKS:
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data) or not kind.isalpha() or not kind.isascii():
            raise broken
        body = data[at + 8 : end]
        if zlib.crc32(kind + body) != struct.unpack_from(">I", data, end)[0]:
            raise broken
        found.append((kind, body))
        at = end + 4
        if kind == b"IEND":
            if found[0][0] != b"IHDR":
                raise broken
            return found
    raise broken


def _text_of(kind: bytes, body: bytes) -> str:
    """Keyword and text of a tEXt or iTXt chunk; of a packed one the keyword alone; "" for any other."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return f"{keyword.decode('latin-1')}: {rest.decode('latin-1')}"
    if kind == b"zTXt":
        return f"{keyword.decode('latin-1')}: …"
    if kind != b"iTXt":
        return ""
    parts = rest[2:].split(b"\0", 2)
    packed = rest[:1] == b"\1" or len(parts) != 3
    return f"{keyword.decode('latin-1')}: {'…' if packed else parts[2].decode('utf-8', 'replace')}"


def _short(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= MOST_TEXT else f"{plain[:MOST_TEXT]}…"
