"""Walks: keyframes from the favourites, scrubbed live, exported as films; a sound may drive directions."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import gradio as gr

from studio import Studio, StudioError, data_url
from studio.tools.curves import EASINGS, KINDS
from studio.tools.enlarge import FACTORS, methods
from studio.tools.export import Wish, export_walk
from studio.tools.film import KINDS as FILMS
from studio.tools.film import MAX_FRAMES, RATES
from studio.tools.music import CURVES, listen
from studio.tools.sheet import seeds_from
from studio.tools.walk import NOISES, Walker, drives_from_json, walk_from_json, with_music

from ...controls import ControlSet
from ...handing_out import file_answer, made_file
from ...requests import ServerFunction, answering, bytes_of, field_of
from ...stopping import progress_function
from ...waiting import Waiting
from .. import part
from ..tray import entry_of

CHANCES = 4  # favourites to begin with
VIEW = 192  # px, to which smaller pictures are enlarged


def walks(studio: Studio, controls: ControlSet, directions: dict[str, str]) -> gr.HTML:
    """The part on the page of one model; `directions`: its directions' titles by name."""
    settings = {
        "model": controls.model,
        "paths": KINDS,
        "easings": [*EASINGS],
        "noises": NOISES,
        "films": {kind.name: {"title": kind.title, "sound": bool(kind.sound)} for kind in FILMS.values()},
        "factors": FACTORS,
        "methods": methods(),
        "curves": CURVES,
        "directions": directions,
        "most": MAX_FRAMES,
    }
    return part("walks", server=walks_functions(studio, controls), settings=settings)


def walks_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the part asks of the server. A walk travels as `walk_from_json` reads it."""
    waiting = Waiting()

    def frame(request: Any) -> dict[str, Any]:
        walk = walk_from_json(field_of(request, "walk"))
        number = field_of(request, "number")
        if type(number) is not int or not 0 <= number < walk.frames:
            raise StudioError("This request does not come from this page; reload it.")
        rendering = studio.render(Walker(studio, walk).recipe(number), critic="none", draft=True)
        return {"picture": data_url(rendering.picture, rendering.alpha, at_least=VIEW), "caption": rendering.specimen}

    def by_chance(request: Any) -> dict[str, Any]:
        """A few favourites for who has none yet: the plate's picture with other seeds."""
        recipe = controls.recipe(field_of(request, "values"))
        return {"entries": [entry_of(studio, each) for each in seeds_from(recipe, CHANCES, secrets.randbelow(100_000))]}

    def hear_sound(request: Any) -> dict[str, Any]:
        with _sound(request) as path:
            sound = listen(path)
        beat = None if sound.beat is None else round(sound.beat, 1)
        return {"seconds": sound.seconds, "onsets": len(sound.onsets), "beat": beat}

    def curves(request: Any) -> dict[str, Any]:
        """What a sound does at each frame: with it the page shows any frame as the film will have it."""
        fps, frames = (_whole(request, name) for name in ("fps", "frames"))
        if not RATES[0] <= fps <= RATES[1] or not 1 <= frames <= MAX_FRAMES:
            raise StudioError("This request does not come from this page; reload it.")
        with _sound(request) as path:
            if path is None:
                raise StudioError("Choose a sound first.")
            heard = listen(path)
        return {"curves": {name: heard.at(name, fps, frames).round(4).tolist() for name in CURVES}}

    def film(request: Any) -> dict[str, Any]:
        walk = walk_from_json(field_of(request, "walk"))
        wish = field_of(request, "film")
        with waiting.job(field_of(request, "job")) as hear, _sound(request) as path:
            made = Wish(
                kind=str(field_of(wish, "kind")),
                fps=_whole(wish, "fps"),
                factor=_whole(wish, "factor"),
                method=str(field_of(wish, "method")),
                card=str(field_of(wish, "card"))[:120],
                sound=path if wish.get("with_sound") is True else None,
            )
            if path is not None:
                walk = with_music(walk, path, made.fps, drives_from_json(field_of(request, "drives")))
            beside: dict[str, Any] = {}

            def write(draft: Path) -> None:
                _, recipe = export_walk(studio, walk, draft, made, hear)
                beside.update(file_answer("walk.json", recipe.read_bytes()))

            suffix = FILMS[made.kind].suffix if made.kind in FILMS else ""
            return {**made_file(f"{controls.model}-walk{suffix}", write), "beside": beside}

    return [
        answering(function) for function in (frame, by_chance, hear_sound, curves, film, progress_function(waiting))
    ]


class _Held:
    """The sound in a request as a file, while it is needed."""

    def __init__(self, data: bytes) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="latent-atelier-")
        self._path = Path(self._folder.name) / "sound"
        self._path.write_bytes(data)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _sound(request: Any) -> Any:
    return _Held(bytes_of(request, "sound")) if isinstance(request, dict) and request.get("sound") else nullcontext()


def _whole(request: Any, name: str) -> int:
    value = field_of(request, name)
    if type(value) is not int:
        raise StudioError("This request does not come from this page; reload it.")
    return value
