"""A picture as a file to print or to work on: 16 bits a channel, its size in the file, a colour profile, bleed.

Large sheets are made strip by strip, so that a poster takes the memory of one strip.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from generator.storage import whole
from studio import StudioError

from .labels import KEYWORD, PNG_SIGNATURE, png_chunk, png_text

Floats = NDArray[np.float32]
Deep = NDArray[np.uint16]
Share = Callable[[float], None]

MAX_PIXELS = 120_000_000
ROWS = 128  # of a strip
MM = 25.4  # an inch
DPI = (72, 600)
BLEED = (0.0, 10.0)  # mm on each side
# Trimmed sizes, width × height in mm.
SIZES: dict[str, tuple[float, float]] = {
    "postcard": (148.0, 105.0),
    "A5": (148.0, 210.0),
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "square 20 cm": (200.0, 200.0),
    "square 50 cm": (500.0, 500.0),
    "8 × 10 in": (203.2, 254.0),
}
FITS = ("whole", "fill")
KINDS = ("png", "tiff")


@dataclass(frozen=True)
class Layout:
    """Where a picture lies on its sheet, in pixels: the sheet's `width`×`height`, the picture's corner (it may lie
    outside) and size; `ground` shows around it. `dpi`: pixels an inch; `bleed`: pixels to be cut off on each side."""

    width: int
    height: int
    left: int
    top: int
    inner_width: int
    inner_height: int
    ground: tuple[float, float, float] = (1.0, 1.0, 1.0)
    dpi: float = 300.0
    bleed: int = 0


def enlarged(picture: Floats, factor: float, dpi: float = 300.0) -> Layout:
    """The picture alone, `factor` times as large."""
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    return _checked(Layout(width, height, 0, 0, width, height, dpi=dpi))


def on_paper(
    picture: Floats, size: str, dpi: float = 300.0, bleed: float = 3.0, fit: str = "whole", margin: float = 0.12
) -> Layout:
    """A picture on a sheet of one of SIZES, `bleed` mm larger on every side than it will be cut to.

    "fill": it covers sheet and bleed, what is too long is cut off evenly. "whole": all of it is seen, `margin` of the
    shorter side around it, on a ground of the colour of its border. StudioError for what is unknown or out of range.
    """
    if size not in SIZES or fit not in FITS:
        raise StudioError(f"A print is one of {', '.join(SIZES)}, and fits as {' or '.join(FITS)}.")
    if not DPI[0] <= dpi <= DPI[1] or not BLEED[0] <= bleed <= BLEED[1] or not 0 <= margin <= 0.4:
        raise StudioError(f"A print has {DPI[0]} to {DPI[1]} dpi and {BLEED[0]:g} to {BLEED[1]:g} mm of bleed.")
    edge = round(bleed / MM * dpi)
    inner = [round(side / MM * dpi) for side in SIZES[size]]
    width, height = (side + 2 * edge for side in inner)
    tall, wide = picture.shape[:2]
    if fit == "fill":
        scale = max(width / wide, height / tall)
        ground = (1.0, 1.0, 1.0)
    else:
        room = [side - 2 * margin * min(inner) for side in inner]
        scale = min(room[0] / wide, room[1] / tall)
        ground = border_colour(picture)
    size_x, size_y = max(1, round(wide * scale)), max(1, round(tall * scale))
    left, top = (width - size_x) // 2, (height - size_y) // 2
    return _checked(Layout(width, height, left, top, size_x, size_y, ground, dpi, edge))


def border_colour(picture: Floats) -> tuple[float, float, float]:
    """The median colour of a picture's outermost pixels."""
    edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    red, green, blue = np.median(np.concatenate(edges), axis=0)
    return float(red), float(green), float(blue)


def write_picture(
    path: Path,
    picture: Floats,
    layout: Layout,
    kind: str = "png",
    alpha: Floats | None = None,
    grey: bool = False,
    packet: str = "",
    text: dict[str, str] | None = None,
    progress: Share | None = None,
) -> Path:
    """A picture H×W×3 in [0, 1] (and its opacity H×W, for a sheet it fills) as a 16-bit PNG or TIFF, written whole.

    sRGB's profile and the resolution are in the file; `packet` is its XMP, `text` further texts by keyword (PNG only).
    `grey`: one plane, Rec. 709 luma. `progress(share)` may raise to end it.
    """
    if kind not in KINDS:
        raise StudioError(f"A print is written as {' or '.join(KINDS)}, not {kind!r}.")
    planes = [np.ascontiguousarray(picture[..., channel], np.float32) for channel in range(3)]
    if grey:
        planes = [np.ascontiguousarray(picture @ np.array([0.2126, 0.7152, 0.0722], np.float32), np.float32)]
    if alpha is not None:
        planes.append(np.ascontiguousarray(alpha, np.float32))
    strips = _told(_strips(planes, layout, opaque=alpha is None), layout, progress)
    with whole(path) as draft:
        if kind == "png":
            _write_png(draft, strips, layout, len(planes), packet, text or {})
        else:
            _write_tiff(draft, strips, layout, len(planes), alpha is not None, packet)
    return path


def _checked(layout: Layout) -> Layout:
    if layout.width * layout.height > MAX_PIXELS or max(layout.inner_width, layout.inner_height) > 40_000:
        raise StudioError(
            f"This print would have {layout.width}×{layout.height} pixels; {MAX_PIXELS // 10**6} million are the most: "
            "choose a lower resolution or a smaller sheet."
        )
    return layout


def _strips(planes: list[Floats], layout: Layout, opaque: bool) -> Iterator[Deep]:
    """The sheet from the top, at most ROWS rows at a time: rows×width×planes.

    Resampled by Lanczos in floating point. Pillow's filter looks beyond its box, so strips meet without a seam.
    """
    images = [Image.fromarray(plane) for plane in planes]
    tall, wide = planes[0].shape
    ground = [*layout.ground][: len(planes)] if opaque else [0.0] * len(planes)
    first, last = max(0, layout.left), min(layout.width, layout.left + layout.inner_width)
    across = [(x - layout.left) / layout.inner_width * wide for x in (first, last)]
    for y in range(0, layout.height, ROWS):
        rows = min(ROWS, layout.height - y)
        strip = np.empty((rows, layout.width, len(planes)), np.float32)
        strip[:] = np.array(ground, np.float32)
        begin, end = max(y, layout.top), min(y + rows, layout.top + layout.inner_height)
        if begin < end:
            down = [(row - layout.top) / layout.inner_height * tall for row in (begin, end)]
            box = (across[0], down[0], across[1], down[1])
            for channel, image in enumerate(images):
                part = image.resize((last - first, end - begin), Image.Resampling.LANCZOS, box=box)
                strip[begin - y : end - y, first:last, channel] = np.asarray(part)
        yield (strip.clip(0, 1) * 65535 + np.float32(0.5)).astype(np.uint16)


def _told(strips: Iterator[Deep], layout: Layout, progress: Share | None) -> Iterator[Deep]:
    done = 0
    for strip in strips:
        yield strip
        done += len(strip)
        if progress is not None:
            progress(done / layout.height)


def _write_png(
    path: Path, strips: Iterator[Deep], layout: Layout, planes: int, packet: str, text: dict[str, str]
) -> None:
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[planes]
    head = struct.pack(">IIBBBBB", layout.width, layout.height, 16, colour, 0, 0, 0)
    metre = round(layout.dpi / MM * 1000)
    packer = zlib.compressobj(6)
    with path.open("wb") as file:
        file.write(PNG_SIGNATURE + png_chunk(b"IHDR", head))
        if planes > 2:
            file.write(png_chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(_srgb())))
        file.write(png_chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1)))
        for keyword, value in {**({KEYWORD.decode(): packet} if packet else {}), **text}.items():
            file.write(png_text(keyword.encode("latin-1"), value))
        above = np.zeros(layout.width * planes * 2, np.uint8)
        for strip in strips:
            flat = strip.astype(">u2").reshape(len(strip), -1).view(np.uint8)
            # Filter "up" (PNG §9.2): each byte less the one above it; even parts become zeros.
            filtered = np.empty((len(flat), flat.shape[1] + 1), np.uint8)
            filtered[:, 0] = 2
            filtered[:, 1:] = flat - np.concatenate([above[None], flat[:-1]])
            above = flat[-1]
            if data := packer.compress(filtered.tobytes()):
                file.write(png_chunk(b"IDAT", data))
        file.write(png_chunk(b"IDAT", packer.flush()) + png_chunk(b"IEND", b""))


def _write_tiff(path: Path, strips: Iterator[Deep], layout: Layout, planes: int, opacity: bool, packet: str) -> None:
    samples = (planes,) if planes > 1 else ()
    extra = [(700, "B", len(packet.encode()), packet.encode(), True)] if packet else []
    wide = -(-layout.width // 16) * 16  # strips cannot be handed over one by one, tiles as wide as the sheet can

    def tiles() -> Iterator[Deep]:
        for strip in strips:
            tile = np.pad(strip, ((0, ROWS - len(strip)), (0, wide - layout.width), (0, 0)))
            yield tile if planes > 1 else tile[..., 0]

    tifffile.imwrite(
        path,
        tiles(),
        shape=(layout.height, layout.width, *samples),
        dtype=np.uint16,
        photometric="rgb" if planes > 2 else "minisblack",
        extrasamples=["unassalpha"] if opacity else None,
        compression="zlib",
        tile=(ROWS, wide),
        resolution=(layout.dpi, layout.dpi),
        resolutionunit="INCH",
        iccprofile=_srgb() if planes > 2 else None,
        extratags=extra,
        description="AI-generated picture",
        software="Latent Atelier",
        metadata=None,
    )


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
