"""A recipe as a file for print or further work: its sheet, its size, its opacity, with the recipe and label inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postprocess import StepUse
from studio import Recipe, RecipeError, Rendering, Studio, StudioError

from .enlarge import FACTORS, MAX_SIDE, enlarge, methods
from .labels import Label, label_of
from .take_home import FITS, KINDS, SIZES, Layout, enlarged, on_paper, write_picture

Floats = NDArray[np.float32]
Share = Callable[[float], None]

KEYWORD, FORMAT = "latent-atelier", 1  # of the recipe in a PNG, as `studio.recipe_from_png` reads it
FACTOR_NAMES = tuple(f"×{factor}" for factor in FACTORS)  # beside SIZES: the picture alone, so many times as large


@dataclass(frozen=True)
class Print:
    """What a file shall be: `size` one of SIZES (a sheet of paper) or FACTOR_NAMES (the picture alone); `kind` one of
    KINDS; `fit`, `dpi` and `bleed` (mm) as for `on_paper`; `method` of enlargement; `cut_out`: the subject alone, the
    rest transparent; `grey`: one plane."""

    size: str = "×1"
    kind: str = "png"
    dpi: float = 300.0
    bleed: float = 3.0
    fit: str = "whole"
    method: str = "lanczos"
    cut_out: bool = False
    grey: bool = False


def print_from_json(given: object) -> Print:
    """The print in parsed JSON; what is missing takes its default. StudioError for a field that none
    has, or a value of another type."""
    plain = Print()
    if not isinstance(given, dict) or set(given) - set(plain.__dict__):
        raise StudioError(f"A print is an object with {', '.join(plain.__dict__)}.")
    for name, value in given.items():
        wanted = type(getattr(plain, name))
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise StudioError(f"“{name}” of a print is not {str(value)[:40]!r}.")
    return replace(plain, **given)


def write_print(
    studio: Studio, recipe: Recipe, wish: Print, path: Path, progress: Share | None = None
) -> tuple[Rendering, Layout]:
    """Write a recipe's picture to `path`, 16 bits a channel, whole or not at all; what was painted, and how it lies.

    A PNG carries the recipe as a saved picture does. `progress(share)` may raise to end it. StudioError for what a
    print refuses, RecipeError for what the recipe's model does.
    """
    rendering, layout = laid_out(studio, recipe, wish)
    write_rendering(path, rendering, layout, wish, progress)
    return rendering, layout


def laid_out(studio: Studio, recipe: Recipe, wish: Print) -> tuple[Rendering, Layout]:
    """The picture that a print shows, and how it lies on its sheet. Errors as for `write_print`."""
    if wish.kind not in KINDS or wish.fit not in FITS or wish.size not in (*FACTOR_NAMES, *SIZES):
        raise StudioError(
            f"A print is written as {' or '.join(KINDS)}, {', '.join((*FACTOR_NAMES, *SIZES))}, {' or '.join(FITS)}."
        )
    if wish.method not in methods():
        raise StudioError(f"Pictures are enlarged here by {' or '.join(methods())}, not by {wish.method!r}.")
    rendering = studio.render(with_cut_out(recipe) if wish.cut_out else recipe, critic="none")
    if wish.cut_out and rendering.alpha is not None and rendering.alpha.max() < 0.5:
        raise StudioError("No subject stands out in this picture: nothing of it would be left.")
    picture = rendering.picture
    layout = (
        on_paper(picture, wish.size, wish.dpi, wish.bleed, wish.fit)
        if wish.size in SIZES
        else enlarged(picture, FACTORS[FACTOR_NAMES.index(wish.size)], wish.dpi)
    )
    return rendering, layout


def write_rendering(
    path: Path, rendering: Rendering, layout: Layout, wish: Print, progress: Share | None = None
) -> None:
    """A painted picture on a sheet laid out already."""
    picture = rendering.picture
    if wish.method != "lanczos":  # Lanczos is what the sheet is resampled by in any case
        factors = [factor for factor in FACTORS if max(picture.shape[:2]) * factor <= MAX_SIDE]
        wanted = next((f for f in factors if picture.shape[1] * f >= layout.inner_width), factors[-1] if factors else 1)
        picture = enlarge(picture, wanted, wish.method)
    alpha = rendering.alpha
    if alpha is not None and alpha.shape != picture.shape[:2]:
        alpha = enlarge(alpha, picture.shape[0] // alpha.shape[0])
    label = label_of(rendering, rendering.recipe.model)
    write_picture(path, picture, layout, wish.kind, alpha, wish.grey, label.packet, texts(rendering, label), progress)


def texts(rendering: Rendering, label: Label) -> dict[str, str]:
    """The texts of a PNG: its recipe, and for people that it is AI-generated."""
    content = {"format": FORMAT, "recipe": rendering.recipe.to_json()}
    return {KEYWORD: json.dumps(content, separators=(",", ":")), "Description": label.description}


def with_cut_out(recipe: Recipe) -> Recipe:
    """The recipe with its subject cut out at the end, if it is not yet. RecipeError if it has no room for a step."""
    if any(use.on and use.name == "cut_out" for use in recipe.steps):
        return recipe
    try:
        return replace(recipe, steps=(*recipe.steps, StepUse("cut_out")))
    except RecipeError:
        raise RecipeError("There is no room for one more step: remove one, and the subject can be cut out.") from None
