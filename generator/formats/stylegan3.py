"""StyleGAN3-T and -R as the stylegan3 repository saves them: a pickle of `G`, `D` and `G_ema`.

What the constructors were given is in the file, and so is every filter; nothing of its sources is needed.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from generator.families.stylegan2.networks import Critic
from generator.families.stylegan3.config import StyleGAN3Config
from generator.families.stylegan3.networks import StyleGAN3
from generator.family import Averages
from generator.formats.reading.content import Content, Persistent
from generator.model import Model

from ..errors import CheckpointError
from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .stylegan2_nvidia import critic_of  # the same discriminator, written by the same program

NAME = "stylegan3"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN3"
LAYER = re.compile(r"synthesis\.L(\d{1,3})_\d+_\d+\.(.+)")
FULLY_CONNECTED = re.compile(r"mapping\.fc(\d{1,3})\.(.+)")

# Positional arguments of the two constructors; then what they take that has no part in making pictures.
MAPPING = ("z_dim", "c_dim", "w_dim", "num_ws", "num_layers", "lr_multiplier")
SYNTHESIS = ("w_dim", "img_resolution", "img_channels", "channel_base", "channel_max", "num_layers", "num_critical",
             "first_cutoff", "first_stopband", "last_stopband_rel", "margin_size", "output_scale")  # fmt: skip
TRAINING_ONLY = {"w_avg_beta", "freeze_layers", "freeze_embed", "magnitude_ema_beta", "num_fp16_res"}
LR_MULTIPLIER = 0.01  # of the mapping's layers, here as there unless the file says otherwise


def recognises(content: Content) -> bool:
    """Whether there is a generator whose synthesis begins with Fourier features."""
    generator = _generator(content)
    return generator is not None and {"freqs", "phases"} <= set(_child(_child(generator, "synthesis"), "input").buffers)


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator with its discriminator, from this file or from `critic`. CheckpointError."""
    generator = _generator(content)
    if generator is None:
        raise CheckpointError(f"{content.path.name} is a StyleGAN3 file without a generator (G_ema).")
    try:
        family, average = _family(generator)
    except CheckpointError as error:
        raise CheckpointError(f"{content.path.name} is a StyleGAN3 file that does not open: {error}") from None
    source = content if critic is None else critic
    discriminator = _discriminator(source)
    if critic is not None and discriminator is None:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of NVIDIA's.")

    def read() -> Critic | None:
        if discriminator is None:
            return None
        judge = critic_of(discriminator, f"The discriminator in {source.path.name}")
        for part in ("resolution", "img_channels", "num_classes"):
            if getattr(judge.config, part) != getattr(family, part):
                raise CheckpointError(f"The discriminator in {source.path.name} judges pictures of another {part}.")
        return judge

    family.critic, notes = if_it_opens(critic, read)
    family.has_critic = family.critic is not None
    return foreign_model(
        content.path,
        family,
        Averages(average),
        unknown_provenance(content.path, content.path.stem, notes),
        classes=numbered_classes(family.num_classes),
    )


def _family(generator: Persistent) -> tuple[StyleGAN3, Tensor]:
    """The network with the file's tensors in it, and the average w."""
    mapping = _arguments(_child(generator, "mapping"), MAPPING)
    config = _config(mapping, _arguments(_child(generator, "synthesis"), SYNTHESIS))
    tensors = _renamed(generator.tensors())
    average = tensors.pop("w_avg", None)
    if average is None or average.shape != (config.w_dim,):
        raise CheckpointError("it has no average w (mapping.w_avg) of the length of its styles.")
    scale = _number(mapping.get("lr_multiplier", LR_MULTIPLIER)) / LR_MULTIPLIER
    if scale != 1.0:
        tensors = {k: t * scale if k.startswith("mapping.layers.") else t for k, t in tensors.items()}
    with torch.device("meta"):  # shapes only: nothing is allocated for a file that claims more than it holds
        family = StyleGAN3(config)
    _assign(family, tensors)
    return family, average


def _generator(content: Content) -> Persistent | None:
    root = content.root
    if isinstance(root, dict):
        root = root.get("G_ema", root.get("G"))
    return root if isinstance(root, Persistent) else None


def _discriminator(content: Content) -> Persistent | None:
    """The file's discriminator; None for a relative of another class: the pictures can be shown all the same."""
    root = content.root.get("D") if isinstance(content.root, dict) else content.root
    return root if isinstance(root, Persistent) and root.class_name == "Discriminator" else None


def _child(module: Persistent, name: str) -> Persistent:
    """A part of a module; one without anything in it if there is none."""
    child = module.modules.get(name)
    return child if isinstance(child, Persistent) else Persistent("", {}, (), {}, {}, {}, {})


def _arguments(module: Persistent, names: tuple[str, ...]) -> dict[str, Any]:
    """What the constructor was called with, by name."""
    return {**dict(zip(names, module.init_args, strict=False)), **module.init_kwargs}


def _config(mapping: dict[str, Any], synthesis: dict[str, Any]) -> StyleGAN3Config:
    theirs = {"img_resolution": "resolution", **{name: name for name in (f.name for f in fields(StyleGAN3Config))}}
    values: dict[str, Any] = {}
    for name, value in synthesis.items():
        if name in theirs:
            values[theirs[name]] = value
        elif name not in TRAINING_ONLY:
            raise CheckpointError(f"its synthesis was built with {name!r}, which this program does not know.")
    if unknown := sorted(set(mapping) - set(MAPPING) - TRAINING_ONLY):
        raise CheckpointError(f"its mapping was built with {unknown[0]!r}, which this program does not know.")
    ours = {"z_dim": "z_dim", "w_dim": "w_dim", "c_dim": "num_classes", "num_layers": "mapping_layers"}
    values.update({ours[name]: value for name, value in mapping.items() if name in ours})
    if missing := sorted({"resolution", "num_classes", "z_dim", "w_dim", "img_channels"} - set(values)):
        raise CheckpointError(f"it does not say what its {missing[0]} is.")
    return StyleGAN3Config.from_dict({name: _plain(value) for name, value in values.items()})


def _plain(value: object) -> object:
    """A number as Python has it: such files also hold NumPy's."""
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def _number(value: object) -> float:
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
        raise CheckpointError(f"the learning rate of its mapping is {value!r}.")
    return float(value)


def _renamed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
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


def _assign(family: StyleGAN3, tensors: dict[str, Tensor]) -> None:
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
