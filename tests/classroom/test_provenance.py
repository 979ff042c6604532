"""What a file says of itself: our own pictures say it, a stripped copy says nothing and has every pixel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from classroom.cards import HEADING, find_cards
from classroom.errors import ClassroomError
from classroom.provenance import MOST_BYTES, read_statement, strip
from studio import Recipe, to_png
from tests.generator.test_house import PATHS
from tests.ui.serving import MODEL, tiny_studio


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A picture as the studio saves it."""
    return to_png(tiny_studio(tmp_path_factory.mktemp("checkpoints")).render(Recipe(seed=7)))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_our_pictures_say_what_they_are(saved: bytes):
    told = read_statement(saved)
    assert told.source_type == "trainedAlgorithmicMedia" and told.facts["system"] == MODEL
    assert told.recipe is not None and (told.recipe["model"], told.recipe["seed"]) == (MODEL, 7)
    assert told.size == len(saved) == 8 + sum(12 + chunk.length for chunk in told.chunks)
    assert sum(row["count"] for row in told.told()["chunks"]) == len(told.chunks)


def test_a_stripped_copy_has_every_pixel_and_no_word(saved: bytes):
    bare = strip(saved)
    told = read_statement(bare)
    assert np.array_equal(pixels(bare), pixels(saved))
    assert told.recipe is None and told.source_type is None and not told.facts
    assert not any(chunk.text for chunk in told.chunks) and strip(bare) == bare


def test_others_words_are_read_as_well():
    info = PngInfo()
    info.add_text("Comment", "hand-made <script>")
    info.add_text("Packed", "x" * 5000, zip=True)
    out = io.BytesIO()
    Image.new("P", (3, 2)).save(out, "PNG", pnginfo=info)
    told = read_statement(out.getvalue())
    assert "Comment: hand-made <script>" in [chunk.text for chunk in told.chunks]
    assert "Packed: …" in [chunk.text for chunk in told.chunks] and told.source_type is None


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        (lambda data: b"", "no_png"),
        (lambda data: b"GIF89a" + data, "no_png"),
        (lambda data: data[:-13], "broken_png"),
        (lambda data: data[:40] + b"\xff" + data[41:], "broken_png"),
        (lambda data: data[:8] + data[33:], "broken_png"),
        (lambda data: data + bytes(MOST_BYTES), "large_file"),
    ],
)
def test_what_is_no_whole_png_is_refused(saved: bytes, spoil, key: str):
    for ask in (read_statement, strip):
        with pytest.raises(ClassroomError) as refusal:
            ask(spoil(saved))
        assert refusal.value.key == key


@pytest.mark.parametrize("name", PATHS)
def test_every_card_of_the_house_admits_something(name: str):
    card = find_cards(PATHS)[name]
    assert card.faults in (PATHS[name] / "README.md").read_text(encoding="utf-8") and "\n## " not in card.faults
    assert {"precision", "recall"} <= set(card.figures) and card.closest
    samples = card.samples()
    assert samples is not None and samples.shape[2] == 3


def test_a_model_without_card_or_evaluation(tmp_path: Path):
    (tmp_path / "README.md").write_text(f"# A\n{HEADING}\nMuch.\n## More\n", encoding="utf-8")
    card = find_cards({"a": tmp_path, "b": tmp_path / "none"})
    assert set(card) == {"a"} and card["a"].faults == "Much." and card["a"].figures == {}
    assert card["a"].samples() is None
