"""StyleGAN2 in the pickles of NVIDIA's TensorFlow programs (stylegan2, stylegan2-ada), read as data.

See `tensorflow` for such files. The variables are those of the PyTorch form, with other axes: dense layers in×out,
convolutions height×width×in×out, and those that double or halve as what TensorFlow calls a transposed one, turned
round.
"""

from __future__ import annotations

import math
import re
from typing import Any

from torch import Tensor

from generator.errors import CheckpointError
from generator.families.stylegan2.networks import Critic
from generator.model import Model

from .reading.content import Content, Inert, Persistent
from .stylegan2 import make_model
from .stylegan2_nvidia import critic_of, flat_network, generator_of
from .tensorflow import argument, networks, variables, within

NAME = "stylegan2_tensorflow"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN2 (TensorFlow)"
CONSTANT = "synthesis/4x4/Const/const"
LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
CRITIC_LAYERS = {"FromRGB": "fromrgb", "Conv0": "conv0", "Conv1_down": "conv1", "Skip": "skip", "Conv": "conv"}
GROUP = 4  # of the minibatch statistics, where the file does not say


def recognises(content: Content) -> bool:
    """Whether a network of TensorFlow's with StyleGAN2's constant input is in it."""
    return any(CONSTANT in variables(one) and _demodulates(one) for one in networks(content.root))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator (the last one in the file) and the discriminator, or that of a second file."""
    generators = [one for one in networks(content.root) if CONSTANT in variables(one)]
    if not generators:
        raise CheckpointError(f"{content.path.name} holds no generator of this format.")
    source = content if critic is None else critic
    critics = [one for one in networks(source.root) if "Output/weight" in variables(one)]
    if critic is not None and not critics:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of this format.")
    made = generator_of(_generator(generators[-1]), f"The generator in {content.path.name}")

    def read() -> Critic | None:
        what = f"The discriminator in {source.path.name}"
        return critic_of(_critic(critics[-1]), what) if critics else None

    return make_model(content.path, content.path.stem, made, read, critic)


def _demodulates(network: Inert) -> bool:
    """StyleGAN has the same constant, and an affine layer (StyleMod) after each convolution instead of within."""
    return "synthesis/4x4/Conv/mod_weight" in variables(network)


def _generator(network: Inert) -> Persistent:
    tensors = {}
    for name, tensor in variables(network).items():
        if name == "dlatent_avg":
            tensors["mapping.w_avg"] = tensor
        elif name == CONSTANT:
            tensors["synthesis.b4.const"] = within(tensor, 1)
        elif match := re.fullmatch(r"mapping/(?:(LabelEmbed)|Dense(\d+))/(weight|bias)", name):
            to = "embed" if match[1] else f"fc{match[2]}"
            tensors[f"mapping.{to}.{match[3]}"] = _dense(tensor)
        elif match := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
            number = int(match[1])
            size, conv = 1 << (number + 5) // 2, "conv0" if number % 2 else "conv1"
            tensors[f"synthesis.b{size}.{conv}.noise_const"] = within(tensor, 2)
        elif match := re.fullmatch(r"synthesis/(\d+)x\d+/(\w+)/(\w+)", name):
            place = f"synthesis.b{match[1]}.{LAYERS.get(match[2], match[2])}"
            turned = match[2] in ("Conv0_up", "Skip")
            tensors |= dict([_layer(place, match[3], tensor, turned)])
        elif name not in ("lod", "synthesis/lod"):
            tensors[name] = tensor  # which is then refused by this name
    return flat_network("Generator", tensors, _told(network, "synthesis.b4.conv1", "mapping.fc", 0.01, tensors))


def _critic(network: Inert) -> Persistent:
    tensors = {}
    for name, tensor in variables(network).items():
        if match := re.fullmatch(r"(?:(LabelEmbed)|Mapping(\d+))/(weight|bias)", name):
            to = "embed" if match[1] else f"fc{match[2]}"
            tensors[f"mapping.{to}.{match[3]}"] = _dense(tensor)
        elif match := re.fullmatch(r"(?:4x4/(Dense0)|Output)/(weight|bias)", name):
            tensors[f"b4.{'fc' if match[1] else 'out'}.{match[2]}"] = _dense(tensor)
        elif match := re.fullmatch(r"(\d+)x\d+/(\w+)/(\w+)", name):
            place = f"b{match[1]}.{CRITIC_LAYERS.get(match[2], match[2])}"
            tensors |= dict([_layer(place, match[3], tensor, False)])
        elif name != "lod":
            tensors[name] = tensor
    told = _told(network, "b4.conv", "mapping.fc", 0.1, tensors)
    group = argument(network, "mbstd_group_size", GROUP)
    return flat_network("Discriminator", tensors, {**told, "b4.mbstd": {"group_size": group}})


def _layer(place: str, part: str, tensor: Tensor, turned: bool) -> tuple[str, Tensor]:
    """One tensor of a convolution under the PyTorch form's name and axes."""
    if part == "weight" and tensor.ndim == 4:
        return f"{place}.weight", (tensor.flip(0, 1) if turned else tensor).permute(3, 2, 0, 1)
    if part == "mod_weight":
        return f"{place}.affine.weight", _dense(tensor)
    if part == "mod_bias":
        return f"{place}.affine.bias", tensor + 1
    return f"{place}.{part}", tensor


def _dense(tensor: Tensor) -> Tensor:
    return tensor.t() if tensor.ndim == 2 else tensor


def _told(
    network: Inert, bounded: str, mapped: str, multiplier: float, tensors: dict[str, Tensor]
) -> dict[str, dict[str, Any]]:
    """What the arguments say that tensors do not: bounds, activations, filters, the mapping's learning rate."""
    if list(argument(network, "resample_kernel", [1, 3, 3, 1]) or []) != [1, 3, 3, 1]:
        raise CheckpointError("The file's StyleGAN2 resamples with another filter than [1, 3, 3, 1].")
    activation = argument(network, "nonlinearity", "lrelu")
    clamp = argument(network, "conv_clamp", None)
    told: dict[str, dict[str, Any]] = {bounded: {"conv_clamp": clamp, "activation": activation}}
    rate = argument(network, "mapping_lrmul", multiplier)
    for name, tensor in tensors.items():
        if name.startswith(mapped) and name.endswith(".weight") and tensor.ndim == 2:
            gains = {"weight_gain": rate / math.sqrt(tensor.shape[1]), "bias_gain": rate}
            told[name.removesuffix(".weight")] = gains
    return told
