"""The machine that the program runs on: what its environment says, folders that can be written, what stands before it.

Knows nothing of pictures and pages. `prepare` comes before torch and Gradio are imported, since both read the
environment once, so nothing here imports more than the standard library.
"""

from .ending import end, wait_until_asked
from .preparing import prepare
from .serving import Behind, Health, around, keep_connections, root_path
from .streams import mend_streams

__all__ = [
    "Behind",
    "Health",
    "around",
    "end",
    "keep_connections",
    "mend_streams",
    "prepare",
    "root_path",
    "wait_until_asked",
]
