"""What a server function gets from the browser, one JSON value, which may be anything at all; and what it answers.

An exception in a server function would be a bare HTTP 500, so everything comes back as one object: what a visitor gets
wrong as `{"error": sentence}`, `{"busy": milliseconds}` when too many pictures wait already, `{"stopped": true}` when
nobody waits any more.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import gradio as gr

from studio import BusyError, StoppedError, StudioError

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 24 << 20  # a PNG of 1024 px enlarged ×2 takes half of it
BUSY_MS = 150
BUSY = "The studio is busy; try again in a moment."
FAILED = "Something went wrong in the studio; its log has a line about it."

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
        except Exception:  # whatever it is: one line in the log, not a bare HTTP 500 and all its words
            logger.exception("%s failed", function.__name__)
            return {"error": FAILED}

    return answer


def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function for Gradio's queue: what the studio refuses is an error that says so, and nothing is printed
    beside the log's line."""

    @wraps(function)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except BusyError:
            raise gr.Error(BUSY, print_exception=False) from None
        except StudioError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception:
            logger.exception("%s failed", function.__name__)
            raise gr.Error(FAILED, print_exception=False) from None

    return answer
