r"""The names in a zip, as they were meant.

A zip says of a name only that it is UTF-8, or nothing: then it may be in whatever the system that packed it wrote names
in, and Python reads it as code page 437. What macOS packs is UTF-8 all the same; Windows packs in the code page of its
language, and some of its programs part folders by "\". (PKWARE's APPNOTE.TXT 6.3.10, §4.4.4 and appendix D.)
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterable

from .errors import PicturesError

UTF8_FLAG = 0x800
ASKED = (
    "name it with --zip-names (cp1252 for western languages, cp866 for Russian, cp932 for Japanese, gbk for Chinese, "
    "cp949 for Korean), or zip the folder anew"
)


def meant_names(infos: Iterable[zipfile.ZipInfo], archive: str, encoding: str | None = None) -> list[str]:
    """The path of each entry, parted by "/", without a leading one.

    `encoding`: of names that do not say theirs; None to tell it from the names. PicturesError where a folder's name
    could be meant in several ways, since folders are classes.
    """
    infos = list(infos)
    unsaid = {info.orig_filename for info in infos if not (info.flag_bits & UTF8_FLAG or info.orig_filename.isascii())}
    raw = {name: name.encode("cp437", "replace") for name in unsaid}
    chosen = _encoding(raw.values(), archive, encoding) if raw else None
    names = []
    for info in infos:
        name = info.orig_filename
        if name in raw and chosen:
            name = raw[name].decode(chosen)
        elif name in raw and not _is_latin(_folder(name)):
            raise PicturesError(f"{archive} does not say in which encoding its folders are named: {ASKED}.")
        names.append(_below(name.split("\0", 1)[0].replace("\\", "/")))
    return names


def _below(path: str) -> str:
    """A path below the zip's own folder, as programs that unpack take it: no drive, no root, no way upwards."""
    parts = path.split("/")
    kept = [part for part in parts[:-1] if part not in ("", ".", "..") and not re.fullmatch("[A-Za-z]:", part)]
    return "/".join([*kept, parts[-1]])


def _encoding(names: Iterable[bytes], archive: str, given: str | None) -> str | None:
    """The one encoding of all these names; None if they are best left in code page 437."""
    names = list(names)
    if given is not None:
        try:
            for name in names:
                name.decode(given)
        except (LookupError, UnicodeError):
            raise PicturesError(f"The names in {archive} are not in the encoding {given!r}.") from None
        return given
    if _readable(names, "utf-8") is not None:
        return "utf-8"
    japanese = _readable(names, "cp932")
    if japanese is not None and _is_japanese("".join(japanese)):
        return "cp932"
    return None


def _readable(names: list[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _folder(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[0]


def _is_japanese(text: str) -> bool:
    """Whether a text is one that no other code page gives by chance: it has kana, and nothing but kana, Chinese
    characters and full-width signs beside ASCII."""
    beyond = [c for c in text if not c.isascii()]
    kana = [c for c in beyond if "\u3041" <= c <= "\u30ff"]
    plain = all("\u3000" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" or "\uff01" <= c <= "\uff5e" for c in beyond)
    return bool(kana) and plain


def _is_latin(text: str) -> bool:
    """Whether a text read as code page 437 is plausibly western: letters of the Latin alphabet, most of them plain."""
    beyond = [c for c in text if not c.isascii()]
    plain = sum(c.isascii() and c.isalpha() for c in text)
    return all(unicodedata.name(c, "").startswith("LATIN") for c in beyond) and len(beyond) <= plain
