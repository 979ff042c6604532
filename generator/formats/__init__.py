"""Other people's checkpoints: files read as data, never run, and the networks that their tensors belong to.

One file a format; `registry` finds them, `reading` makes plain values of the files.
"""

from .naming import model_name
from .registry import formats, open_foreign

__all__ = ["formats", "model_name", "open_foreign"]
