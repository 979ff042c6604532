"""A lesson's sheet: one component whose script draws everything, and functions that compute for it, turn by turn.

A lesson is a module with a `LESSON`, a script of its name beside it whose default export builds it, and its texts in
`texts/`, one file a language. `lesson()` makes the constant, `sheet()` the component.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from classroom import ClassroomError, Turns
from studio import Studio

from ..requests import ServerFunction, answering
from . import Lesson, find_lessons

_T = TypeVar("_T")

TEXTS = Path(__file__).parent / "texts"
FIRST = "en"
TURNS = Turns()  # one place to compute in, for all lessons and all visitors


@lru_cache(maxsize=1)
def languages() -> dict[str, dict[str, Any]]:
    """Every language's texts, by its code; English first."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(TEXTS.glob("*.json"))}
    return {FIRST: found.pop(FIRST), **found}


def lesson(name: str, order: int, build: Callable[[Studio, gr.Blocks], None]) -> Lesson:
    """A lesson whose title and summary stand in the texts."""
    text = languages()[FIRST]["lessons"][name]
    return Lesson(name, text["title"], text["summary"], order, build)


def sheet(
    name: str,
    server: Sequence[Callable[..., Any]] = (),
    settings: Mapping[str, Any] | None = None,
    parts: Sequence[str] | None = None,
) -> gr.HTML:
    """The component that `ui/classroom/NAME.js` fills.

    `server`, `settings`: as for a part. `parts`: which keys of a language's "lessons" its script reads (default: its
    own).
    """
    names = [function.__name__ for function in server]
    start = (
        f"atelier.start({json.dumps(f'classroom/{name}')}, {json.dumps(f'lesson-{name}')}, {json.dumps(names)}, "
        "{ element, props, trigger, server, upload, watch });"
    )
    order = [each.name for each in find_lessons()]
    told = {
        **(settings or {}),
        "name": name,
        "order": order,
        "texts": {code: _texts(code, parts or [name]) for code in languages()},
    }
    return gr.HTML(
        html_template='<div class="lesson"></div>',
        js_on_load=start,
        apply_default_css=False,
        server_functions=[*server],
        elem_id=f"lesson-{name}",
        settings=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    )


def contents() -> gr.HTML:
    """The classroom's first page: what there is to learn, what a teacher wants to know, the field's words."""
    found = find_lessons()
    listed = {each.name: {"title": each.title, "summary": each.summary} for each in found}
    return sheet("contents", settings={"listed": listed}, parts=[each.name for each in found])


def _texts(code: str, names: Sequence[str]) -> dict[str, Any]:
    whole = languages()[code]
    lessons = {key: value for key, value in whole["lessons"].items() if key in names}
    titles = {key: value["title"] for key, value in whole["lessons"].items()}
    return {**whole, "lessons": lessons, "titles": titles}


def fields_of(request: object) -> dict[str, Any]:
    """A request, which must be an object. ClassroomError."""
    if not isinstance(request, dict):
        raise ClassroomError("request", "This request does not come from this page; reload it.")
    return request


def one_of(found: Mapping[str, _T], request: Mapping[str, Any]) -> _T:
    """What belongs to the model that a request names. ClassroomError if there is nothing."""
    name = request.get("model")
    if not isinstance(name, str) or name not in found:
        raise ClassroomError("no_model", "This lesson knows no such model.")
    return found[name]


def folders_of(studio: Studio) -> dict[str, Path]:
    """Where the files lie of each model that could be opened, by its name."""
    return {model["name"]: studio.folders[model["name"]] for model in studio.models()}


def in_turn(function: ServerFunction) -> ServerFunction:
    """The same server function, kept to its turn among all visitors; what the classroom refuses becomes an answer.

    An answer tells how many were before it (`queue`), so that the page can say what it waits for.
    """
    return _taking_turns(function, patient=False)


def in_slices(function: ServerFunction) -> ServerFunction:
    """The same for what a page asks on and on, a slice of work each: it lets answers to others go first."""
    return _taking_turns(function, patient=True)


def _taking_turns(function: ServerFunction, patient: bool) -> ServerFunction:
    @wraps(function)
    def answer(request: Any) -> dict[str, Any]:
        try:
            with TURNS.turn(patient) as before:
                return {**function(request), "queue": before}
        except ClassroomError as error:
            return _refusal(error)

    return answering(answer)


def by_studio(function: ServerFunction) -> ServerFunction:
    """The same server function for what the studio computes, which has turns of its own."""

    @wraps(function)
    def answer(request: Any) -> dict[str, Any]:
        try:
            return function(request)
        except ClassroomError as error:
            return _refusal(error)

    return answering(answer)


def _refusal(error: ClassroomError) -> dict[str, Any]:
    return {"error": str(error), "key": error.key, "fields": error.fields}
