"""The picture file: pixels, recipe and provenance both ways, and files from strangers."""

import dataclasses
import io
import json
import os
import random
import struct
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import (
    MAX_WIDTH,
    Mix,
    Recipe,
    RecipeError,
    Rendering,
    StageReading,
    Studio,
    StudioError,
    recipe_from_png,
    to_png,
)
from studio.files.png import KEYWORD
from studio.files.png_chunks import MAX_FILE, MAX_TEXT, SIGNATURE
from studio.files.xmp import packet

from ..conftest import CLASSES

RECIPE = Recipe(model="tiny", seed=7, label=CLASSES[2], psi=0.5, moves=(("pc1", 1.5),), mix=Mix(3, None, 2))
XMP = "XML:com.adobe.xmp"


@pytest.fixture(scope="module")
def rendering(studio: Studio) -> Rendering:
    return studio.render(RECIPE)


@pytest.fixture(scope="module")
def png(rendering: Rendering) -> bytes:
    return to_png(rendering)


@pytest.mark.parametrize("width", [None, 32, 33, 64, 128])
def test_an_enlarged_file_holds_the_same_recipe(rendering: Rendering, png: bytes, width: int | None):
    data = to_png(rendering, width)
    assert recipe_from_png(data) == rendering.recipe
    with Image.open(io.BytesIO(data)) as image, Image.open(io.BytesIO(png)) as made:
        assert image.size == (width or 32, width or 32)
        back = np.asarray(image.resize(made.size, Image.Resampling.BOX), np.float32)
        assert np.corrcoef(back.ravel(), np.asarray(made, np.float32).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("width", [0, -64, 31, MAX_WIDTH + 1, True, 64.0, "64", [64], 10**30])
def test_a_width_that_cannot_be_is_a_sentence(rendering: Rendering, width: Any):
    with pytest.raises(StudioError, match=rf"^This picture can be saved from 32 to {MAX_WIDTH} px wide, not .*\.$"):
        to_png(rendering, width)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int = 1, height: int = 1) -> bytes:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def itxt(text: bytes, packed: bool = False, keyword: str = KEYWORD) -> bytes:
    return chunk(b"iTXt", keyword.encode() + b"\0" + (b"\1" if packed else b"\0") + b"\0\0\0" + text)


def envelope(**fields: object) -> bytes:
    return json.dumps({"format": 1, "recipe": {}, **fields}).encode()


def refusal(data: bytes | Path) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(RecipeError) as caught:
        recipe_from_png(data)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 300, sentence
    return sentence


def test_the_recipe_comes_back_out_of_bytes_and_out_of_a_file(png: bytes, rendering: Rendering, tmp_path: Path):
    path = tmp_path / "picture.png"
    path.write_bytes(png)
    assert recipe_from_png(png) == recipe_from_png(path) == rendering.recipe


def test_the_pixels_are_those_of_the_rendering(png: bytes, rendering: Rendering):
    image = Image.open(io.BytesIO(png))
    assert image.mode == "RGB"
    assert np.abs(np.asarray(image) / 255 - rendering.picture).max() <= 0.5 / 255 + 1e-6


def test_transparency_is_kept(rendering: Rendering, studio: Studio):
    alpha = np.linspace(0, 1, rendering.raw[..., 0].size, dtype=np.float32).reshape(rendering.raw.shape[:2])
    stage = StageReading("cut", "Cut", rendering.raw, alpha, None)
    image = Image.open(io.BytesIO(to_png(dataclasses.replace(rendering, stages=(stage,)))))
    assert image.mode == "RGBA"
    assert np.abs(np.asarray(image)[..., 3] / 255 - alpha).max() <= 0.5 / 255 + 1e-6


def test_the_same_rendering_makes_the_same_file(png: bytes, rendering: Rendering):
    assert to_png(rendering) == png


def test_the_file_says_that_it_is_generated_by_what_and_whose(png: bytes):
    text = Image.open(io.BytesIO(png)).text  # type: ignore[attr-defined]
    assert text["Description"].startswith("AI-generated picture: tiny · a pear: green, ripe & sweet · seed 7 · ")
    assert text["Software"] == "Latent Atelier"
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    about = ElementTree.fromstring(text[XMP]).find(f"{rdf}RDF/{rdf}Description")
    assert about is not None

    def value(namespace: str, name: str) -> str | None:
        return about.findtext(f"{{{namespace}}}{name}") if about is not None else None

    extension = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    assert value(extension, "DigitalSourceType") == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    )
    assert (value(extension, "AISystemUsed"), value(extension, "AISystemVersionUsed")) == ("tiny", "1.2")
    assert value("http://ns.adobe.com/xap/1.0/", "CreatorTool") == "Latent Atelier"
    rights = about.find("{http://purl.org/dc/elements/1.1/}rights")
    assert rights is not None and "".join(rights.itertext()) == 'Nobody & "No one" <none> CC0-1.0'


def test_the_packet_is_xml_whatever_the_words():
    nasty = "<&>\"' ]]> \0\x01\x0b\ud800\uffff é梨\U0001f350\r\n"
    root = ElementTree.fromstring(packet(description=nasty, rights=nasty, system=nasty, version=nasty))
    words = "".join(root.itertext())
    assert words.count("<&>\"' ]]>") == 4 and words.count("é梨") == 4


def test_a_picture_that_was_saved_anew_with_its_texts_keeps_its_recipe(png: bytes, rendering: Rendering):
    image = Image.open(io.BytesIO(png))
    info = PngInfo()
    for key, value in image.text.items():  # type: ignore[attr-defined]
        info.add_itxt(key, value, zip=True)
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=info)
    assert recipe_from_png(out.getvalue()) == rendering.recipe


def test_the_recipe_may_stand_behind_the_pixels():
    assert recipe_from_png(header() + chunk(b"IDAT", b"x" * 1000) + itxt(envelope(recipe={"seed": 3}))).seed == 3


def test_a_file_cut_anywhere_gives_its_recipe_or_a_sentence(png: bytes, rendering: Rendering):
    end = png.index(KEYWORD.encode()) - 4
    for length in range(0, len(png), 3):
        try:
            assert recipe_from_png(png[:length]) == rendering.recipe and length > end
        except RecipeError as error:
            assert len(str(error)) < 300


def test_flipped_bytes_give_a_recipe_or_a_sentence(png: bytes, rendering: Rendering):
    rng = random.Random(24)
    for _ in range(3000):
        data = bytearray(png)
        for _ in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(rng.choice([60, 800, len(data)]))] = rng.randrange(256)
        try:
            assert recipe_from_png(bytes(data)) == rendering.recipe  # the checksum lets no other recipe through
        except RecipeError as error:
            assert len(str(error)) < 300


def test_random_texts_under_a_right_checksum_give_a_recipe_or_a_sentence():
    rng = random.Random(25)
    whole = envelope(recipe=RECIPE.to_json())
    for _ in range(1000):
        text = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            text[rng.randrange(len(text))] = rng.randrange(256)
        try:
            assert isinstance(recipe_from_png(header() + itxt(bytes(text))), Recipe)
        except RecipeError as error:
            assert len(str(error)) < 300


def test_an_ordinary_picture_has_no_recipe():
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "PNG")
    assert "no recipe" in refusal(out.getvalue())
    assert "no recipe" in refusal(header() + itxt(envelope(), keyword=KEYWORD + "2") + chunk(b"IEND", b""))


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a" * 99, b"\xff\xd8\xff\xe0" * 99, SIGNATURE[:-1] + b"\r"])
def test_what_is_no_png_is_said_to_be_none(data: bytes):
    assert "not a PNG" in refusal(data)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (header(10_000, 10_000) + itxt(envelope()), "too large"),
        (header(2**31 - 1, 2**31 - 1) + itxt(envelope()), "too large"),
        (header(0, 5) + itxt(envelope()), "broken"),
        (SIGNATURE + itxt(envelope()), "broken"),
        (SIGNATURE + chunk(b"IHDR", b""), "broken"),
        (header() + b"\xff\xff\xff\xffiTXt", "broken"),
        (header() + struct.pack(">I", 2**30) + b"iTXtlatent-atelier\0", "broken"),
        (header() + struct.pack(">I", 2**30) + b"IDAT", "broken"),
        (header() + itxt(envelope())[:-1] + b"\0", "broken"),
        (header() + itxt(b"\xff\xfe"), "broken"),
        (header() + itxt(b"not packed", packed=True), "broken"),
        (header() + itxt(zlib.compress(envelope())[:-2], packed=True), "broken"),
        (header() + chunk(b"iTXt", KEYWORD.encode() + b"\0"), "broken"),
        (header() + chunk(b"iTXt", KEYWORD.encode() + b"\0\2\0\0\0{}"), "broken"),
        (header() + itxt(b"{"), "broken"),
        (header() + itxt(b"[" * 50_000), "broken"),
        (header() + itxt(b"{}"), "not written by an atelier"),
        (header() + itxt(b"[]"), "not written by an atelier"),
        (header() + itxt(envelope(prompt="a pear")), "not written by an atelier"),
        (header() + itxt(envelope(format=2)), "format 2"),
        (header() + itxt(envelope(format=True)), "format true"),
        (header() + itxt(envelope(format=[[]])), "format"),
        (header() + itxt(envelope(recipe={"depth": 3})), "no field"),
        (header() + itxt(envelope(recipe={"psi": 7})), "Variety"),
        (header() + itxt(b" " * (MAX_TEXT + 1)), "512 kB"),
        (header() + itxt(b" " * (MAX_TEXT + 1))[:-1] + b"\0", "512 kB"),  # refused before its checksum is worked out
        (header() + chunk(b"teXt", b"") * 10_001 + itxt(envelope()), "no recipe"),
    ],
)
def test_a_hostile_file_is_refused(data: bytes, word: str):
    assert word in refusal(data)


def test_a_zip_bomb_is_not_unpacked():
    bomb = zlib.compress(b" " * 60_000_000, 9)
    assert len(bomb) < MAX_TEXT
    assert "512 kB" in refusal(header() + itxt(bomb, packed=True))


def test_a_huge_file_is_refused_unread(tmp_path: Path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.write(header())
        file.truncate(MAX_FILE + 1)  # sparse: takes no room
    assert "32 MB" in refusal(path)


def test_what_is_no_file_is_refused(tmp_path: Path):
    refusal(tmp_path)
    refusal(tmp_path / "missing.png")
    fifo = tmp_path / "fifo.png"
    os.mkfifo(fifo)
    assert "not a PNG" in refusal(fifo)
