"""StyleGAN2 in NVIDIA's pickles: those of stylegan2-ada-pytorch, and of stylegan3 for its StyleGAN2 configuration.

Both hold the same two networks (Karras et al. 2020, arXiv:1912.04958; 2020, arXiv:2006.06676 for the conditional
discriminator). Shapes say what was built; what shapes cannot say (the bound of activations, their kind, the group of
the minibatch statistics, learning rates of the mapping) stands in the modules' own attributes, so that neither the
arguments nor the defaults of the one or the other program matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from generator.families.stylegan2.config import WHOLE_BATCH, CriticConfig, GeneratorConfig
from generator.families.stylegan2.networks import Critic, Generator
from generator.formats.reading.content import Content, Inert, Persistent

from ..errors import CheckpointError
from ..model import Model
from .state_dicts import averaged_first, named
from .stylegan2 import Renaming, check_start, make_critic, make_generator, make_model

NAME = "stylegan2_nvidia"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN2 (NVIDIA)"
GENERATOR_SIGNS = ("synthesis.b4.const", "synthesis.b4.conv1.affine.weight", "mapping.fc0.weight")
CRITIC_SIGNS = ("b4.out.weight", "b4.fc.weight", "b4.conv.weight")
CLAMP = 256.0
ACTIVATED = re.compile(r"conv[01]?|fromrgb|fc\d*")  # the modules that end in a leaky ReLU
BOUNDED = re.compile(r"conv[01]?|fromrgb|torgb")  # and those whose output `conv_clamp` bounds


def recognises(content: Content) -> bool:
    """Whether the file holds a generator with a learnt constant at 4 px and modulated blocks b4, b8, …"""
    generator = _find(content, "G_ema", "G")
    if generator is None:
        return _state(content, GENERATOR_SIGNS) is not None
    return {"mapping", "synthesis"} <= set(generator.modules) and _is_stylegan2(generator)


def load(content: Content, critic: Content | None = None) -> Model:
    """The exponential average G_ema (G without it) and the discriminator D, or that of a second file."""
    generator = _find(content, "G_ema", "G") or _state(content, GENERATOR_SIGNS)
    if generator is None:
        raise CheckpointError(f"{content.path.name} holds no generator of NVIDIA's.")
    made = generator_of(generator, f"The generator in {content.path.name}")
    return make_model(content.path, content.path.stem, made, lambda: _critic(content, critic), critic)


def _critic(content: Content, critic: Content | None) -> Critic | None:
    source = content if critic is None else critic
    what = f"The discriminator in {source.path.name}"
    found = _find(source, "D") or _state(source, CRITIC_SIGNS)
    if found is not None and found.class_name == "Discriminator":
        return critic_of(found, what)
    if critic is not None:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of NVIDIA's.")
    other = source.root.get("D") if isinstance(source.root, dict) else None
    if isinstance(other, (Persistent, Inert)):  # a projected one, for example
        name = other.class_name if isinstance(other, Persistent) else other.name
        raise CheckpointError(f"{what} is a {name[:40]}, which this program does not know.")
    return None


def _state(content: Content, signs: tuple[str, ...]) -> Persistent | None:
    """A network of this kind saved as its state dictionary, or as a whole module of a class of another name."""
    found = averaged_first(named(content.root, *signs))
    if not found:
        return None
    generates = signs is GENERATOR_SIGNS
    # What a state dictionary does not say is as the program's own configurations have it.
    clamp = {"synthesis.b4.conv1" if generates else "b4.conv": {"conv_clamp": CLAMP}}
    return flat_network("Generator" if generates else "Discriminator", found[0], clamp)


def flat_network(class_name: str, tensors: dict[str, Tensor], attributes: dict[str, dict[str, Any]]) -> Persistent:
    """A network of these tensors by their whole names; `attributes`: what some of its modules say of themselves."""
    told = {name: Persistent("", state, (), {}, {}, {}, {}) for name, state in attributes.items()}
    return Persistent(class_name, {}, (), {}, tensors, {}, dict(told))


def _find(content: Content, *keys: str) -> Persistent | None:
    """The first of these networks in the file; a file that is one network itself counts by its class."""
    if isinstance(content.root, Persistent):
        return content.root if content.root.class_name == {"D": "Discriminator"}.get(keys[0], "Generator") else None
    if not isinstance(content.root, dict):
        return None
    found = [content.root.get(key) for key in keys]
    return next((network for network in found if isinstance(network, Persistent)), None)


def _is_stylegan2(generator: Persistent) -> bool:
    synthesis = generator.modules["synthesis"]
    first = synthesis.modules.get("b4") if isinstance(synthesis, Persistent) else None
    if not isinstance(first, Persistent) or "const" not in {**first.parameters, **first.buffers}:
        return False
    conv = first.modules.get("conv1")
    return isinstance(conv, Persistent) and "affine" in conv.modules


# ---- generator ----------------------------------------------------------------------------------------------------


def generator_of(module: Persistent, what: str) -> Generator:
    """The generator in an object of the original program; `what` names it in errors (CheckpointError)."""
    names = Renaming(module.tensors(), what)
    attributes = _Attributes(module, what)
    names.skip_filters("resample_filter")
    sizes = names.numbers("synthesis.b{}.conv1.weight")
    _check_sizes(sizes, 4, what)
    check_start(names, "synthesis.b4.const")
    mapping = _mapping(names, attributes)
    w_dim = names.shape("synthesis.b4.conv1.affine.weight", 2)[1]
    channels = names.shape(f"synthesis.b{sizes[-1]}.torgb.weight", 4)[0]
    if channels not in (1, 3):
        raise CheckpointError(f"{what} draws pictures of {channels} channels; this program shows 1 (grey) or 3 (RGB).")
    architecture = "skip"
    if len(sizes) > 1 and "synthesis.b4.torgb.weight" not in names:
        architecture = "resnet" if "synthesis.b8.skip.weight" in names else "orig"
    config = names.configure(
        GeneratorConfig,
        resolution=sizes[-1],
        w_dim=w_dim,
        img_channels=channels,
        architecture=architecture,
        widths=[names.shape(f"synthesis.b{size}.conv1.weight", 4)[0] for size in sizes],
        conv_clamp=attributes.clamp(),
        **mapping,
    )
    names.take("synthesis.const", "synthesis.b4.const")
    for block, size in enumerate(sizes):
        for conv in ("conv0", "conv1") if block else ("conv1",):
            index = 2 * block - (conv == "conv0")
            _layer(names, f"synthesis.layers.{index}", f"synthesis.b{size}.{conv}", size)
        if block in config.rgb_blocks:
            _modulated(names, f"synthesis.to_rgb.{config.rgb_blocks.index(block)}", f"synthesis.b{size}.torgb")
        if block and architecture == "resnet":
            names.take(f"synthesis.skips.{block - 1}.weight", f"synthesis.b{size}.skip.weight")
    if "mapping.w_avg" in names:
        names.take("w_avg", "mapping.w_avg")
    return make_generator(config, names)


def _layer(names: Renaming, ours: str, theirs: str, size: int) -> None:
    _modulated(names, f"{ours}.conv", theirs)
    if f"{theirs}.noise_strength" in names:
        names.take(f"{ours}.noise_strength", f"{theirs}.noise_strength", shape=())
        names.take(f"{ours}.noise_const", f"{theirs}.noise_const")
    else:  # built with use_noise=False
        names.put(f"{ours}.noise_strength", torch.zeros([]))
        names.put(f"{ours}.noise_const", torch.zeros(size, size))


def _modulated(names: Renaming, ours: str, theirs: str) -> None:
    for part in ("weight", "bias", "affine.weight", "affine.bias"):
        names.take(f"{ours}.{part}", f"{theirs}.{part}")


def _mapping(names: Renaming, attributes: _Attributes) -> dict[str, Any]:
    """Rename a mapping network's tensors, and say its fields of a configuration."""
    count = len(names.numbers("mapping.fc{}.weight"))
    embed_dim, num_classes = 0, 0
    if "mapping.embed.weight" in names:
        embed_dim, num_classes = names.shape("mapping.embed.weight", 2)
        _dense(names, attributes, "mapping.embed", "mapping.embed", 1.0)
    # Discriminators that were converted from TensorFlow embed the class and map it no further.
    rows, columns = names.shape("mapping.fc0.weight", 2) if count or not embed_dim else (0, embed_dim)
    for i in range(count):
        _dense(names, attributes, f"mapping.fc{i}", f"mapping.layers.{i}", 0.01)
    return {
        "z_dim": columns - embed_dim,
        "num_classes": num_classes,
        "mapping_layers": count,
        "embed_dim": embed_dim,
        "mapping_width": rows if count > 1 else 0,
    }


def _dense(names: Renaming, attributes: _Attributes, theirs: str, ours: str, multiplier: float) -> None:
    """A fully connected layer; another learning-rate multiplier than ours is folded into its weights."""
    columns = names.shape(f"{theirs}.weight", 2)[1]
    weight_gain = attributes.number(theirs, "weight_gain", multiplier / math.sqrt(columns))
    bias_gain = attributes.number(theirs, "bias_gain", multiplier)
    names.take(f"{ours}.weight", f"{theirs}.weight", scale=weight_gain * math.sqrt(columns) / multiplier)
    names.take(f"{ours}.bias", f"{theirs}.bias", scale=bias_gain / multiplier)


# ---- discriminator ------------------------------------------------------------------------------------------------


def critic_of(module: Persistent, what: str) -> Critic:
    """The discriminator in an object of the original program; `what` names it in errors (CheckpointError)."""
    names = Renaming(module.tensors(), what)
    attributes = _Attributes(module, what)
    names.skip_filters("resample_filter")
    sizes = names.numbers("b{}.conv0.weight")[::-1]
    _check_sizes(sizes[::-1], 8, what)
    top, rows = sizes[0], names.shape("b4.conv.weight", 4)
    architecture = "resnet" if f"b{top}.skip.weight" in names else "skip" if "b4.fromrgb.weight" in names else "orig"
    conditional = "mapping.embed.weight" in names
    fields = _mapping(names, attributes) if conditional else {}
    if fields.pop("z_dim", 0):
        raise CheckpointError(f"{what} maps something else besides classes.")
    config = names.configure(
        CriticConfig,
        resolution=top,
        img_channels=names.shape(f"b{top}.fromrgb.weight", 4)[1],
        architecture=architecture,
        widths=[*(names.shape(f"b{size}.conv1.weight", 4)[0] for size in sizes[::-1]), _top_width(names, top)],
        cmap_dim=names.shape("b4.out.weight", 2)[0] if conditional else 0,
        conv_clamp=attributes.clamp(),
        mbstd_channels=rows[1] - rows[0],
        mbstd_group=attributes.group(),
        **fields,
    )
    _plain(names, "stem", f"b{top}.fromrgb")
    for block, size in enumerate(sizes):
        _plain(names, f"blocks.{block}.conv0", f"b{size}.conv0")
        _plain(names, f"blocks.{block}.conv1", f"b{size}.conv1")
        if architecture == "resnet":
            names.take(f"blocks.{block}.skip.weight", f"b{size}.skip.weight")
        if architecture == "skip":
            _plain(names, f"from_rgb.{block}", f"b{size // 2}.fromrgb")
    _plain(names, "conv", "b4.conv")
    for layer in ("fc", "out"):
        _dense(names, attributes, f"b4.{layer}", layer, 1.0)
    return make_critic(config, names)


def _top_width(names: Renaming, top: int) -> int:
    return names.shape(f"b{top}.conv0.weight", 4)[0]


def _plain(names: Renaming, ours: str, theirs: str) -> None:
    for part in ("weight", "bias"):
        names.take(f"{ours}.{part}", f"{theirs}.{part}")


# ---- attributes ---------------------------------------------------------------------------------------------------


class _Attributes:
    """What modules say of themselves besides their tensors, under dotted names."""

    def __init__(self, network: Persistent, what: str) -> None:
        self.what = what
        self.modules = dict(_walk(network, ""))
        for name, module in self.modules.items():
            if "activation" not in module.state:
                continue
            found = module.state["activation"]
            if found != (wanted := "lrelu" if ACTIVATED.fullmatch(name.rpartition(".")[2]) else "linear"):
                raise CheckpointError(f"{what} has the activation {found!r} in {name}, where {wanted!r} belongs.")

    def number(self, name: str, attribute: str, default: float) -> float:
        """A finite number among a module's attributes; the default where it has none of that name."""
        module = self.modules.get(name)
        value = default if module is None else module.state.get(attribute, default)
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise CheckpointError(f"{self.what} has no number as {attribute} of {name}.")
        return float(value)

    def clamp(self) -> float:
        """The one bound of all activations, 0 for none. A skip discriminator's last `fromrgb` never has one."""
        found: set[float] = set()
        for name, module in self.modules.items():
            if name != "b4.fromrgb" and BOUNDED.fullmatch(name.rpartition(".")[2]) and "conv_clamp" in module.state:
                bounded = module.state["conv_clamp"] is not None
                found.add(self.number(name, "conv_clamp", 0.0) if bounded else 0.0)
        if len(found) > 1:
            raise CheckpointError(f"{self.what} bounds its activations differently from layer to layer.")
        return found.pop() if found else 0.0

    def group(self) -> int:
        """The group of the minibatch statistics; None there means the whole batch."""
        module = self.modules.get("b4.mbstd")
        if module is None or "group_size" not in module.state:
            return CriticConfig.mbstd_group
        if module.state["group_size"] is None:
            return WHOLE_BATCH
        return int(self.number("b4.mbstd", "group_size", 0.0))


def _walk(module: Persistent, prefix: str) -> Iterator[tuple[str, Persistent]]:
    for name, child in module.modules.items():
        if isinstance(child, Persistent):
            yield prefix + name, child
            yield from _walk(child, f"{prefix}{name}.")


def _check_sizes(sizes: list[int], first: int, what: str) -> None:
    if sizes != [first << i for i in range(len(sizes))] or not sizes:
        raise CheckpointError(f"{what} lacks the block at {first} px, or one between two others.")
