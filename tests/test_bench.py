"""What the benchmark compares is the same network: three ways to one picture and one logit."""

from __future__ import annotations

import pytest
import torch

from bench.onnx_runtime import in_onnx_runtime
from bench.plain import PlainCritic, PlainGenerator
from tests.generator import reference
from tests.generator.build import CRITICS, GENERATORS, lively_critic, lively_generator, some_pictures

GENERATOR = GENERATORS["paper without classes"]
CRITIC = CRITICS["paper without classes"]


@pytest.mark.parametrize("way", ["plain", "onnx"])
def test_a_picture_is_the_reference_s(way: str):
    network = lively_generator(GENERATOR)
    z = torch.randn(1, GENERATOR.z_dim, generator=torch.Generator().manual_seed(1))
    w = reference.mapping(reference.below(network.state_dict(), "mapping."), z, None)
    weights = reference.below(network.state_dict(), "synthesis.")
    expected = reference.synthesis(GENERATOR, weights, w[:, None].expand(-1, GENERATOR.num_ws, -1))
    ours = PlainGenerator(network) if way == "plain" else in_onnx_runtime(network, torch.zeros_like(z), 1)
    picture = ours(z)
    assert picture.dtype == torch.float32 and picture.shape == expected.shape
    assert float((picture - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize("way", ["plain", "onnx"])
def test_logits_are_the_reference_s(way: str):
    network, images = lively_critic(CRITIC), some_pictures(4)
    expected = reference.critic(CRITIC, network.state_dict(), images, None, 1)
    ours = PlainCritic(network) if way == "plain" else in_onnx_runtime(network, torch.zeros_like(images[:1]), 1)
    logits = torch.cat([ours(image) for image in images.split(1)])
    assert logits.dtype == torch.float32 and logits.shape == (4,)
    assert float((logits - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


def test_the_plain_generator_gives_each_picture_of_a_batch_its_own_weights():
    plain = PlainGenerator(lively_generator(GENERATOR))
    z = torch.randn(3, GENERATOR.z_dim, generator=torch.Generator().manual_seed(1))
    alone = torch.cat([plain(row) for row in z.split(1)])
    torch.testing.assert_close(plain(z), alone, rtol=1e-4, atol=1e-4)
