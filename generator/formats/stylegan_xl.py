"""StyleGAN-XL (Sauer, Schwarz and Geiger 2022, arXiv:2202.00273), as its program pickles it, or a state dictionary.

Its generator is StyleGAN3's (§3.1) with three differences. The class comes in as an embedding of another network's,
projected and bent, of which only C vectors are left once it is trained: those become our embedding. It keeps an average
w for each class. And it grows (§3.2): the critically sampled last layers are cut off, and layers for a larger picture
put in their place, once or several times, so that the layers do not follow from one configuration; their names and
tensors tell them. The discriminator reads the features of frozen networks and is left out.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.stylegan2.layers import SLOPE, SQRT2
from generator.families.stylegan3 import StyleGAN3, StyleGAN3Config
from generator.family import Averages
from generator.model import Model

from .alias_free import (
    EMBEDDING,
    MAPPING,
    PROJECTION,
    SYNTHESIS,
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
from .naming import foreign_model, numbered_classes, unknown_provenance
from .reading.content import Content, Persistent

NAME = "stylegan_xl"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN-XL"
NO_CRITIC = "Its discriminator was left out: it needs the frozen networks that it was trained on."
# Of what the synthesis was built with, what neither names nor tensors tell.
UNTOLD = ("margin_size", "first_cutoff", "output_scale", "conv_clamp", "filter_size", "lrelu_upsampling")


def recognises(content: Content) -> bool:
    """Whether there is an alias-free generator that projects embeddings of its classes."""
    return any(is_xl(tensors) for tensors in _generators(content))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator (G without it). CheckpointError: what is missing, or a discriminator asked for."""
    found = [tensors for tensors in _generators(content) if is_xl(tensors)]
    if not found:
        raise CheckpointError(f"{content.path.name} holds no generator of a StyleGAN-XL.")
    if critic is not None:
        raise CheckpointError(f"{critic.path.name} is of no use here. {NO_CRITIC}")
    try:
        family, averages = _family(found[0], generator_in(content))
    except CheckpointError as error:
        raise CheckpointError(f"{content.path.name} is a StyleGAN-XL file that does not open: {error}") from None
    judged = isinstance(content.root, dict) and content.root.get("D") is not None
    provenance = unknown_provenance(content.path, content.path.stem, NO_CRITIC if judged else "")
    return foreign_model(content.path, family, averages, provenance, classes=numbered_classes(family.num_classes))


def _generators(content: Content) -> list[dict[str, Tensor]]:
    generator = generator_in(content)
    if generator is None:
        return states(content)
    tensors = generator.tensors()
    return [tensors] if "synthesis.input.freqs" in tensors else []


def _family(tensors: dict[str, Tensor], generator: Persistent | None) -> tuple[StyleGAN3, Averages]:
    """The network with the file's tensors in it, and its averages."""
    given: dict[str, Any] = {}
    rate = 1.0
    if generator is not None:
        given = arguments(child(generator, "synthesis"), SYNTHESIS)
        rate = rate_of(arguments(child(generator, "mapping"), MAPPING))
    mapping, synthesis = told(tensors)
    average = tensors.get("mapping.w_avg")
    if average is None or average.shape[-1:] != (mapping["w_dim"],) or average.ndim > 2 or not average.numel():
        raise CheckpointError("it has no average w (mapping.w_avg) of the length of its styles.")
    average = _numbers("mapping.w_avg", average)
    classes = len(average) if average.ndim == 2 else 0
    own = renamed({name: t for name, t in tensors.items() if not name.startswith("mapping.embed")})
    del own["w_avg"]
    if rate != 1.0:
        own = {k: t * rate if k.startswith("mapping.layers.") else t for k, t in own.items()}
    embed_dim = 0
    if classes:
        embedded = _embedded(tensors, classes)
        embed_dim = embedded.shape[1]
        # As columns of a layer under an equalised learning rate, which multiplies by 1/√C.
        own["mapping.embed.weight"] = embedded.t().contiguous() * math.sqrt(classes)
        own["mapping.embed.bias"] = torch.zeros(embed_dim)
    config = StyleGAN3Config.from_dict(
        {
            **{name: plain(given[name]) for name in UNTOLD if name in given},
            "resolution": synthesis["img_resolution"],
            "img_channels": synthesis["img_channels"],
            "num_classes": classes,
            "z_dim": mapping["z_dim"] - embed_dim,
            "w_dim": mapping["w_dim"],
            "mapping_layers": mapping["num_layers"],
            "embed_dim": embed_dim,
        }
    )
    family = empty(config, layers_of(tensors, config), TITLE)
    assign(family, own)
    return family, Averages(average.mean(dim=0), average) if classes else Averages(average)


def _embedded(tensors: dict[str, Tensor], classes: int) -> Tensor:
    """What the mapping is given of each class, C×z_dim: its embedding through the projection and its leaky ReLU."""
    names = (EMBEDDING, PROJECTION, "mapping.embed_proj.bias")
    if missing := [name for name in names if name not in tensors]:
        raise CheckpointError(f"it lacks the tensor {missing[0]}.")
    table, weight, bias = (_numbers(name, tensors[name]) for name in names)
    fits = table.ndim == weight.ndim == 2 and table.shape[1] == weight.shape[1] and bias.shape == weight.shape[:1]
    if not fits or len(table) < classes:  # a table of more classes than there are is usual: it came from elsewhere
        raise CheckpointError("its embeddings of classes and their projection do not fit together.")
    return F.leaky_relu(F.linear(table[:classes], weight / math.sqrt(weight.shape[1]), bias), SLOPE) * SQRT2


def _numbers(name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
        raise CheckpointError(f"its {name} holds numbers that are not finite, or no fractions.")
    return tensor.detach().float()
