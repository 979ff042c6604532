"""StyleGAN2 files of other programs: random tensors under their names, with every option those programs have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.formats.reading.content import Content, Inert, Persistent

FILTER = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64


@dataclass(frozen=True)
class Options:
    """How a pair of NVIDIA's networks was built; the defaults are small and plain."""

    widths: tuple[int, ...] = (12, 10, 8)  # at 4, 8, 16 px
    channels: int = 3
    z_dim: int = 8
    w_dim: int = 16
    classes: int = 0
    layers: int = 2
    embed_features: int | None = None
    layer_features: int | None = None
    lr_multiplier: float = 0.01
    architecture: str = "skip"
    critic: str = "resnet"
    clamp: float | None = None
    noise: bool = True
    group: int | None = 4
    statistics: int = 1
    cmap_dim: int = 6
    critic_layers: int = 8
    activation: str = "lrelu"
    taps: tuple[float, ...] = (1.0, 3.0, 3.0, 1.0)

    @property
    def sizes(self) -> list[int]:
        """4, 8, …"""
        return [4 << i for i in range(len(self.widths))]


def rand(*shape: int, scale: float = 1.0) -> Tensor:
    """Random numbers from torch's global stream, which every test seeds."""
    return torch.randn(*shape) * scale


def module(name: str, tensors: dict[str, Tensor] | None = None, /, **rest: Any) -> Persistent:
    """A persistent module: tensors called noise_const, resample_filter, w_avg are buffers; modules are children."""
    tensors = tensors or {}
    buffers = {k: t for k, t in tensors.items() if k in ("noise_const", "resample_filter", "w_avg")}
    children = {k: m for k, m in rest.items() if isinstance(m, Persistent)}
    state = {k: v for k, v in rest.items() if k not in children}
    parameters = {k: t for k, t in tensors.items() if k not in buffers}
    return Persistent(name, state, (), {}, parameters, buffers, dict(children))


def dense(columns: int, rows: int, activation: str = "linear", lr: float = 1.0) -> Persistent:
    """A fully connected layer that says its gains, as the originals do."""
    tensors = {"weight": rand(rows, columns, scale=1 / lr), "bias": rand(rows, scale=0.4 / lr)}
    return module(
        "FullyConnectedLayer",
        tensors,
        activation=activation,
        weight_gain=lr / columns**0.5,
        bias_gain=lr,
    )


def filtered(options: Options, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    taps = torch.tensor(options.taps)
    kernel = torch.outer(taps, taps)
    return {**tensors, "resample_filter": kernel / kernel.sum()}


def mapping(options: Options, z_dim: int, w_dim: int, layers: int, averaged: bool) -> Persistent:
    embed = (options.embed_features or w_dim) if options.classes else 0
    hidden = options.layer_features or w_dim
    widths = [z_dim + embed, *[hidden] * (layers - 1), w_dim]
    children = {
        f"fc{i}": dense(widths[i], widths[i + 1], options.activation, options.lr_multiplier) for i in range(layers)
    }
    if options.classes:
        children["embed"] = dense(options.classes, embed)
    return module("MappingNetwork", {"w_avg": rand(w_dim)} if averaged else {}, num_layers=layers, **children)


def synthesis_layer(options: Options, a: int, b: int, size: int, up: int = 1) -> Persistent:
    tensors = filtered(options, {"weight": rand(b, a, 3, 3), "bias": rand(b, scale=0.4)})
    if options.noise:
        tensors |= {"noise_const": rand(size, size), "noise_strength": rand(1, scale=0.4).reshape([])}
    return module(
        "SynthesisLayer",
        tensors,
        affine=dense(options.w_dim, a),
        up=up,
        activation=options.activation,
        use_noise=options.noise,
        conv_clamp=options.clamp,
    )


def plain(options: Options, a: int, b: int, kernel: int, bias: bool = True, bounded: bool = True) -> Persistent:
    tensors = {"weight": rand(b, a, kernel, kernel)} | ({"bias": rand(b, scale=0.4)} if bias else {})
    return module(
        "Conv2dLayer",
        filtered(options, tensors),
        activation=options.activation if bias else "linear",
        conv_clamp=options.clamp if bounded else None,
    )


def nvidia_generator(options: Options) -> Persistent:
    """A Generator as the persistence of torch_utils stores it."""
    blocks: dict[str, Persistent] = {}
    below = 0
    for size, width in zip(options.sizes, options.widths, strict=True):
        last = size == options.sizes[-1]
        children = {"conv1": synthesis_layer(options, width, width, size)}
        tensors = filtered(options, {})
        if below:
            children["conv0"] = synthesis_layer(options, below, width, size, up=2)
        else:
            tensors["const"] = rand(width, 4, 4)
        if last or options.architecture == "skip":
            rgb = {"weight": rand(options.channels, width, 1, 1), "bias": rand(options.channels, scale=0.4)}
            children["torgb"] = module(
                "ToRGBLayer",
                rgb,
                affine=dense(options.w_dim, width),
                conv_clamp=options.clamp,
            )
        if below and options.architecture == "resnet":
            children["skip"] = plain(options, below, width, 1, bias=False, bounded=False)
        blocks[f"b{size}"] = module("SynthesisBlock", tensors, architecture=options.architecture, **children)
        below = width
    return module(
        "Generator",
        {},
        z_dim=options.z_dim,
        c_dim=options.classes,
        synthesis=module("SynthesisNetwork", {}, **blocks),
        mapping=mapping(options, options.z_dim, options.w_dim, options.layers, averaged=True),
    )


def nvidia_critic(options: Options) -> Persistent:
    """A Discriminator likewise."""
    children: dict[str, Persistent] = {}
    for i in range(len(options.sizes) - 1, 0, -1):
        a, b = options.widths[i], options.widths[i - 1]
        parts = {"conv0": plain(options, a, a, 3), "conv1": plain(options, a, b, 3)}
        if i == len(options.sizes) - 1 or options.critic == "skip":
            parts["fromrgb"] = plain(options, options.channels, a, 1)
        if options.critic == "resnet":
            parts["skip"] = plain(options, a, b, 1, bias=False, bounded=False)
        children[f"b{options.sizes[i]}"] = module("DiscriminatorBlock", filtered(options, {}), **parts)
    width = options.widths[0]
    parts = {
        "conv": plain(options, width + options.statistics, width, 3),
        "fc": dense(width * 16, width, options.activation),
        "out": dense(width, options.cmap_dim if options.classes else 1),
    }
    if options.statistics:
        parts["mbstd"] = module(
            "MinibatchStdLayer",
            {},
            group_size=options.group,
            num_channels=options.statistics,
        )
    if options.critic == "skip":
        parts["fromrgb"] = plain(options, options.channels, width, 1, bounded=False)
    children["b4"] = module("DiscriminatorEpilogue", {}, **parts)
    if options.classes:
        children["mapping"] = mapping(options, 0, options.cmap_dim, options.critic_layers, averaged=False)
    return module("Discriminator", {}, c_dim=options.classes, **children)


def nvidia_content(root: Any, name: str = "My Cats.pkl") -> Content:
    return Content(Path(name), "nvidia", root)


# ---- rosinality ---------------------------------------------------------------------------------------------------


def rosinality_generator(widths: tuple[int, ...], style_dim: int, layers: int, channels: int = 3) -> dict[str, Tensor]:
    """A generator's state dictionary."""
    state: dict[str, Tensor] = {"input.input": rand(1, widths[0], 4, 4)}
    for i in range(1, layers + 1):
        state[f"style.{i}.weight"] = rand(style_dim, style_dim, scale=100)
        state[f"style.{i}.bias"] = rand(style_dim, scale=40)

    def modulated(name: str, a: int, b: int, kernel: int) -> None:
        state[f"{name}.conv.weight"] = rand(1, b, a, kernel, kernel)
        state[f"{name}.conv.modulation.weight"] = rand(a, style_dim)
        state[f"{name}.conv.modulation.bias"] = rand(a, scale=0.4) + 1

    def styled(name: str, a: int, b: int) -> None:
        modulated(name, a, b, 3)
        state[f"{name}.noise.weight"] = rand(1, scale=0.4)
        state[f"{name}.activate.bias"] = rand(b, scale=0.4)

    def rgb(name: str, a: int) -> None:
        modulated(name, a, channels, 1)
        state[f"{name}.bias"] = rand(1, channels, 1, 1, scale=0.4)

    styled("conv1", widths[0], widths[0])
    rgb("to_rgb1", widths[0])
    state["noises.noise_0"] = rand(1, 1, 4, 4)
    for i in range(1, len(widths)):
        styled(f"convs.{2 * i - 2}", widths[i - 1], widths[i])
        styled(f"convs.{2 * i - 1}", widths[i], widths[i])
        rgb(f"to_rgbs.{i - 1}", widths[i])
        state[f"convs.{2 * i - 2}.conv.blur.kernel"] = FILTER * 4
        state[f"to_rgbs.{i - 1}.upsample.kernel"] = FILTER * 4
        for index in (2 * i - 1, 2 * i):
            state[f"noises.noise_{index}"] = rand(1, 1, 4 << i, 4 << i)
    return state


def rosinality_critic(widths: tuple[int, ...], channels: int = 3) -> dict[str, Tensor]:
    """A discriminator's state dictionary; `widths` at 4, 8, … px."""
    state = {"convs.0.0.weight": rand(widths[-1], channels, 1, 1), "convs.0.1.bias": rand(widths[-1], scale=0.4)}
    for i, (a, b) in enumerate(zip(widths[:0:-1], widths[-2::-1], strict=True), start=1):
        state[f"convs.{i}.conv1.0.weight"] = rand(a, a, 3, 3)
        state[f"convs.{i}.conv1.1.bias"] = rand(a, scale=0.4)
        state[f"convs.{i}.conv2.0.kernel"] = FILTER.clone()
        state[f"convs.{i}.conv2.1.weight"] = rand(b, a, 3, 3)
        state[f"convs.{i}.conv2.2.bias"] = rand(b, scale=0.4)
        state[f"convs.{i}.skip.0.kernel"] = FILTER.clone()
        state[f"convs.{i}.skip.1.weight"] = rand(b, a, 1, 1)
    width = widths[0]
    state |= {"final_conv.0.weight": rand(width, width + 1, 3, 3), "final_conv.1.bias": rand(width, scale=0.4)}
    state |= {"final_linear.0.weight": rand(width, width * 16), "final_linear.0.bias": rand(width, scale=0.4)}
    state |= {"final_linear.1.weight": rand(1, width), "final_linear.1.bias": rand(1, scale=0.4)}
    return state


def rosinality_content(root: Any, name: str = "550000.pt") -> Content:
    return Content(Path(name), "torch", root)


NAMESPACE = Inert("argparse", "Namespace", (), {"arch": "stylegan2", "size": 16, "channel_multiplier": 2})
