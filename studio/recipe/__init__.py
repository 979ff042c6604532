"""The recipe: its fields, and its spellings as JSON and as a link. Knows of models what `fit` asks them."""

from .fields import FIELDS, MAX_SEED, MAX_STEPS, MIX_FIELDS, TRANSFORM, LayerUse, Mix
from .fitting import fit, neighbours
from .kinds import shown
from .links import foreign
from .recipe import Recipe
from .strict_json import MAX_JSON, parse_json
from .styles import Styles

__all__ = [
    "FIELDS",
    "MAX_JSON",
    "MAX_SEED",
    "MAX_STEPS",
    "MIX_FIELDS",
    "TRANSFORM",
    "LayerUse",
    "Mix",
    "Recipe",
    "Styles",
    "fit",
    "foreign",
    "neighbours",
    "parse_json",
    "shown",
]
