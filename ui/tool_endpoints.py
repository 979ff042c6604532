"""The artist's tools for programs: each a named endpoint in Gradio's queue, a tool of an MCP server where that is asked
for. Recipes, walks, directions and orders travel as JSON; files come back as files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from studio import Recipe, Studio, StudioError, to_png
from studio.tools.bundle import pictures_zip, sheet_pdf, sheet_png
from studio.tools.directions import MEASURES, Way, between, closed_form, measured, move, of_checkpoint, strip
from studio.tools.drag import STEPS as DRAG_STEPS
from studio.tools.drag import begin, distances, dragged, go_on, mask_from_text, pulls_from_json, words_of
from studio.tools.export import Wish, export_walk
from studio.tools.favourites import Favourite
from studio.tools.film import check_film
from studio.tools.labels import label_of
from studio.tools.mix import breed, matrix
from studio.tools.palette import WRITERS, swatches
from studio.tools.prints import print_from_json, write_print
from studio.tools.project import EDITABILITY, STEPS, Place, error_of, first_guess, found, placed, read_upload, refine
from studio.tools.sheet import Entry, arrange, paint, seeds_from, without_duplicates
from studio.tools.trades import over_white, pack
from studio.tools.walk import drives_from_json, walk_from_json, with_music

from .requests import refusing

File = str | None  # the path of an upload
TOOLS = ("sheet", "mix", "directions", "project", "drag", "walk", "export")
SIDE = 128  # px of a thumbnail
SHEETS = ("png", "pdf", "zip")
STRIP = 7
PROGRESS = gr.Progress()  # as a default Gradio knows it, and hands over one of the call's own


def json_input(label: str, value: Any = None) -> gr.JSON:
    """A JSON value as an input, with a schema that validators accept: of Gradio's own the type is {}, for which a
    language model's call is refused. No subclass, for which Gradio would write a file beside this one."""
    field = gr.JSON(value, label=label, visible=False)
    kinds = [{"type": "object", "additionalProperties": {}}, {"type": "array", "items": {}}]
    vars(field)["api_info"] = lambda: {"anyOf": kinds, "description": "a JSON object or list"}
    return field


@dataclass(frozen=True)
class _Cache:
    """Where files for programs lie until they are fetched: Gradio's cache, which it clears."""

    folder: str

    def file(self, name: str, make: Callable[[Path], object]) -> str:
        """The path of the file that `make(path)` writes; nothing is left where it fails."""
        with tempfile.TemporaryDirectory(prefix="latent-atelier-") as folder:
            path = Path(folder) / name
            make(path)
            return save_file_to_cache(path, self.folder)


def add_tool_endpoints(studio: Studio) -> None:
    """Add the endpoints of TOOLS to the page that is being built; they have no controls."""
    with gr.Row(visible=False):
        file = gr.File(label="file")
        beside = gr.File(label="walk")
        report = gr.JSON(label="report")
    cache = _Cache(file.GRADIO_CACHE)

    def sheet(
        recipe: Any = None,
        count: int = 24,
        first: int | None = None,
        order: str = "seed",
        hide: bool = False,
        kind: str = "png",
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """A contact sheet: seeds in a row, sorted, near-duplicates hidden, as a picture, a PDF or a zip of PNGs.

        Args:
            recipe: The recipe that all pictures share but for their seed, as a JSON object; {} for the default.
            count: How many pictures, 1 to 1000.
            first: The first seed; empty for the recipe's own.
            order: seed, critic, hue, lightness, chroma or size; likeness sorts by likeness to the first seed.
            hide: Whether near-duplicates are left out.
            kind: png, pdf, or zip for PNGs that carry their recipes, with a table.

        Returns:
            The sheet as a file.
            The pictures in their order with recipe, critic's reading and measures, and how many were hidden.
        """
        if kind not in SHEETS:
            raise StudioError(f"A sheet is one of {', '.join(SHEETS)}, not {kind!r}.")
        recipes = seeds_from(_recipe(recipe), _whole(count), None if first is None else _whole(first))
        entries = list(paint(studio, recipes, SIDE, progress=progress))
        arranged = arrange(entries, order, entries[0])
        shown, hidden = without_duplicates(arranged) if hide else (arranged, [])
        path = _sheet_file(cache, studio, shown, kind)
        return path, {"pictures": [entry.report() for entry in shown], "hidden": len(hidden)}

    def mix(
        rows: Any = None,
        columns: Any = None,
        group: str = "middle",
        children: int = 8,
        mutation: float = 0.25,
        seed: int = 0,
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """Style mixing as a table, or, without columns, children of the rows' pictures.

        Args:
            rows: Recipes as a JSON list: the pictures that keep all but one group of layers; parents, without columns.
            columns: Recipes as a JSON list: the pictures that lend that group; [] to breed instead.
            group: coarse, middle or fine.
            children: How many children, 1 to 24, where there are no columns.
            mutation: How far a child goes towards a stranger, 0 to 1.
            seed: The same parents and seed have the same children.

        Returns:
            The table as a PNG.
            The recipes: "cells" row by row, or "children".
        """
        mine, theirs = _recipes(rows, "rows"), _recipes(columns, "columns")
        if theirs:
            cells = matrix(studio, mine, theirs, group)
            entries = [*paint(studio, [each for line in cells for each in line], SIDE, False, progress)]
            path = _sheet_file(cache, studio, entries, "png", len(theirs))
            return path, {"cells": [[each.to_json() for each in line] for line in cells]}
        born = breed(studio, mine, _whole(children), float(mutation), _whole(seed))
        path = _sheet_file(cache, studio, [*paint(studio, born, SIDE, False, progress)], "png")
        return path, {"children": [each.to_json() for each in born]}

    def directions(
        recipe: Any = None,
        kind: str = "closed form",
        these: Any = None,
        those: Any = None,
        amount: float = 2.0,
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """Directions to move a picture along, each with a strip from -3 to +3 standard deviations.

        Args:
            recipe: The picture that is moved, as a JSON object.
            kind: own, closed form, something measured (redness, size, roundness, ...), groups, or a direction as JSON.
            these: For groups: recipes as a JSON list.
            those: For groups: recipes as a JSON list, where the direction leads to.
            amount: How far the picture is moved along the first direction, in standard deviations.

        Returns:
            The strips, one a row, as a PNG.
            The directions, and the recipe "moved" along the first.
        """
        base = studio.normalise(_recipe(recipe))
        ways = _ways(studio, base, kind, _recipes(these, "these"), _recipes(those, "those"), progress)
        moved = move(studio, base, [(ways[0], float(amount))])
        strips = [each for way in ways for each in strip(studio, base, way, STRIP)]
        path = _sheet_file(cache, studio, [*paint(studio, strips, 96, False)], "png", STRIP)
        return path, {"directions": [way.to_json() for way in ways], "moved": moved.to_json()}

    def project(
        picture: File = None,
        recipe: Any = None,
        steps: int = STEPS,
        editability: float = EDITABILITY,
        x: float = 0.5,
        y: float = 0.5,
        size: float = 1.0,
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """A picture of one's own found again among what a model can paint, so that all else can be done with it.

        Args:
            picture: A picture file.
            recipe: Whose model and class are searched, as a JSON object.
            steps: Steps of the search, 1 to 2000.
            editability: 0 for likeness alone, 1 for a picture near the average.
            x: The middle of the square that is taken, in shares of the width.
            y: The same, in shares of the height.
            size: The square's side, in shares of the shorter side.

        Returns:
            The picture that was found, as a PNG with its recipe.
            The recipe, how far it is from the wanted picture (psnr in dB, features, distance, in words), and the class
            that its nearest training pictures have, which is the recipe's if it named none.
        """
        if not picture:
            raise StudioError("Give a picture to look for.")
        base = studio.normalise(_recipe(recipe))
        side = next(each["resolution"] for each in studio.models() if each["name"] == base.model)
        try:
            data = Path(picture).read_bytes()
        except OSError:
            raise StudioError("This file cannot be read.") from None
        target = placed(read_upload(data, resolution=side)[0], Place(_number(x), _number(y), _number(size)), side)
        taken_for = studio.taken_for(base.model, target)
        state = first_guess(studio, base, target, _whole(steps), taken_for)
        state = refine(studio, base, target, state, _number(editability), progress=progress)
        if taken_for is not None and not (isinstance(recipe, dict) and "class" in recipe):
            base = replace(base, label=taken_for)
        made, error = found(studio, base, state), error_of(studio, base, state, target, features=True)
        png = to_png(studio.render(made))
        path = cache.file("found.png", lambda draft: draft.write_bytes(png))
        facts = {"recipe": made.to_json(), **asdict(error), "words": error.words, "taken_for": taken_for}
        return path, facts

    def drag(
        recipe: Any = None,
        points: Any = None,
        mask: str = "",
        steps: int = DRAG_STEPS,
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """What lies at a point of a picture goes where it is wanted; the rest follows as the model knows it.

        Args:
            recipe: The picture, as a JSON object.
            points: A JSON list of [x, y, to x, to y], each 0 to 1 from the upper left corner; 1 to 8 of them.
            mask: What may move: 32 rows of 32 signs as one text, 1 for what may, 0 for what is held; empty for all.
            steps: Steps at most, 1 to 1000; it ends when every point has landed.

        Returns:
            The picture, as a PNG with its recipe.
            The recipe, the steps taken, how many pixels each point is from its goal, in words.
        """
        base, pulls, held = studio.normalise(_recipe(recipe)), pulls_from_json(points), mask_from_text(mask)
        side = next(each["resolution"] for each in studio.models() if each["name"] == base.model)
        state = go_on(studio, base, pulls, begin(studio, base, pulls, _whole(steps)), held, progress=progress)
        made = dragged(studio, base, state)
        png = to_png(studio.render(made))
        path = cache.file("dragged.png", lambda draft: draft.write_bytes(png))
        left = [round(each, 2) for each in distances(state, pulls, side)]
        words = words_of(state, pulls, side)
        return path, {"recipe": made.to_json(), "steps": state.done, "pixels_left": left, "words": words}

    def walk(
        walk: Any = None,
        kind: str = "mp4",
        fps: int = 25,
        factor: int = 1,
        card: str = "",
        sound: File = None,
        drives: Any = None,
        progress: Any = PROGRESS,
    ) -> tuple[str, str, dict[str, Any]]:
        """A walk between pictures as a film, with what it was made from beside it.

        Args:
            walk: A JSON object with "keys", a list of recipes, and what else a walk has: "frames", "path" (linear,
                spherical or spline), "closed", "easing", "noise", "sweeps".
            kind: mp4, webm, gif, apng, webp, or png for a zip of PNGs.
            fps: Frames a second, 1 to 60.
            factor: 1, 2 or 4 times as large as the model paints.
            card: A title on a card before it, or nothing.
            sound: A sound file that lies under the film, where its kind has sound, and drives what drives says.
            drives: A JSON list of what the sound drives: objects with "what" (as of a sweep: psi, moves.NAME, ...),
                "curve" (loudness, low, middle, high, onsets), and its value "low" where that is 0, "high" where 1.

        Returns:
            The film.
            The walk it was made from, as JSON.
            Its frames, size in pixels and seconds.
        """
        asked, wish = (
            walk_from_json({} if walk is None else walk),
            Wish(kind, _whole(fps), _whole(factor), card=str(card)[:120]),
        )
        film_kind = check_film(kind, asked.frames, wish.fps)
        suffix = film_kind.suffix
        if sound:
            wish = replace(wish, sound=Path(sound) if film_kind.sound else None)
            asked = with_music(asked, Path(sound), wish.fps, drives_from_json([] if drives is None else drives))
        made: dict[str, Any] = {}

        def write(path: Path) -> None:
            film, recipe = export_walk(studio, asked, path, wish, progress)
            made["film"], made["walk"] = film, recipe.read_bytes()

        path = cache.file(f"walk{suffix}", write)
        beside = cache.file("walk.json", lambda draft: draft.write_bytes(made["walk"]))
        film = made["film"]
        facts = {"frames": film.frames, "width": film.width, "height": film.height, "seconds": film.seconds}
        return path, beside, facts

    def export(
        recipe: Any = None,
        wish: Any = None,
        palette: str = "",
        trade: str = "",
        choices: Any = None,
        progress: Any = PROGRESS,
    ) -> tuple[str, dict[str, Any]]:
        """A picture to take home: a print of 16 bits a channel, its palette, or all that a trade wants as a zip.

        Args:
            recipe: The picture, as a JSON object.
            wish: The print as a JSON object: "size" (A5, A4, ... or ×1, ×2, ×4 for the picture alone), "kind" (png,
                tiff), "dpi", "bleed" in mm, "fit" (whole, fill), "cut_out", "grey".
            palette: ase, gpl or css: six colours in place of the print.
            trade: art print, advertising, film, architecture or medicine: a zip in place of the print.
            choices: What the trade leaves to be chosen, as a JSON object.

        Returns:
            The file.
            The recipe, and the file's name and size in bytes.
        """
        base = studio.normalise(_recipe(recipe))
        if trade:
            if choices is not None and not isinstance(choices, dict):
                raise StudioError("The choices of a trade are an object.")
            path = cache.file("parcel.zip", lambda draft: pack(studio, base, trade, draft, choices, progress))
        elif palette:
            if palette not in WRITERS:
                raise StudioError(f"A palette is one of {', '.join(WRITERS)}, not {palette!r}.")
            rendering = studio.render(base, critic="none")
            data = WRITERS[palette](swatches(over_white(rendering)), rendering.specimen)
            path = cache.file(f"palette.{palette}", lambda draft: draft.write_bytes(data))
        else:
            asked = print_from_json({} if wish is None else wish)
            suffix = "tif" if asked.kind == "tiff" else "png"
            path = cache.file(f"print.{suffix}", lambda draft: write_print(studio, base, asked, draft, progress))
        return path, {"recipe": base.to_json(), "file": Path(path).name, "bytes": Path(path).stat().st_size}

    for function, outputs in (
        (sheet, [file, report]),
        (mix, [file, report]),
        (directions, [file, report]),
        (project, [file, report]),
        (drag, [file, report]),
        (walk, [file, beside, report]),
        (export, [file, report]),
    ):
        _endpoint(function, outputs)


def _endpoint(function: Callable[..., Any], outputs: list[Any]) -> None:
    """A function as an endpoint of its name, whose inputs are its parameters; what the studio refuses is its error."""

    given = [each for each in signature(function).parameters.values() if each.default is not PROGRESS]
    inputs = [_input(each.name, each.annotation, each.default) for each in given]
    gr.Button(function.__name__, visible=False).click(refusing(function), inputs, outputs, api_name=function.__name__)


def _input(name: str, annotation: str, value: Any) -> gr.Component:
    """What a program fills in for a parameter: Gradio tells its type and default from it."""
    if annotation == "File":
        return gr.File(label=name, visible=False)
    if annotation == "Any":
        return json_input(name, value)
    if annotation == "str":
        return gr.Textbox(value, label=name, visible=False)
    if annotation == "bool":
        return gr.Checkbox(value, label=name, visible=False)
    return gr.Number(value, label=name, precision=None if annotation == "float" else 0, visible=False)


def _sheet_file(cache: _Cache, studio: Studio, entries: Sequence[Entry], kind: str, columns: int = 0) -> str:
    recipes = [entry.recipe for entry in entries]
    label = label_of(studio.render(recipes[0], critic="none"), recipes[0].model)
    if kind == "zip":
        return cache.file(
            "pictures.zip", lambda path: pictures_zip(path, studio, [Favourite(each) for each in recipes])
        )
    if kind == "pdf":
        return cache.file("sheet.pdf", lambda path: sheet_pdf(path, entries, label.title, label.rights))
    title, note, packet = label.title, label.rights, label.packet
    return cache.file("sheet.png", lambda path: sheet_png(path, entries, title, note, packet, columns))


def _ways(
    studio: Studio, base: Recipe, kind: str, these: list[Recipe], those: list[Recipe], progress: Callable[[float], Any]
) -> list[Way]:
    if kind == "own":
        own = next(each["directions"] for each in studio.models() if each["name"] == base.model)
        ways = [of_checkpoint(studio, base.model, each["name"]) for each in own]
        if not ways:
            raise StudioError(f"{base.model} came without directions.")
        return ways
    if kind == "closed form":
        return closed_form(studio, base.model)
    if kind == "groups":
        return [between(studio, these, those)]
    if kind in MEASURES:
        return [measured(studio, base, kind, progress=progress)]
    if kind.lstrip().startswith("{"):
        return [Way.from_text(kind)]
    raise StudioError(f"Directions are own, closed form, groups, {', '.join(MEASURES)}, or one as JSON, not {kind!r}.")


def _recipe(obj: Any) -> Recipe:
    return Recipe.from_json({} if obj is None else obj)


def _recipes(obj: Any, name: str) -> list[Recipe]:
    if obj is None:
        return []
    if not isinstance(obj, list):
        raise StudioError(f"“{name}” is a list of recipes, not {json.dumps(obj)[:40]}.")
    return [Recipe.from_json(each) for each in obj]


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise StudioError(f"This is to be a number, not {str(value)[:40]!r}.")
    return float(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise StudioError(f"This is to be a whole number, not {str(value)[:40]!r}.")
    return value
