"""A wider generator begins as the same function, and its new channels learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generator import Generator
from training.errors import TrainingError
from training.widen import is_wider, widen

from .build import SETTINGS

HEADS = ("rgb", "shuffle", "smooth")


def narrow(head: str) -> Generator:
    """With every weight that is zero at first drawn, as after training."""
    torch.manual_seed(1)
    generator = Generator(replace(SETTINGS.generator, head=head, start="styled"))
    for name, value in generator.named_parameters():
        if "bias" in name or "noise_strength" in name or "start" in name:
            torch.nn.init.normal_(value, std=0.3)
    return generator


def wider(old: Generator, base: int = 640, most: int = 24) -> Generator:
    torch.manual_seed(2)
    return Generator(replace(old.config, channel_base=base, channel_max=most))


@pytest.mark.parametrize("head", HEADS)
def test_the_pictures_stay(head: str):
    old = narrow(head)
    new = wider(old)
    assert new.config.channels(4) > old.config.channels(4) and new.config.channels(16) > old.config.channels(16)
    widen(old, new)
    z, label = torch.randn(3, old.config.z_dim), torch.eye(2)[[0, 1, 1]]
    with torch.no_grad():
        a, b = old(z, label), new(z, label)
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert a.std() > 0.05


def test_every_new_channel_can_learn():
    old = narrow("smooth")
    new = wider(old)
    widen(old, new)
    step = torch.optim.SGD(new.parameters(), 1e-2)
    z, label = torch.randn(2, old.config.z_dim), torch.eye(2)
    for _ in range(2):  # in the first step what reads the new channels moves, in the second they themselves
        step.zero_grad()
        new(z, label).square().mean().backward()
        step.step()
    for layer, other in zip(new.synthesis.layers, old.synthesis.layers, strict=True):
        gradient, count = layer.conv.weight.grad, len(other.conv.weight)
        assert gradient is not None and (gradient[count:].flatten(1).norm(dim=1) > 0).all()


def test_only_wider():
    old = narrow("smooth")
    config = old.config
    assert is_wider(config, config) and is_wider(config, replace(config, channel_base=512))
    for other in (
        replace(config, channel_base=128),
        replace(config, channel_base=512, channel_max=8),
        replace(config, channel_base=512, w_dim=config.w_dim + 1),
    ):
        assert not is_wider(config, other)
        with pytest.raises(TrainingError, match="widened"):
            widen(old, Generator(other))
