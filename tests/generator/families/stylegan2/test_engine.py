"""The fast path against the plain reference, and in half precision against itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from generator import CriticConfig, GeneratorConfig
from generator.families.stylegan2.engine import KEPT_ROWS, CriticEngine, MappingEngine, SynthesisEngine
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

from .test_networks import TOLERANCE, same

# Wide at low resolution, so that styles multiply the weights in some layers and the feature maps in others.
WIDE = replace(GENERATORS["paper"], channel_base=1024, channel_max=96)


def rms_apart(one: Tensor, two: Tensor) -> float:
    """Root mean square difference, in parts of the first's own root mean square."""
    return float((one.double() - two.double()).square().mean().sqrt() / one.double().square().mean().sqrt())


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("config", [*GENERATORS.values(), WIDE], ids=[*GENERATORS, "wide"])
def test_synthesis(config: GeneratorConfig, count: int):
    network = lively_generator(config).synthesis
    engine, ws, weights = SynthesisEngine(network, torch.float32), some_ws(config, count), network.state_dict()
    own = network.draw_noise(count, torch.Generator().manual_seed(5))
    shared = [n[:1] for n in own]
    same(engine(ws), reference.synthesis(config, weights, ws))
    same(engine(ws, own), reference.synthesis(config, weights, ws, own))
    same(engine(ws, shared, 0.5), reference.synthesis(config, weights, ws, shared, 0.5))
    same(engine(ws, strength=1.7), reference.synthesis(config, weights, ws, strength=1.7))
    same(engine(ws, strength=0.0), reference.synthesis(config, weights, ws, strength=0.0))
    same(engine(ws, own, 0.0), reference.synthesis(config, weights, ws, strength=0.0))


@pytest.mark.parametrize("config", CRITICS.values(), ids=CRITICS)
def test_critic(config: CriticConfig):
    network = lively_critic(config)
    engine, weights = CriticEngine(network, torch.float32), network.state_dict()
    images = some_pictures(4, config.img_channels, config.resolution)
    label = some_labels(config.num_classes, 4)
    for together, group in ((False, 1), (True, 4)):
        ours, theirs = engine(images, label, together), reference.critic(config, weights, images, label, group)
        assert ours.dtype == torch.float32
        assert float((ours.double() - theirs).abs().max()) <= TOLERANCE * float(theirs.abs().max())


@pytest.mark.parametrize("config", [*GENERATORS.values(), WIDE], ids=[*GENERATORS, "wide"])
def test_synthesis_in_bfloat16_is_close(config: GeneratorConfig):
    network = lively_generator(config).synthesis
    ws = some_ws(config, 2)
    exact, half = SynthesisEngine(network, torch.float32)(ws), SynthesisEngine(network, torch.bfloat16)(ws)
    assert half.dtype == torch.float32
    assert 0 < rms_apart(exact, half) <= 0.02


@pytest.mark.parametrize("config", CRITICS.values(), ids=CRITICS)
def test_critic_in_bfloat16_is_close(config: CriticConfig):
    network = lively_critic(config)
    images = some_pictures(6, config.img_channels, config.resolution)
    label = some_labels(config.num_classes, 6)
    exact, half = (CriticEngine(network, dtype)(images, label) for dtype in (torch.float32, torch.bfloat16))
    assert 0 < rms_apart(exact, half) <= 0.02


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_a_picture_and_its_logit_do_not_depend_on_their_neighbours(dtype: torch.dtype):
    config, judge = GENERATORS["shuffle"], CRITICS["strided"]
    network = lively_generator(config).synthesis
    synthesis, critic = SynthesisEngine(network, dtype), CriticEngine(lively_critic(judge), dtype)
    ws, label = some_ws(config, 5), some_labels(3, 5)
    noise = network.draw_noise(5, torch.Generator().manual_seed(5))
    assert label is not None
    pictures = synthesis(ws, noise)
    logits = critic(pictures, label)
    for i in range(5):
        alone = synthesis(ws[i : i + 1], [n[i : i + 1] for n in noise])
        assert torch.equal(alone[0], pictures[i])
        assert torch.equal(critic(alone, label[i : i + 1])[0], logits[i])


def test_engine_leaves_its_input_and_its_network_alone():
    config = GENERATORS["paper"]
    network = lively_generator(config).synthesis
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    engine, ws = SynthesisEngine(network, torch.float32), some_ws(config, 1)
    kept = ws.clone()
    first = engine(ws)
    assert torch.equal(engine(ws), first)
    assert torch.equal(ws, kept)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

    critic = CriticEngine(lively_critic(CRITICS["paper without classes"]), torch.float32)
    critic(first)
    assert torch.equal(engine(ws), first)


@pytest.mark.parametrize("config", GENERATORS.values(), ids=GENERATORS)
def test_a_mapping_that_remembers_gives_what_one_does_that_does_not(config: GeneratorConfig):
    network = lively_generator(config).mapping
    engine = MappingEngine(network)
    count = KEPT_ROWS + 3  # more than it keeps
    latents = torch.randn(count, config.z_dim, generator=torch.Generator().manual_seed(3))
    labels = some_labels(config.num_classes, count)
    for _ in range(2):
        for i in (*range(count), 0):
            label = None if labels is None else labels[i : i + 1]
            w = engine(latents[i : i + 1], label)
            assert torch.equal(w, MappingEngine(network)(latents[i : i + 1], label))
            w.zero_()  # the caller's own: the engine keeps another
