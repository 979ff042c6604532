"""Favourites: what a visitor kept, in their order, as one JSON file. A broken entry costs that entry alone."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio import Recipe, RecipeError, StudioError, recipe_from_png

FORMAT = "latent-atelier favourites"
VERSION = 1
MOST = 500  # entries of one file
MAX_BYTES = 16 << 20  # a recipe with every layer's latent takes up to 200 kB
MAX_NAME = 80  # characters
MAX_PNG = 32 << 20  # bytes of one picture in a zip, unpacked


@dataclass(frozen=True)
class Favourite:
    """One kept picture: its recipe, and the name it was given ("" for none)."""

    recipe: Recipe
    name: str = ""


def to_text(favourites: Sequence[Favourite]) -> str:
    """Favourites as the text of a JSON file; `from_text` gives back equal ones. StudioError beyond MOST."""
    if len(favourites) > MOST:
        raise StudioError(f"A file holds at most {MOST} favourites, not {len(favourites)}.")
    entries = [{"name": each.name, "recipe": each.recipe.to_json()} for each in favourites]
    return json.dumps({"format": FORMAT, "version": VERSION, "favourites": entries}, ensure_ascii=False)


def from_text(text: str) -> tuple[list[Favourite], list[str]]:
    """The favourites of a JSON file, and a sentence for each entry that was left out.

    StudioError if the file as a whole is none: no JSON, another format, too large.
    """
    if len(text) > MAX_BYTES:
        raise StudioError(f"This file is too large: favourites have at most {MAX_BYTES >> 20} MB.")
    try:
        content = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        raise StudioError("This file of favourites is broken: it is not readable as JSON.") from None
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not isinstance(content.get("favourites"), list)
    ):
        raise StudioError("This file holds no favourites: it was not written by an atelier.")
    if content.get("version") != VERSION:
        raise StudioError(f"This file of favourites is of a version that is not read here; version {VERSION} is.")
    favourites: list[Favourite] = []
    left_out: list[str] = []
    for place, entry in enumerate(content["favourites"], start=1):
        if len(favourites) == MOST:
            left_out.append(f"From entry {place} on, the rest was left out: {MOST} favourites are the most.")
            break
        try:
            favourites.append(_entry(entry))
        except StudioError as error:
            left_out.append(f"Entry {place} was left out: {error}")
    return favourites, left_out


def from_zip(data: bytes) -> tuple[list[Favourite], list[str]]:
    """The recipes of the PNG files in a zip, in its order, and a sentence for each that was left out; StudioError if it
    is no zip. Names are those of the files."""
    favourites: list[Favourite] = []
    left_out: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info for info in archive.infolist() if info.filename.lower().endswith(".png")]
            for info in names[:MOST]:
                stem = info.filename.rsplit("/", 1)[-1][:-4]
                try:
                    if info.file_size > MAX_PNG:
                        raise RecipeError(f"it is larger than {MAX_PNG >> 20} MB.")
                    favourites.append(Favourite(recipe_from_png(archive.read(info)), _name(stem)))
                except StudioError as error:
                    left_out.append(f"{_name(info.filename)} was left out: {error}")
            if len(names) > MOST:
                left_out.append(f"{len(names) - MOST} further files were left out: {MOST} favourites are the most.")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, StudioError):
            raise
        raise StudioError("This file is no zip of pictures that can be read.") from None
    if not favourites and not left_out:
        raise StudioError("There is no PNG picture in this zip.")
    return favourites, left_out


def _entry(entry: Any) -> Favourite:
    if not isinstance(entry, dict) or not {"recipe"} <= set(entry) <= {"recipe", "name"}:
        raise RecipeError("it is not a recipe with a name.")
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise RecipeError("its name is no text.")
    return Favourite(Recipe.from_json(entry["recipe"]), _name(name))


def _name(text: str) -> str:
    """A name fit to be shown: one printable line of at most MAX_NAME characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:MAX_NAME]
