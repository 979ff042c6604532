"""The errors of this room: each carries one sentence that a visitor understands."""


class StudioError(ValueError):
    """Anything that the studio refuses."""


class RecipeError(StudioError):
    """A recipe, or a link or file that should hold one, that is broken or does not fit the model."""


class BusyError(StudioError):
    """Too many pictures wait already; nothing is wrong with the recipe."""


class StoppedError(StudioError):
    """The picture was not wanted any more before it was done; nothing is wrong with the recipe."""
