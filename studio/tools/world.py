"""An endless map, tile beside tile without a seam, to be panned; or a texture that repeats after some tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from generator import draw_z
from generator.families.stylegan2 import AROUND, can_paint_larger, paint_larger
from studio import Recipe, Studio, StudioError, to_picture

from .export import labelled_png
from .labels import label_of
from .latents import styles_of

Floats = NDArray[np.float32]
Place = tuple[int, int]  # of a tile: column, row

MOST_TILES = 24  # of one window
FARTHEST = 1_000_000  # tiles from the middle of a world
REPEATS = (0, 1, 2, 3, 4)  # tiles after which a world begins anew; 0: never


def has_worlds(studio: Studio, name: str) -> bool:
    """Whether a model can paint beyond its own picture."""
    with studio.working(name) as model:
        return can_paint_larger(model)


def window(
    studio: Studio,
    recipe: Recipe,
    x: int,
    y: int,
    width: int = 1,
    height: int = 1,
    mixed: bool = True,
    repeat: int = 0,
) -> Floats:
    """Part of the world that a recipe's seed begins: `width`×`height` tiles from tile (x, y), as H×W×3 in [0, 1].

    Each tile has a seed of its own, told from the world's and its place, and with `mixed` a class by chance; variety,
    moves, noise and what single layers have of their own are the recipe's. Windows fit together wherever they are cut,
    to within rounding. `repeat`: after so many tiles both ways the world begins anew, so that a window of that size is
    a texture. StudioError for a model that cannot, or what is out of range.
    """
    if repeat not in REPEATS or not 1 <= width * height <= MOST_TILES or min(width, height) < 1:
        raise StudioError(f"A window has 1 to {MOST_TILES} tiles, of a world that repeats after 1 to {REPEATS[-1]}.")
    if max(abs(x), abs(y)) > FARTHEST:
        raise StudioError(f"A world ends {FARTHEST:,} tiles from its middle.")
    recipe = studio.normalise(replace(recipe, latent=None, ws=None))
    rows, columns = (range(-AROUND + first, first + count + AROUND) for first, count in ((y, height), (x, width)))
    places = [(_round(column, repeat), _round(row, repeat)) for row in rows for column in columns]
    with studio.working(recipe.model) as model:
        if not can_paint_larger(model):
            raise StudioError(f"{recipe.model} paints single pictures, and none that go on.")
        classes = list(model.classes)
    seeds = {place: _told(recipe.seed, *place) for place in dict.fromkeys(places)}
    tiles = {
        place: replace(recipe, seed=seed, label=classes[chance % len(classes)] if classes and mixed else recipe.label)
        for place, (seed, chance) in seeds.items()
    }
    if any(use.psi is not None or use.seed is not None for use in recipe.layers):
        styles = {place: torch.tensor(styles_of(studio, tile)) for place, tile in tiles.items()}
    else:
        styles = _drawn(studio, recipe, tiles)
    with studio.working(recipe.model) as model:
        field = torch.stack([styles[place] for place in places])
        field, maps, strength = model.check_styles(field, recipe.noise_given)
        return to_picture(paint_larger(model, field.view(len(rows), len(columns), *field.shape[1:]), strength, maps))


def _drawn(studio: Studio, recipe: Recipe, tiles: dict[Place, Recipe]) -> dict[Place, torch.Tensor]:
    """The styles num_ws×w_dim of tiles whose layers have none of their own: all at once, which is quicker."""
    with studio.working(recipe.model) as model:
        labels = [model.classes.index(tile.label) for tile in tiles.values() if tile.label is not None]
        z = torch.stack([draw_z(tile.seed, model.z_dim) for tile in tiles.values()])
        ws = model.map(z, labels or None, recipe.psi, recipe.cutoff, recipe.centre)
        return dict(zip(tiles, model.move(ws, dict(recipe.moves)), strict=True))


def window_png(
    studio: Studio, recipe: Recipe, x: int, y: int, width: int, height: int, mixed: bool, repeat: int
) -> bytes:
    """A window, see `window`, as a PNG file that says that it is AI-generated."""
    picture = window(studio, recipe, x, y, width, height, mixed, repeat)
    label = label_of(studio.render(recipe, critic="none"), "A map")
    return labelled_png((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8), label)


def _round(place: int, repeat: int) -> int:
    return place % repeat if repeat else place


def _told(seed: int, x: int, y: int) -> tuple[int, int]:
    """A tile's seed, and a number for its class; the world's own seed in its middle."""
    state = np.random.SeedSequence([seed, x % 2**32, y % 2**32]).generate_state(2)
    return (seed if (x, y) == (0, 0) else int(state[0])), int(state[1])
