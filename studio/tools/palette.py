"""A picture's colours as swatches, for the programs that people paint, print and build pages with."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postprocess import find_regions
from studio import StudioError

MOST = 16


@dataclass(frozen=True)
class Swatch:
    """One colour (sRGB, 0 … 1 each) and its share of the picture, 0 … 1."""

    colour: tuple[float, float, float]
    share: float

    @property
    def hex(self) -> str:
        """As "#rrggbb"."""
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in self.colour)


def swatches(picture: NDArray[np.float32], count: int = 6) -> list[Swatch]:
    """At most `count` colours of a picture H×W×3 in [0, 1], one a region of like colour, the largest first."""
    if not 2 <= count <= MOST:
        raise StudioError(f"A palette has 2 to {MOST} colours, not {count}.")
    regions = find_regions(picture, count)
    shares = np.bincount(regions.labels.ravel(), minlength=len(regions.colours)) / regions.labels.size
    found = [
        Swatch((float(r), float(g), float(b)), float(share))
        for (r, g, b), share in zip(regions.colours, shares, strict=True)
    ]
    return sorted(found, key=lambda swatch: -swatch.share)


def to_gpl(colours: Sequence[Swatch], name: str) -> bytes:
    """A GIMP palette; Inkscape and Krita read it as well."""
    lines = ["GIMP Palette", f"Name: {_line(name)}", "Columns: 0", "#"]
    for swatch in colours:
        red, green, blue = (round(channel * 255) for channel in swatch.colour)
        lines.append(f"{red:3d} {green:3d} {blue:3d}\t{swatch.hex} {swatch.share:.0%}")
    return ("\n".join(lines) + "\n").encode()


def to_css(colours: Sequence[Swatch], name: str) -> bytes:
    """Custom properties of a style sheet."""
    comment = _line(name).replace("*/", "* /")
    lines = [f"/* {comment} */", ":root {"]
    lines += [f"  --colour-{i}: {swatch.hex}; /* {swatch.share:.0%} */" for i, swatch in enumerate(colours, start=1)]
    return ("\n".join([*lines, "}"]) + "\n").encode()


def to_ase(colours: Sequence[Swatch], name: str) -> bytes:
    """An Adobe Swatch Exchange file: one group of RGB colours."""
    blocks = [_block(0xC001, _text(name))]
    for swatch in colours:
        entry = _text(swatch.hex) + b"RGB " + struct.pack(">3f", *swatch.colour) + struct.pack(">H", 2)  # 2: plain
        blocks.append(_block(0x0001, entry))
    blocks.append(_block(0xC002, b""))
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


WRITERS = {"ase": to_ase, "gpl": to_gpl, "css": to_css}


def _block(kind: int, data: bytes) -> bytes:
    return struct.pack(">HI", kind, len(data)) + data


def _text(text: str) -> bytes:
    """UTF-16 with its length in units and a zero at its end."""
    units = (_line(text) + "\0").encode("utf-16-be")
    return struct.pack(">H", len(units) // 2) + units


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:100]
