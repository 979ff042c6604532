"""The page "Open your own": another program's checkpoint is dropped here, recognised, and gets a page of its own.

The page of its own is made by `ui.own_pages`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from studio import NAME_SUFFIXES, SUFFIXES, Opened, StudioError, Visitors

from .own_pages import OwnPages
from .requests import FAILED

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
FILE_HEIGHT = 180  # px
AT_ONCE = 4  # runs of which one works and the others say that they wait
LEFT = "Nobody waits for this model any more."
UPLOAD_SECONDS = 600.0  # that an uploaded file stays after its last use
CLOSED = "This host opens no files of visitors; run the program on your own machine to open your own checkpoint here."
INTRODUCTION = (
    "StyleGAN2 and StyleGAN3 (.pkl), rosinality's StyleGAN2 (.pt), DCGAN, FastGAN, Progressive GAN, BigGAN … "
    "The file is read as data: nothing in it is ever run. A discriminator in a second file, and names for the classes, "
    "may come with it."
)

Say = Callable[[str, float], None]
Answer = tuple[Any, Any, str, str]  # what is found, the models opened before, a sentence if something went wrong, and
# the address of the opened model's page
FOLLOW = """(sentence, address) => {
    if (sentence) atelier.toast(sentence, { alert: true });
    if (address) location.assign(address);
    return [];
}"""


def open_yours(page: gr.Blocks, own: OwnPages | None) -> None:
    """Lay the page out. `own` serves the opened models' pages; None: it only says that nothing can be opened."""
    with gr.Column(elem_id="open-yours"):
        if own is None:
            gr.HTML(f"<h2>Open your own</h2><p>{CLOSED}</p>", apply_default_css=False)
            return
        visitors = own.visitors
        where = (
            "It stays on this machine."
            if visitors.kept is not None
            else "Nobody else sees it, and it is forgotten after a few hours."
        )
        gr.HTML(f"<h2>Open your own</h2><p>{INTRODUCTION} {where}</p>", apply_default_css=False)
        with gr.Row(elem_classes="files"):
            files = [
                gr.File(label=label, file_types=[*suffixes], height=FILE_HEIGHT, elem_id=f"own-{name}")
                for name, label, suffixes in (
                    ("checkpoint", "The checkpoint", SUFFIXES),
                    ("critic", "Its discriminator", SUFFIXES),
                    ("names", f"Class names ({', '.join(NAME_SUFFIXES)})", NAME_SUFFIXES),
                )
            ]
        run = gr.Button("Open it", elem_id="own-open")
        with gr.Row(elem_classes="files", elem_id="own-hub", visible=visitors.kept is not None):
            repository = gr.Textbox(
                label="Or a repository on the Hugging Face hub",
                placeholder="owner/name",
                max_lines=1,
                max_length=200,
                elem_id="own-repository",
            )
            take = gr.Button("Fetch it", elem_id="own-fetch")
        found = gr.HTML(elem_id="own-found", apply_default_css=False)
        with gr.Row(elem_classes="files", elem_id="own-kept", visible=visitors.kept is not None):
            before = gr.Dropdown(_kept(visitors), value=None, label="Opened before", elem_id="own-before")
            again = gr.Button("Open it again", elem_id="own-again")
        problem, leads_to = gr.Textbox(visible=False), gr.Textbox(visible=False)

    async def open_file(source: str | None, *beside: str | None) -> AsyncIterator[Answer]:
        if source is None:
            yield _refusal("Choose the checkpoint's file first.")
            return
        critic, names = (None if each is None else Path(each) for each in beside)
        loop = asyncio.get_running_loop()

        def work(say: Say) -> Opened:
            try:
                return visitors.open(Path(source), critic, names, say)
            finally:  # also if nobody waits for it any more
                loop.call_soon_threadsafe(_discard_later, loop, [Path(path) for path in (source, *beside) if path])

        async for answer in _opening(own, work):
            yield answer

    async def open_again(token: str | None) -> AsyncIterator[Answer]:
        if token is None:
            yield _refusal("Choose one of the models first.")
            return
        async for answer in _opening(own, lambda say: visitors.reopen(token)):
            yield answer

    async def open_repository(repository: str) -> AsyncIterator[Answer]:
        if not repository.strip():
            yield _refusal("Type a repository's owner/name first.")
            return
        async for answer in _opening(own, lambda say: visitors.open_from_hub(repository, say)):
            yield answer

    options: dict[str, Any] = {
        "outputs": [found, before, problem, leads_to],
        "api_visibility": "private",
        "show_progress": "hidden",
        "trigger_mode": "once",
        "concurrency_limit": AT_ONCE,
        "concurrency_id": "open-yours",
    }
    in_browser: dict[str, Any] = {
        "fn": None,
        "queue": False,
        "api_visibility": "private",
        "show_progress": "hidden",
    }
    follow: dict[str, Any] = {"inputs": [problem, leads_to], "js": FOLLOW, **in_browser}
    run.click(open_file, files, api_name="open_file", **options).then(**follow)
    run.click(outputs=files, js="() => [null, null, null]", **in_browser)
    fetching = [take.click, repository.submit]
    gr.on(fetching, open_repository, repository, api_name="open_repository", **options).then(**follow)
    again.click(open_again, before, api_name="open_again", **options).then(**follow)
    options = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    page.load(lambda: gr.Dropdown(_kept(visitors)), None, before, **options)


async def _opening(own: OwnPages, work: Callable[[Say], Opened]) -> AsyncIterator[Answer]:
    """What is shown while a model is opened, and then of the opened one, or the studio's sentence."""
    done: tuple[str, float] = ("waiting", 0.0)
    left = False  # the tab was closed: nobody waits for it

    def say(what: str, share: float) -> None:
        nonlocal done
        if left:
            raise StudioError(LEFT)
        done = what, share

    task = asyncio.get_running_loop().run_in_executor(None, work, say)
    try:
        while not task.done():
            yield _progress(*done), gr.skip(), "", ""
            await asyncio.wait([task], timeout=POLL_SECONDS)
    finally:
        left = not task.done()
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, also if nobody waits
    try:
        opened = task.result()
        address = await own.show(opened)
    except StudioError as error:
        yield _refusal(str(error))
        return
    except Exception:
        logger.exception("a file could not be opened")
        yield _refusal(FAILED)
        return
    yield _card(opened, address), gr.Dropdown(_kept(own.visitors)), "", address


def _discard_later(loop: asyncio.AbstractEventLoop, paths: Sequence[Path]) -> None:
    """Delete uploaded files, which are hundreds of megabytes, some time after their use: Gradio stores equal uploads as
    one file, which another visitor may be about to open."""
    for path in paths:
        with suppress(OSError):
            os.utime(path)
    loop.call_later(UPLOAD_SECONDS, _discard, paths)


def _discard(paths: Sequence[Path]) -> None:
    """Delete files that were neither uploaded nor used again since `_discard_later`."""
    for path in paths:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime >= UPLOAD_SECONDS:
                path.unlink()


def _kept(visitors: Visitors) -> list[tuple[str, str]]:
    """Choices: a name, and of its content what the sentence about a picture's model says of it."""
    return [(f"{folder.name} · {token[:8]}…", token) for token, folder in visitors.kept_models().items()]


def _refusal(sentence: str) -> Answer:
    return "", gr.skip(), sentence, ""


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
