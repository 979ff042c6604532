"""The one error of this room."""

from __future__ import annotations


class PostprocessError(ValueError):
    """A step, a parameter or a picture that cannot be used; its text is one sentence for the visitor."""
