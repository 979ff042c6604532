"""What a server function gets from the browser, one JSON value, which may be anything at all; and what it answers.

An exception in a server function would be a bare HTTP 500, so everything comes back as one object: what a visitor gets
wrong as `{"error": sentence}`, `{"busy": milliseconds}` when too many pictures wait already, `{"stopped": true}` when
nobody waits any more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from studio import BusyError, StoppedError, StudioError

MAX_FILE_BYTES = 24 << 20  # a PNG of 1024 px enlarged ×2 takes half of it
BUSY_MS = 150

ServerFunction = Callable[[Any], dict[str, Any]]


def field_of(request: object, name: str) -> Any:
    """A field of a request; StudioError if it has none."""
    if not isinstance(request, Mapping) or name not in request:
        raise StudioError("This request does not come from this page; reload it.")
    return request[name]


def bytes_of(request: object, name: str) -> bytes:
    """A file in a request, there as base64; StudioError if it is too large or did not arrive whole."""
    text = field_of(request, name)
    if not isinstance(text, str):
        raise StudioError("This request does not come from this page; reload it.")
    if len(text) > MAX_FILE_BYTES * 4 // 3 + 4:
        raise StudioError(f"This file is larger than {MAX_FILE_BYTES >> 20} MB.")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise StudioError("This file did not arrive whole; try it again.") from None


def answering(function: ServerFunction) -> ServerFunction:
    """The same server function, under the same name, with what the studio refuses turned into an answer."""

    @wraps(function)
    def answer(request: Any) -> dict[str, Any]:
        try:
            return function(request)
        except BusyError:
            return {"busy": BUSY_MS}
        except StoppedError:
            return {"stopped": True}
        except StudioError as error:
            return {"error": str(error)}

    return answer
