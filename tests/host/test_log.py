"""The log says what went wrong and where, without what visitors made."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from host.log import Sparing, kind_and_place
from studio import BusyError, StudioError
from ui.requests import BUSY, FAILED, answering, refusing

SECRET = "a plum called Elvira"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the log says, as the program sets it up."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.addHandler(handler)
    yield out
    root.removeHandler(handler)


def picture(request: Any) -> dict[str, Any]:
    """A server function that does what its request says."""
    if isinstance(request, Exception):
        raise request
    return {"found": {}[request]}


def test_a_server_function_that_fails_leaves_a_line_and_a_sentence(said: io.StringIO):
    assert answering(picture)(SECRET) == {"error": FAILED}
    assert answering(picture)(ValueError(f"could not read {SECRET}\n{SECRET}")) == {"error": FAILED}
    first, second = said.getvalue().splitlines()
    assert first.startswith("picture failed: KeyError at tests/host/test_log.py:")
    assert second.startswith("picture failed: ValueError at tests/host/test_log.py:")


def test_what_the_studio_refuses_is_no_failure(said: io.StringIO):
    assert answering(picture)(StudioError("No.")) == {"error": "No."}
    for error, sentence in ((StudioError("No."), "No."), (BusyError("wait"), BUSY)):
        with pytest.raises(gr.Error, match=sentence):
            refusing(picture)(error)
    assert said.getvalue() == ""


def test_an_endpoint_that_fails_leaves_a_line_and_nothing_is_printed(
    said: io.StringIO, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(gr.Error, match="Something went wrong") as caught:
        refusing(picture)(SECRET)
    assert not caught.value.print_exception
    assert said.getvalue().startswith("picture failed: KeyError") and SECRET not in said.getvalue()


def test_other_peoples_records_lose_the_words_too(said: io.StringIO):
    try:
        int(SECRET)
    except ValueError as error:
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %r", error, exc_info=error)
        assert kind_and_place(error).startswith("ValueError at tests/host/test_log.py:")
    assert kind_and_place(ValueError(SECRET)) == "ValueError"
    assert said.getvalue().startswith("Task exception was never retrieved: ValueError at ")
    assert SECRET not in said.getvalue() and len(said.getvalue().splitlines()) == 1
