"""Recipes and what becomes of them: the one place where generator and post-processing meet. Knows no page."""

from generator.storage import NAME_SUFFIXES

from .describe import class_title, label_text
from .errors import BroughtError, BusyError, CutLinkError, RecipeError, StoppedError, StudioError
from .files import MAX_WIDTH, data_url, picture_accent, recipe_from_png, reference_profile, to_png
from .kept import LOCAL
from .nearest import TrainingPicture, nearness_words
from .painter import for_critic, to_picture
from .reading import NOTE, Reading
from .recipe import FIELDS, MAX_SEED, MAX_STEPS, TRANSFORM, LayerUse, Mix, Recipe, Styles, foreign, neighbours
from .render import Studio
from .rendering import Rendering, StageReading
from .training_pictures import read_picture
from .turns import asking
from .visitors import SUFFIXES, Opened, Visitors, given_model

__all__ = [
    "FIELDS",
    "LOCAL",
    "MAX_SEED",
    "MAX_STEPS",
    "MAX_WIDTH",
    "NAME_SUFFIXES",
    "NOTE",
    "SUFFIXES",
    "TRANSFORM",
    "BroughtError",
    "BusyError",
    "CutLinkError",
    "LayerUse",
    "Mix",
    "Opened",
    "Reading",
    "Recipe",
    "RecipeError",
    "Rendering",
    "StageReading",
    "StoppedError",
    "Studio",
    "StudioError",
    "Styles",
    "TrainingPicture",
    "Visitors",
    "class_title",
    "asking",
    "data_url",
    "for_critic",
    "foreign",
    "given_model",
    "label_text",
    "nearness_words",
    "neighbours",
    "picture_accent",
    "read_picture",
    "recipe_from_png",
    "reference_profile",
    "to_picture",
    "to_png",
]
