"""Every test starts from the same random numbers."""

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    """torch's global stream, for the draws whose values do not matter."""
    torch.manual_seed(0)
