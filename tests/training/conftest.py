"""Drawn pictures, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data import Pictures
from training.folder import load_pictures

from .build import SIDE, write_shapes


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 240 discs and 120 squares."""
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes", 240)


@pytest.fixture(scope="session")
def split(shapes: Path) -> tuple[Pictures, Pictures]:
    """The same pictures loaded: for training, and held out."""
    return load_pictures(shapes, SIDE)
