"""Addresses with a slash too many or too few lead to the page, with everything that stands behind them."""

from __future__ import annotations

import httpx
import pytest

from .serving import OTHER


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        (f"{OTHER}/?seed=12&fbclid=x", f"{OTHER}?seed=12&fbclid=x"),
        (f"{OTHER}/", OTHER),
        ("open-yours/?utm_source=y", "open-yours?utm_source=y"),
        ("classroom?to=es", "classroom/?to=es"),
        ("classroom/duel/?to=es", "classroom/duel?to=es"),
    ],
)
def test_a_slash_loses_nothing(address: str, asked: str, reached: str):
    answer = httpx.get(address + asked, follow_redirects=True)
    assert answer.status_code == 200
    assert str(answer.url) == address + reached
