"""An address that leads nowhere is answered with a sentence and the way back, to programs with JSON."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import HTTPException
from starlette.requests import Request

from ui.lost import LOST, lost

NOWHERE = ["nothere", "nothere?seed=1", "terra/nothere", "classroom/nothere", "classroom/duel/nothere"]


BROWSER = {"accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", NOWHERE)
def test_a_visitor_reads_a_sentence_and_finds_back(address: str, path: str) -> None:
    answer = httpx.get(address + path, headers=BROWSER)
    assert answer.status_code == 404
    assert LOST in answer.text and 'href="/"' in answer.text


@pytest.mark.parametrize("place", [{"root_path": "/a"}, {"root_path": "/a/classroom", "app_root_path": "/a"}])
def test_the_way_back_keeps_what_stands_before_it(place: dict[str, str]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in BROWSER.items()]
    request = Request({"type": "http", "method": "GET", "headers": headers, **place})
    assert b'href="/a/"' in asyncio.run(lost(request, HTTPException(404))).body


@pytest.mark.parametrize("path", NOWHERE)
def test_a_program_reads_what_it_always_did(address: str, path: str) -> None:
    answer = httpx.get(address + path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
