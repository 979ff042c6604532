"""The tray of favourites, below every tab of every model's page: kept in the visitor's browser, not here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from studio import Recipe, Studio, StudioError, data_url, recipe_from_png
from studio.tools.bundle import pictures_zip
from studio.tools.favourites import MAX_BYTES, MOST, Favourite, from_text, from_zip, to_text

from ...controls import ControlSet
from ...handing_out import file_answer, made_file
from ...models import model_pages
from ...requests import ServerFunction, answering, bytes_of, field_of
from ...stopping import progress_function
from ...waiting import Waiting
from .. import part

THUMBNAIL = 96  # px
COMPARED = 512  # px, to which smaller pictures are enlarged to be compared


def tray(studio: Studio, controls: ControlSet) -> gr.HTML:
    """The tray on the page of one model."""
    return part("tray", server=tray_functions(studio, controls), settings={"model": controls.model, "most": MOST})


def tray_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the tray asks of the server; favourites come and go as lists of {"name", "recipe"}."""
    waiting = Waiting()

    def kept(request: Any) -> dict[str, Any]:
        return entry_of(studio, recipe_of(request, controls))

    def compare(request: Any) -> dict[str, Any]:
        rendering = studio.render(recipe_of(request, controls), critic="raw")
        words = rendering.critic.words if rendering.critic else ""
        picture = data_url(rendering.picture, rendering.alpha, at_least=COMPARED)
        return {"picture": picture, "caption": rendering.specimen, "critic": words}

    def open_recipe(request: Any) -> dict[str, Any]:
        recipe = studio.normalise(recipe_of(request, controls))
        if recipe.model == controls.model:
            return {"values": controls.values(recipe)}
        return {"elsewhere": f"{model_pages(studio)[recipe.model]}?{recipe.to_query()}"}

    def save(request: Any) -> dict[str, Any]:
        favourites = favourites_of(field_of(request, "favourites"))
        if request.get("kind") == "json":
            return file_answer("favourites.json", to_text(favourites).encode())
        with waiting.job(field_of(request, "job")) as hear:
            return made_file("favourites.zip", lambda path: pictures_zip(path, studio, favourites, hear))

    def load(request: Any) -> dict[str, Any]:
        data, name = bytes_of(request, "file"), str(request.get("name", "")).lower()
        left_out: list[str] = []
        if data[:4] == b"PK\x03\x04" or name.endswith(".zip"):
            found, left_out = from_zip(data)
        elif data[:4] == b"\x89PNG":
            found = [Favourite(recipe_from_png(data))]
        else:
            if len(data) > MAX_BYTES:
                raise StudioError(f"This file is too large: favourites have at most {MAX_BYTES >> 20} MB.")
            found, left_out = from_text(data.decode("utf-8", "replace"))
        return {
            "favourites": [{"name": each.name, "recipe": each.recipe.to_json()} for each in found],
            "left_out": left_out,
        }

    return [answering(function) for function in (kept, compare, open_recipe, save, load, progress_function(waiting))]


def recipe_of(request: Any, controls: ControlSet) -> Recipe:
    """The recipe in a request, or that of its controls' values."""
    if isinstance(request, dict) and "values" in request:
        return controls.recipe(request["values"])
    return Recipe.from_json(field_of(request, "recipe"))


def entry_of(studio: Studio, recipe: Recipe, name: str = "") -> dict[str, Any]:
    """A favourite as the browser keeps it."""
    rendering = studio.render(recipe, critic="none")
    picture = data_url(rendering.picture, rendering.alpha, at_most=THUMBNAIL)
    return {"name": name, "recipe": rendering.recipe.to_json(), "picture": picture, "caption": rendering.specimen}


def favourites_of(given: object) -> list[Favourite]:
    """The favourites in a request; StudioError if they are none."""
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= MOST:
        raise StudioError(f"Keep a picture first; {MOST} are the most.")
    return [Favourite(Recipe.from_json(field_of(each, "recipe")), str(each.get("name", ""))[:80]) for each in given]
