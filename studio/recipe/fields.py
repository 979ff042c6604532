"""The fields that a recipe has, one by one: what each may hold without a look at its model.

The page and the API build their controls and their documentation from FIELDS; a link's writing is in `links`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from postprocess import PostprocessError, StepUse

from ..errors import RecipeError
from .kinds import Choice, Field, Name, Number, Whole, shown
from .styles import LARGEST, MAX_NUMBERS, Styles

MAX_SEED = 2**32 - 1
MAX_LAYERS = 64  # no StyleGAN has more than 18; the model has the last word
MAX_LATENT = 4096
MAX_MOVES = 64
MAX_STEPS = 16
TRANSFORM = ("rotation", "x", "y")  # the fields of the input transform, by the names that the generator has for them


@dataclass(frozen=True)
class Mix:
    """Style mixing: layers `first`, `first + 1`, … take their w from another seed (Karras et al. 2019, §3.1).

    `label` is the second seed's class; None means the recipe's own.
    """

    seed: int = 0
    label: str | None = None
    first: int = 0

    def __post_init__(self) -> None:
        check_fields(self, MIX_FIELDS)


@dataclass(frozen=True)
class LayerUse:
    """What one layer has of its own: truncation `psi` and `noise` in place of the picture's (None: as the picture),
    and `seed`: it is frozen, painted from that seed's style of the recipe's class, which no move touches."""

    layer: int = 0
    psi: float | None = None
    noise: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        check_fields(self, LAYER_FIELDS)

    def to_json(self) -> dict[str, Any]:
        """The layer, and what it has of its own."""
        values = {field.key: getattr(self, field.name) for field in LAYER_FIELDS}
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class _Layers(Field):
    def check(self, value: Any) -> tuple[LayerUse, ...]:
        if not isinstance(value, (tuple, list)) or len(value) > MAX_LAYERS:
            raise self.refuse("a list of layers", value)
        for use in value:
            if not isinstance(use, LayerUse):
                raise self.refuse("a list of layers", use)
        places = [use.layer for use in value]
        if len(set(places)) < len(places):
            raise RecipeError("A layer of the recipe stands there twice.")
        own = [use for use in value if (use.psi, use.noise, use.seed) != (None, None, None)]
        return tuple(sorted(own, key=lambda use: use.layer))

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "default": []}

    def limits(self) -> dict[str, Any]:
        return {"kind": "layers", "fields": [f.describe() for f in LAYER_FIELDS], "maximum_length": MAX_LAYERS}


@dataclass(frozen=True)
class _Latent(Field):
    def check(self, value: Any) -> tuple[float, ...]:
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or not 1 <= len(value) <= MAX_LATENT:
            raise self.refuse(f"a list of 1 to {MAX_LATENT} numbers", value)
        entry = Number("latent", "Each entry of the latent", "z", "", minimum=-100.0, maximum=100.0)
        return tuple(float(np.float32(entry.check(number))) for number in value)

    def limits(self) -> dict[str, Any]:
        return {"kind": "numbers", "minimum": -100.0, "maximum": 100.0, "maximum_length": MAX_LATENT}


@dataclass(frozen=True)
class _Ws(Field):
    def check(self, value: Any) -> Styles:
        return Styles.of(value)

    def limits(self) -> dict[str, Any]:
        return {"kind": "rows", "minimum": -LARGEST, "maximum": LARGEST, "maximum_length": MAX_NUMBERS}


@dataclass(frozen=True)
class _Moves(Field):
    def check(self, value: Any) -> tuple[tuple[str, float], ...]:
        if not isinstance(value, (tuple, list)) or len(value) > MAX_MOVES:
            raise self.refuse(f"at most {MAX_MOVES} directions, each with an amount", value)
        moves: dict[str, float] = {}
        for pair in value:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise self.refuse("directions, each with an amount", pair)
            direction = DIRECTION.check(pair[0])
            if direction in moves:
                raise RecipeError(f"The direction {shown(direction)} is moved along twice.")
            moves[direction] = Number(
                "moves", f"The move along {direction}", "standard deviations", "", minimum=-4.0, maximum=4.0
            ).check(pair[1])
        return tuple((name, amount) for name, amount in sorted(moves.items()) if amount)

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "default": {}}

    def limits(self) -> dict[str, Any]:
        return {"kind": "moves", "minimum": -4.0, "maximum": 4.0, "step": 0.05, "maximum_length": MAX_MOVES}


@dataclass(frozen=True)
class _Mix(Field):
    def check(self, value: Any) -> Mix:
        if not isinstance(value, Mix):
            raise self.refuse("a seed, a class and a first layer", value)
        return value

    def limits(self) -> dict[str, Any]:
        return {"kind": "mix", "fields": [field.describe() for field in MIX_FIELDS]}


@dataclass(frozen=True)
class _Steps(Field):
    def check(self, value: Any) -> tuple[StepUse, ...]:
        if not isinstance(value, (tuple, list)):
            raise self.refuse("a list of steps", value)
        if len(value) > MAX_STEPS:
            raise RecipeError(f"A recipe has at most {MAX_STEPS} post-processing steps.")
        uses = []
        for use in value:
            if not isinstance(use, StepUse):
                raise self.refuse("a list of steps", use)
            try:
                uses.append(use.validated())
            except PostprocessError as error:
                raise RecipeError(str(error)) from None
        return tuple(uses)

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "default": []}

    def limits(self) -> dict[str, Any]:
        return {"kind": "steps", "maximum_length": MAX_STEPS}


# A direction's name stands in links, between commas and colons.
DIRECTION = Name("direction", "A direction", "direction of w", "", pattern=r"[\w.+ -]{1,64}")

MIX_FIELDS: tuple[Field, ...] = (
    Whole("seed", "Second seed", "style mixing", "The seed that the finer layers come from.", 0, maximum=MAX_SEED),
    Name("label", "Second class", "class", "Its class; nothing for the same class.", None, True, "class"),
    Whole("first", "From layer", "first mixed layer", "The first layer that comes from it.", 0, maximum=MAX_LAYERS),
)

LAYER_FIELDS: tuple[Field, ...] = (
    Whole("layer", "Layer", "row of w", "Which layer, from 0, the coarsest.", 0, maximum=MAX_LAYERS),
    Number("psi", "Its variety", "truncation ψ", "Nothing: as the picture's.", None, True, minimum=-1.0, maximum=1.5),
    Number("noise", "Its noise", "noise strength", "Nothing: as the picture's.", None, True, minimum=0.0, maximum=2.0),
    Whole("seed", "Frozen at seed", "style mixing", "Nothing: it follows the picture.", None, True, maximum=MAX_SEED),
)

FIELDS: tuple[Field, ...] = (
    Name("model", "Model", "checkpoint", "Which model paints; empty for the usual one.", "", pattern=r"[\w.-]{0,64}"),
    Name(
        "version",
        "Version",
        "checkpoint version",
        "The model's version; empty for the one that is installed.",
        "",
        pattern=r"[\w.+-]{0,32}",
    ),
    Whole("seed", "Seed", "latent z", "The number that the picture grows from.", 0, maximum=MAX_SEED),
    _Latent("latent", "Latent", "z", "An explicit latent in place of the seed's.", None, True),
    _Ws("ws", "Styles", "w+", "The style of every layer, in place of what seed or latent would become.", None, True),
    Name(
        "label", "Class", "class condition", "What to paint; nothing for the model's own choice.", None, True, "class"
    ),
    Number(
        "psi",
        "Variety",
        "truncation ψ",
        "0 is the average picture, 1 the model's full variety.",
        0.7,
        minimum=-1.0,
        maximum=1.5,
    ),
    Whole(
        "cutoff",
        "Variety ends at layer",
        "truncation cutoff",
        "How many leading layers truncation touches; nothing for all.",
        None,
        True,
        maximum=MAX_LAYERS,
    ),
    Choice(
        "centre",
        "Average of",
        "truncation centre",
        "The average that truncation pulls to.",
        "class",
        choices=("class", "global"),
    ),
    _Moves("moves", "Moves", "directions in w", "Steps along named directions, in standard deviations.", ()),
    _Mix("mix", "Mix", "style mixing", "A second seed whose finer layers are mixed in.", None, True),
    Number(
        "noise", "Noise", "noise strength", "Fine grain of the painting; 0 for none.", 1.0, minimum=0.0, maximum=2.0
    ),
    Whole(
        "noise_seed",
        "Noise seed",
        "noise inputs",
        "A seed for the noise; nothing for the model's own.",
        None,
        True,
        maximum=MAX_SEED,
    ),
    _Layers("layers", "Layer by layer", "per-layer w+ and noise", "What single layers have of their own.", ()),
    Number(
        "rotation",
        "Rotation",
        "input transform",
        "Degrees that the picture is turned by, anticlockwise about its centre.",
        0.0,
        minimum=-180.0,
        maximum=180.0,
        step=1.0,
    ),
    Number(
        "x",
        "Horizontal",
        "input transform",
        "Picture widths that it is then shifted by, to the right.",
        0.0,
        minimum=-1.0,
        maximum=1.0,
    ),
    Number(
        "y",
        "Vertical",
        "input transform",
        "Picture heights that it is then shifted by, downwards.",
        0.0,
        minimum=-1.0,
        maximum=1.0,
    ),
    _Steps("steps", "Post-processing", "steps", "What is done to the picture afterwards, in order.", ()),
)


def check_fields(record: object, known: tuple[Field, ...]) -> None:
    """Put the plain form of every value into a frozen record that is being built; RecipeError."""
    for field in known:
        object.__setattr__(record, field.name, field.validate(getattr(record, field.name)))
