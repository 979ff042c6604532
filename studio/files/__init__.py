"""Pictures out of the studio, for the screen and as files that carry their recipe; and recipes back out of them."""

from .encode import data_url, picture_accent, reference_profile
from .png import MAX_WIDTH, recipe_from_png, to_png

__all__ = ["MAX_WIDTH", "data_url", "picture_accent", "recipe_from_png", "reference_profile", "to_png"]
