"""What tests of the measuring networks share."""

from __future__ import annotations

import builtins
from typing import Any

import pytest


@pytest.fixture
def without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the packages of the frozen networks were not installed."""
    plain = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("efficientnet"):
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
