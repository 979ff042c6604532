"""Frames as a film: H.264, WebM, GIF, APNG, WebP or a zip of PNGs, written as they come, whole or not at all."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.storage import whole
from studio import StudioError

from .labels import Label, label_file
from .music import decoded

Pixels = NDArray[np.uint8]  # H×W×3, or H×W×4 with opacity
Share = Callable[[float], None]

RATES = (1, 60)  # frames a second
MAX_FRAMES = 6000  # four minutes at 25
MAX_SIDE = 4096
MAX_PIXELS = 3_000_000_000  # of all frames together: an hour of two cores
PAPER = 247  # the grey that shows through where a film has no opacity
SOUND_RATE = 48_000


@dataclass(frozen=True)
class Kind:
    """One kind of film: `codec` and how it is asked, the container's options, what sound it takes, if it keeps opacity
    and if a decoder gives back the very pixels."""

    name: str
    suffix: str
    title: str
    codec: str = ""
    format: str = ""
    pixels: str = ""
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    sound: str = ""
    opacity: bool = False
    exact: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "mp4", ".mp4", "MP4 film (H.264)", "libx264", "mp4", "yuv420p",
            {"crf": "17", "preset": "fast", "threads": "1"}, {"movflags": "faststart"}, "aac",
        ),
        Kind(
            "webm", ".webm", "WebM film (VP9)", "libvpx-vp9", "webm", "yuv420p",
            {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "5", "threads": "1"}, {}, "libopus",
        ),
        Kind("gif", ".gif", "GIF, with a palette made for it", "gif", "gif", "pal8", {}, {"loop": "0"}),
        Kind("apng", ".png", "Moving PNG, every pixel as it is", "apng", "apng", "rgb24", {}, {"plays": "0"},
             opacity=True, exact=True),
        Kind("webp", ".webp", "Moving WebP", "libwebp_anim", "webp", "bgra", {"quality": "92"}, {"loop": "0"},
             opacity=True),
        Kind("png", ".zip", "Zip of PNGs, each with its recipe", opacity=True, exact=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """A film that was written."""

    path: Path
    frames: int
    width: int
    height: int
    seconds: float
    size: int  # bytes


def write_film(
    path: Path,
    frames: Iterable[Pixels],
    count: int,
    fps: Fraction | int,
    kind: str,
    label: Label,
    sound: Path | None = None,
    encode: Callable[[int, Pixels], bytes] | None = None,
    progress: Share | None = None,
) -> Film:
    """Write `count` frames, all of one size, to `path`; it appears when it is whole, and what was begun goes if
    anything fails or `progress(share)` raises.

    `sound`: an audio file to lie under it, cut at the film's end. `encode`: a frame (its number and pixels) as the PNG
    file that it is in a zip; plain by default. StudioError for limits, an unknown kind, or frames of different sizes.
    """
    chosen = check_film(kind, count, fps)
    path = Path(path)
    try:
        with whole(path) as draft:
            told = _counted(frames, count, progress)
            if chosen.codec:
                width, height = _encode(draft, told, Fraction(fps), chosen, label, sound, count)
            else:
                width, height = _pack(draft, told, encode or (lambda number, frame: plain_png(frame)))
            label_file(draft, chosen.name, label.packet)
    except av.FFmpegError as error:
        raise StudioError(f"The film could not be encoded ({error.strerror or type(error).__name__}).") from None
    return Film(path, count, width, height, float(count / Fraction(fps)), path.stat().st_size)


def check_film(kind: str, count: int, fps: Fraction | float) -> Kind:
    """The kind of that name; StudioError for one that is unknown, a rate out of range, or too many frames."""
    if kind not in KINDS:
        raise StudioError(f"A film is one of {', '.join(KINDS)}, not {kind!r}.")
    if not RATES[0] <= fps <= RATES[1]:
        raise StudioError(f"A film has {RATES[0]} to {RATES[1]} frames a second, not {float(fps):g}.")
    if not 1 <= count <= MAX_FRAMES:
        raise StudioError(f"A film has 1 to {MAX_FRAMES} frames, not {count}: make it shorter, or in parts.")
    return KINDS[kind]


def _counted(frames: Iterable[Pixels], count: int, progress: Share | None) -> Iterator[Pixels]:
    """`count` frames of one size, each told to `progress` when it has been taken up."""
    shape: tuple[int, ...] = ()
    done = 0
    for done, frame in enumerate(itertools.islice(frames, count), start=1):
        if not shape:
            shape = frame.shape
            if max(shape[:2]) > MAX_SIDE or shape[0] * shape[1] * count > MAX_PIXELS:
                raise StudioError(f"Frames of {shape[1]}×{shape[0]} are too large for a film of {count}.")
        if frame.shape[:2] != shape[:2]:
            raise StudioError("The pictures of a film must all be of one size; a step among them resizes some.")
        yield frame
        if progress is not None:
            progress(done / count)
    if done < count:
        raise StudioError(f"The film ended after {done} of {count} frames.")


def _encode(
    path: Path, frames: Iterator[Pixels], fps: Fraction, kind: Kind, label: Label, sound: Path | None, count: int
) -> tuple[int, int]:
    first = next(frames)
    height, width = first.shape[:2]
    options = dict(kind.container)
    with av.open(str(path), "w", format=kind.format, options=options) as container:
        container.metadata["title"] = label.title
        container.metadata["comment"] = label.description
        container.metadata["copyright"] = label.rights
        stream: Any = container.add_stream(kind.codec, rate=fps, options=dict(kind.options))
        opaque = not (kind.opacity and first.shape[2] == 4)
        stream.pix_fmt = "rgba" if kind.pixels == "rgb24" and not opaque else kind.pixels
        # H.264 and VP9 take two pixels of colour together: an odd side grows by one row that repeats the last.
        even = (height % 2, width % 2) if kind.pixels == "yuv420p" else (0, 0)
        stream.height, stream.width = height + even[0], width + even[1]
        stream.time_base = 1 / fps
        if kind.pixels == "yuv420p":
            stream.codec_context.colorspace = stream.codec_context.color_primaries = 1  # BT.709
            stream.codec_context.color_trc, stream.codec_context.color_range = 13, 1  # sRGB's curve, 16 … 235
        track = _SoundTrack(container, kind, sound, count / fps)
        to_frame = _framing(kind, even, opaque)
        for number, pixels in enumerate(itertools.chain([first], frames)):
            frame = to_frame(pixels)
            frame.pts, frame.time_base = number, 1 / fps
            container.mux(stream.encode(frame))
            track.until((number + 1) / fps)
        container.mux(stream.encode(None))
        track.until(None)
    return stream.width, stream.height


def _framing(kind: Kind, even: tuple[int, int], opaque: bool) -> Callable[[Pixels], av.VideoFrame]:
    palette: list[Image.Image] = []

    def frame_of(pixels: Pixels) -> av.VideoFrame:
        if opaque:
            pixels = over_paper(pixels)
        elif pixels.shape[2] == 3:
            pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        if any(even):
            pixels = np.pad(pixels, ((0, even[0]), (0, even[1]), (0, 0)), mode="edge")
        if kind.name == "gif":
            return _indexed(pixels, palette)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24" if opaque else "rgba")
        if kind.pixels == "yuv420p":
            return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        return frame

    return frame_of


def _indexed(pixels: Pixels, palette: list[Image.Image]) -> av.VideoFrame:
    """A frame in the 255 colours that suit it, or those of the frame before while they still do: one palette for a
    whole walk would band it, a new one each time makes it flicker."""
    image = Image.fromarray(pixels)
    if palette:
        drawn = image.quantize(palette=palette[0], dither=Image.Dither.FLOYDSTEINBERG)
        asked, got = (np.asarray(each.convert("RGB").reduce(4), np.float32) for each in (image, drawn))
        if np.abs(asked - got).mean() < 2.0:
            return _pal8(drawn)
    palette[:] = [image.reduce(2).quantize(255, method=Image.Quantize.MEDIANCUT)]  # at half size: three times as fast
    return _pal8(image.quantize(palette=palette[0], dither=Image.Dither.FLOYDSTEINBERG))


def _pal8(image: Image.Image) -> av.VideoFrame:
    colours = np.zeros((256, 4), np.uint8)
    given = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours[:, 0] = 255  # opacity comes first
    colours[: len(given), 1:] = given
    indexed: Any = (np.asarray(image, np.uint8), colours)  # PyAV's types do not know of it
    return av.VideoFrame.from_ndarray(indexed, format="pal8")


class _SoundTrack:
    """The sound under a film, encoded as the film goes on."""

    def __init__(self, container: Any, kind: Kind, sound: Path | None, seconds: Fraction) -> None:
        self.stream: Any = None
        if sound is None:
            return
        if not kind.sound:
            raise StudioError(f"{kind.title} has no sound; MP4 and WebM do.")
        self.stream = container.add_stream(kind.sound, rate=SOUND_RATE, layout="stereo")
        self.container, self.done = container, 0
        self.left = round(seconds * SOUND_RATE)
        self.blocks = decoded(sound, SOUND_RATE)

    def until(self, time: Fraction | None) -> None:
        """Encode up to `time` seconds; None: what is left, and the end."""
        if self.stream is None:
            return
        while self.left and (time is None or self.done < time * SOUND_RATE):
            block = next(self.blocks, None)
            if block is None:
                self.left = 0
                break
            block = block[: self.left]
            frame = av.AudioFrame.from_ndarray(np.stack([block, block]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = SOUND_RATE, self.done
            frame.time_base = Fraction(1, SOUND_RATE)
            self.done += len(block)
            self.left -= len(block)
            self.container.mux(self.stream.encode(frame))
        if time is None:
            self.container.mux(self.stream.encode(None))


def _pack(path: Path, frames: Iterator[Pixels], encode: Callable[[int, Pixels], bytes]) -> tuple[int, int]:
    """Frames as 00000.png … in a zip, stored: PNGs do not get smaller."""
    width = height = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, frame in enumerate(frames):
            height, width = frame.shape[:2]
            archive.writestr(f"{number:05}.png", encode(number, frame))
    return width, height


def plain_png(frame: Pixels) -> bytes:
    """A frame as a PNG file without anything beside it."""
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG", compress_level=3)
    return out.getvalue()


def over_paper(pixels: Pixels) -> Pixels:
    """Without opacity: over paper where it was transparent. H×W×3 uint8."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.float32) / np.float32(255)
    return (pixels[..., :3] * alpha + PAPER * (1 - alpha) + np.float32(0.5)).astype(np.uint8)
