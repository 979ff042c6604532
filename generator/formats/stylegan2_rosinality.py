"""StyleGAN2 in the training files of rosinality/stylegan2-pytorch, and in those converted to its names.

The networks are the paper's (Karras et al. 2020, arXiv:1912.04958): skip generator, residual discriminator, no classes.
A training file holds `g`, `d`, `g_ema` and the optimisers, a converted one often `g_ema` alone, with or without the
average w (`latent_avg`). Widths come from a multiplier that only the tensors' shapes tell.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from generator.families.stylegan2.config import CriticConfig, GeneratorConfig
from generator.families.stylegan2.networks import Critic, Generator
from generator.formats.reading.content import Content

from ..errors import CheckpointError
from ..model import Model
from .state_dicts import averaged_first, dictionaries, named
from .stylegan2 import Renaming, check_start, make_critic, make_generator, make_model

NAME = "stylegan2_rosinality"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN2 (rosinality)"
BASICSR_SIGNS = ("style_conv1.modulated_conv.weight", "constant_input.weight")
BASICSR = (
    (r"^style_mlp\.", "style."), (r"^constant_input\.weight$", "input.input"), (r"^style_conv1\.", "conv1."),
    (r"^style_convs\.", "convs."), (r"\.modulated_conv\.", ".conv."), (r"^noises\.noise(\d)", r"noises.noise_\1"),
)  # fmt: skip


GENERATOR_SIGNS = ("conv1.conv.modulation.weight", "input.input")
CRITIC_SIGNS = ("final_linear.1.weight", "convs.0.0.weight")


def recognises(content: Content) -> bool:
    """Whether there is a state dictionary with a constant input and this format's modulated first layer."""
    return bool(_generators(content))


def load(content: Content, critic: Content | None = None) -> Model:
    """The average g_ema (g without it) and the discriminator d, or that of a second file."""
    found = _generators(content)
    if not found:
        raise CheckpointError(f"{content.path.name} holds no generator of this format.")
    judge = critic or content
    critics = averaged_first(named(judge.root, *CRITIC_SIGNS))
    if critic is not None and not critics:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of this format.")
    generator = _generator(found[0], _latent_avg(content), f"The generator in {content.path.name}")

    def read() -> Critic | None:
        return _critic(critics[0], f"The discriminator in {judge.path.name}") if critics else None

    return make_model(content.path, content.path.stem, generator, read, critic)


def _generators(content: Content) -> list[dict[str, Tensor]]:
    """The generators in the file, averages first: at its root, under any key, and as a part of an encoder's file
    (pSp, e4e: `decoder.…`)."""
    own = averaged_first(named(content.root, *GENERATOR_SIGNS))
    return own or [_from_basicsr(one) for one in averaged_first(named(content.root, *BASICSR_SIGNS))]


def _from_basicsr(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """BasicSR's names (GFPGAN's and others' `params_ema`) → those of the program that it took the network from."""
    renamed = {}
    for name, tensor in tensors.items():
        for theirs, ours in BASICSR:
            name = re.sub(theirs, ours, name)
        if tensor.shape == (1,) and re.fullmatch(r"(conv1|convs\.\d+)\.weight", name):
            name = name.replace(".weight", ".noise.weight")
        renamed[name] = tensor
    return renamed


def _latent_avg(content: Content) -> Tensor | None:
    """The average w, which the files of encoders repeat for each layer."""
    found = (each.get("latent_avg") for each in dictionaries(content.root))
    value = next((each for each in found if isinstance(each, Tensor)), None)
    if value is None:
        return None
    return value[0] if value.ndim == 2 and len(value) and torch.equal(value, value[:1].expand_as(value)) else value


# ---- generator ----------------------------------------------------------------------------------------------------


def _generator(tensors: dict[str, Tensor], latent_avg: Tensor | None, what: str) -> Generator:
    names = Renaming({"latent_avg": latent_avg, **tensors} if latent_avg is not None else tensors, what)
    names.skip_filters(".kernel")
    mapping = names.numbers("style.{}.weight")
    convs = names.numbers("convs.{}.conv.weight")
    if mapping != list(range(1, len(mapping) + 1)) or convs != list(range(len(convs))) or len(convs) % 2:
        raise CheckpointError(f"{what} lacks layers of its mapping or synthesis.")
    layers = ["conv1", *(f"convs.{i}" for i in convs)]
    style_dim = names.shape("conv1.conv.modulation.weight", 2)[1]
    config = names.configure(
        GeneratorConfig,
        resolution=4 << len(convs) // 2,
        z_dim=style_dim,
        w_dim=style_dim,
        mapping_layers=len(mapping),
        img_channels=names.shape("to_rgb1.conv.weight", 5)[1],
        widths=[names.shape(f"{layer}.conv.weight", 5)[1] for layer in layers[::2]],
    )
    for i in range(len(mapping)):  # style.0 only normalises z
        for part in ("weight", "bias"):
            names.take(f"mapping.layers.{i}.{part}", f"style.{i + 1}.{part}")
    check_start(names, "input.input")
    names.take("synthesis.const", "input.input", shape=(config.channels(4), 4, 4))
    rng = torch.Generator().manual_seed(0)
    for i, layer in enumerate(layers):
        _modulated(names, f"synthesis.layers.{i}.conv", layer, "activate.bias")
        names.take(f"synthesis.layers.{i}.noise_strength", f"{layer}.noise.weight", shape=())
        size = 4 << (i + 1) // 2
        if f"noises.noise_{i}" in names:
            names.take(f"synthesis.layers.{i}.noise_const", f"noises.noise_{i}", shape=(size, size))
        else:  # files of before such buffers: their program drew noise afresh for every picture
            names.put(f"synthesis.layers.{i}.noise_const", torch.randn(size, size, generator=rng))
    for block in range(len(config.block_resolutions)):
        _modulated(names, f"synthesis.to_rgb.{block}", f"to_rgbs.{block - 1}" if block else "to_rgb1", "bias")
    if latent_avg is not None:
        names.take("w_avg", "latent_avg", shape=(style_dim,))
    return make_generator(config, names)


def _modulated(names: Renaming, ours: str, theirs: str, bias: str) -> None:
    shape = names.shape(f"{theirs}.conv.weight", 5)  # 1×O×I×k×k
    names.take(f"{ours}.weight", f"{theirs}.conv.weight", shape=shape[1:])
    names.take(f"{ours}.bias", f"{theirs}.{bias}", shape=shape[1:2])
    names.take(f"{ours}.affine.weight", f"{theirs}.conv.modulation.weight")
    names.take(f"{ours}.affine.bias", f"{theirs}.conv.modulation.bias")


# ---- discriminator ------------------------------------------------------------------------------------------------


def _critic(tensors: dict[str, Tensor], what: str) -> Critic:
    names = Renaming(tensors, what)
    names.skip_filters(".kernel")
    blocks = names.numbers("convs.{}.conv1.0.weight")
    if blocks != list(range(1, len(blocks) + 1)):
        raise CheckpointError(f"{what} lacks one of its blocks.")
    top, last = names.shape("convs.0.0.weight", 4), names.shape("final_conv.0.weight", 4)
    widths = [top[0], *(names.shape(f"convs.{i}.conv2.1.weight", 4)[0] for i in blocks)]
    config = names.configure(
        CriticConfig,
        resolution=4 << len(blocks),
        img_channels=top[1],
        widths=widths[::-1],
        mbstd_channels=last[1] - last[0],
        mbstd_group=4,  # written in that program, not in its files
    )
    _plain(names, "stem", "convs.0.0", "convs.0.1")
    for i in blocks:
        _plain(names, f"blocks.{i - 1}.conv0", f"convs.{i}.conv1.0", f"convs.{i}.conv1.1")
        _plain(names, f"blocks.{i - 1}.conv1", f"convs.{i}.conv2.1", f"convs.{i}.conv2.2")
        names.take(f"blocks.{i - 1}.skip.weight", f"convs.{i}.skip.1.weight")
    _plain(names, "conv", "final_conv.0", "final_conv.1")
    for ours, theirs in (("fc", "final_linear.0"), ("out", "final_linear.1")):
        for part in ("weight", "bias"):
            names.take(f"{ours}.{part}", f"{theirs}.{part}")
    return make_critic(config, names)


def _plain(names: Renaming, ours: str, weight: str, bias: str) -> None:
    names.take(f"{ours}.weight", f"{weight}.weight")
    names.take(f"{ours}.bias", f"{bias}.bias", shape=(names.shape(f"{weight}.weight", 4)[0],))
