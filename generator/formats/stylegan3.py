"""StyleGAN3-T and -R as the stylegan3 repository saves them: a pickle of `G`, `D` and `G_ema`.

What the constructors were given is in the file, and so is every filter; nothing of its sources is needed. A state
dictionary of the generator has its layers in its names.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from torch import Tensor

from generator.families.stylegan2.networks import Critic
from generator.families.stylegan3.config import StyleGAN3Config
from generator.families.stylegan3.networks import StyleGAN3
from generator.family import Averages
from generator.formats.reading.content import Content, Persistent
from generator.model import Model

from ..errors import CheckpointError
from .alias_free import (
    MAPPING,
    SYNTHESIS,
    TRAINING_ONLY,
    arguments,
    assign,
    child,
    empty,
    generator_in,
    is_xl,
    layers_of,
    plain,
    rate_of,
    renamed,
    states,
    told,
)
from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .stylegan2_nvidia import critic_of  # the same discriminator, written by the same program

NAME = "stylegan3"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN3"


def recognises(content: Content) -> bool:
    """Whether there is a generator whose synthesis begins with Fourier features."""
    generator = generator_in(content)
    if generator is None:
        return any(not is_xl(tensors) for tensors in states(content))
    buffers = child(child(generator, "synthesis"), "input").buffers
    return {"freqs", "phases"} <= set(buffers) and not is_xl(generator.tensors())


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator with its discriminator, from this file or from `critic`. CheckpointError."""
    generator = generator_in(content)
    found = states(content) if generator is None else [generator.tensors()]
    if not found:
        raise CheckpointError(f"{content.path.name} is a StyleGAN3 file without a generator (G_ema).")
    try:
        family, average = _family(found[0], generator)
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


def _family(tensors: dict[str, Tensor], generator: Persistent | None) -> tuple[StyleGAN3, Tensor]:
    """The network with the file's tensors in it, and the average w. `generator`: None for a state dictionary."""
    if generator is not None:
        mapping = arguments(child(generator, "mapping"), MAPPING)
        config = _config(mapping, arguments(child(generator, "synthesis"), SYNTHESIS))
        family = empty(config)
    else:  # what it does not say is as the program's own configurations have it
        mapping, synthesis = told(tensors)
        config = _config(mapping, synthesis)
        family = empty(config, layers_of(tensors, config))
    tensors = renamed(tensors)
    average = tensors.pop("w_avg", None)
    if average is None or average.shape != (config.w_dim,):
        raise CheckpointError("it has no average w (mapping.w_avg) of the length of its styles.")
    scale = rate_of(mapping)
    if scale != 1.0:
        tensors = {k: t * scale if k.startswith("mapping.layers.") else t for k, t in tensors.items()}
    assign(family, tensors)
    return family, average


def _discriminator(content: Content) -> Persistent | None:
    """The file's discriminator; None for a relative of another class: the pictures can be shown all the same."""
    root = content.root.get("D") if isinstance(content.root, dict) else content.root
    return root if isinstance(root, Persistent) and root.class_name == "Discriminator" else None


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
    return StyleGAN3Config.from_dict({name: plain(value) for name, value in values.items()})
