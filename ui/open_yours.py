"""The page "Open your own": another program's checkpoint is dropped here, recognised, and gets a page of its own.

That page is a whole Gradio application with the model's own controls, mounted beside the running one under the model's
token: what works on the pages of the house's models works there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.routing import Mount

from studio import MAX_AGE, SUFFIXES, Opened, Studio, StudioError, Visitors

from .files import MAX_FILE_BYTES
from .masthead import OPEN
from .theme import head, theme

PATH = OPEN
OWN = "yours"  # below which the pages of opened models lie
POLL_SECONDS = 0.25
CLOSED = (
    "This host opens no files of visitors; run the program on your own machine to open your own checkpoint here."
)
INTRODUCTION = (
    "StyleGAN2 and StyleGAN3 (.pkl), rosinality's StyleGAN2 (.pt), DCGAN, FastGAN, Progressive GAN, BigGAN … "
    "The file is read as data: nothing in it is ever run."
)

Build = Callable[[Studio], gr.Blocks]
Say = Callable[[str, float], None]
Answer = tuple[Any, Any, str]  # what is found, the models opened before, and a sentence if something went wrong
TOAST = "(sentence) => { if (sentence) atelier.toast(sentence, { alert: true }); return []; }"


def open_yours(page: gr.Blocks, visitors: Visitors | None, build: Build) -> None:
    """Lay the page out. `visitors` None: it only says that nothing can be opened; `build` makes a model's own page."""
    with gr.Column(elem_id="open-yours"):
        if visitors is None:
            gr.HTML(f"<h2>Open your own</h2><p>{CLOSED}</p>", apply_default_css=False)
            return
        where = (
            "It stays on this machine." if visitors.keep is not None
            else "Nobody else sees it, and it is forgotten after a few hours."
        )
        gr.HTML(f"<h2>Open your own</h2><p>{INTRODUCTION} {where}</p>", apply_default_css=False)
        with gr.Row(elem_classes="files"):
            source = gr.File(label="The checkpoint", file_types=[*SUFFIXES], elem_id="own-checkpoint")
            critic = gr.File(label="Its discriminator, if apart", file_types=[*SUFFIXES], elem_id="own-critic")
        run = gr.Button("Open it", elem_id="own-open")
        found = gr.HTML(elem_id="own-found", apply_default_css=False)
        with gr.Row(elem_classes="files", elem_id="own-kept", visible=visitors.keep is not None):
            before = gr.Dropdown(_kept(visitors), value=None, label="Opened before", elem_id="own-before")
            again = gr.Button("Open it again", elem_id="own-again")
        problem = gr.Textbox(visible=False)

    async def open_file(source: str | None, critic: str | None) -> AsyncIterator[Answer]:
        if source is None:
            yield _refusal("Choose the checkpoint's file first.")
            return
        paths = Path(source), None if critic is None else Path(critic)
        try:
            async for answer in _opening(page, visitors, build, lambda say: visitors.open(*paths, say=say)):
                yield answer
        finally:  # what was uploaded is hundreds of megabytes, and no longer needed
            for path in paths:
                if path is not None:
                    path.unlink(missing_ok=True)

    async def open_again(token: str | None) -> AsyncIterator[Answer]:
        if token is None:
            yield _refusal("Choose one of the models first.")
            return
        async for answer in _opening(page, visitors, build, lambda say: visitors.reopen(token)):
            yield answer

    options: dict[str, Any] = {
        "outputs": [found, before, problem], "api_visibility": "private", "show_progress": "hidden",
        "trigger_mode": "once", "concurrency_limit": 1, "concurrency_id": "open-yours",
    }
    in_browser: dict[str, Any] = {"fn": None, "queue": False, "api_visibility": "private"}
    opened = run.click(open_file, [source, critic], api_name="open_file", **options)
    opened.then(inputs=problem, js=TOAST, **in_browser)
    run.click(outputs=[source, critic], js="() => [null, null]", **in_browser)
    opened = again.click(open_again, before, api_name="open_again", **options)
    opened.then(inputs=problem, js=TOAST, **in_browser)
    page.load(lambda: gr.Dropdown(_kept(visitors)), None, before, queue=False, api_visibility="private")


async def _opening(
    page: gr.Blocks, visitors: Visitors, build: Build, work: Callable[[Say], Opened]
) -> AsyncIterator[Answer]:
    """What is shown while a model is opened, and then of the opened one, or the studio's sentence."""
    done: tuple[str, float] = ("waiting", 0.0)

    def say(what: str, share: float) -> None:
        nonlocal done
        done = what, share

    # Not asyncio.to_thread: that takes Gradio's context along, in which a component is an update, no part of a page.
    loop = asyncio.get_running_loop()
    task = loop.run_in_executor(None, work, say)
    while not task.done():
        yield _progress(*done), gr.skip(), ""
        await asyncio.wait([task], timeout=POLL_SECONDS)
    try:
        opened = task.result()
    except StudioError as error:
        yield _refusal(str(error))
        return
    address = f"{OWN}/{opened.token}"
    if not _is_mounted(page, f"/{address}"):
        own = await loop.run_in_executor(None, _mount, page, f"/{address}", build, opened.studio)
        own.run_startup_events()
        if visitors.keep is None:
            loop.call_later(MAX_AGE + 1, _take_down, page, visitors)
    _take_down(page, visitors)
    yield _card(opened, f"{address}/"), gr.Dropdown(_kept(visitors)), ""


def _mount(page: gr.Blocks, path: str, build: Build, studio: Studio) -> gr.Blocks:
    """The model's page, served under `path` by the running application."""
    own = build(studio)
    lifespan = page.app.router.lifespan_context  # has begun long ago: what mounting adds to it would never run
    gr.mount_gradio_app(
        page.app, own, path, theme=theme(), head=head(), run_history=False, footer_links=[], ssr_mode=False,
        enable_monitoring=False, max_file_size=MAX_FILE_BYTES,
    )
    page.app.router.lifespan_context = lifespan
    return own


def _is_mounted(page: gr.Blocks, path: str) -> bool:
    return any(isinstance(route, Mount) and route.path == path for route in page.app.router.routes)


def _take_down(page: gr.Blocks, visitors: Visitors) -> None:
    """Pages of forgotten models go."""
    paths = {f"/{OWN}/{token}" for token in visitors.take_forgotten()}
    routes = page.app.router.routes
    routes[:] = [route for route in routes if not (isinstance(route, Mount) and route.path in paths)]


def _kept(visitors: Visitors) -> list[tuple[str, str]]:
    return [(folder.name, token) for token, folder in visitors.kept()]


def _refusal(sentence: str) -> Answer:
    return "", gr.skip(), sentence


def _progress(what: str, share: float) -> str:
    return (
        f'<p role="status">{escape(what[:1].upper() + what[1:])} …</p>'
        f'<progress max="1" value="{share:.2f}" aria-label="Opening"></progress>'
    )


def _card(opened: Opened, address: str) -> str:
    """What was recognised, and the way to the model's page."""
    facts = opened.facts
    size = f"{facts['resolution']} × {facts['resolution']} px" + (", grey" if facts["channels"] == 1 else "")
    rows = (
        ("Architecture", facts["architecture"]),
        ("Picture", size),
        ("Classes", facts["classes"] or "none"),
        ("Parameters", f"{facts['parameters']:,}".replace(",", "\u202f")),
        ("Discriminator", "came with it" if facts["critic"] else "none: its critic's card will say so"),
        ("Directions", facts["directions"]),
        ("Content", facts["version"]),
        ("Notes", facts["notes"]),
    )
    listed = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in rows if value != "")
    return (
        f'<h3 role="status">{escape(opened.name)}</h3><dl>{listed}</dl>'
        f'<p><a class="own-link" href="{escape(address)}">Explore {escape(opened.name)}</a></p>'
    )
