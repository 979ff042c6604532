"""The project's own networks as huggingface_hub's mixin saves them: told from their shapes, and the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors.torch import save_file
from torch import Tensor, nn

from generator import CheckpointError, Critic, CriticConfig, Generator, GeneratorConfig, Model, open_checkpoint
from generator.formats import house_state
from generator.formats.reading.content import Content
from generator.storage.network_file import write_network


class HubGenerator(Generator, PyTorchModelHubMixin):
    """As a person would publish the generator."""


class HubCritic(Critic, PyTorchModelHubMixin):
    """And the critic."""


class HubPair(nn.Module, PyTorchModelHubMixin):
    """Both in one module."""

    def __init__(self, generator_config: dict[str, Any], critic_config: dict[str, Any]) -> None:
        super().__init__()
        self.generator = Generator(GeneratorConfig.from_dict(generator_config))
        self.critic = Critic(CriticConfig.from_dict(critic_config))


SMALL = {"z_dim": 12, "w_dim": 16, "mapping_layers": 2, "channel_base": 256, "channel_max": 16}
CRITIC = {"channel_base": 256, "channel_max": 24}
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({"resolution": 32}, {"resolution": 32}),
    "house": ({"resolution": 64, "head": "smooth", "num_classes": 3},
              {"resolution": 64, "stem": "strided", "num_classes": 3, "cmap_dim": 10, "mapping_layers": 2}),
    "shuffle": ({"resolution": 32, "head": "shuffle"}, {"resolution": 32, "stem": "strided", "mbstd_group": 2}),
    "residual": ({"resolution": 32, "architecture": "resnet"}, {"resolution": 32, "architecture": "skip"}),
    "original": ({"resolution": 16, "architecture": "orig", "img_channels": 1, "mapping_width": 20, "num_classes": 2,
                  "embed_dim": 5, "conv_clamp": 0.4},
                 {"resolution": 16, "architecture": "orig", "img_channels": 1, "mbstd_channels": 2, "num_classes": 2,
                  "cmap_dim": 7, "mapping_layers": 0, "conv_clamp": 0.4}),
    "widths": ({"resolution": 16, "widths": [9, 8, 11]}, {"resolution": 16, "widths": [6, 9, 5]}),
}  # fmt: skip


def configs(name: str) -> tuple[GeneratorConfig, CriticConfig]:
    own, judge = PAIRS[name]
    return GeneratorConfig.from_dict({**SMALL, **own}), CriticConfig.from_dict({**CRITIC, **judge})


def shaken(network: nn.Module) -> None:
    """Random biases and noise strengths, which begin at zero."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and ("bias" in name or "strength" in name or name == "w_avg"):
            tensor.add_(torch.randn(tensor.shape) * 0.3)


@torch.no_grad()
def check(model: Model, generator: Generator, critic: Critic | None) -> None:
    """The opened model's w, pictures and logits are those of the networks that were saved."""
    classes = generator.config.num_classes
    label = [1, 0] if classes else None
    weights = nn.functional.one_hot(torch.tensor([1, 0]), classes).float() if classes else None
    z = torch.randn(2, generator.config.z_dim)
    ws = model.map(z, label)
    assert torch.allclose(ws[:, 0], generator.mapping(z, weights), atol=1e-5)
    assert torch.allclose(model.map(z, label, psi=0)[:, 0], generator.w_avg.expand(2, -1), atol=1e-6)
    expected = generator.synthesis(ws)
    pictures = model.synthesize(ws)
    assert expected.std() > 0.01
    assert (pictures - expected).abs().max() < 1e-4 * expected.abs().max()
    assert model.has_critic == (critic is not None)
    if critic is not None:
        wanted = critic(pictures, weights)
        assert (model.criticize(pictures, label, together=True) - wanted).abs().max() < 1e-4 * (1 + wanted.abs().max())


@pytest.mark.parametrize("name", PAIRS)
def test_what_the_mixin_saves_opens_again(name: str, tmp_path: Path):
    own, judge = configs(name)
    generator, critic = HubGenerator(config=own), HubCritic(config=judge)
    shaken(generator)
    shaken(critic)
    generator.save_pretrained(tmp_path / "Fruit Trees")
    critic.save_pretrained(tmp_path / "critic")
    model = open_checkpoint(tmp_path / "Fruit Trees", tmp_path / "critic" / "model.safetensors")
    assert model.name == "fruit-trees"
    check(model, generator, critic)
    check(open_checkpoint(tmp_path / "Fruit Trees" / "model.safetensors"), generator, None)
    # The files the other way round hold the same two networks.
    check(open_checkpoint(tmp_path / "critic", tmp_path / "Fruit Trees" / "model.safetensors"), generator, critic)


@pytest.mark.parametrize("name", PAIRS)
def test_both_networks_in_one_module(name: str, tmp_path: Path):
    own, judge = configs(name)
    pair = HubPair(generator_config=own.to_dict(), critic_config=judge.to_dict())
    shaken(pair)
    pair.save_pretrained(tmp_path / "pair")
    check(open_checkpoint(tmp_path / "pair"), pair.generator, pair.critic)


@pytest.mark.parametrize("name", ["plain", "residual", "widths"])
def test_shapes_alone_are_enough_without_choices_that_leave_no_trace(name: str, tmp_path: Path):
    generator = Generator(configs(name)[0])
    save_file({k: t.contiguous() for k, t in generator.state_dict().items()}, tmp_path / "bare.safetensors")
    model = open_checkpoint(tmp_path / "bare.safetensors")
    assert model.name == "bare"
    check(model, generator, None)


def test_the_configuration_may_lie_in_the_metadata(tmp_path: Path):
    generator = Generator(configs("house")[0])
    tensors = {k: t.contiguous() for k, t in generator.state_dict().items()}
    save_file(tensors, tmp_path / "a.safetensors", metadata={"config": json.dumps(generator.config.to_dict())})
    check(open_checkpoint(tmp_path / "a.safetensors"), generator, None)


def test_a_critic_of_our_own_checkpoints_may_be_set_beside_it(tmp_path: Path):
    own, judge = configs("shuffle")  # whose critic has groups of two
    generator, critic = Generator(own), Critic(judge)
    shaken(critic)
    HubGenerator(config=own).save_pretrained(tmp_path / "hub", config=own.to_dict())
    save_file({k: t.contiguous() for k, t in generator.state_dict().items()}, tmp_path / "hub" / "model.safetensors")
    header = {"name": "a", "version": "1", "classes": [], "config": judge.to_dict()}
    write_network(tmp_path / "critic.safetensors", "critic", dict(critic.state_dict()), header, torch.float32)
    model = open_checkpoint(tmp_path / "hub", tmp_path / "critic.safetensors")
    images = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        wanted = critic(images)
    assert (model.criticize(images, together=True) - wanted).abs().max() < 1e-4 * (1 + wanted.abs().max())


def test_an_unknown_head_is_asked_for(tmp_path: Path):
    generator = Generator(configs("house")[0])
    save_file({k: t.contiguous() for k, t in generator.state_dict().items()}, tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match="'shuffle' or 'smooth'"):
        open_checkpoint(tmp_path / "bare.safetensors")


def content(root: dict[str, Any], name: str = "some.safetensors") -> Content:
    return Content(Path(name), "safetensors", root)


def states() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    own, judge = configs("plain")
    return dict(Generator(own).state_dict()), dict(Critic(judge).state_dict())


@pytest.mark.parametrize("place", range(0, 60, 4))
def test_a_missing_or_misshapen_tensor_is_a_sentence(place: int):
    generator, _ = states()
    name = list(generator)[place % len(generator)]
    for broken in ({k: t for k, t in generator.items() if k != name}, {**generator, name: torch.zeros(1, 2, 3)}):
        if not house_state.recognises(content(broken)):
            assert name in house_state.GENERATOR_MARKS
            continue
        if name == "w_avg" and name not in broken:
            continue  # drawn anew
        with pytest.raises(CheckpointError) as caught:
            house_state.load(content(broken))
        assert str(caught.value).endswith(".")


def test_what_does_not_belong_together_is_said():
    generator, critic = states()
    with pytest.raises(CheckpointError, match="no generator"):
        house_state.load(content(critic))
    with pytest.raises(CheckpointError, match="no critic"):
        house_state.load(content(generator), content(generator))
    with pytest.raises(CheckpointError, match="judges other pictures"):
        house_state.load(content(generator), content(dict(Critic(configs("widths")[1]).state_dict())))
    other = CriticConfig(32, 2, CRITIC["channel_base"], CRITIC["channel_max"], cmap_dim=4)
    classes = dict(Critic(other).state_dict())
    with pytest.raises(CheckpointError, match="other classes"):
        house_state.load(content(generator), content(classes))
