"""Every test starts from the same random numbers; a test of all formats gets a file of each."""

import pytest
import torch

from tests.generator.formats import makers


@pytest.fixture(autouse=True)
def seeded() -> None:
    """torch's global stream, for the draws whose values do not matter."""
    torch.manual_seed(0)


@pytest.fixture(scope="module", params=makers.names())
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> makers.Made:
    """A file of each registered format in turn."""
    torch.manual_seed(0)
    return makers.make(request.param, tmp_path_factory.mktemp(request.param))
