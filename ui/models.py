"""Which models have a page, and where: the default one at the root, each other at its name below it, and those that
visitors opened below /yours."""

from __future__ import annotations

from typing import Any

from studio import BroughtError, Recipe, Studio, StudioError

OWN = "yours"


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


def kept_page(recipe: Recipe, error: BroughtError) -> str:
    """The address that shows a recipe of a model that is kept on this machine; raises the error if it is not kept.

    Like those of `model_pages` it is relative to the models' pages, also where it is asked for on one below /yours.
    """
    if not error.is_kept:
        raise error
    return f"{OWN}/{error.version}/?{recipe.to_query()}"
