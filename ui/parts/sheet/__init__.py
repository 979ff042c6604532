"""The contact sheet: hundreds of seeds at once, sorted by what is seen, near-duplicates hidden."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import gradio as gr

from studio import Recipe, Studio, StudioError, data_url
from studio.tools.bundle import MOST_PRINTED, PAGES, pictures_zip, sheet_pdf, sheet_png
from studio.tools.favourites import Favourite
from studio.tools.labels import label_of
from studio.tools.sheet import ALIKE, MOST, Entry, paint, seeds_from

from ...controls import ControlSet
from ...handing_out import made_file
from ...requests import ServerFunction, answering, field_of
from ...stopping import progress_function
from ...waiting import Waiting
from .. import part

BATCH = 24  # pictures an answer: a third of a second on a house model
THUMBNAIL = 128  # px
KINDS = ("png", "pdf", "zip")


def sheet(studio: Studio, controls: ControlSet, has_critic: bool) -> gr.HTML:
    """The sheet on the page of one model."""
    orders = ["seed", *(["critic"] if has_critic else []), "likeness", "hue", "lightness", "chroma", "size"]
    settings = {"batch": BATCH, "most": MOST, "alike": ALIKE, "orders": orders, "printed": MOST_PRINTED}
    return part("sheet", server=sheet_functions(studio, controls), settings=settings)


def sheet_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the sheet asks of the server: the next pictures, and files of some of them."""
    waiting = Waiting()

    def pictures(request: Any) -> dict[str, Any]:
        recipe = controls.recipe(field_of(request, "values"))
        first, count = whole(field_of(request, "first")), whole(field_of(request, "count"))
        entries = paint(studio, seeds_from(recipe, min(count, BATCH), first), THUMBNAIL, critic=False)
        return {"entries": [{**shown(entry), "caption": studio.specimen(entry.recipe)} for entry in entries]}

    def readings(request: Any) -> dict[str, Any]:
        """Of pictures that were shown, while they are still at hand: the critic takes a quarter of a sheet's time."""
        given = field_of(request, "recipes")
        if not isinstance(given, Sequence) or not 1 <= len(given) <= BATCH:
            raise StudioError("This request does not come from this page; reload it.")
        found = [studio.render(Recipe.from_json(each), critic="raw").critic for each in given]
        return {"readings": [{} if r is None else {"critic": r.logit, "words": r.headline} for r in found]}

    def files(request: Any) -> dict[str, Any]:
        kind, given = field_of(request, "kind"), field_of(request, "recipes")
        if kind not in KINDS or not isinstance(given, Sequence) or not 1 <= len(given) <= MOST_PRINTED:
            raise StudioError(f"Choose 1 to {MOST_PRINTED} pictures, as {', '.join(KINDS)}.")
        recipes = [Recipe.from_json(each) for each in given]
        page = "Letter" if request.get("page") == "Letter" else next(iter(PAGES))
        with waiting.job(field_of(request, "job")) as hear:
            if kind == "zip":
                kept = [Favourite(recipe) for recipe in recipes]
                return made_file("pictures.zip", lambda path: pictures_zip(path, studio, kept, hear))
            entries = list(paint(studio, recipes, THUMBNAIL, critic=False, progress=hear))
            label = label_of(studio.render(recipes[0], critic="none"), controls.model)
            if kind == "pdf":
                return made_file("sheet.pdf", lambda path: sheet_pdf(path, entries, label.title, label.rights, page))
            return made_file(
                "sheet.png", lambda path: sheet_png(path, entries, label.title, label.rights, label.packet)
            )

    return [answering(function) for function in (pictures, readings, files, progress_function(waiting))]


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as the browser sorts it: numbers, and the picture's squares in L*a*b* as signed bytes; what the critic
    says of it is asked for later."""
    squares = entry.look.grid.reshape(-1).round().clip(-128, 127).astype("int8").tobytes()
    return {
        **entry.report(),
        "picture": data_url(entry.look.picture),
        "squares": base64.b64encode(squares).decode("ascii"),
    }


def whole(value: Any) -> int:
    """A whole number of at least 0 in a request."""
    if type(value) is not int or value < 0:
        raise StudioError("This request does not come from this page; reload it.")
    return value
