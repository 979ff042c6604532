"""The one description of a picture: a small frozen value that decides every pixel of it.

Here a recipe is checked as far as it can be without its model: types, ranges, unknown keys, the post-processing
steps. What only the model knows (its classes, directions, number of layers) is checked by `Studio.normalise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from generator import Noise
from postprocess import PostprocessError, StepUse

from ..errors import RecipeError
from .fields import FIELDS, LAYER_FIELDS, MAX_LAYERS, MAX_STEPS, MIX_FIELDS, TRANSFORM, LayerUse, Mix, check_fields
from .kinds import Field, shown
from .links import from_query, to_query
from .strict_json import check_size, parse_json
from .styles import Styles

LATER = ("ws", "layers", *TRANSFORM)  # fields that came later, and are written only where they are used


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a picture. Immutable, hashable, equal if the fields are; invalid ones cannot be built.

    See FIELDS for what each field means and may hold. `latent` is kept in float32 precision, which is all that the
    network takes; `moves` are kept in order of their names, without those of 0, so that equal pictures make equal
    recipes; `steps` are kept complete, with every parameter filled in.

    `ws` are the styles themselves, one row a layer (num_ws×w_dim, float32), as projecting a photograph or dragging a
    point makes them. They stand in place of what the mapping network would make of seed, latent and class, truncated
    already: `psi`, `cutoff` and `centre` are not applied to them. `moves` add to them as to any other; `mix` takes its
    layers from its own seed, class and truncation as ever. `seed` then says only where they came from, and `class`
    what the critic is told and the label says. A recipe has a latent or ws, not both.

    `layers` are what single layers have of their own, in their order: a truncation (not of given ws), a strength of
    the noise, or a seed that they are frozen at, whatever else mixes and moves.
    """

    model: str = ""
    version: str = ""
    seed: int = 0
    latent: tuple[float, ...] | None = None
    ws: Styles | None = None
    label: str | None = None
    psi: float = 0.7
    cutoff: int | None = None
    centre: str = "class"
    moves: tuple[tuple[str, float], ...] = ()
    mix: Mix | None = None
    noise: float = 1.0
    noise_seed: int | None = None
    layers: tuple[LayerUse, ...] = ()
    rotation: float = 0.0
    x: float = 0.0
    y: float = 0.0
    steps: tuple[StepUse, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)
        if self.latent is not None and self.ws is not None:
            raise RecipeError("A recipe has a latent (latent) or styles (ws), not both.")

    @property
    def noise_given(self) -> Noise:
        """As `Model.synthesize` takes it.

        A layer's noise is of its own: with 0 for the picture, the others have none.
        """
        if self.noise == 0:
            return Noise("none", self.noise, self.noise_seed)
        levels = tuple((use.layer, use.noise / self.noise) for use in self.layers if use.noise is not None)
        return Noise("const" if self.noise_seed is None else "seed", self.noise, self.noise_seed, levels)

    def with_own_noise_only(self) -> tuple[LayerUse, ...]:
        """The layers' noise, without what decides their styles."""
        return tuple(LayerUse(use.layer, noise=use.noise) for use in self.layers if use.noise is not None)

    @property
    def transform(self) -> dict[str, float]:
        """The input transform without what leaves the picture alone; empty where all does."""
        return {name: value for name in TRANSFORM if (value := getattr(self, name))}

    def to_json(self) -> dict[str, Any]:
        """All fields as a JSON-able object; `Recipe.from_json` gives back an equal recipe.

        Of the input transform only what moves the picture, and ws only if given: an atelier from before them, which
        refuses fields that it does not know, still reads every picture that has none.
        """
        out: dict[str, Any] = {
            field.key: getattr(self, field.name)
            for field in FIELDS
            if field.name not in LATER or getattr(self, field.name) != field.default
        }
        if self.latent is not None:
            out["latent"] = [_shortest(value) for value in self.latent]
        if self.ws is not None:
            out["ws"] = self.ws.to_json()
        out["moves"] = dict(self.moves)
        if self.layers:
            out["layers"] = [use.to_json() for use in self.layers]
        if self.mix is not None:
            out["mix"] = {field.key: getattr(self.mix, field.name) for field in MIX_FIELDS}
        out["steps"] = [use.to_json() for use in self.steps]
        return out

    @classmethod
    def from_json(cls, obj: object) -> Recipe:
        """The recipe in a parsed JSON object; fields that are missing take their defaults.

        RecipeError if a key is unknown, a value is of the wrong type or out of range, or the object is larger than
        any recipe.
        """
        check_size(obj)
        values = _values(obj, FIELDS, "A recipe")
        if (moves := values.get("moves")) is not None:
            if not isinstance(moves, Mapping):
                raise RecipeError(f'Moves (moves) must be an object such as {{"pc1": 1.5}}, not {shown(moves)}.')
            values["moves"] = tuple(moves.items())
        if (mix := values.get("mix")) is not None:
            values["mix"] = Mix(**_values(mix, MIX_FIELDS, "Mix (mix)"))
        if isinstance(layers := values.get("layers"), list):
            what = "A layer"
            values["layers"] = tuple(LayerUse(**_values(use, LAYER_FIELDS, what)) for use in layers[: MAX_LAYERS + 1])
        if isinstance(steps := values.get("steps"), list):
            values["steps"] = tuple(_step(step) for step in steps[: MAX_STEPS + 1])
        return cls(**values)

    @classmethod
    def from_text(cls, text: str) -> Recipe:
        """The recipe in a JSON text, read strictly: no NaN, no key given twice, at most 512 kB; else RecipeError."""
        return cls.from_json(parse_json(text))

    def to_query(self) -> str:
        """The recipe as the query string of a link, with a checksum; see `links`."""
        obj = self.to_json() if self.ws is None else {**replace(self, ws=None).to_json(), "ws": self.ws.to_text()}
        return to_query(obj)

    @classmethod
    def from_query(cls, text: str) -> Recipe:
        """The recipe in the query string of a link, whatever else is there; RecipeError if it is wrong, CutLinkError
        with what could be read if it was cut or altered; see `links`."""
        return from_query(text, cls.from_json)


assert [field.name for field in FIELDS] == [field.name for field in fields(Recipe)]


def _values(obj: object, known: tuple[Field, ...], what: str) -> dict[str, Any]:
    """A JSON object's values by attribute name; RecipeError if it is no object or has a key that is not `known`."""
    if not isinstance(obj, Mapping):
        raise RecipeError(f"{what} must be a JSON object, not {shown(obj)}.")
    names = {field.key: field.name for field in known}
    for key in obj:
        if key not in names:
            raise RecipeError(f"{what} has no field {shown(key)}; its fields are {', '.join(names)}.")
    return {names[key]: value for key, value in obj.items()}


def _step(obj: object) -> StepUse:
    try:
        return StepUse.from_json(obj)
    except PostprocessError as error:
        raise RecipeError(str(error)) from None


def _shortest(value: float) -> float:
    """The shortest decimal number that is `value` again in float32."""
    return float(str(np.float32(value)))
