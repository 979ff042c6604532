"""One decoder: modes, depths, orientation, transparency, limits; and one sentence for whatever is broken."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

from pictures import PicturesError, as_array, decode, square, suffixes
from pictures.decoder import DIM, FIRST, LAID, SCALED, TURNED
from pictures.kinds import ENDINGS, formats

from .build import HEIC, LARGE, SIDE, drawn, exif, grey16, picture, saved, with_chunk

ROOT = Path(__file__).parents[2]
LOSSLESS = ("PNG", "GIF", "BMP", "TIFF", "PPM", "TGA", "QOI", "JPEG2000")


def pixels(content: bytes, **options: object) -> np.ndarray:
    """What is decoded, H×W×3."""
    return np.asarray(decode(content, "p.png", **options).image)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [kind for kind in formats() if kind not in ("MPO",)])
def test_every_kind_that_is_named_is_read(kind: str):
    if kind == "QOI":
        pytest.importorskip("PIL.QoiImagePlugin")
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    image = drawn(3).quantize(64).convert("RGB") if kind == "GIF" else drawn(3)
    decoded = decode(saved(image, kind), f"p{ENDINGS[kind][0]}")
    assert (decoded.kind, decoded.size, decoded.image.mode) == (kind, (SIDE, SIDE), "RGB")
    error = np.abs(np.asarray(decoded.image, float) - np.asarray(image, float))
    assert error.max() == 0 if kind in LOSSLESS else error.mean() < 12
    assert set(ENDINGS[kind]) <= set(suffixes())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LAB"])
def test_every_mode_becomes_rgb(mode: str):
    image = drawn(1).convert("RGB").convert(mode) if mode != "LAB" else Image.new("LAB", (SIDE, SIDE), (128, 130, 120))
    kind = "PNG" if mode in ("1", "L", "P", "RGB") else "TIFF"
    decoded = decode(saved(image, kind))
    assert decoded.image.mode == "RGB" and decoded.done == ()
    if mode in ("1", "L", "P", "RGB"):
        assert np.array_equal(np.asarray(decoded.image), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000", "PPM"])
def test_sixteen_bits_are_scaled(kind: str):
    wide = np.asarray(grey16())
    decoded = decode(saved(grey16(), kind))
    expected = np.round(wide.astype(float) / 257)
    assert np.abs(np.asarray(decoded.image, float) - expected[..., None]).max() <= 1
    assert decoded.done == (SCALED,)


def test_of_sixteen_bits_white_may_be_zero():
    """As scanners write grey TIFF: photometric interpretation 0 (TIFF 6.0, §4)."""
    image = grey16()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[262] = 0
    white, black = (np.asarray(decode(saved(image, "TIFF", **more), "p.tif").image, int)[..., 0]
                    for more in ({"tiffinfo": info}, {}))  # fmt: skip
    assert abs(white + black - 255).max() <= 1 and black[0, 0] == 0


def test_twelve_bits_use_all_of_the_range():
    """As microscopes write them, two numbers in three bytes (TIFF 6.0, §8): 4095 is the largest, not 65535."""
    values = np.linspace(0, 4095, 8 * 4).round().astype(int).reshape(4, 8)
    pairs = values.reshape(-1, 2)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=1)
    tags = [(256, 8), (257, 4), (258, 12), (259, 1), (262, 1), (273, 8 + 2 + 9 * 12 + 4), (277, 1), (278, 4),
            (279, packed.size)]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHIHH", t, 3, 1, v, 0) for t, v in tags)
    content = b"II*\0\x08\0\0\0" + directory + bytes(4) + packed.astype(np.uint8).tobytes()
    decoded = decode(content, "p.tif")
    assert np.abs(np.asarray(decoded.image, float)[..., 0] - values / 4095 * 255).max() <= 1
    assert decoded.done == (SCALED,)


def test_sixteen_bits_that_hold_twelve_are_told():
    dark = Image.fromarray((np.asarray(grey16()) // 17).astype(np.uint16))
    assert decode(saved(dark)).done == (SCALED, DIM)


def test_a_little_broken_exif_says_nothing_on_the_terminal(tmp_path: Path):
    """In a program of its own: pytest hears every warning."""
    spoilt = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\xff\xff\xff\xff\xff\xff\xff\xff"
    (tmp_path / "a.jpg").write_bytes(saved(drawn(0), "JPEG", exif=spoilt))
    read = (
        f"from pathlib import Path; from pictures import decode; print(decode(Path({str(tmp_path / 'a.jpg')!r})).size)"
    )
    done = subprocess.run([sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"({SIDE}, {SIDE})" and done.stderr == ""


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_picture_of_one_line(bits: int):
    wide = np.arange(100_000, dtype=np.uint16)[None]
    image = {1: Image.new("1", (100_000, 1), 1), 8: Image.new("RGB", (100_000, 1)), 16: Image.fromarray(wide)}[bits]
    decoded = decode(saved(image), "line.png")
    assert decoded.size == decoded.image.size == (100_000, 1)
    assert square(decoded.image, 8).size == (8, 8)


def test_thirty_two_bits_have_no_range():
    words = r"^scan\.tif holds numbers with a sign or of 32 bits, .* save it with 8 or 16 bits\.$"
    with pytest.raises(PicturesError, match=words):
        decode(saved(Image.new("F", (4, 4), 0.5), "TIFF"), "scan.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied_once(orientation: int, kind: str):
    image = Image.new("RGB", (32, 16))
    image.paste((250, 0, 0), (0, 0, 16, 8))
    image.paste((0, 0, 250), (16, 8, 32, 16))
    content = saved(image, kind, exif=exif(orientation))
    with Image.open(io.BytesIO(content)) as file:
        upright = ImageOps.exif_transpose(file).convert("RGB")
    decoded = decode(content)
    assert decoded.image.size == decoded.size == upright.size
    assert np.array_equal(np.asarray(decoded.image), np.asarray(upright))
    assert kind == "TIFF" or decoded.done == ((TURNED,) if orientation > 1 else ())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "key", "grey key", "16-bit key"])
def test_nothing_hidden_shows(mode: str):
    shape = np.zeros((SIDE, SIDE), np.uint8)
    shape[5:15, 5:15] = 255
    options: dict[str, object] = {}
    if mode == "16-bit key":
        image = Image.fromarray(np.where(shape == 255, 40000, 777).astype(np.uint16))
        options["transparency"] = 777
    elif mode == "grey key":
        image, options["transparency"] = Image.fromarray(np.where(shape == 255, 90, 33).astype(np.uint8)), 33
    elif mode == "key":
        image = Image.new("RGB", (SIDE, SIDE), (9, 8, 7))
        image.paste((90, 90, 90), (5, 5, 15, 15))
        options["transparency"] = (9, 8, 7)
    else:
        image = drawn(0).convert("LA" if mode == "LA" else "RGBA")
        image.putalpha(Image.fromarray(shape))
        image = image.convert("PA") if mode == "PA" else image
    kind = "TIFF" if mode == "PA" else "PNG"
    try:
        content = saved(image, kind, **options)
    except OSError:
        pytest.skip(f"this Pillow writes no {mode}")
    decoded = decode(content, ground=(1, 2, 3))
    array = np.asarray(decoded.image)
    assert (array[shape == 0] == (1, 2, 3)).all() and LAID in decoded.done
    assert (array[shape == 255] != (1, 2, 3)).any()


def test_an_alpha_that_is_opaque_everywhere_changes_nothing():
    image = drawn(2)
    image.putalpha(255)
    assert decode(saved(image)).done == ()
    assert np.array_equal(pixels(saved(image)), np.asarray(drawn(2)))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_what_moves_the_first_frame(kind: str):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {}))
    decoded = decode(out.getvalue())
    assert tuple(np.asarray(decoded.image)[4, 4]) == (200, 0, 0) and decoded.done == (FIRST,)


@pytest.mark.parametrize(("kind", "data"), [(b"zTXt", b"k\0\0" + LARGE), (b"iCCP", b"k\0\0" + LARGE)])
@pytest.mark.parametrize("late", [False, True])
def test_large_texts_and_profiles_are_passed_over(kind: bytes, data: bytes, late: bool):
    content = with_chunk(picture(), kind, data)
    if late:  # after the pixels
        plain = picture()
        content = plain[:-12] + content[33 : 33 + len(data) + 12] + plain[-12:]
    assert np.array_equal(pixels(content), pixels(picture()))


def test_a_large_jpeg_may_be_decoded_smaller():
    content = saved(Image.new("RGB", (640, 400), (10, 200, 90)), "JPEG")
    decoded = decode(content, at_least=100)
    assert decoded.size == (640, 400) and decoded.image.size == (160, 100)
    assert decode(picture(), at_least=4).image.size == (SIDE, SIDE)


def test_a_path_and_a_stream_are_read_too(tmp_path: Path):
    (tmp_path / "p.png").write_bytes(picture())
    with (tmp_path / "p.png").open("rb") as stream:
        assert np.array_equal(np.asarray(decode(stream).image), pixels(picture()))
    assert np.array_equal(np.asarray(decode(tmp_path / "p.png").image), pixels(picture()))


def test_arrays_and_squares():
    array = as_array(drawn(0))
    assert array.dtype == np.float32 and array.shape == (SIDE, SIDE, 3) and not array.flags.writeable
    assert 0 <= array.min() <= array.max() <= 1
    wide = Image.new("RGB", (60, 20), (255, 255, 255))
    wide.paste((0, 0, 0), (20, 0, 40, 20))
    for side in (5, 20, 33):
        assert square(wide, side).size == (side, side) and not np.asarray(square(wide, side)).any()


# ---- what cannot be read --------------------------------------------------------------------------------------------


def sentence(content: bytes, name: str = "p.png") -> str:
    """The one sentence of the refusal."""
    with pytest.raises(PicturesError) as caught:
        decode(content, name)
    text = str(caught.value)
    assert text.startswith(name) and text.endswith((".", ").")) and "\n" not in text
    assert " at 0x" not in text and "Errno" not in text and len(text) < 250
    return text


@pytest.mark.parametrize(
    "kind", [kind for kind in formats() if kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF")]
)
def test_every_kind_cut_short_or_spoilt_is_one_sentence_or_a_picture(kind: str):
    whole = saved(drawn(5, 40), kind)
    rng = np.random.default_rng(1)
    sentence(whole[: len(whole) // 3])
    for _ in range(40):
        spoilt = bytearray(whole)
        for at in rng.integers(0, len(whole), 6):
            spoilt[at] = int(rng.integers(256))
        try:
            assert decode(bytes(spoilt), "p.png").image.mode == "RGB"
        except PicturesError as error:
            assert str(error).startswith("p.png") and " at 0x" not in str(error)


def test_what_is_no_picture():
    assert "(the file is empty)" in sentence(b"")
    assert "it is none, or of a kind that is not read here" in sentence(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    assert "it is none" in sentence(bytes(200), "p.jpg")
    assert "it is HEIC, whatever its name says; export them as JPEG" in sentence(HEIC + bytes(40), "IMG_1.jpg")


def test_a_picture_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert "p.png is too large (9000×9000 pixels, 64 million at most)" in sentence(saved(Image.new("1", (9000, 9000))))
    header = bytearray(saved(Image.new("1", (8, 8))))
    header[16:24] = (1 << 30).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")
    assert "too large" in sentence(bytes(header))
    monkeypatch.setattr("pictures.decoder.MAX_BYTES", 50)
    assert "is too large" in sentence(picture())


def test_a_file_that_is_not_there(tmp_path: Path):
    for path, why in ((tmp_path / "gone.png", "there is no such file"), (tmp_path, "it is a folder")):
        with pytest.raises(PicturesError, match=rf"^It cannot be read \({why}\)\.$"):
            decode(path, "It")
