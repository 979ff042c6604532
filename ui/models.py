"""Which models have a page, and where: the default one at the root, each other at its name below it."""

from __future__ import annotations

from typing import Any

from studio import Studio, StudioError


def model_pages(studio: Studio) -> dict[str, str]:
    """The address of each model's page, relative to that of any other; the default model's comes first."""
    others = [entry["name"] for entry in studio.models() if entry["name"] != studio.default]
    return {studio.default: "./", **{name: name for name in others}}


def model_entry(studio: Studio, name: str) -> dict[str, Any]:
    """One entry of `Studio.models()`; StudioError if there is none of that name."""
    for entry in studio.models():
        if entry["name"] == name:
            return entry
    raise StudioError(f"There is no model {name!r} here.")
