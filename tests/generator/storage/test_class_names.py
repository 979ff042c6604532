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
        ("n.txt", b"apple\n\npeach", "names 2 classes, but the model has 3: it wants one name a line"),
        ("n.txt", b"apple\npeach\n" + b"p" * 101, "name of class 2"),
        ("n.txt", b"apple\npe\x07ach\npear", "name of class 1"),
        ("n.txt", b"apple\npeach\napple ", "calls the classes 0 and 2 both 'apple'"),
        ("n.txt", b"K\xe4se\nBirne\nApfel", "no text in UTF-8: save it anew"),
        ("n.txt", b"apple, peach, pear", "names 1 class, but the model has 3"),
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


CASES = Path(__file__).resolve().parents[3].parent / "shared" / "cases" / "class-names"
THREE = ("cat", "dog", "goose")
# The name of a file as people have them → its content, and the names that are meant or words of the refusal.
FILES: dict[str, tuple[bytes, tuple[str, ...] | str]] = {
    "plain.txt": (b"cat\ndog\ngoose\n", THREE),
    "NAMES.TXT": (b"cat\ndog\ngoose", THREE),
    "crlf.txt": (b"cat\r\ndog\r\ngoose\r\n", THREE),
    "cr-only.txt": (b"cat\rdog\rgoose\r", THREE),
    "linesep.txt": ("cat\u2028dog\u2028goose".encode(), THREE),
    "bom.txt": ("\ufeffcat\ndog\ngoose".encode(), THREE),
    "utf16.txt": ("Käse\nBirne\nApfel\n".encode("utf-16"), ("Käse", "Birne", "Apfel")),
    "latin1.txt": ("Käse\nBirne\nApfel\n".encode("latin-1"), "no text in UTF-8"),
    "blank-start.txt": (b"\ncat\ndog\ngoose\n", THREE),
    "blank-mid.txt": (b"cat\n\ndog\ngoose\n", THREE),
    "blank-end.txt": (b"cat\ndog\ngoose\n\n\n", THREE),
    "nbsp.txt": ("cat\u00a0\ndog\ngoose\u200b\n".encode(), THREE),
    "rtl-mark.txt": ("\u200fقط\nكلب\nإوزة\n".encode(), ("قط", "كلب", "إوزة")),
    "arabic.txt": ("قط\nكلب\nإوزة\n".encode(), ("قط", "كلب", "إوزة")),
    "comment.txt": (b"# my names\ncat\ndog\ngoose\n", THREE),
    "numbered.txt": (b"0 cat\n1 dog\n2 goose\n", THREE),
    "pydict.txt": (b"{0: 'cat, tabby',\n 1: 'dog, hound',\n 2: 'goose'}", ("cat, tabby", "dog, hound", "goose")),
    "case.txt": (b"Crane\ndog\ncrane\n", ("Crane", "dog", "crane")),
    "comma.txt": (b"a,b\nc:d\ne=f&g\n", ("a,b", "c:d", "e=f&g")),
    "emoji.txt": ("🐱\n👨‍👩‍👧\nflag🇩🇪\n".encode(), "name of class 1"),  # joined by what is not printable
    "long.txt": (b"x" * 101 + b"\nb\nc", "name of class 0"),
    "tabs.txt": (b"cat\tx\ndog\ty\ngoose\tz\n", "name of class 0"),
    "vt.txt": (b"cat\x0bdog\ngoose\nx", "names 4 classes"),
    "twice.txt": (b"crane\ndog\ncrane\n", "both 'crane'"),
    "none.txt": (b"", "names 0 classes"),
    "one-line.txt": (b"cat, dog, goose", "names 1 class, but the model has 3: it wants one name a line"),
    "names.csv": (b"cat,dog,goose", "no file of class names"),
    "bom.json": (b'\xef\xbb\xbf["cat","dog","goose"]', THREE),
    "int-list.json": (b'["cat","dog","goose"]', THREE),
    "id2label.json": (b'{"id2label": {"0":"cat","1":"dog","2":"goose"}}', THREE),
    "imagenet-index.json": (b'{"0": ["n01", "cat"], "1": ["n02","dog"], "2": ["n03","goose"]}', THREE),
    "name-to-number.json": (b'{"cat":0,"dog":1,"goose":2}', THREE),
    "one-based.json": (b'{"1":"cat","2":"dog","3":"goose"}', "each class's number, from 0 on"),
    "trailing.json": (b'["cat","dog","goose",]', "not readable as JSON"),
}


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_files_as_people_have_them(tmp_path: Path, name: str, given: bool):
    content, meant = FILES[name]
    if given and not (CASES / name).exists():
        pytest.skip(f"../shared/cases/class-names has no {name} here")
    (tmp_path / name).write_bytes((CASES / name).read_bytes() if given else content)
    if isinstance(meant, str):
        with pytest.raises(CheckpointError, match=meant):
            read_class_names(tmp_path / name, 3)
    else:
        assert read_class_names(tmp_path / name, 3) == meant
