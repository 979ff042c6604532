"""The trainable networks against the plain reference."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generator import Critic, CriticConfig, GeneratorConfig
from generator.families.stylegan2.layers import interleave, minibatch_std, normalize_2nd_moment, upsample_rgb
from tests.generator import reference
from tests.generator.build import (
    CRITICS,
    GENERATORS,
    lively_critic,
    lively_generator,
    some_labels,
    some_pictures,
    some_ws,
)

TOLERANCE = 1e-4  # of a range of 2


def same(ours: Tensor, theirs: Tensor) -> None:
    """Equal within 1e-4 once the reference is scaled to a range of 2; and the reference is worth comparing with."""
    assert ours.shape == theirs.shape
    half_range = float(theirs.max() - theirs.min()) / 2
    assert half_range > 0.1
    assert float((ours.double() - theirs).abs().max()) <= TOLERANCE * half_range


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("config", GENERATORS.values(), ids=GENERATORS)
def test_mapping(config: GeneratorConfig, count: int):
    network = lively_generator(config)
    z, label = torch.randn(count, config.z_dim), some_labels(config.num_classes, count)
    same(network.mapping(z, label), reference.mapping(reference.below(network.state_dict(), "mapping."), z, label))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("config", GENERATORS.values(), ids=GENERATORS)
def test_synthesis(config: GeneratorConfig, count: int):
    network = lively_generator(config).synthesis
    ws = some_ws(config, count)
    noise = network.draw_noise(count, torch.Generator().manual_seed(5))
    same(network(ws), reference.synthesis(config, network.state_dict(), ws))
    same(network(ws, noise), reference.synthesis(config, network.state_dict(), ws, noise))


@pytest.mark.parametrize(("count", "group"), [(1, 4), (4, 4), (4, 2), (6, 3), (6, 4)])
@pytest.mark.parametrize("config", CRITICS.values(), ids=CRITICS)
def test_critic(config: CriticConfig, count: int, group: int):
    network = lively_critic(config)
    images = some_pictures(count, config.img_channels, config.resolution)
    label = some_labels(config.num_classes, count)
    largest = next(g for g in range(min(group, count), 0, -1) if count % g == 0)
    ours, theirs = network(images, label, group), reference.critic(config, network.state_dict(), images, label, largest)
    assert ours.shape == theirs.shape == (count,)
    assert float((ours.double() - theirs).abs().max()) <= TOLERANCE * float(theirs.abs().max())


def test_the_reference_knows_every_weight():
    # A tensor that the reference ignores would go untested: disturb each in turn and see that something changes.
    config = GENERATORS["shuffle"]
    network = lively_generator(config).synthesis
    ws, weights = some_ws(config, 1), network.state_dict()
    plain = reference.synthesis(config, weights, ws)
    for name, tensor in weights.items():
        changed = reference.synthesis(config, {**weights, name: tensor + 0.1 * torch.randn(tensor.shape)}, ws)
        assert not torch.equal(changed, plain), name


def test_half_precision_of_operands_changes_little():
    config = GENERATORS["paper"]
    network = lively_generator(config).synthesis
    ws = some_ws(config, 2)
    exact, half = network(ws), network(ws, half=True)
    assert half.dtype == torch.float32
    assert 0 < float((half - exact).square().mean().sqrt() / exact.std()) < 0.02


def test_rgb_is_enlarged_as_the_paper_does_it():
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(upsample_rgb(x), reference.fir(reference.insert_zeros(x), 2, 1) * 4)


def test_rows_have_mean_square_one():
    x = torch.randn(5, 64) * torch.tensor([1e-2, 1.0, 10.0, 1e3, 3.0])[:, None]
    torch.testing.assert_close(normalize_2nd_moment(x).square().mean(dim=1), torch.ones(5), rtol=1e-3, atol=0)


def test_minibatch_deviation_of_pictures_that_are_alike_is_nothing():
    x = torch.randn(1, 5, 4, 4).expand(4, -1, -1, -1)
    assert float(minibatch_std(x, 4)[:, -1].max()) <= 1.01e-4  # √1e-8, what keeps the root differentiable
    assert torch.equal(minibatch_std(x, 4)[:, :-1], x)


def test_critic_judges_a_picture_by_its_class():
    config = CRITICS["strided"]
    network: Critic = lively_critic(config)
    images = some_pictures(1).repeat(3, 1, 1, 1)
    assert len(set(network(images, torch.eye(3), group=1).tolist())) == 3


@pytest.mark.parametrize("config", GENERATORS.values(), ids=GENERATORS)
def test_gradients_reach_every_weight(config: GeneratorConfig):
    network = lively_generator(config).requires_grad_(True)
    label = some_labels(config.num_classes, 2)
    network(torch.randn(2, config.z_dim), label).square().mean().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_a_smooth_head_cannot_draw_a_checkerboard_and_keeps_what_is_even():
    board = torch.tensor([1.0, -1.0, -1.0, 1.0]).repeat(3)[None, :, None, None].expand(1, 12, 8, 8)
    even = torch.ones(1, 12, 8, 8)
    assert interleave(board, smooth=False).abs().min() == 1
    assert interleave(board, smooth=True)[:, :, 2:-2, 2:-2].abs().max() < 1e-6  # the border repeats its last pixel
    torch.testing.assert_close(interleave(even, smooth=True), torch.ones(1, 3, 16, 16))
