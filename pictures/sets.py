"""A set of pictures, from a folder or a zip: which they are, of which classes, and the account of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from PIL import Image

from .account import Account
from .classes import (
    LABELS,
    Classes,
    Labels,
    class_folders,
    class_of,
    classes_of,
    find_labels,
    nearly_alike,
    outer,
)
from .decoder import LAID, WHITE, decode
from .errors import PicturesError
from .kinds import ARCHIVES, HEAD, ending, formats, litter, suffixes, told_by_content, unread
from .options import Reading
from .places import CLOSED, DEAD_LINK, Place, open_place

BROKEN = "broken"
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "eval"}  # what such folders are called


class PictureSet:
    """The pictures of a place, in the order of their paths: `names`, `classes`, and the `account`, which grows as
    pictures are read. A dataset.json is obeyed."""

    def __init__(self, place: Place, reading: Reading) -> None:
        self.place, self.reading = place, reading
        self.account = Account(place.title, files=len(place.names))
        self.names: list[str] = []
        self._left: list[str] = []  # pictures, or what may have been some, that are left out
        for name in place.names:
            self._look_at(name)
        for missed in place.missed:
            if missed.reason == CLOSED and not reading.skip_broken:
                name = f"The folder {missed.name} in {place.title}"
                raise PicturesError(f"{name} cannot be opened (no permission): --skip-broken goes on without it.")
            self.account.leave_out(missed.name, missed.reason)
        if not self.names:
            raise PicturesError(self._nothing())
        file = find_labels(name for name in place.names if litter(name) is None)
        self.labels = None if file is None else Labels(file, place.read(file))
        self.classes: Classes = classes_of(self.names, place.title, self.labels)
        if self.labels is not None:
            self.account.said.append(
                f"{self.labels.path} says " + ("which" if self.labels.every else "that there are no") + " classes"
            )
        self._count()
        if self.labels is None and self.classes.names and {n.lower() for n in self.classes.names} <= SPLITS:
            called = " and ".join(self.classes.names)
            self.account.said.append(
                f"its classes are called {called}: give one of these folders if they are no classes"
            )
        for pair in nearly_alike(self.classes.names):
            self.account.said.append("its classes {!r} and {!r} differ hardly: are they one?".format(*pair))
        self._no_class_lost()
        self._say_empty()
        self._strict()

    def images(self, indices: Iterable[int] | None = None) -> Iterator[tuple[int, Image.Image]]:
        """Number and picture (RGB, upright, see `decode`) of all, or of those with these numbers.

        PicturesError for one that is broken, unless those are to be skipped; then for a class that is lost by it.
        """
        broken: set[int] = set()
        for index in range(len(self.names)) if indices is None else indices:
            name = self.names[index]
            try:
                decoded = decode(self.place.read(name), name, ground=self.reading.ground)
            except PicturesError as error:
                if not self.reading.skip_broken:
                    raise PicturesError(f"{str(error).rstrip('.')}: --skip-broken goes on without it.") from None
                broken.add(index)
                self.account.leave_out(name, BROKEN)
                continue
            self.account.kinds[decoded.kind] += 1
            self.account.sizes[decoded.size] += 1
            self.account.done.update(self._said(what) for what in decoded.done)
            yield index, decoded.image
        if broken:
            self._without(broken)

    def _look_at(self, name: str) -> None:
        """Take a file for a picture, or leave it out."""
        if (who := litter(name)) is not None:
            self.account.leave_out(name, "hidden" if who == "hidden" else f"left lying about by {who}")
            return
        if (kind := unread(name)) is not None:
            self._leave(name, *kind)
            return
        if ending(name) not in suffixes():
            told = self._told(name)
            if told == "HEIC":
                self._leave(name, *(unread(".heic") or ("HEIC", "")))
                return
            if told not in formats():
                if PurePosixPath(name).name == LABELS:
                    return
                self.account.others[ending(name)] += 1
                return
        self.names.append(name)

    def _leave(self, name: str, kind: str, way_out: str) -> None:
        self._left.append(name)
        self.account.leave_out(name, f"of a kind that is not read here, {kind}", way_out)

    def _told(self, name: str) -> str | None:
        try:
            return told_by_content(self.place.read(name, HEAD - 1))
        except PicturesError:
            return None

    def _said(self, what: str) -> str:
        if what != LAID:
            return what
        ground = self.reading.ground
        return f"with transparency laid over {'white' if ground == WHITE else '#' + bytes(ground).hex()}"

    def _nothing(self) -> str:
        title, account = self.place.title, self.account
        if account.left_out:
            return f"{title} holds no pictures that are read here; left out: {'; '.join(account.phrases())}."
        if packed := [name for name in self.place.names if ending(name) in ARCHIVES]:
            return f"{title} holds no pictures, but archives (such as {packed[0]}): unpack them, or give a zip itself."
        return f"{title} holds no pictures ({', '.join(suffixes())})."

    def _count(self, without: frozenset[int] = frozenset()) -> None:
        kept = [label for index, label in enumerate(self.classes.labels) if index not in without]
        counts = Counter(kept)
        self.account.pictures = len(kept)
        self.account.classes = {name: counts[index] for index, name in enumerate(self.classes.names)}

    def _no_class_lost(self) -> None:
        """PicturesError if all pictures of what would be a class are left out."""
        if self.labels is not None:
            kept, of = set(self.classes.numbers), {name: self.labels.number(name) for name in self._left}
            lost = {name: str(number) for name, number in of.items() if number is not None and number not in kept}
        else:
            folders, depth = set(class_folders(self.names)), outer(self.names)
            if "" in folders:
                return  # no classes
            parts = {name: PurePosixPath(name).parts[depth:] for name in self._left}
            lost = {n: class_of(p[0]) for n, p in parts.items() if len(p) > 1 and class_of(p[0]) not in folders}
            self._no_folder_lost(folders, depth)
        for name, class_ in lost.items():
            count = list(lost.values()).count(class_)
            kind, way_out = unread(name) or unread(".heic") or ("", "")
            self._lost(class_, f"{_all(count)} of a kind that is not read here, {kind} (such as {name}); {way_out}")

    def _say_empty(self) -> None:
        """Name the folders that hold nothing and would be classes."""
        folders, depth = set(class_folders(self.names)), outer(self.names)
        if self.labels is not None or "" in folders:
            return
        above = self.names[0].split("/")[:depth]
        parts = [name.split("/") for name in self.place.folders if litter(name) is None]
        beside = [class_of(part[depth]) for part in parts if part[:depth] == above and len(part) == depth + 1]
        if empty := sorted(set(beside) - folders):
            self.account.said.append(f"no pictures in {', '.join(empty[:10])}{', …' * (len(empty) > 10)}: no class")

    def _no_folder_lost(self, folders: set[str], depth: int) -> None:
        for missed in self.place.missed:
            parts = PurePosixPath(missed.name).parts[depth:]
            if len(parts) != 1 or class_of(parts[0]) in folders or ending(parts[0]) in suffixes() or litter(parts[0]):
                continue
            if missed.reason == DEAD_LINK:
                self._lost(parts[0], "it is a link that leads nowhere")
            if missed.reason == CLOSED:
                self._lost(parts[0], "it cannot be opened (no permission)")

    def _lost(self, class_: str, why: str) -> None:
        raise PicturesError(
            f"The class {class_!r} in {self.place.title} would be lost: {why}. Mend it, or take it away."
        )

    def _without(self, broken: set[int]) -> None:
        before = Counter(self.classes.labels)
        self._count(frozenset(broken))
        for index, name in enumerate(self.classes.names):
            if before[index] and not self.account.classes[name]:
                self._lost(name, f"{_all(before[index])} broken")
        if not self.account.pictures:
            raise PicturesError(f"All pictures in {self.place.title} are broken.")
        self._strict()

    def _strict(self) -> None:
        if self.reading.strict and self.account.left_out:
            phrases = "; ".join(self.account.phrases())
            raise PicturesError(f"{self.place.title} is not read whole, as --strict wants it: left out are {phrases}.")


def _all(count: int) -> str:
    return "its one picture is" if count == 1 else f"all its {count:,} pictures are"


@contextmanager
def open_pictures(path: Path, reading: Reading | None = None) -> Iterator[PictureSet]:
    """The pictures in a folder or a zip, open for reading as long as the context lasts.

    PicturesError, one sentence: nothing there, nothing that is read, classes that cannot be told or would be lost,
    and with `reading.strict` anything left out.
    """
    reading = reading or Reading()
    place = open_place(path, reading.zip_names)
    try:
        yield PictureSet(place, reading)
    finally:
        place.close()
