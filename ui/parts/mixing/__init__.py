"""Mixing and breeding: a matrix of layer groups to click, and generations of children to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from studio import MAX_SEED, Recipe, Studio, StudioError, data_url
from studio.tools.mix import GROUPS, MOST_CHILDREN, WAYS, breed, matrix
from studio.tools.sheet import ahead

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from .. import part

THUMBNAIL = 128  # px
MOST_SIDE = 8


def mixing(studio: Studio, controls: ControlSet) -> gr.HTML:
    """Both, on the page of one model."""
    settings = {"groups": GROUPS, "how": WAYS, "children": min(8, MOST_CHILDREN), "side": MOST_SIDE}
    return part("mixing", server=mixing_functions(studio, controls), settings=settings)


def mixing_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the part asks of the server."""

    def table(request: Any) -> dict[str, Any]:
        base = controls.recipe(field_of(request, "values"))
        rows, columns = (_seeds(base, field_of(request, side)) for side in ("rows", "columns"))
        cells = matrix(studio, rows, columns, field_of(request, "group"))
        return {
            "rows": all_pictured(studio, rows),
            "columns": all_pictured(studio, columns),
            "cells": [all_pictured(studio, line) for line in cells],
        }

    def bred(request: Any) -> dict[str, Any]:
        parents = field_of(request, "parents")
        mutation, seed = field_of(request, "mutation"), field_of(request, "seed")
        if not isinstance(parents, Sequence) or type(mutation) not in (int, float) or type(seed) is not int:
            raise StudioError("Choose the parents first.")
        recipes = [Recipe.from_json(each) for each in parents]
        born = breed(studio, recipes, 8, mutation, abs(seed) % MAX_SEED, field_of(request, "how"))
        return {"children": all_pictured(studio, born)}

    def plate(request: Any) -> dict[str, Any]:
        return pictured(studio, controls.recipe(field_of(request, "values")))

    return [answering(function) for function in (table, bred, plate)]


def pictured(studio: Studio, recipe: Recipe) -> dict[str, Any]:
    """A recipe with its thumbnail."""
    rendering = studio.render(recipe, critic="none")
    picture = data_url(rendering.picture, rendering.alpha, at_most=THUMBNAIL)
    return {"recipe": rendering.recipe.to_json(), "picture": picture, "caption": rendering.specimen}


def all_pictured(studio: Studio, recipes: Sequence[Recipe]) -> list[dict[str, Any]]:
    """Recipes with their thumbnails, painted on all cores."""
    return [pictured(studio, recipe) for recipe in ahead(studio, recipes)]


def _seeds(base: Recipe, given: Any) -> list[Recipe]:
    if (
        not isinstance(given, Sequence)
        or not 1 <= len(given) <= MOST_SIDE
        or not all(type(each) is int for each in given)
    ):
        raise StudioError(f"Give 1 to {MOST_SIDE} seeds, with commas between.")
    return [replace(base, seed=seed, latent=None, ws=None, mix=None) for seed in given]
