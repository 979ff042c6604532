"""Progressive GAN as pytorch_GAN_zoo saves it: `config`, `netG`, `netD` and `avgG`, the average of the generator.

Every layer multiplies its sum, bias included, by He's constant √(2 / fan-in) when it runs; that is folded in here.
Older files write `….module.weight` where newer ones write `….weight`, or the other way round: both are read.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from torch import Tensor

from generator.families.pgan import PGAN, CriticWeights, GeneratorWeights, Settings, Weights
from generator.formats.reading.content import Content, Inert
from generator.model import Model

from ..errors import CheckpointError
from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .state import State
from .state_dicts import dictionaries, named

NAME = "pgan"  # in saved files: stays when this file is renamed
TITLE = "Progressive GAN"
MAX_SCALES = 8  # above 4×4: 1024 pixels
GENERATOR_MARKS = ("formatLayer.weight", "toRGBLayers.0.weight", "groupScale0.0.weight")
CRITIC_MARKS = ("fromRGBLayers.0.weight", "decisionLayer.weight")
TANH = ("MSE", "DCGAN")  # losses whose generator ends in tanh; with WGANGP and Logistic it ends without


def recognises(content: Content) -> bool:
    """Whether a generator of this kind is in it."""
    return _find(content, GENERATOR_MARKS) is not None


def load(content: Content, critic: Content | None = None) -> Model:
    """The average generator if it is there, else the plain one; the discriminator from the same file or a second."""
    name = content.path.name
    config = _config(content.root)
    settings = _settings(config, name)
    equalised = config.get("equalizedlR", True) is not False
    generator = _generator(State(_find(content, GENERATOR_MARKS) or {}, name), equalised)
    judge = _find(content if critic is None else critic, CRITIC_MARKS)
    if critic is not None and judge is None:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of a Progressive GAN.")

    def read() -> CriticWeights | None:
        return None if judge is None else _critic(State(judge, (critic or content).path.name), equalised, generator)

    weights, notes = if_it_opens(critic, read)
    classes = _classes(config, generator.first[0].shape[1], weights)
    family = PGAN(generator, weights, settings, len(classes))
    provenance = unknown_provenance(content.path, "", notes)
    return foreign_model(content.path, family, family.averages(), provenance, classes=classes)


def _find(content: Content, marks: tuple[str, ...]) -> dict[str, Tensor] | None:
    """The state dictionary with these tensors; the average's if there are several."""
    found = [pair for pair in named(content.root, *marks) if pair[1][marks[0]].ndim in (2, 4)]
    averages = [pair for pair in found if "avg" in pair[0].lower()]
    return (averages or found)[0][1] if found else None


def _config(root: Any) -> dict[str, Any]:
    """The attributes of its BaseConfig; empty if the file has none."""
    for each in dictionaries(root):
        config = each.get("config")
        if isinstance(config := config.state if isinstance(config, Inert) else config, dict):
            return config
    return {}


def _settings(config: dict[str, Any], name: str) -> Settings:
    slope, alpha = config.get("leakyReluLeak", 0.2), config.get("alpha", 0.0)
    for value in (slope, alpha):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise CheckpointError(f"{name} has a configuration with a slope or blend that is not between 0 and 1.")
    if config.get("perChannelNormalization", True) is False:
        raise CheckpointError(f"{name} is a Progressive GAN without pixel norm, which its own program cannot run.")
    return Settings(float(slope), float(alpha), config.get("lossCriterion") in TANH)


def _generator(state: State, equalised: bool) -> GeneratorWeights:
    rows, w_dim = state.shape("formatLayer.weight", 2)
    scales = _count(state, "scaleLayers")
    if rows % 16:
        raise CheckpointError(f"{state.what} has a first layer that does not make maps of 4×4.")
    colours = state.shape("toRGBLayers.0.weight", 4)[0]
    if colours not in (1, 3):
        raise CheckpointError(f"{state.what} makes pictures of {colours} colours, not 1 or 3.")
    widths = [rows // 16, *(state.shape(f"scaleLayers.{i}.0.weight", 4)[0] for i in range(scales))]
    width = widths[0]
    weights = GeneratorWeights(
        first=_weights(state, "formatLayer", equalised, rows, w_dim),
        start=_weights(state, "groupScale0.0", equalised, width, width, 3, 3),
        scales=[
            (
                _weights(state, f"scaleLayers.{i}.0", equalised, after, before, 3, 3),
                _weights(state, f"scaleLayers.{i}.1", equalised, after, after, 3, 3),
            )
            for i, (before, after) in enumerate(pairwise(widths))
        ],
        to_rgb=[_weights(state, f"toRGBLayers.{i}", equalised, colours, width, 1, 1) for i, width in enumerate(widths)],
    )
    state.refuse_the_rest()
    return weights


def _critic(state: State, equalised: bool, generator: GeneratorWeights) -> CriticWeights:
    scales = _count(state, "scaleLayers")
    if scales != len(generator.scales):
        raise CheckpointError(
            f"The discriminator in {state.what} judges pictures of {4 << scales} pixels, but the generator makes "
            f"{4 << len(generator.scales)}."
        )
    colours = len(generator.to_rgb[0][0])
    widths = [state.shape(f"fromRGBLayers.{i}.weight", 4)[0] for i in range(scales + 1)]
    width = widths[0]
    entry = state.shape("groupScaleZero.0.weight", 4)[1]
    if entry not in (width, width + 1):
        raise CheckpointError(f"{state.what} has a last convolution that reads {entry} channels instead of {width}.")
    outputs = state.shape("decisionLayer.weight", 2)[0]
    weights = CriticWeights(
        from_rgb=[
            _weights(state, f"fromRGBLayers.{i}", equalised, width, colours, 1, 1) for i, width in enumerate(widths)
        ],
        scales=[
            (
                _weights(state, f"scaleLayers.{i}.0", equalised, upper, upper, 3, 3),
                _weights(state, f"scaleLayers.{i}.1", equalised, lower, upper, 3, 3),
            )
            for i, (lower, upper) in enumerate(pairwise(widths))
        ],
        end=_weights(state, "groupScaleZero.0", equalised, width, entry, 3, 3),
        dense=_weights(state, "groupScaleZero.1", equalised, width, 16 * width),
        decision=_weights(state, "decisionLayer", equalised, outputs, width),
    )
    state.refuse_the_rest()
    return weights


def _count(state: State, name: str) -> int:
    """How many scales there are above 4×4."""
    count = 0
    while f"{name}.{count}.0.weight" in state:
        count += 1
    if count > MAX_SCALES:
        raise CheckpointError(f"{state.what} has more scales than a picture of {4 << MAX_SCALES} pixels needs.")
    return count


def _weights(state: State, name: str, equalised: bool, *shape: int) -> Weights:
    """Weight and bias, both times He's constant: the original scales the finished sum."""
    gain = math.sqrt(2 / math.prod(shape[1:])) if equalised else 1.0
    return (state.take(f"{name}.weight", *shape) * gain).float(), (state.take(f"{name}.bias", shape[0]) * gain).float()


def _classes(config: dict[str, Any], w_dim: int, critic: CriticWeights | None) -> tuple[str, ...]:
    """Names of the entries of the category vector that follows z; none without classes.

    With several attributes (each a choice of its own) every value of each is an entry, and a picture's weights hold
    one 1 for each attribute.
    """
    count = config.get("categoryVectorDim")
    if type(count) is not int:
        count = 0 if critic is None else len(critic.decision[0]) - 1
    if not 0 <= count < w_dim:
        raise CheckpointError(f"A Progressive GAN that reads {w_dim} numbers cannot have {count} classes among them.")
    names = _attribute_values(config.get("attribKeysOrder"))
    return names if len(set(names)) == len(names) == count and all(names) else numbered_classes(count)


def _attribute_values(attributes: object) -> tuple[str, ...]:
    """The values of all attributes in the order of the category vector; empty if the description is not understood."""
    if not isinstance(attributes, dict):
        return ()
    rows: list[tuple[int, str, list[str]]] = []
    for name, attribute in attributes.items():
        order, values = (attribute.get(key) for key in ("order", "values")) if isinstance(attribute, dict) else (0, 0)
        if type(order) is not int or not isinstance(values, (list, tuple)):
            return ()
        rows.append((order, str(name), [str(value) for value in values]))
    single = len(rows) == 1
    return tuple(value if single else f"{name}: {value}" for _, name, values in sorted(rows) for value in values)
