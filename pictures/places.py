"""Where pictures lie: every file of a folder or a zip, its content, and what could not even be looked at."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .decoder import MAX_BYTES, reason_of
from .errors import PicturesError
from .kinds import ARCHIVES, NO_ZIP, ending, suffixes
from .zip_names import meant_names

# Reasons, as they follow a number.
DEAD_LINK = "behind a link that leads nowhere"
LINKED_TWICE = "a link to a folder that is read already"
NO_FILE = "neither file nor folder"
CLOSED = "a folder that cannot be opened"
TWICE = "there twice under one name, of which the later one counts"


@dataclass(frozen=True)
class Missed:
    """Something that is there and holds no file to read: its path, and the reason, of those above."""

    name: str
    reason: str


class Place(Protocol):
    """A folder or a zip."""

    @property
    def title(self) -> str:
        """Its own name."""

    @property
    def names(self) -> Sequence[str]:
        """The paths of its files below it, parted by "/", in the order of their parts."""

    @property
    def folders(self) -> Sequence[str]:
        """The paths of the folders below it, of those that hold nothing too."""

    @property
    def missed(self) -> Sequence[Missed]:
        """What is there besides and holds nothing to read."""

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """The content of a file, `limit` bytes at most (and one more, which tells that there are more).

        PicturesError names the file that cannot be read."""

    def close(self) -> None:
        """Let go of what is open."""


class Folder:
    """A folder with everything below it. Links to files are followed, links to folders too, each folder once."""

    def __init__(self, path: Path) -> None:
        self.path, self.title = path, path.resolve().name or str(path)
        self.folders: list[str] = []
        self._missed: list[Missed] = []
        self._seen: set[tuple[int, int]] = set()
        self._links: list[str] = []
        self._real: dict[str, str] = {}  # of names that are no UTF-8
        found = list(self._walk(""))
        while self._links:  # after all that lies here itself, so that a link never takes a folder's place
            found += self._walk(self._links.pop(0))
        self.names = sorted(found, key=lambda name: name.split("/"))
        self.missed = tuple(self._missed)

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """See `Place`."""
        try:
            with (self.path / self._real.get(name, name)).open("rb") as stream:
                return stream.read(limit + 1)
        except (OSError, ValueError) as error:
            why = reason_of(error) if isinstance(error, OSError) else "its name is none"
            raise PicturesError(f"{name} in {self.title} cannot be read ({why}).") from None

    def close(self) -> None:
        """Nothing is open."""

    def _walk(self, below: str) -> Iterator[str]:
        try:
            status = (self.path / below).stat()
            if (status.st_dev, status.st_ino) in self._seen:
                self._missed.append(Missed(below, LINKED_TWICE))
                return
            self._seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(self.path / below), key=lambda entry: entry.name)
            self.folders += [below] if below else []
        except OSError as error:
            if not below:
                raise PicturesError(f"{self.title} cannot be opened ({reason_of(error)}).") from None
            self._missed.append(Missed(below, CLOSED))
            return
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            kind = _kind(entry)
            if kind == "folder":
                self._check(name)
                if entry.is_symlink():
                    self._links.append(name)
                else:
                    yield from self._walk(name)
            elif kind == "file":
                yield self._shown(name)
            else:
                self._missed.append(Missed(self._shown(name), kind))

    def _shown(self, name: str) -> str:
        """The name, or one that can be printed and kept, where the disk has bytes that are no UTF-8."""
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        if shown != name:
            self._real[shown] = name
        return shown

    def _check(self, folder: str) -> None:
        if (shown := self._shown(folder)) != folder:
            raise PicturesError(f"The name of the folder {shown} in {self.title} is no UTF-8: rename it.")


def _kind(entry: os.DirEntry[str]) -> str:
    """ "folder", "file", or the reason why it is neither."""
    try:
        mode = entry.stat().st_mode
    except OSError:
        return DEAD_LINK
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else NO_FILE


class Zip:
    """A zip, with its names as they were meant."""

    def __init__(self, path: Path, names: str | None = None) -> None:
        self.path, self.title = path, path.name
        try:
            self._archive = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise PicturesError(f"There is no data at {path}.") from None
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            if ending(path.name) in ARCHIVES and ending(path.name) != ".zip":
                raise PicturesError(f"{path} is an archive that is not read here: unpack it, or make a zip.") from None
            if ending(path.name) in suffixes():
                raise PicturesError(f"{path} is one picture: give the folder or zip that it lies in.") from None
            raise PicturesError(f"{path} {_no_zip(path, error)}.") from None
        infos = self._archive.infolist()
        meant = meant_names(infos, self.title, names)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self.folders = [name.rstrip("/") for name in meant if name.endswith("/")]
        missed = []
        for name, info in zip(meant, infos, strict=True):
            if name.endswith("/") or not name:
                continue
            if name in self._entries:
                missed.append(Missed(name, TWICE))
            self._entries[name] = info  # the later one counts, as for every program that unpacks
        self.names: Sequence[str] = sorted(self._entries, key=lambda name: name.split("/"))
        self.missed = tuple(missed)

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """See `Place`."""
        try:
            with self._archive.open(self._entries[name]) as stream:
                return stream.read(limit + 1)
        except KeyError:
            why = "there is no such file"
        except NotImplementedError:
            why = "it is packed in a way that Python cannot unpack: zip the folder anew"
        except RuntimeError:  # as Python says it
            why = "it is encrypted: make a zip without a password"
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError):
            why = "the zip is damaged"
        raise PicturesError(f"{name} in {self.title} cannot be read ({why}).")

    def close(self) -> None:
        """Close the file."""
        self._archive.close()


def _no_zip(path: Path, error: Exception) -> str:
    """Why a file is no zip, as the end of a sentence."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as closed:
        return f"cannot be read as a zip of pictures ({reason_of(closed)})"
    if not head:
        return "is empty: copy or download it anew"
    return NO_ZIP.get(head, f"cannot be read as a zip of pictures ({str(error).rstrip('.').lower()})")


def open_place(path: Path, zip_names: str | None = None) -> Place:
    """The folder or zip at `path`. PicturesError: nothing there, no zip, or one that is damaged."""
    return Folder(path) if path.is_dir() else Zip(path, zip_names)
