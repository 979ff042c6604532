"""Recipe ⇄ the values of the Explore tab's controls, as pure functions.

The page's controls are the owners of the state. A `ControlSet` names them in a fixed order, which is the order of
every list of values that travels between browser and server; `recipe` and `values` translate. Every field of a
recipe has a place here, so a link restores the same pixels: `controls.recipe(controls.values(r)) == r`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio import MAX_SEED, TRANSFORM, Recipe, RecipeError, Styles

SAME_CLASS = "same class"
MOVE = "move:"


@dataclass(frozen=True)
class ControlSet:
    """The controls of one model. `classes` may be empty; `layers` is the number of its w vectors; `transforms` names
    the fields of the input transform, if it has one."""

    model: str
    classes: tuple[str, ...]
    directions: tuple[str, ...]
    layers: int
    transforms: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> ControlSet:
        """The controls for one entry of `Studio.models()`."""
        return cls(
            model=model["name"],
            classes=tuple(model["classes"]),
            directions=tuple(direction["name"] for direction in model["directions"]),
            layers=len(model["layers"]),
            transforms=tuple(name for name in TRANSFORM if name in model["transforms"]),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each control, after `latent`, which has none: the live view carries it, a list of numbers; or
        the styles of a recipe that has those, as the short text of a link."""
        return (
            "latent",
            "seed",
            *(("label",) if self.classes else ()),
            "psi",
            *(MOVE + name for name in self.directions),
            *self.transforms,
            "mix",
            "mix_seed",
            *(("mix_label",) if self.classes else ()),
            "mix_first",
            "noise_on",
            "noise",
            "noise_seed",
            "cutoff",
            "centre",
            "layers",
            "steps",
        )

    def recipe(self, values: object) -> Recipe:
        """The recipe that these values describe; RecipeError if there is none."""
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != len(self.names):
            raise RecipeError("These values do not belong to this page; reload it.")
        of = dict(zip(self.names, values, strict=True))
        latent = of["latent"]
        fields: dict[str, Any] = {
            "model": self.model,
            "seed": of["seed"],
            "latent": latent if latent and not isinstance(latent, str) else None,
            "ws": Styles.from_text(latent) if isinstance(latent, str) else None,
            "psi": of["psi"],
            "cutoff": None if of["cutoff"] == self.layers else of["cutoff"],
            "centre": of["centre"],
            "moves": {name: of[MOVE + name] for name in self.directions},
            "noise": of["noise"] if of["noise_on"] else 0,
            "noise_seed": of["noise_seed"],
            **{name: of[name] for name in self.transforms},
            "layers": of["layers"] or [],
            "steps": of["steps"] or [],
        }
        if self.classes:
            fields["class"] = of["label"]
        if of["mix"]:
            label = of.get("mix_label", SAME_CLASS)
            fields["mix"] = {
                "seed": of["mix_seed"],
                "class": None if label == SAME_CLASS else label,
                "first": of["mix_first"],
            }
        return Recipe.from_json(fields)

    def values(self, recipe: Recipe) -> list[Any]:
        """The controls' values that show this recipe, a normalised one of this model."""
        moves = dict(recipe.moves)
        mix = recipe.mix
        of: dict[str, Any] = {
            "latent": list(recipe.latent) if recipe.latent else recipe.ws and recipe.ws.to_text(),
            "seed": recipe.seed,
            "label": recipe.label,
            "psi": recipe.psi,
            "mix": mix is not None,
            "mix_seed": mix.seed
            if mix
            else (recipe.seed + 1) % (MAX_SEED + 1),  # mixed with itself it would be the same
            "mix_label": (mix.label if mix else None) or SAME_CLASS,
            "mix_first": mix.first if mix else self.layers // 2,
            "noise_on": recipe.noise > 0,
            "noise": recipe.noise or 1.0,
            "noise_seed": recipe.noise_seed,
            "cutoff": self.layers if recipe.cutoff is None else recipe.cutoff,
            "centre": recipe.centre,
            "layers": [use.to_json() for use in recipe.layers],
            "steps": [use.to_json() for use in recipe.steps],
            **{name: getattr(recipe, name) for name in self.transforms},
            **{MOVE + name: moves.get(name, 0.0) for name in self.directions},
        }
        return [of[name] for name in self.names]
