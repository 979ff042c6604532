"""Scripts and style sheets, collected from the folders that hold them, as they go into a page's `<head>`.

The scripts are ES modules that import each other by relative paths, as node and editors read them. In the page they
are blobs: a page then needs no file of ours, at whatever address and behind whatever prefix it is served, and no build
step.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import classroom, tabs
from .parts import part_folders

UI = Path(__file__).parent
ASSETS = UI / "assets"
LESSONS = "classroom/"  # what the names of lessons' scripts begin with: they reach the classroom's pages alone
BOOT = ASSETS / "boot.js"  # no module: it makes them
STILL = ASSETS / "still.js"  # no module: it comes before Gradio's own
IMPORT = re.compile(r"""^((?:import|export)\b[^"';]*\bfrom\s*|import\s*)(["'])(\.{1,2}/[^"']+)\2""", re.MULTILINE)


def style_sheets() -> list[Path]:
    """Every style sheet: what all share, the parts', then those of the pages, tabs and lessons that lay parts out."""
    folders = [ASSETS, *part_folders().values(), UI, *map(Path, tabs.__path__), *map(Path, classroom.__path__)]
    return [path for folder in folders for path in sorted(folder.glob("*.css"))]


def module_files() -> dict[str, Path]:
    """Every script by the name that others import it by: assets/queue.js, parts/live_view/plate.js,
    classroom/lesson.js."""
    shared = {f"assets/{path.name}": path for path in sorted(ASSETS.glob("*.js")) if path not in (BOOT, STILL)}
    parts = {
        f"parts/{name}/{path.name}": path
        for name, folder in part_folders().items()
        for path in sorted(folder.glob("*.js"))
    }
    lessons = {
        f"{LESSONS}{path.name}": path
        for folder in map(Path, classroom.__path__)
        for path in sorted(folder.glob("*.js"))
    }
    return shared | parts | lessons


def modules() -> list[tuple[str, str]]:
    """Name and source of every script, each after those that it imports, whose names are written "module:NAME" in it.

    ValueError if one imports what is not there, or if some import each other in a circle.
    """
    files = module_files()
    done: dict[str, str] = {}

    def take(name: str, asked_by: tuple[str, ...]) -> None:
        if name in done:
            return
        if name not in files or name in asked_by:
            raise ValueError(
                f"{asked_by[-1]} cannot import {name}: {'a circle' if name in asked_by else 'no such file'}."
            )

        def bare(found: re.Match[str]) -> str:
            wanted = _resolved(name, found[3])
            take(wanted, (*asked_by, name))
            return f'{found[1]}"module:{wanted}"'

        done[name] = IMPORT.sub(bare, files[name].read_text(encoding="utf-8"))

    for name in files:
        take(name, ())
    return [*done.items()]


def head(lessons: bool = False) -> str:
    """What goes into `<head>`: all style sheets and scripts; those of lessons only if asked for.

    Not `launch(css=…)`: that prefixes every selector, which breaks `@property` and all that is outside its container.
    """
    styles = "\n".join(path.read_text(encoding="utf-8") for path in style_sheets())
    wanted = [each for each in modules() if lessons or not each[0].startswith(LESSONS)]
    sources = json.dumps(wanted, ensure_ascii=False).replace("</", "<\\/")
    boot = BOOT.read_text(encoding="utf-8").replace("/* modules */ []", sources)
    return f"<style>{styles}</style><script>{boot}</script>"


def early_head() -> str:
    """What goes into `<head>` before Gradio's own scripts (`early.py`)."""
    return f"<script>{STILL.read_text(encoding='utf-8')}</script>"


def _resolved(name: str, path: str) -> str:
    """The name that a relative path means in the script `name`."""
    parts = name.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step != ".":
            parts.append(step)
    return "/".join(parts)
