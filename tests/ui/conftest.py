"""One tiny studio and one served page for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio import Studio
from tests.ui.serving import MODEL, served, tiny_studio
from ui.controls import ControlSet


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A studio over the tiny model."""
    return tiny_studio(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def controls(studio: Studio) -> ControlSet:
    """The tiny model's controls."""
    return ControlSet.of(next(model for model in studio.models() if model["name"] == MODEL))


@pytest.fixture(scope="session")
def address(studio: Studio) -> Iterator[str]:
    """Where the page is served."""
    with served(studio) as url:
        yield url
