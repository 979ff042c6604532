"""The learned prior: both ways, volumes, and what maximum likelihood makes of it."""

from __future__ import annotations

import math

import pytest
import torch

from generator import CheckpointError
from generator.families.stylegan2.prior import Prior


def lively(dim: int = 6, classes: int = 2, layers: int = 4) -> Prior:
    """A prior with every weight away from zero."""
    torch.manual_seed(1)
    prior = Prior(dim, classes, layers, 16)
    for layer in prior.layers:
        torch.nn.init.normal_(layer.last.weight, std=0.3)
    return prior


@pytest.mark.parametrize("dim", [2, 5, 6])
@pytest.mark.parametrize("classes", [0, 2])
def test_there_and_back(dim: int, classes: int):
    prior = lively(dim, classes)
    z = torch.randn(5, dim)
    label = torch.eye(2)[torch.arange(5) % 2] if classes else None
    code = prior(z, label).detach()
    assert float((code - z).abs().max()) > 0.1
    assert torch.allclose(prior.inverse(code, label)[0], z, atol=1e-4)


def test_a_new_prior_is_plain_noise_in_another_order():
    prior = Prior(6, 0, 3, 8)
    z = torch.randn(4, 6)
    assert torch.equal(prior(z, None).sort(dim=1).values, z.sort(dim=1).values)
    expected = -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=1)
    assert torch.allclose(prior.log_density(z, None), expected, atol=1e-5)


def test_the_volume_is_that_of_the_jacobian():
    prior = lively().double()
    label = torch.eye(2, dtype=torch.double)[:1]
    code = torch.randn(1, 6, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(lambda x: prior.inverse(x, label)[0][0], code)[:, 0]
    assert prior.inverse(code, label)[1].item() == pytest.approx(float(torch.linalg.slogdet(jacobian)[1]), abs=1e-9)


def test_it_learns_a_class_apiece():
    # Two numbers: a narrow diagonal for one class, two far spots for the other.
    torch.manual_seed(0)
    prior = Prior(2, 2, 6, 32)

    def codes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        line = torch.randn(count, 1) * torch.tensor([[1.5, 1.5]]) + 0.1 * torch.randn(count, 2)
        spots = torch.randn(count, 2) * 0.2 + 2 * (torch.randint(0, 2, (count, 1)) * 2 - 1)
        return torch.cat([line, spots]), torch.eye(2).repeat_interleave(count, dim=0)

    optimizer = torch.optim.Adam(prior.parameters(), 3e-3)
    for _ in range(300):
        x, label = codes(128)
        loss = -prior.log_density(x, label).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1.5  # a Gaussian fitted to both is at 3.9
    with torch.no_grad():
        drawn = prior(torch.randn(400, 2), torch.eye(2).repeat_interleave(200, dim=0))
    assert float((drawn[:200, 0] - drawn[:200, 1]).abs().mean()) < 0.4
    assert float(drawn[200:].abs().mean()) == pytest.approx(2.0, abs=0.4)


def test_a_shuffle_that_is_none_is_refused():
    prior = lively()
    prior.check()
    prior.order[0] = prior.order[1]
    with pytest.raises(CheckpointError, match="shuffle"):
        prior.check()
