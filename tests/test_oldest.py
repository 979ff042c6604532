"""What `make oldest` looks for, found by this Python too."""

from __future__ import annotations

import pytest

from tests.oldest import missing


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import json\njson.loads('1')", []),
        ("from xml.etree import ElementTree", []),
        ("from typing import Any, NoSuchThing", ["1: typing.NoSuchThing"]),
        ("import datetime as d\nd.date\nd.no_such_thing", ["3: datetime.no_such_thing"]),
        ("import os.path\nos.path.join('a')\nimport numpy\nnumpy.no_such_thing", []),
        ("def f(:", ["1: invalid syntax"]),
    ],
)
def test_what_this_python_lacks_is_found(source: str, found: list[str]):
    assert missing(source) == found
