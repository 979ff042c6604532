"""One decoder for everybody: any picture becomes 8-bit RGB, upright, on one ground, or a sentence says why not."""

from __future__ import annotations

import io
import re
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from .errors import PicturesError
from .kinds import HEAD, UNREAD, ending, formats, told_by_content

MAX_PIXELS = 64_000_000
MAX_BYTES = 256 << 20  # of one picture's file
WHITE = (255, 255, 255)

Colour = tuple[int, int, int]
Array = NDArray[np.float32]

# MAX_PIXELS is below the size at which Pillow warns; a sentence says it better.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Of EXIF and TIFF that are a little broken: the picture is read all the same, and what matters of them is told.
warnings.filterwarnings("ignore", category=UserWarning, module="PIL.TiffImagePlugin")

_LARGE = 16_000_000  # pixels from which on pictures are decoded one at a time: several would fill a small machine
_one_large = threading.Lock()

_ORIENTATION = 0x0112  # of EXIF
_PHOTOMETRIC, _BITS = 262, 258  # of TIFF: what its numbers mean, and how many bits each has
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PNG = b"\x89PNG\r\n\x1a\n"
_DIM = 17  # of 255: what the largest number of 12 bits is of 16
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")  # PNG, third edition, §11.3

# What was done to a picture besides decoding it.
TURNED = "turned upright as EXIF says"
SCALED = "of 16 bits scaled to 8"
DIM = "nearly black, of whose 16 bits hardly the lower 12 are used: stretch them if they are meant to be light"
LAID = "with transparency laid over one ground"
FIRST = "moving ones of which the first frame is taken"


@dataclass(frozen=True, eq=False)
class Decoded:
    """`image`: RGB of 8 bits a channel, upright. `kind`: Pillow's name. `size`: width and height in the file, upright.

    `done`: what had to be done to it, of TURNED, SCALED, DIM, LAID, FIRST.
    """

    image: Image.Image
    kind: str
    size: tuple[int, int]
    done: tuple[str, ...] = ()


def decode(
    source: bytes | BinaryIO | Path,
    name: str = "This file",
    *,
    ground: Colour = WHITE,
    at_least: int | None = None,
) -> Decoded:
    """The picture in a file's content, a stream or a path; of one that moves the first frame.

    16 bits are scaled to 8, not clipped. What is transparent is laid over `ground`, so that nothing hidden shows.
    `at_least`: a JPEG may be decoded at a half, a quarter or an eighth of its size, with no side below this; faster.
    PicturesError, one sentence with `name`: no picture, broken, of a kind that is not read, over MAX_PIXELS or
    MAX_BYTES, of numbers without a known range.
    """
    content = _content(source, name)
    try:
        return _decode(content, name, ground, at_least)
    except PicturesError:
        raise
    except UnidentifiedImageError:
        raise PicturesError(_unknown(content, name)) from None
    except Image.DecompressionBombError:
        raise PicturesError(f"{name} is too large: over {MAX_PIXELS // 10**6} megapixels.") from None
    except Exception as error:  # of a broken file each of Pillow's readers raises kinds of its own
        raise PicturesError(f"{name} cannot be read as a picture ({_reason(error)}).") from None


def as_array(image: Image.Image) -> Array:
    """H×W×3 float32 in [0, 1], read-only, of an RGB picture."""
    array = np.asarray(image, dtype=np.float32) / np.float32(255)
    array.setflags(write=False)
    return array


def square(image: Image.Image, resolution: int, smaller: Image.Resampling = Image.Resampling.BOX) -> Image.Image:
    """The middle square of a picture, `resolution` pixels wide: reduced with `smaller`, enlarged by Lanczos."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != resolution:
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS if side < resolution else smaller)
    return image


def _content(source: bytes | BinaryIO | Path, name: str) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            if isinstance(source, Path):
                with source.open("rb") as stream:
                    content = stream.read(MAX_BYTES + 1)
            else:
                content = source.read(MAX_BYTES + 1)
        except OSError as error:
            raise PicturesError(f"{name} cannot be read ({reason_of(error)}).") from None
    if len(content) > MAX_BYTES:
        raise PicturesError(f"{name} is too large: over {MAX_BYTES >> 20} MB.")
    return content


def _decode(content: bytes, name: str, ground: Colour, at_least: int | None) -> Decoded:
    try:
        return _opened(content, name, ground, at_least)
    except ValueError as error:
        # Pillow refuses a PNG whose texts or colour profile are large when unpacked, as editors and programs that
        # generate pictures write them. The picture needs neither.
        if isinstance(error, PicturesError) or content[:8] != _PNG:
            raise
        return _opened(_without_texts(content), name, ground, at_least)


def _opened(content: bytes, name: str, ground: Colour, at_least: int | None) -> Decoded:
    # A TGA has no mark of its own: any bytes may look like one, so only its name makes a file one.
    kinds = [kind for kind in formats() if kind != "TGA" or ending(name) == ".tga"]
    with Image.open(io.BytesIO(content), formats=kinds) as file:
        width, height = file.size
        if width * height > MAX_PIXELS:
            raise PicturesError(
                f"{name} is too large ({width}×{height} pixels, {MAX_PIXELS // 10**6} million at most)."
            )
        kind, moves = file.format or "", getattr(file, "is_animated", False) and file.format != "MPO"
        if width * height <= _LARGE:
            return _finished(file, kind, bool(moves), name, ground, at_least)
        with _one_large:
            return _finished(file, kind, bool(moves), name, ground, at_least)


def _finished(file: Image.Image, kind: str, moves: bool, name: str, ground: Colour, at_least: int | None) -> Decoded:
    size = file.size
    if at_least is not None:
        file.draft("RGB", (at_least, at_least))
    done = [FIRST] if moves else []
    if kind == "TIFF" and _turn(file) is not None:  # Pillow turns these itself
        done.append(TURNED)
    file.load()
    if kind == "TIFF":
        size = file.size
    image: Image.Image = file
    if image.mode.startswith("I") or image.mode == "F":
        image = _from_wide(image, kind, name)
        done += [SCALED, DIM] if np.asarray(image.getchannel(0)).max(initial=0) < _DIM else [SCALED]
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema() != (255, 255):
            done.append(LAID)
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (*ground, 255)), rgba)
    image = image.convert("RGB")
    if (turn := _turn(file)) is not None:
        image = image.transpose(turn)
        size = size if turn in (_TURNS[2], _TURNS[3], _TURNS[4]) else (size[1], size[0])
        done.append(TURNED)
    elif image is file:  # an RGB file is its own conversion: the copy outlives it
        image = image.copy()
    return Decoded(image, kind, size, tuple(done))


def _from_wide(image: Image.Image, kind: str, name: str) -> Image.Image:
    """Grey of more than 8 bits as "L", or "LA" where one value stands for transparent."""
    values = np.asarray(image)
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM"))
    if not sixteen:
        raise PicturesError(
            f"{name} holds numbers with a sign or of 32 bits, of which nobody knows the range: save it with 8 or 16 "
            "bits."
        )
    most = 65535
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(_BITS, 16)  # microscopes write 12, which Pillow leaves as they are
        most = 2 ** (bits if isinstance(bits, int) else bits[0]) - 1
        if image.tag_v2.get(_PHOTOMETRIC) == 0:  # 0 is white, as scanners write it; of 8 bits Pillow turns it itself
            values = most - values.astype(np.uint32)
    grey = Image.fromarray(((values.astype(np.uint32) * 255 + most // 2) // most).astype(np.uint8))
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def _turn(file: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(file.getexif().get(_ORIENTATION) or 1)
    except Exception:  # of broken EXIF: the picture itself is fine
        return None


def _without_texts(content: bytes) -> bytes:
    """A PNG without its texts and its colour profile."""
    kept, at = [content[:8]], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 12 + length
        if content[at + 4 : at + 8] not in _TEXT_CHUNKS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _unknown(content: bytes, name: str) -> str:
    if not content:
        return f"{name} cannot be read as a picture (the file is empty)."
    kind = told_by_content(content[:HEAD])
    if kind == "HEIC":
        return f"{name} cannot be read as a picture: it is HEIC, whatever its name says; {UNREAD['.heic'][1]}."
    if kind is not None and kind not in formats():
        return f"{name} is {kind}, which this machine's Pillow was built without: convert it to PNG."
    if kind == "TIFF":
        return f"{name} cannot be read as a picture (it is broken, or a rare kind of TIFF: save it as PNG)."
    words = "it is broken" if kind else "it is none, or of a kind that is not read here"
    return f"{name} cannot be read as a picture ({words})."


def reason_of(error: OSError) -> str:
    """Why a file could not be opened, in words for a visitor."""
    words = {
        "FileNotFoundError": "there is no such file",
        "PermissionError": "no permission",
        "IsADirectoryError": "it is a folder",
        "NotADirectoryError": "there is no such file",
    }
    return words.get(type(error).__name__, (error.strerror or "the disk says no").lower())


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, (zlib.error, struct.error, EOFError)):
        return "it is broken"
    text = re.sub(r"\s+", " ", str(error)).strip().rstrip(".")
    # Pillow names objects by their address where there is no file name; such a text tells nobody anything.
    return "it is broken" if not text or " at 0x" in text or len(text) > 100 else text
