"""Parts of a page: one folder each, with its Python, markup, script and style together, found by itself.

`ui/parts/NAME/` holds `__init__.py` (a function that makes the part), `NAME.html`, `NAME.js` and `NAME.css`; what a
part does not need, it does not have. Further modules beside `NAME.js` are its own. The script is an ES module whose
default export is called once, with what `assets/page.js` says; styles and scripts of every folder reach every page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr


def part_folders() -> dict[str, Path]:
    """Every part's folder by its name, in the order of their names."""
    folders = (folder for place in __path__ for folder in Path(place).iterdir() if (folder / "__init__.py").is_file())
    return {folder.name: folder for folder in sorted(folders, key=lambda folder: folder.name)}


def part(
    name: str,
    *,
    value: Any = None,
    settings: Mapping[str, Any] | None = None,
    server: Sequence[Callable[..., Any]] = (),
    events: Sequence[str] = (),
    elem_id: str | None = None,
    **options: Any,
) -> gr.HTML:
    """A component that shows the part of that name. Call it where the part shall stand on the page.

    `value`: what the component's value begins with, as `props.value` in the script;
    `settings`: what the script must know and never changes, JSON-able;
    `server`: functions that the script may call as `backend.NAME(request)`: one JSON value in, one object out, past
    Gradio's queue (see `ui.requests.answering`);
    `events`: names that the script may `trigger` beside Gradio's own, to be listened to as `component.NAME(…)`;
    `elem_id`: its id in the page, by which other parts find it (`part("live")`); the part's name without one;
    `options`: of `gr.HTML`. KeyError if there is no such part.
    """
    folder = part_folders()[name]
    markup, script = folder / f"{name}.html", folder / f"{name}.js"
    heard = "".join(f'\n// "{event}"' for event in events)  # Gradio looks for the names of events in this text
    names = [function.__name__ for function in server]
    start = (
        f"atelier.start({json.dumps(name)}, {json.dumps(elem_id or name)}, {json.dumps(names)}, "
        f"{{ element, props, trigger, server, upload, watch }});{heard}"
    )
    return gr.HTML(
        value,
        html_template=markup.read_text(encoding="utf-8") if markup.exists() else "",
        js_on_load=start if script.exists() else None,
        apply_default_css=False,
        server_functions=[*server],
        elem_id=elem_id,
        # One text: for each event Gradio copies every property of every input deeply, and a schema of nested lists
        # there costs more in a drag than everything else in the browser together.
        settings=json.dumps(settings or {}, ensure_ascii=False, separators=(",", ":")),
        **options,
    )
