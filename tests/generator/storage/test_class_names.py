"""Names of classes from a file: one a line, a list or by number; everything else is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator import CheckpointError
from generator.storage.class_names import MAX_BYTES, read_class_names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names.txt", "apple\npeach\nWilliams’ Bon Chrétien\n"),
        ("names.txt", "\ufeffapple\r\n peach \r\nWilliams’ Bon Chrétien\r\n\r\n"),
        ("NAMES.JSON", '["apple", "peach", "Williams’ Bon Chrétien"]'),
        ("names.json", '{"2": "Williams’ Bon Chrétien", "0": "apple", "1": "peach"}'),
    ],
)
def test_three_ways_to_write_them(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_class_names(tmp_path / name, 3) == ("apple", "peach", "Williams’ Bon Chrétien")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("n.txt", b"apple\npeach", r"n\.txt names 2 classes, but the model has 3"),
        ("n.txt", b"", "names 0 classes"),
        ("n.txt", b"apple\n\npeach", "name of class 1 in n.txt is not a text of 1 to 100"),
        ("n.txt", b"apple\npeach\n" + b"p" * 101, "name of class 2"),
        ("n.txt", b"apple\npe\x07ach\npear", "name of class 1"),
        ("n.txt", b"apple\npeach\napple ", "calls the classes 0 and 2 both 'apple'"),
        ("n.txt", b"\xff\xfea\x00", "no text in UTF-8"),
        ("n.txt", b"a" * (MAX_BYTES + 1), "larger than any list"),
        ("n.json", b"[1, 2, 3]", "name of class 0"),
        ("n.json", b'["a", "b", null]', "name of class 2"),
        ("n.json", b'{"1": "a", "2": "b", "3": "c"}', "each class's number, from 0 on"),
        ("n.json", b'{"0": "a", "0": "b", "1": "c"}', "not readable as JSON"),
        ("n.json", b"apple", "not readable as JSON"),
        ("n.json", b"[" * 100_000, "not readable as JSON"),
        ("n.json", b'"apple"', "neither a list of names nor an object"),
        ("n.pkl", b"", "no file of class names"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        read_class_names(tmp_path / name, 3)
    assert str(refusal.value).endswith(".")


def test_without_a_file_or_without_classes(tmp_path: Path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_class_names(tmp_path / "gone.txt", 3)
    with pytest.raises(CheckpointError, match=r"no classes that gone\.txt could name"):
        read_class_names(tmp_path / "gone.txt", 0)
