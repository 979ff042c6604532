"""A recipe and the model that is to paint it: what only the model can say is right."""

from __future__ import annotations

from dataclasses import replace

from generator import Model

from ..errors import RecipeError
from .fields import MAX_SEED
from .kinds import shown
from .recipe import Recipe


def fit(recipe: Recipe, model: Model) -> Recipe:
    """The recipe with its class and the model's version filled in; RecipeError for what the model does not have.

    A recipe of the same major version is taken, and carries the installed version from here on.
    """
    name = recipe.model
    if recipe.version and recipe.version.split(".")[0] != model.version.split(".")[0]:
        raise RecipeError(
            f"This recipe was made with {name} {recipe.version}; this atelier has {name} {model.version}, which would "
            "make another picture of it."
        )
    label = recipe.label
    if label is None:
        label = model.default_class
    for wanted in (label, recipe.mix.label if recipe.mix else None):
        if wanted is not None and wanted not in model.classes:
            has = f"its classes are {', '.join(model.classes)}" if model.classes else "it has none"
            raise RecipeError(f"{name} has no class {shown(wanted)}; {has}.")
    directions = [direction.name for direction in model.directions]
    for direction, _ in recipe.moves:
        if direction not in directions:
            raise RecipeError(f"{name} has no direction {shown(direction)}; it has {', '.join(directions) or 'none'}.")
    if recipe.latent is not None and len(recipe.latent) != model.z_dim:
        raise RecipeError(f"{name} takes a latent of {model.z_dim} numbers, not of {len(recipe.latent)}.")
    if recipe.ws is not None and recipe.ws.shape != (model.num_ws, model.w_dim):
        wanted, given = (f"{rows}×{width}" for rows, width in ((model.num_ws, model.w_dim), recipe.ws.shape))
        raise RecipeError(f"{name} takes styles (ws) of {wanted} numbers, not of {given}.")
    if recipe.cutoff is not None and recipe.cutoff > model.num_ws:
        raise RecipeError(f"The truncation cutoff of {name} is at most {model.num_ws}, not {recipe.cutoff}.")
    if recipe.mix is not None and recipe.mix.first >= model.num_ws:
        raise RecipeError(f"{name} has the layers 0 to {model.num_ws - 1} to mix from, not {recipe.mix.first}.")
    for use in recipe.layers:
        if use.layer >= model.num_ws:
            raise RecipeError(f"{name} has the layers 0 to {model.num_ws - 1}, not {use.layer}.")
        if use.noise is not None and use.layer >= model.noisy_layers:
            has = f"those below {model.noisy_layers} have" if model.noisy_layers else "none has"
            raise RecipeError(f"Layer {use.layer} of {name} has no noise of its own; {has}.")
        if use.noise and not recipe.noise:
            raise RecipeError("The picture’s noise is off: a layer’s own can be 0, or the picture’s be turned on.")
    for part in recipe.transform:
        if part not in (one.name for one in model.transforms):
            raise RecipeError(f"{name} has no {part}: its network has no input transform to turn or shift pictures by.")
    return replace(recipe, label=label, version=model.version)


def neighbours(recipe: Recipe, count: int) -> list[Recipe]:
    """The same recipe with the seeds that follow; fewer at the end of the range, none for a given latent or styles."""
    if recipe.latent is not None or recipe.ws is not None:
        return []
    return [replace(recipe, seed=seed) for seed in range(recipe.seed + 1, min(recipe.seed + count, MAX_SEED) + 1)]
