"""Configurations: what is refused, and what follows from the numbers."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest
import torch

from generator import CheckpointError, Critic, CriticConfig, Generator, GeneratorConfig
from generator.config import RESOLUTIONS

BOTH = (GeneratorConfig, CriticConfig)
SMALL: dict[Any, dict[str, object]] = {
    GeneratorConfig: {"resolution": 32, "channel_base": 64},
    CriticConfig: {"resolution": 32, "channel_base": 64},
}
WRONG: tuple[object, ...] = (None, True, -1, 1 << 20, 1.5, 64.0, float("nan"), float("inf"), "64", [64], {})


NUMBERS = ("conv_clamp",)  # fields that need not be whole


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (kind, field.name, value)
        for kind in BOTH
        for field in fields(kind)
        for value in WRONG
        if not (field.name in NUMBERS and value in (1.5, 64.0))
    ],
)
def test_a_wrong_field_is_named(kind: type[GeneratorConfig], name: str, value: object):
    with pytest.raises(CheckpointError, match=rf"^{name} must be .*\.$"):
        kind.from_dict({**SMALL[kind], name: value})


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (None, "must be a JSON object"),
        ([64], "must be a JSON object"),
        ({}, "is incomplete: .*resolution"),
        ({"resolution": 64, "depth": 3}, "unknown field 'depth'"),
    ],
)
def test_a_configuration_that_is_none_is_refused(kind: type[GeneratorConfig], values: object, sentence: str):
    with pytest.raises(CheckpointError, match=rf"^{kind.__name__} .*{sentence}"):
        kind.from_dict(values)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (GeneratorConfig, {"head": "none"}),
        (GeneratorConfig, {"img_channels": 4}),
        (GeneratorConfig, {"resolution": 48}),
        (CriticConfig, {"stem": "none"}),
        (CriticConfig, {"num_classes": 3, "cmap_dim": 0}),
        (GeneratorConfig, {"architecture": "none"}),
        (GeneratorConfig, {"architecture": "resnet", "head": "shuffle"}),
        (GeneratorConfig, {"resolution": 16, "head": "shuffle"}),
        (GeneratorConfig, {"widths": [8, 8, 8]}),
        (GeneratorConfig, {"widths": [8, 8, 8, 0]}),
        (CriticConfig, {"architecture": "skip", "stem": "strided"}),
        (CriticConfig, {"resolution": 8, "stem": "strided"}),
        (CriticConfig, {"widths": [8, 8, 8, 8, 8]}),
        (CriticConfig, {"widths": [9, 8, 8, 8], "mbstd_channels": 2}),
        (CriticConfig, {"num_classes": 3, "cmap_dim": 8, "embed_dim": 4, "mapping_layers": 0}),
    ],
)
def test_what_does_not_exist_is_refused(kind: type[GeneratorConfig], values: dict[str, object]):
    with pytest.raises(CheckpointError):
        kind.from_dict({**SMALL[kind], **values})


@pytest.mark.parametrize(
    "config",
    [
        GeneratorConfig(64, 3, head="shuffle"),
        CriticConfig(64, 3, cmap_dim=8),
        GeneratorConfig(16, architecture="orig", widths=(8, 4, 2), conv_clamp=0.5),
        CriticConfig(8, architecture="skip", widths=(8, 4), mbstd_channels=2),
    ],
)
def test_both_ways_to_a_dict(config: GeneratorConfig | CriticConfig):
    assert type(config).from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("head", ["rgb", "shuffle", "smooth"])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_layers_of_a_generator(resolution: int, head: str):
    config = GeneratorConfig(resolution, head=head)
    blocks = config.block_resolutions
    assert blocks[0] == 4
    assert all(b == 2 * a for a, b in pairwise(blocks))
    assert blocks[-1] * (1 if head == "rgb" else 2) == resolution
    # StyleGAN2's count for its own head, as in the published networks: 2·log₂(resolution) − 2.
    assert config.num_ws == 2 * (resolution.bit_length() - 1) - (2 if head == "rgb" else 4)


def test_resolutions_below_the_house_models():
    assert GeneratorConfig(4).num_ws == 2
    assert GeneratorConfig(8, architecture="orig").rgb_blocks == (1,)
    assert CriticConfig(8).block_resolutions == (8,)


def test_published_widths():
    # config-f at 1024 px (Karras et al. 2020): 512 up to 64 px, then halving to 32.
    config = GeneratorConfig(1024)
    assert [config.channels(size) for size in config.block_resolutions] == [512, 512, 512, 512, 512, 256, 128, 64, 32]
    assert config.num_ws == 18


def test_published_sizes():
    # What the authors' programs print for config-f at 1024 px as the total of trained numbers.
    with torch.device("meta"):
        networks = Generator(GeneratorConfig(1024)), Critic(CriticConfig(1024))
    assert [sum(p.numel() for p in network.parameters()) for network in networks] == [30_370_060, 29_012_513]
