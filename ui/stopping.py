"""What every part with long work asks of the server beside it: how far that is, and its end."""

from __future__ import annotations

from typing import Any

from .requests import ServerFunction, field_of
from .waiting import Waiting


def progress_function(waiting: Waiting) -> ServerFunction:
    """The server function `progress`, for `Job` in assets/bench.js."""

    def progress(request: Any) -> dict[str, Any]:
        job = field_of(request, "job")
        if request.get("stop") is True:
            waiting.stop(job)
        return {"share": waiting.share(job)}

    return progress
