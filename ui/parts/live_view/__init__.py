"""The plate: a `gr.HTML` whose picture comes back from one server function as one JSON object, past Gradio's queue.

The functions are stateless: the controls' values go in, a picture comes out, so visitors cannot meet.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import gradio as gr

from studio import (
    MAX_SEED,
    MAX_WIDTH,
    BroughtError,
    CutLinkError,
    Recipe,
    RecipeError,
    Rendering,
    Studio,
    StudioError,
    asking,
    data_url,
    foreign,
    picture_accent,
    recipe_from_png,
    to_png,
)
from studio import neighbours as next_seeds

from ...controls import ControlSet
from ...departure import still_there
from ...models import kept_page, model_pages
from ...requests import MAX_FILE_BYTES, ServerFunction, answering, bytes_of, field_of
from ...waiting import Waiting, read_job
from .. import part

NEIGHBOURS = 8
MAX_PAST = 200  # steps, as many as a page's history holds
THUMBNAIL = 96  # px, twice what the strip shows them at, for dense screens
VIEW = 192  # px, to which smaller pictures are enlarged for the plate


def live_view(
    studio: Studio, controls: ControlSet, initial: list[Any], slow: bool = False, elem_id: str = "live"
) -> gr.HTML:
    """The picture with its label, tools and neighbours. `slow`: its pictures are waited for instead of following the
    hand, and neighbours, eight more of them, are not made."""
    return part(
        "live_view",
        server=live_functions(studio, controls, slow),
        settings={
            "names": controls.names,
            "initial": initial,
            "neighbours": 0 if slow else NEIGHBOURS,
            "max_seed": MAX_SEED,
            "max_file_bytes": MAX_FILE_BYTES,
            "max_width": MAX_WIDTH,
            "slow": slow,
            # under which a tab remembers its history: another version would paint something else
            "past": f"past {controls.model} {studio.normalise(Recipe(model=controls.model)).version}",
        },
        events=["apply"],
        elem_id=elem_id,
    )


def live_functions(studio: Studio, controls: ControlSet, slow: bool = False) -> list[ServerFunction]:
    """What the live view may ask of the server, by name; each takes one JSON value and answers with one object.

    `slow`: a newer picture ends the older ones of the same page, also between layers.
    """
    waiting = Waiting()

    @contextmanager
    def asked(request: Any, patient: bool = False) -> Iterator[Callable[[float], None]]:
        """For whom a picture is made; gives what must hear its share."""
        if slow and "job" in request:
            with waiting.job(request["job"]) as hear:
                yield hear
            return
        visitor, number = read_job(request["job"]) if "job" in request else ("", None)
        with asking(visitor, number, patient, request.get("rests") is True):
            yield still_there

    def picture(request: Any) -> dict[str, Any]:
        recipe = controls.recipe(field_of(request, "values"))
        read = request.get("read") is not False  # false: a drag goes on, and its next picture will be read
        draft = request.get("draft") is True  # a drag goes on: a heavy network may answer with less
        read = read and not (draft and studio.crowded)  # it is asked for when the hand rests
        with asked(request) as hear:
            rendering = studio.render(recipe, critic="all" if read else "none", draft=draft, progress=hear)
        return {**live_answer(rendering), "read": read and not rendering.draft, "draft": rendering.draft}

    def progress(request: Any) -> dict[str, Any]:
        job = field_of(request, "job")
        if request.get("stop") is True:
            waiting.stop(job)
        return {"share": waiting.share(job)}

    def details(request: Any) -> dict[str, Any]:
        return rest_answer(studio.render(controls.recipe(field_of(request, "values")), critic="none"))

    def neighbours(request: Any) -> dict[str, Any]:
        recipe = studio.normalise(controls.recipe(field_of(request, "values")))
        with asked(request, patient=True) as hear:
            nearby = [
                studio.render(near, critic="none", draft=True, progress=hear) for near in next_seeds(recipe, NEIGHBOURS)
            ]
        return {
            "neighbours": [
                {"seed": near.recipe.seed, "picture": data_url(near.picture, near.alpha, at_most=THUMBNAIL)}
                for near in nearby
            ]
        }

    def restore(request: Any) -> dict[str, Any]:
        if isinstance(request, Mapping) and "png" in request:
            return place_of(recipe_from_png(bytes_of(request, "png")))
        query = field_of(request, "query")
        if not isinstance(query, str):
            raise RecipeError("This link holds no recipe.")
        others = foreign(query)
        answer = {"foreign": others} if others else {}  # it stays in the address
        try:
            return {**place_of(Recipe.from_query(query), others), **answer}
        except StudioError as error:
            rest = error.rest if isinstance(error, CutLinkError) else None
            with suppress(StudioError):  # what could be read may not fit the model
                return {"error": str(error), **answer, **({"rest": place_of(rest, others)} if rest else {})}
            return {"error": str(error), **answer}

    def place_of(recipe: Recipe, others: str = "") -> dict[str, Any]:
        """Where a recipe is shown: by values of these controls, or at the address of another page."""
        try:
            recipe = studio.normalise(recipe if recipe.model else replace(recipe, model=controls.model))
        except BroughtError as error:
            return {"elsewhere": "&".join(filter(None, (kept_page(recipe, error), others)))}
        if recipe.model != controls.model:  # its controls are on that model's page
            query = "&".join(filter(None, (recipe.to_query(), others)))
            return {"elsewhere": f"{model_pages(studio)[recipe.model]}?{query}"}
        return {"values": controls.values(recipe)}

    def past(request: Any) -> dict[str, Any]:
        steps = field_of(request, "steps")
        if not isinstance(steps, list) or len(steps) > MAX_PAST:
            raise RecipeError("This is no history of this page.")
        return {"steps": [controls.values(studio.normalise(controls.recipe(step))) for step in steps]}

    def save(request: Any) -> dict[str, Any]:
        rendering = studio.render(controls.recipe(field_of(request, "values")))
        width = request.get("width")  # px; without one as it was made
        png = base64.b64encode(to_png(rendering, width)).decode("ascii")
        return {"png": png, "name": file_name(rendering.recipe, width)}

    return [answering(function) for function in (picture, progress, details, neighbours, restore, past, save)]


def live_answer(rendering: Rendering) -> dict[str, Any]:
    """What follows the hand, as one JSON object of some 10–20 kB."""
    report = rendering.report()
    return {
        "picture": data_url(rendering.picture, rendering.alpha, at_least=VIEW),
        "width": rendering.picture.shape[1],
        "height": rendering.picture.shape[0],
        "cut_out": rendering.alpha is not None,
        "critic": report["critic"],
        "spoken": report["spoken"],
        "stages": report["stages"],
        "caption": rendering.specimen,
        "attribution": report["attribution"],
        **link_answer(rendering.recipe),
    }


def link_answer(recipe: Recipe) -> dict[str, Any]:
    """A recipe's query string; of one that is too long for a link None, and a sentence."""
    try:
        return {"query": recipe.to_query(), "no_link": ""}
    except RecipeError as error:
        return {"query": None, "no_link": str(error)}


def rest_answer(rendering: Rendering) -> dict[str, Any]:
    """What can wait until the hand rests: the page's accent, and the picture before post-processing."""
    return {
        "accent": picture_accent(rendering.picture),
        "before": data_url(rendering.raw, at_least=VIEW) if rendering.stages else None,
    }


def file_name(recipe: Recipe, width: int | None = None) -> str:
    """A name for the saved picture: orchard-peach-1234.png; orchard-peach-1234-512px.png if it was enlarged."""
    origin = "styles" if recipe.ws else "latent" if recipe.latent else str(recipe.seed)
    parts = (recipe.model, recipe.label, origin, None if width is None else f"{width}px")
    plain = "-".join(part for part in parts if part)
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in plain) + ".png"
