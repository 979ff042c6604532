"""The errors of this room: each carries one sentence that a visitor understands."""

from __future__ import annotations

from typing import Any


class StudioError(ValueError):
    """Anything that the studio refuses."""


class RecipeError(StudioError):
    """A recipe, or a link or file that should hold one, that is broken or does not fit the model."""


class CutLinkError(RecipeError):
    """A link that was cut short or altered on its way; `rest`: the recipe that could still be read, or None."""

    rest: Any = None


class BroughtError(RecipeError):
    """A recipe of a model that was brought from a file and is not the one here; `is_kept`: on this machine."""

    def __init__(self, model: str, version: str, is_kept: bool) -> None:
        where = "it is kept on this machine, open it again" if is_kept else "its file must be opened first"
        super().__init__(
            f"This picture was made with {model}, a model that was brought from a file (content {version[:8]}…): "
            f"{where} under “Open your own”."
        )
        self.version, self.is_kept = version, is_kept


class BusyError(StudioError):
    """Too many pictures wait already; nothing is wrong with the recipe."""


class StoppedError(StudioError):
    """The picture was not wanted any more before it was done; nothing is wrong with the recipe."""
