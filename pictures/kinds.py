"""Which files are pictures that are read here, which are pictures that are not, and what only systems need.

Read is what the installed Pillow reads by itself, without another program and without a plug-in that is seldom looked
after: EPS (which starts Ghostscript), WMF, FITS, PSD and the like are left out and named.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

from PIL import Image, features

# Pillow's name of a format → the endings of its files.
ENDINGS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),  # what some phones and stereo cameras write: the first picture is a JPEG
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "PPM": (".pnm", ".ppm", ".pgm", ".pbm"),
    "TGA": (".tga",),
    "QOI": (".qoi",),
}
NEEDS = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}  # libraries that a Pillow may be built without

RAW = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2")
# Pictures that are not read: endings → what they are, and the way out.
UNREAD: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (".heic", ".heif", ".hif"),
        ("HEIC", "export them as JPEG (an iPhone makes JPEGs at Settings, Camera, Formats, Most Compatible)"),
    ),
    **dict.fromkeys(RAW, ("camera raw", "develop them to JPEG or TIFF first")),
    **dict.fromkeys((".psd", ".psb", ".xcf", ".kra", ".clip", ".afphoto"), ("layered", "export them as PNG")),
    **dict.fromkeys((".svg", ".eps", ".ai", ".pdf", ".wmf", ".emf"), ("drawn", "export them as PNG")),
    **dict.fromkeys((".exr", ".hdr", ".fits", ".fit", ".pfm"), ("high dynamic range", "tone-map them to PNG or TIFF")),
    **dict.fromkeys((".jxl",), ("JPEG XL", "convert them to JPEG or PNG")),
    **dict.fromkeys((".dds", ".ico", ".icns", ".pcx", ".sgi", ".xbm", ".xpm"), ("rarely used", "convert them to PNG")),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"), ("film", "save its frames as pictures")),
}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".lmdb", ".tfrecords", ".parquet")

# What systems and programs leave lying about, in lower case; a folder's name stands for everything below it.
LITTER = {
    "__macosx": "macOS",
    "icon\r": "macOS",
    "network trash folder": "macOS",
    "temporary items": "macOS",
    "thevolumesettingsfolder": "macOS",
    "@eadir": "a network disk",
    "#recycle": "a network disk",
    "@recycle": "a network disk",
    "@recently-snapshot": "a network disk",
    "thumbs.db": "Windows",
    "ehthumbs.db": "Windows",
    "desktop.ini": "Windows",
    "$recycle.bin": "Windows",
    "system volume information": "Windows",
    "found.000": "Windows",
    "lost+found": "Linux",
    "__pycache__": "Python",
    "picasa.ini": "Picasa",
}
MACOS = (".ds_store", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd", ".localized")

HEAD = 16  # bytes that tell a kind
# How files begin that are called .zip and are none.
NO_ZIP = {
    b"Rar!": "is a RAR archive, whatever its name says: unpack it, or make a zip",
    b"7z\xbc\xaf": "is a 7-Zip archive, whatever its name says: unpack it, or make a zip",
    b"\x1f\x8b": "is packed by gzip, whatever its name says: unpack it, or make a zip",
    b"<!DO": "is a web page, not the zip that it should lead to: download it anew",
    b"<htm": "is a web page, not the zip that it should lead to: download it anew",
    b"vers": "is a pointer that Git LFS left in place of the zip: get the file itself (git lfs pull)",
    b"PK\3\4": "is cut short or damaged: copy or download it anew",
}
_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


@lru_cache(maxsize=1)
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are read here, of those that this Pillow has."""
    Image.init()
    return tuple(kind for kind in ENDINGS if kind in Image.OPEN and features.check(NEEDS.get(kind, "jpg")))


@lru_cache(maxsize=1)
def suffixes() -> tuple[str, ...]:
    """The endings of the files that are read here, in lower case, in alphabetical order."""
    return tuple(sorted(ending for kind in formats() for ending in ENDINGS[kind]))


def ending(name: str) -> str:
    """The ending of a name, in lower case, with its dot; "" without one."""
    return PurePosixPath(name).suffix.lower()


def litter(name: str) -> str | None:
    """Who left a file of this path lying about, or "hidden" for a path with a hidden part; None for anybody's file."""
    for part in PurePosixPath(name).parts:
        low = part.lower()
        if low in LITTER:
            return LITTER[low]
        if low.startswith("._") or low in MACOS:
            return "macOS"
        if low.startswith("~$"):
            return "an office program"
        if low.startswith(".") and low not in (".", ".."):
            return "hidden"
    return None


def unread(name: str) -> tuple[str, str] | None:
    """What kind of picture that is not read here a name has the ending of, and the way out; None for all others."""
    suffix = ending(name)
    for kind, endings in ENDINGS.items():
        if suffix in endings and kind not in formats():
            return kind, "this machine's Pillow was built without it: convert them to PNG"
    return UNREAD.get(suffix)


def told_by_content(head: bytes) -> str | None:
    """The kind that a file's first HEAD bytes tell: an entry of ENDINGS, "HEIC", or None for anything else.

    Only marks that nothing else begins with: a file without an ending must not be taken for a picture by chance.
    """
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "TIFF"
    if head[:4] == b"qoif":
        return "QOI"
    if head[4:8] == b"ftyp":
        return "AVIF" if head[8:12] in (b"avif", b"avis") else "HEIC" if head[8:12] in _BRANDS else None
    return "JPEG2000" if head[:12] == b"\0\0\0\x0cjP  \r\n\x87\n" else None
