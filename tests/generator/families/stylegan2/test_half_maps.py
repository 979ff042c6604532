"""Maps held in bfloat16 between layers: the same networks, less exact; and the gradient that makes it worth while."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generator import Critic, CriticConfig, Generator, GeneratorConfig
from generator.families.stylegan2 import Encoder, EncoderConfig, depthwise
from generator.families.stylegan2.layers import _Depthwise

HALF = torch.bfloat16


def noise(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("size, taps, stride, padding", [(9, 4, 1, 2), (8, 4, 2, 1), (9, 3, 2, 0), (7, 5, 2, 2)])
def test_the_gradient_of_a_depthwise_convolution_is_one_too(size: int, taps: int, stride: int, padding: int):
    kernel = noise(3, 1, taps, taps, dtype=torch.float64)  # not symmetric, so that turning it round matters

    def ours(x: Tensor) -> Tensor:
        return _Depthwise.apply(x, kernel, None, stride, padding)

    x = noise(2, 3, size, size, dtype=torch.float64, seed=1).requires_grad_(True)
    theirs = F.conv2d(x, kernel, None, stride, padding, groups=3)
    torch.testing.assert_close(ours(x), theirs)
    assert torch.autograd.gradcheck(ours, x)
    assert torch.autograd.gradgradcheck(ours, x)  # the penalty on a critic's gradient goes through it twice


def test_only_bfloat16_goes_another_way():
    x, kernel = noise(1, 2, 6, 6).requires_grad_(True), noise(2, 1, 4, 4)
    assert "Depthwise" not in type(depthwise(x, kernel).grad_fn).__name__
    assert "Depthwise" in type(depthwise(x.to(HALF), kernel).grad_fn).__name__


@pytest.mark.parametrize("head", ["rgb", "smooth"])
def test_a_picture_hardly_depends_on_how_maps_are_held(head: str):
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(32, 0, 16, 16, 2, 256, 16, head))
    ws = generator.mapping(noise(4, 16), None)[:, None].expand(-1, generator.config.num_ws, -1)
    exact, rounded = (generator.synthesis(ws, half=half, maps=m) for half, m in ((False, torch.float32), (True, HALF)))
    assert rounded.dtype == torch.float32
    assert 0 < float(((exact - rounded).norm() / exact.norm()).detach()) < 0.03


def test_critic_and_encoder_take_the_type_of_their_maps_from_the_pictures():
    torch.manual_seed(0)
    critic = Critic(CriticConfig(32, 0, 256, 16, "strided"))
    encoder = Encoder(EncoderConfig(32, 0, 4, 256, 16))
    kept: list[torch.dtype] = []
    for network in (critic, encoder):
        network.blocks[0].register_forward_hook(lambda module, given, made: kept.append(made.dtype))
    pictures = noise(4, 3, 32, 32)
    exact = [critic(pictures), encoder(pictures, None)[0]]
    rounded = [critic(pictures.to(HALF), half=True), encoder(pictures.to(HALF), None, half=True)[0]]
    assert kept == [torch.float32] * 2 + [HALF] * 2
    for a, b in zip(exact, rounded, strict=True):
        a, b = a.detach(), b.detach()
        assert b.dtype == torch.float32
        assert float((a - b).norm() / a.norm()) < 0.05
