"""This project's own networks without its header: what `PyTorchModelHubMixin` writes of a Generator or a Critic.

A plain state dictionary, mostly model.safetensors with a config.json beside it. The tensors' shapes tell the whole
architecture but for a few choices that leave no trace in them; only those are asked of the configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from generator.config import Config
from generator.families.stylegan2.config import CriticConfig, GeneratorConfig
from generator.families.stylegan2.networks import Critic, Generator
from generator.formats.reading.content import Content

from ..errors import CheckpointError
from ..model import Model
from .beside import config_beside, json_object
from .naming import model_name
from .state_dicts import state_dicts
from .stylegan2 import Renaming, make_critic, make_generator, make_model

NAME = "house_state"  # in saved files: stays when this file is renamed
TITLE = "this project's StyleGAN2"
GENERATOR_MARKS = ("synthesis.const", "synthesis.layers.0.conv.weight", "mapping.layers.0.weight")
CRITIC_MARKS = ("stem.weight", "fc.weight", "out.weight", "conv.weight")
NESTED = ("config", "generator", "critic", "generator_config", "critic_config")  # where a configuration may lie
_C = TypeVar("_C", bound=Config)


def recognises(content: Content) -> bool:
    """Whether a generator or critic of this project's classes is in it, alone or as a part of a larger module."""
    return _find(content, GENERATOR_MARKS) is not None or _find(content, CRITIC_MARKS) is not None


def load(content: Content, critic: Content | None = None) -> Model:
    """Generator and critic from one file or two, in either order."""
    files = [content] if critic is None else [content, critic]
    makers = [(file, state) for file in files if (state := _find(file, GENERATOR_MARKS))]
    judges = [(file, state) for file in files if (state := _find(file, CRITIC_MARKS))]
    if not makers:
        raise CheckpointError(f"{content.path.name} holds a critic of this project's, but no generator.")
    if critic is not None and not judges:
        raise CheckpointError(f"{critic.path.name} holds no critic of this project's.")
    file, state = makers[0]
    generator = _generator(Renaming(state, f"The generator in {file.path.name}"), _configuration(file))

    def read() -> Critic | None:
        if not judges:
            return None
        beside, state = judges[-1]
        judge = _critic(Renaming(state, f"The critic in {beside.path.name}"), _configuration(beside))
        if judge.config.num_classes != generator.config.num_classes:
            raise CheckpointError(f"The critic in {beside.path.name} knows other classes than the generator.")
        return judge

    # The hub calls every file model.safetensors: its folder says more.
    path = file.path if model_name(file.path) != "model" else file.path.absolute().parent
    return make_model(path, "", generator, read, critic)


def _find(content: Content, marks: tuple[str, ...]) -> dict[str, Tensor] | None:
    """The tensors below the prefix that has all these, named without it; None if there is none."""
    for _, tensors in state_dicts(content.root):
        for name in tensors:
            if name.endswith(marks[0]) and all(name.removesuffix(marks[0]) + mark in tensors for mark in marks):
                prefix = name.removesuffix(marks[0])
                return {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    return None


def _configuration(content: Content) -> dict[str, Any]:
    """What the file's metadata or the config.json beside it say, with what is nested there brought up."""
    texts = (content.metadata.get(key, "") for key in ("config", "header"))  # the latter is that of our own files
    values = next((told for text in texts if (told := json_object(text))), None) or config_beside(content.path)
    flat = dict(values)
    for key in NESTED:
        if isinstance(inner := values.get(key), dict):
            flat.update(inner)
    return flat


def _generator(names: Renaming, told: dict[str, Any]) -> Generator:
    classes, z_dim, mapping = _mapping(names)
    layers = len(names.numbers("synthesis.layers.{}.conv.weight"))
    blocks = (layers + 1) // 2
    rgbs, has_head = len(names.numbers("synthesis.to_rgb.{}.weight")), "synthesis.head.weight" in names
    if has_head:
        head = told.get("head")
        if head not in ("shuffle", "smooth"):
            raise CheckpointError(
                f"{names.what} ends in a sub-pixel layer, but no config.json beside it says whether its head is "
                "'shuffle' or 'smooth'."
            )
        colours = names.shape("synthesis.head.weight", 4)[0] // 4
    else:
        head, colours = "rgb", names.shape("synthesis.to_rgb.0.weight", 4)[0]
    architecture = "skip"
    if rgbs == 1 and blocks > 1 and not has_head:
        architecture = "resnet" if "synthesis.skips.0.weight" in names else "orig"
    outputs = [names.shape(f"synthesis.layers.{2 * b}.conv.weight", 4)[0] for b in range(blocks)]
    config = names.configure(
        GeneratorConfig,
        resolution=4 << (blocks - (0 if has_head else 1)) if blocks < 16 else 0,
        num_classes=classes,
        z_dim=z_dim,
        w_dim=names.shape(f"mapping.layers.{mapping['mapping_layers'] - 1}.weight", 2)[0],
        head=head,
        img_channels=colours,
        architecture=architecture,
        widths=outputs,
        conv_clamp=told.get("conv_clamp", 0.0),
        **mapping,
    )
    _take_known(names, Generator, config)
    return make_generator(config, names)


def _critic(names: Renaming, told: dict[str, Any]) -> Critic:
    blocks = len(names.numbers("blocks.{}.conv0.weight"))
    _, colours, kernel, _ = names.shape("stem.weight", 4)
    width, entry = names.shape("conv.weight", 4)[:2]
    widths = [width, *(names.shape(f"blocks.{b}.conv0.weight", 4)[0] for b in reversed(range(blocks)))]
    values: dict[str, Any] = {"num_classes": 0, "mapping_layers": 8}
    if "mapping.embed.weight" in names:
        values["num_classes"], _, mapping = _mapping(names)
        values |= {"cmap_dim": names.shape("out.weight", 2)[0], **mapping}
    architecture = "skip" if "from_rgb.0.weight" in names else "orig"
    if not blocks or "blocks.0.skip.weight" in names:
        architecture = "resnet"
    config = names.configure(
        CriticConfig,
        resolution=4 << (blocks + (1 if kernel == 4 else 0)) if blocks < 16 else 0,
        stem="strided" if kernel == 4 else "rgb",
        img_channels=colours,
        architecture=architecture,
        widths=widths,
        mbstd_channels=entry - width,
        mbstd_group=told.get("mbstd_group", 4),
        conv_clamp=told.get("conv_clamp", 0.0),
        **values,
    )
    _take_known(names, Critic, config)
    return make_critic(config, names)


def _mapping(names: Renaming) -> tuple[int, int, dict[str, int]]:
    """Number of classes, length of z, and the mapping network's own fields."""
    layers = len(names.numbers("mapping.layers.{}.weight"))
    embed_dim, classes = names.shape("mapping.embed.weight", 2) if "mapping.embed.weight" in names else (0, 0)
    hidden, inputs = names.shape("mapping.layers.0.weight", 2) if layers else (0, embed_dim)
    own = {"mapping_layers": layers, "embed_dim": embed_dim, "mapping_width": hidden if layers > 1 else 0}
    return classes, inputs - embed_dim, own


def _take_known(names: Renaming, network: Callable[[_C], nn.Module], config: _C) -> None:
    """Take what a network of this configuration has; what is then left over is refused."""
    with torch.device("meta"):
        known = network(config).state_dict()
    for name in known:
        if name in names:
            names.take(name, name)
