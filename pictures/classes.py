"""Which class each picture is of: as dataset.json says, or by the folder that it lies in."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from .errors import PicturesError

LABELS = "dataset.json"  # of NVIDIA's dataset_tool: {"labels": [["00000/img00000.png", 3], …]}, or null
MAX_NAME = 100  # characters of a class's name: what a recipe holds


@dataclass(frozen=True)
class Classes:
    """`names` of the classes, none for a set without; `numbers` that the source gives them, 0 … where it gives none.

    `labels`: the class of each picture as an index into both, zeros without classes. A dataset.json that knows only
    one class gives a number without a name.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    labels: tuple[int, ...]


def classes_of(pictures: Sequence[str], title: str, labels: Labels | None) -> Classes:
    """The classes of the pictures with these paths: as `labels` says, if there is such a file, else by their folders.

    PicturesError: a file that does not give one class for each picture, pictures beside class folders, a class whose
    name no recipe could hold.
    """
    if labels is not None:
        return _labelled(pictures, title, labels)
    folders = class_folders(pictures)
    names = tuple(sorted(set(folders)))
    if len(names) < 2:
        return Classes((), (), (0,) * len(pictures))
    if "" in names:
        outside = pictures[folders.index("")]
        raise PicturesError(f"{title} mixes pictures in class folders with pictures outside (such as {outside}).")
    for name in names:
        if len(name) > MAX_NAME or not name.isprintable() or not name.strip():
            shown = "".join(c if c.isprintable() else "?" for c in name[:MAX_NAME])
            raise PicturesError(
                f"The folder {shown!r} in {title} cannot be a class: rename it to 1 to {MAX_NAME} printable characters."
            )
    where = {name: index for index, name in enumerate(names)}
    return Classes(names, tuple(range(len(names))), tuple(where[folder] for folder in folders))


def outer(names: Iterable[str]) -> int:
    """How many leading parts all paths share above their class folders: the depth of the folder that holds those."""
    paths = [PurePosixPath(name).parts for name in names]
    depth = 0
    while paths and all(len(parts) > depth + 2 and parts[depth] == paths[0][depth] for parts in paths):
        depth += 1
    return depth


def class_folders(names: Sequence[str]) -> list[str]:
    """The class of each path: the first folder below one that holds everything; "" for a file in none."""
    depth = outer(names)
    parts = [PurePosixPath(name).parts[depth:] for name in names]
    return [class_of(each[0]) if len(each) > 1 else "" for each in parts]


def class_of(folder: str) -> str:
    """The class of a folder's name: macOS writes "Ä" as "A" and a mark, and both spellings are one class (Unicode
    Standard Annex 15, NFC)."""
    return unicodedata.normalize("NFC", folder)


def nearly_alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of classes that differ in capitals, spaces or the width of letters alone: most likely one was meant."""
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        plain = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        if plain in first:
            pairs.append((first[plain], name))
        first.setdefault(plain, name)
    return pairs


class Labels:
    """A dataset.json: `path` in its place, and the number that it gives to each picture. PicturesError: no such file.

    `every` is None where it says that there are no classes.
    """

    def __init__(self, path: str, content: bytes) -> None:
        self.path, self._above = path, path[: -len(LABELS)]
        try:
            rows = json.loads(content)["labels"]
            pairs = rows.items() if isinstance(rows, dict) else rows
            self.every = None if rows is None else {_path(name): _number(label) for name, label in pairs}
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise PicturesError(
                f"{path} does not give one class number for each picture: mend it, or take it away to have classes by "
                "folders."
            ) from None

    def number(self, picture: str) -> int | None:
        """Of a picture, by its path in the place, or below the folder of this file; None if it is not in the list."""
        every = self.every or {}
        return every.get(picture.removeprefix(self._above), every.get(picture))


def find_labels(names: Iterable[str]) -> str | None:
    """The dataset.json that lies least deep."""
    found = [name for name in names if PurePosixPath(name).name == LABELS]
    return min(found, key=lambda name: name.count("/"), default=None)


def _labelled(pictures: Sequence[str], title: str, labels: Labels) -> Classes:
    if labels.every is None:
        return Classes((), (), (0,) * len(pictures))
    given = [labels.number(name) for name in pictures]
    if without := [name for name, number in zip(pictures, given, strict=True) if number is None]:
        raise PicturesError(
            f"{labels.path} gives no class to {len(without):,} of {len(pictures):,} pictures in {title} (such as "
            f"{without[0]})."
        )
    known = [number for number in given if number is not None]
    numbers = tuple(sorted(set(known)))
    where = {number: index for index, number in enumerate(numbers)}
    names = tuple(map(str, numbers)) if len(numbers) > 1 else ()
    return Classes(names, numbers, tuple(where[number] for number in known))


def _path(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError("no path")
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _number(label: Any) -> int:
    """A class's number, given as such or as a list with a single 1."""
    if isinstance(label, list):
        if sorted(label) != [0] * (len(label) - 1) + [1]:
            raise ValueError("no single class")
        return label.index(1)
    if isinstance(label, bool) or not isinstance(label, (int, float)) or label != int(label) or label < 0:
        raise ValueError("no number of a class")
    return int(label)
