"""What files of alias-free generators have in common: StyleGAN3's, and StyleGAN-XL's, which is built of its layers."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor

from generator.families.stylegan3 import LayerShape, StyleGAN3
from generator.families.stylegan3.config import StyleGAN3Config, layer_shape

from ..errors import CheckpointError
from .reading.content import Content, Persistent
from .state_dicts import averaged_first, named

LAYER = re.compile(r"synthesis\.L(\d{1,3})_\d+_\d+\.(.+)")
NAMED = re.compile(r"synthesis\.L(\d{1,3})_(\d{1,5})_(\d{1,5})\.weight")
PROJECTION, EMBEDDING = "mapping.embed_proj.weight", "mapping.embed.weight"
SIGNS = ("synthesis.input.freqs", "synthesis.input.phases", "mapping.fc0.weight")
FULLY_CONNECTED = re.compile(r"mapping\.fc(\d{1,3})\.(.+)")
MOST_LAYERS = 64
LARGEST = 4096  # px
WHOLE = 2  # layers at the end that are made without margins

# Positional arguments of the two constructors; then what they take that has no part in making pictures.
MAPPING = ("z_dim", "c_dim", "w_dim", "num_ws", "num_layers", "lr_multiplier")
SYNTHESIS = ("w_dim", "img_resolution", "img_channels", "channel_base", "channel_max", "num_layers", "num_critical",
             "first_cutoff", "first_stopband", "last_stopband_rel", "margin_size", "output_scale")  # fmt: skip
TRAINING_ONLY = {"w_avg_beta", "freeze_layers", "freeze_embed", "magnitude_ema_beta", "num_fp16_res"}
LR_MULTIPLIER = 0.01  # of the mapping's layers, here as there unless the file says otherwise


def generator_in(content: Content) -> Persistent | None:
    """The averaged generator of a pickle, else the one that was trained; None if there is neither."""
    root = content.root
    if isinstance(root, dict):
        root = root.get("G_ema", root.get("G"))
    return root if isinstance(root, Persistent) else None


def states(content: Content) -> list[dict[str, Tensor]]:
    """The state dictionaries of such generators in the file, averages first."""
    return averaged_first(named(content.root, *SIGNS))


def is_xl(tensors: dict[str, Tensor]) -> bool:
    """Whether they are a StyleGAN-XL's: its classes come as embeddings of another network's, projected (or unused)."""
    return PROJECTION in tensors or (EMBEDDING in tensors and "mapping.embed.bias" not in tensors)


def told(tensors: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What tensors say of the arguments that mapping and synthesis were built with."""
    heads = {int(match[1]): match for match in map(NAMED.fullmatch, tensors) if match}
    depth = sum(bool(FULLY_CONNECTED.fullmatch(name)) and name.endswith(".weight") for name in tensors)
    if not heads or not depth:
        raise CheckpointError("it lacks the layers of its mapping or synthesis.")
    last = heads[max(heads)]
    w_dim = _shape(tensors, "synthesis.input.affine.weight")[1]
    inputs = _shape(tensors, "mapping.fc0.weight")[1]
    embed = _shape(tensors, "mapping.embed.weight") if "mapping.embed.bias" in tensors else (0, 0)
    mapping = {"z_dim": inputs - embed[0], "c_dim": embed[1], "w_dim": w_dim, "num_layers": depth}
    kernel = tensors[heads[min(heads)][0]].shape[-1]
    return mapping, {"img_resolution": int(last[2]), "img_channels": int(last[3]), "conv_kernel": kernel}


def _shape(tensors: dict[str, Tensor], name: str) -> tuple[int, ...]:
    if name not in tensors or tensors[name].ndim != 2:
        raise CheckpointError(f"it lacks the matrix {name}.")
    return tuple(tensors[name].shape)


def child(module: Persistent, name: str) -> Persistent:
    """A part of a module; one without anything in it if there is none."""
    found = module.modules.get(name)
    return found if isinstance(found, Persistent) else Persistent("", {}, (), {}, {}, {}, {})


def arguments(module: Persistent, names: tuple[str, ...]) -> dict[str, Any]:
    """What the constructor was called with, by name."""
    return {**dict(zip(names, module.init_args, strict=False)), **module.init_kwargs}


def plain(value: object) -> object:
    """A number as Python has it: such files also hold NumPy's."""
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def rate_of(mapping: dict[str, Any]) -> float:
    """By how much the mapping's layers learn faster than ours, which is what their weights are to be multiplied by."""
    value = plain(mapping.get("lr_multiplier", LR_MULTIPLIER))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
        raise CheckpointError(f"the learning rate of its mapping is {value!r}.")
    return float(value) / LR_MULTIPLIER


def renamed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's names → those of `StyleGAN3`."""
    result = {}
    for name, tensor in tensors.items():
        new = name.removeprefix("synthesis.")
        if match := LAYER.fullmatch(name):
            new = f"convs.{int(match[1])}.{match[2]}"
        elif match := FULLY_CONNECTED.fullmatch(name):
            new = f"mapping.layers.{int(match[1])}.{match[2]}"
        elif name == "mapping.w_avg":
            new = "w_avg"
        result[new] = tensor
    return result


def layers_of(tensors: dict[str, Tensor], config: StyleGAN3Config) -> tuple[LayerShape, ...]:
    """Every layer of a generator, from the file's own names and tensors.

    A name tells a layer's number, the side of what it puts out, and its channels; the side less two margins is the
    sampling rate, but for the last two, which have the picture's. Kernels and radial filters are seen in the tensors.
    `config`: margins, taps and the leaky ReLU's raising. CheckpointError, without the file's name.
    """
    found = {int(match[1]): match for match in map(NAMED.fullmatch, tensors) if match}
    if sorted(found) != list(range(len(found))) or not WHOLE < len(found) <= MOST_LAYERS:
        raise CheckpointError("its layers are not numbered from 0 on.")
    sizes = [int(found[i][2]) for i in range(len(found))]
    widths = [int(found[i][3]) for i in range(len(found))]
    if not 0 < max(sizes) <= LARGEST or sizes[-1] != sizes[-2]:
        raise CheckpointError(f"its last layers are {sizes[-2]} and {sizes[-1]} pixels wide.")
    rates = [size - 2 * config.margin_size for size in sizes[:-WHOLE]] + [sizes[-1]] * WHOLE
    shapes = []
    for i in range(len(found)):
        before = max(i - 1, 0)
        pair = rates[before], rates[i]
        if min(pair) < 1 or max(pair) % min(pair):
            raise CheckpointError(f"its layer {i} goes from a map of {sizes[before]} pixels to one of {sizes[i]}.")
        weight, name = tensors[found[i][0]], found[i][0].removesuffix("weight")
        radial = tensors.get(f"{name}down_filter")
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3] or not 1 <= weight.shape[2] <= 7:
            raise CheckpointError(f"its {found[i][0]} has the shape {tuple(weight.shape)}.")
        shapes.append(
            layer_shape(
                (widths[before], widths[i]),
                (sizes[before], sizes[i]),
                pair,
                rgb=i == len(found) - 1,
                kernel=weight.shape[2],
                filter_size=config.filter_size,
                lrelu_upsampling=config.lrelu_upsampling,
                radial=radial is not None and radial.ndim == 2,
            )
        )
    return tuple(shapes)


def empty(config: StyleGAN3Config, layers: tuple[LayerShape, ...] = (), title: str = "") -> StyleGAN3:
    """The network without numbers: nothing is allocated for a file that claims more than it holds."""
    with torch.device("meta"):
        return StyleGAN3(config, layers=layers, title=title)


def assign(family: StyleGAN3, tensors: dict[str, Tensor]) -> None:
    """Make the file's tensors those of the network, without a copy; CheckpointError names the first that is wrong."""
    wanted = family.state_dict()
    if missing := sorted(set(wanted) - set(tensors)):
        raise CheckpointError(f"it lacks the tensor {missing[0]} ({len(missing)} missing in all).")
    if extra := sorted(set(tensors) - set(wanted)):
        raise CheckpointError(f"it has a tensor {extra[0][:80]} that its architecture does not know.")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise CheckpointError(f"its {name} is {tuple(tensor.shape)} and not {tuple(wanted[name].shape)}.")
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise CheckpointError(f"its {name} holds numbers that are not finite, or no fractions.")
        if name.endswith("magnitude_ema") and not tensor > 0:
            raise CheckpointError(f"its {name}, a mean square, is not positive.")
    family.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
