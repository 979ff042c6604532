"""Folders and zips: what is found, which classes, what is left out, and what is refused."""

from __future__ import annotations

import json
import os
import socket
import zipfile
from pathlib import Path

import pytest

from pictures import Account, PicturesError, PictureSet, Reading, open_pictures
from pictures.kinds import litter

from .build import APPLE_DOUBLE, HEIC, class_files, pack, picture, put


def read(path: Path, reading: Reading | None = None) -> PictureSet:
    """The set, all of it read."""
    with open_pictures(path, reading) as pictures:
        for _ in pictures.images():
            pass
        return pictures


def account(path: Path, reading: Reading | None = None) -> Account:
    """What was read."""
    return read(path, reading).account


def refusal(path: Path, reading: Reading | None = None) -> str:
    """The one sentence with which a place is refused."""
    with pytest.raises(PicturesError) as caught:
        read(path, reading)
    text = str(caught.value)
    assert text.endswith((".", ").")) and "\n" not in text and "Errno" not in text and " at 0x" not in text
    return text


# ---- what is left lying about ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("__MACOSX/a/._1.png", "macOS"),
        ("a/._1.png", "macOS"),
        ("a/.DS_Store", "macOS"),
        ("@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "a network disk"),
        ("a/Thumbs.db", "Windows"),
        ("$RECYCLE.BIN/1.png", "Windows"),
        ("a/Temporary Items/1.png", "macOS"),
        ("a/~$set.png", "an office program"),
        (".thumbnails/1.png", "hidden"),
        ("a/.hidden.png", "hidden"),
        ("a/1.png", None),
        ("./a/1.png", None),
        ("macosx/@e.png", None),
    ],
)
def test_what_systems_leave_lying_about(path: str, who: str | None):
    assert litter(path) == who


def test_files_that_are_no_pictures_are_counted_by_ending(tmp_path: Path):
    put(tmp_path, {"1.png": picture(), "2.PNG": picture(), "notes.txt": b"none", "labels.json": b"{}", "README": b"x"})
    found = account(tmp_path)
    assert (found.pictures, found.files, dict(found.others)) == (2, 5, {".txt": 1, ".json": 1, "": 1})
    assert "beside them 3 other files (.json, .txt, without an ending)" in found.lines()
    assert account(tmp_path, Reading(strict=True)).pictures == 2


def test_a_picture_without_an_ending_is_told_by_its_content(tmp_path: Path):
    put(tmp_path, {"one": picture(), "two.jpg_large": picture(1, "JPEG"), "IMG_3": HEIC + bytes(30), "four": b"text"})
    pictures = read(tmp_path)
    assert pictures.names == ["one", "two.jpg_large"]
    assert list(pictures.account.left_out) == ["of a kind that is not read here, HEIC"]


# ---- links ----------------------------------------------------------------------------------------------------------


def test_a_linked_class_folder_is_read_and_a_real_one_goes_before_a_link_to_it(tmp_path: Path):
    put(tmp_path / "set", class_files(["b", "c"], 2))
    put(tmp_path / "far", {"1.png": picture()})
    os.symlink(tmp_path / "far", tmp_path / "set" / "d")
    os.symlink(tmp_path / "set" / "b", tmp_path / "set" / "a")
    os.symlink(tmp_path / "set" / "b" / "0.png", tmp_path / "set" / "c" / "again.png")
    pictures = read(tmp_path / "set")
    assert pictures.classes.names == ("b", "c", "d") and pictures.account.classes == {"b": 2, "c": 3, "d": 1}
    assert pictures.account.left_out["a link to a folder that is read already"].names == ["a"]


def test_a_dead_link_is_named_and_one_in_place_of_a_class_is_an_error(tmp_path: Path):
    put(tmp_path / "set", class_files(["a", "b"], 2))
    os.symlink(tmp_path / "gone.png", tmp_path / "set" / "a" / "gone.png")
    found = account(tmp_path / "set")
    assert "left out: 1 behind a link that leads nowhere (a/gone.png)" in found.lines()
    assert "--strict" in refusal(tmp_path / "set", Reading(strict=True))
    os.symlink(tmp_path / "gone", tmp_path / "set" / "pears")
    assert "The class 'pears' in set would be lost: it is a link that leads nowhere" in refusal(tmp_path / "set")


def test_what_is_neither_file_nor_folder_is_never_opened(tmp_path: Path):
    put(tmp_path, {"1.png": picture()})
    os.mkfifo(tmp_path / "2.png")  # to open it would wait for ever
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "3.png"))
        assert account(tmp_path).left_out["neither file nor folder"].names == ["2.png", "3.png"]


def test_a_folder_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    closed = put(tmp_path / "set", class_files(["a", "b", "c/d"], 2) | {"b/e/1.png": picture()}) / "b" / "e"
    real = os.scandir

    def scandir(path: Path) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)  # root may open everything
    assert "The folder b/e in set cannot be opened (no permission): --skip-broken" in refusal(tmp_path / "set")
    found = account(tmp_path / "set", Reading(skip_broken=True))
    assert found.left_out["a folder that cannot be opened"].names == ["b/e"]
    closed = tmp_path / "set" / "a"
    said = refusal(tmp_path / "set", Reading(skip_broken=True))
    assert "The class 'a' in set would be lost: it cannot be opened (no permission)" in said


# ---- classes --------------------------------------------------------------------------------------------------------


def test_a_class_that_is_lost_whole_is_an_error(tmp_path: Path):
    put(tmp_path / "kinds", class_files(["a", "b"], 2) | {"plums/1.heic": HEIC, "plums/2.heic": HEIC})
    assert refusal(tmp_path / "kinds").startswith(
        "The class 'plums' in kinds would be lost: all its 2 pictures are of a kind that is not read here, HEIC (such "
        "as plums/1.heic); export them as JPEG"
    )
    put(tmp_path / "broken", class_files(["a", "b"], 2) | {"plums/1.png": b"none"})
    assert "its one picture is broken" in refusal(tmp_path / "broken", Reading(skip_broken=True))
    rows = [["a.png", 0], ["b.png", 1], ["c.heic", 2]]
    labels = json.dumps({"labels": rows}).encode()
    put(tmp_path / "tool", {"a.png": picture(), "b.png": picture(), "c.heic": HEIC, "dataset.json": labels})
    assert "The class '2' in tool would be lost" in refusal(tmp_path / "tool")


@pytest.mark.parametrize("broken", [b"", b"not a picture", picture()[:-30], b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_picture_is_named_or_skipped_and_counted(tmp_path: Path, broken: bytes, packed: bool):
    files = class_files(["a", "b"], 3) | {"a/broken.png": broken}
    path = pack(tmp_path / "set.zip", list(files.items())) if packed else put(tmp_path / "set", files)
    assert refusal(path).startswith("a/broken.png cannot be read as a picture (")
    assert refusal(path).endswith(": --skip-broken goes on without it.")
    found = account(path, Reading(skip_broken=True))
    assert (found.pictures, found.read, found.classes) == (6, 6, {"a": 3, "b": 3})
    assert "left out: 1 broken (a/broken.png)" in found.lines()


def test_dataset_json_is_obeyed_wherever_it_lies(tmp_path: Path):
    rows = [[f"0000{i % 2}/{i}.png", [0, 0, 1] if i == 3 else i % 2] for i in range(4)]
    for outer in ("", "outer/"):
        files = {f"{outer}0000{i % 2}/{i}.png": picture(i) for i in range(4)}
        path = put(
            tmp_path / f"set{len(outer)}", files | {f"{outer}dataset.json": json.dumps({"labels": rows}).encode()}
        )
        classes = read(path).classes
        assert (classes.names, classes.numbers, classes.labels) == (("0", "1", "2"), (0, 1, 2), (0, 0, 1, 2))
    put(path, {"outer/dataset.json": b'{"labels": null}'})
    assert read(path).classes.names == ()
    put(path, {"outer/dataset.json": json.dumps({"labels": rows[:3]}).encode()})
    assert "gives no class to 1 of 4 pictures in set6 (such as outer/00001/3.png)" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b"[]",
        b"{}",
        b'{"labels": [["a.png"]]}',
        b'{"labels": [["a.png", "x"]]}',
        b'{"labels": [["a.png", -1]]}',
        b'{"labels": [["a.png", 0.5]]}',
        b'{"labels": [["a.png", [0.5, 0.5]]]}',
        b"[" * 10000,
    ],
)
def test_a_dataset_json_that_is_none(tmp_path: Path, content: bytes):
    put(tmp_path, {"a.png": picture(), "dataset.json": content})
    assert "dataset.json does not give one class number for each picture" in refusal(tmp_path)


def test_a_dataset_json_may_be_an_object_and_paths_may_begin_anyhow(tmp_path: Path):
    files = {f"{i}.png": picture(i) for i in range(4)}
    for labels in ({f"{i}.png": i % 2 for i in range(4)}, [[f"./{i}.png", i % 2] for i in range(4)]):
        place = put(tmp_path / str(len(labels)) / type(labels).__name__, files)
        (place / "dataset.json").write_text(json.dumps({"labels": labels}))
        with open_pictures(place) as pictures:
            assert pictures.classes.labels == (0, 1, 0, 1)


def test_folders_that_look_like_splits_are_named(tmp_path: Path):
    with open_pictures(put(tmp_path / "a", class_files(["Train", "val"]))) as pictures:
        assert any("called Train and val: give one of these" in line for line in pictures.account.lines())
    with open_pictures(put(tmp_path / "b", class_files(["Train", "trams"]))) as pictures:
        assert not any("called" in line for line in pictures.account.lines())


def test_paths_that_lead_out_of_a_zip_are_taken_below_it(tmp_path: Path):
    names = ["/a/0.png", "../a/1.png", "C:\\a\\2.png", "./b/3.png", "a/../b/4.png"]
    with open_pictures(pack(tmp_path / "z.zip", [(name, picture(i)) for i, name in enumerate(names)])) as pictures:
        assert pictures.account.classes == {"a": 4, "b": 1}


def test_one_picture_is_no_set(tmp_path: Path):
    put(tmp_path, {"p.png": picture()})
    with (
        pytest.raises(PicturesError, match="is one picture: give the folder or zip"),
        open_pictures(tmp_path / "p.png"),
    ):
        pass


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"labels": [["a.png", "x"]]}'])
def test_a_dataset_json_that_is_no_list_of_labels(content: bytes, tmp_path: Path):
    place = put(tmp_path / "a", {"a.png": picture(), "dataset.json": content})
    with pytest.raises(PicturesError, match="take it away to have classes by folders"), open_pictures(place):
        pass


def test_class_folders_may_lie_in_one_outer_folder(tmp_path: Path):
    put(tmp_path, class_files(["outer/inner/a", "outer/inner/b/deep"], 2))
    assert read(tmp_path).classes.names == ("a", "b")
    assert "mixes pictures in class folders with pictures outside (such as x.png)" in refusal(
        put(tmp_path, {"x.png": picture()})
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_class_folder_without_any_picture_is_named(tmp_path: Path, packed: bool):
    files = class_files(["outer/a", "outer/b"], 2) | {"outer/plums/notes.txt": b"soon"}
    if packed:
        path = pack(tmp_path / "set.zip", [*files.items(), ("outer/plums/", b""), ("outer/__MACOSX/", b"")])
    else:
        path = put(tmp_path / "set", files)
        (path / "outer" / ".git").mkdir()
    assert "no pictures in plums: no class" in account(path).lines()
    assert read(path).classes.names == ("a", "b")


@pytest.mark.parametrize("name", ["a" * 101, "tab\there", "\u200bzero"])
def test_a_folder_that_no_recipe_could_name(tmp_path: Path, name: str):
    assert "cannot be a class: rename it" in refusal(put(tmp_path, class_files(["b", name], 1)))


# ---- zips -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "encoding"),
    [
        (("りんご", "なし"), "cp932"),
        (("リンゴ", "表"), "cp932"),  # the second ends in a backslash's byte
        (("Äpfel", "Birnen"), "utf-8"),  # as macOS packs
        (("苹果", "梨"), "utf-8"),
        (("Äpfel", "Birnen"), "cp437"),
        (("Crème", "Glacé"), "cp437"),
    ],
)
def test_names_without_a_word_on_their_encoding(tmp_path: Path, folders: tuple[str, str], encoding: str):
    names = [f"{folder}/{i}.png".encode(encoding) for folder in folders for i in range(2)]
    path = pack(tmp_path / "set.zip", [(name, picture(i)) for i, name in enumerate(names)])
    assert read(path).classes.names == tuple(sorted(folders))


@pytest.mark.parametrize(
    ("folder", "encoding"), [("苹果", "gbk"), ("사과", "cp949"), ("яблоки", "cp866"), ("林檎", "cp932")]
)
def test_names_that_could_be_several_are_asked_for(tmp_path: Path, folder: str, encoding: str):
    path = pack(tmp_path / "set.zip", [(f"{name}/1.png".encode(encoding), picture()) for name in (folder, "b")])
    assert "set.zip does not say in which encoding its folders are named: name it with --zip-names" in refusal(path)
    assert read(path, Reading(zip_names=encoding)).classes.names == ("b", folder)
    assert "are not in the encoding 'klingon'" in refusal(path, Reading(zip_names="klingon"))


def test_a_name_twice_counts_once(tmp_path: Path):
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("1.png", b"old")
        archive.writestr("1.png", picture())
    assert account(tmp_path / "z.zip").pictures == 1


def test_a_zip_with_a_password_and_a_damaged_one(tmp_path: Path):
    path = pack(tmp_path / "set.zip", list(class_files(["a", "b"], 3).items()))
    whole = path.read_bytes()
    secret = bytearray(whole)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag in both kinds of header
        start = secret.find(mark)
        while start >= 0:
            secret[start + at] |= 1
            start = secret.find(mark, start + 4)
    path.write_bytes(bytes(secret))
    assert "a/0.png in set.zip cannot be read (it is encrypted: make a zip without a password)" in refusal(path)
    path.write_bytes(whole[:60] + bytes(90) + whole[150:])
    assert "a/0.png in set.zip cannot be read (the zip is damaged)" in refusal(path)
    assert account(path, Reading(skip_broken=True)).pictures == 5
    path.write_bytes(whole[: len(whole) // 2])
    assert "set.zip is cut short or damaged" in refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Rar!\x1a\x07\0", "is a RAR archive, whatever its name says"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive"),
        (b"<!DOCTYPE html><title>404", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"", "is empty"),
        (b"anything", "cannot be read as a zip of pictures (file is not a zip file)"),
    ],
)
def test_what_is_called_a_zip_and_is_none(tmp_path: Path, content: bytes, words: str):
    (tmp_path / "set.zip").write_bytes(content)
    assert words in refusal(tmp_path / "set.zip")


def test_two_spellings_of_one_name_are_one_class(tmp_path: Path):
    """macOS writes "Ä" as "A" and a mark of its own, other systems as one character."""
    composed, apart = "\u00c4pfel", "A\u0308pfel"
    put(tmp_path, class_files([composed, apart, "Birnen"], 2))
    assert account(tmp_path).classes == {"Birnen": 2, composed: 4}


def test_classes_that_differ_hardly_are_named(tmp_path: Path):
    put(tmp_path, class_files(["apples", "Apples ", "pears"], 1))
    found = account(tmp_path)
    assert len(found.classes) == 3
    assert found.said == ["its classes 'Apples ' and 'apples' differ hardly: are they one?"]


# ---- nothing to read ------------------------------------------------------------------------------------------------


def test_nothing_to_read(tmp_path: Path):
    assert "There is no data at" in refusal(tmp_path / "nowhere")
    empty = put(tmp_path / "empty", {"notes.txt": b""})
    assert "empty holds no pictures (.apng, " in refusal(empty) and ".tiff" in refusal(empty)
    assert "left out: 1 of a kind that is not read here, HEIC (1.heic): export" in refusal(put(empty, {"1.heic": HEIC}))
    assert "holds no pictures, but archives (such as a.zip)" in refusal(put(tmp_path / "packed", {"a.zip": b"PK"}))
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    assert "is an archive that is not read here: unpack it, or make a zip" in refusal(tmp_path / "a.rar")
    put(tmp_path / "mac", {"._1.png": APPLE_DOUBLE})
    assert "holds no pictures that are read here; left out: 1 left lying about by macOS" in refusal(tmp_path / "mac")


# ---- the account ----------------------------------------------------------------------------------------------------


def test_the_account_in_words_and_in_numbers(tmp_path: Path):
    put(tmp_path / "set", class_files(["a", "b"], 2) | {"a/big.jpg": picture(1, "JPEG"), "b/.DS_Store": b""})
    found = account(tmp_path / "set")
    assert found.lines() == [
        "set: 5 pictures of 6 files, PNG 4, JPEG 1, all 20×20",
        "2 classes: a 3, b 2",
        "left out: 1 left lying about by macOS (b/.DS_Store)",
    ]
    facts = json.loads(json.dumps(found.to_json()))
    assert (facts["pictures"], facts["files"], facts["classes"]) == (5, 6, {"a": 3, "b": 2})
    assert facts["left_out"] == {"left lying about by macOS": {"count": 1, "names": ["b/.DS_Store"]}}
    many = Account("x", classes={str(i): i + 1 for i in range(1000)})
    assert many.lines()[1] == "1,000 classes of 1 to 1,000 pictures"


@pytest.mark.parametrize("reading", [Reading(), Reading(True, True, (1, 2, 3), "gbk"), Reading(ground=(0, 0, 0))])
def test_how_it_was_read_can_be_kept(reading: Reading):
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    assert bool(reading.to_json()) is (reading != Reading())
