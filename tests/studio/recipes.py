"""Random recipes of every kind, for the property tests."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from postprocess import STEPS, StepUse, profile
from studio import MAX_SEED, LayerUse, Mix, Recipe

WORDS = ("peach", "a:b", "50 % off", "x=1&y=2", "crème brûlée", "+", "# 1", "~", "梨")


def random_number(rng: random.Random, low: float, high: float) -> float:
    """A bound, zero, a short decimal, or one with all its digits."""
    value = rng.choice([low, high, 0.0, round(rng.uniform(low, high), 2), rng.uniform(low, high), low / 3 + high / 1e9])
    return min(max(value, low), high)


def random_value(rng: random.Random, parameter: Any) -> Any:
    """A value that the parameter takes."""
    if parameter.kind == "number":
        return random_number(rng, parameter.minimum, parameter.maximum)
    if parameter.kind == "integer":
        return rng.randint(parameter.minimum, parameter.maximum)
    if parameter.kind == "choice":
        return rng.choice(parameter.choices)
    if parameter.kind == "flag":
        return rng.random() < 0.5
    if parameter.kind == "colour":
        return f"#{rng.randrange(1 << 24):06x}"
    if parameter.kind == "profile":
        return profile(np.random.default_rng(rng.randrange(99)).random((8, 8, 3), dtype=np.float32))
    raise AssertionError(f"{parameter.kind}: a kind of parameter that these tests do not know")


def random_use(rng: random.Random, name: str) -> StepUse:
    """A use of a step with some of its parameters given."""
    given = {p.name: random_value(rng, p) for p in STEPS[name].parameters if rng.random() < 0.7}
    where = rng.choice(["all", *STEPS[name].where])
    return StepUse(name, on=rng.random() < 0.8, where=where, parameters=given)


def random_layer(rng: random.Random, place: int) -> LayerUse:
    """What one layer has of its own, noise apart, which not every layer has."""
    psi = random_number(rng, -1, 1.5) if rng.random() < 0.5 else None
    return LayerUse(place, psi, seed=rng.choice([None, 0, MAX_SEED]))


def random_recipe(
    rng: random.Random,
    *,
    classes: tuple[str, ...] = WORDS,
    z_dim: int | None = None,
    ws: tuple[int, int] = (3, 8),
    layers: int = 60,
    steps: int = 4,
    moved: bool = True,
) -> Recipe:
    """A recipe whose every field may or may not stand at its default. `ws`: the shape of styles;
    `moved`: for a model with an input transform."""

    def maybe(value: Any, default: Any) -> Any:
        return value if rng.random() < 0.6 else default

    latent = tuple(rng.gauss(0, 1) for _ in range(z_dim or rng.choice([1, 2, 64, 512])))
    styles = [[rng.gauss(0, 1) for _ in range(ws[1])] for _ in range(ws[0])]
    origin: Any = rng.choice([{"latent": latent}, {"ws": styles}, {}, {}, {}])
    return Recipe(
        seed=maybe(rng.choice([rng.randint(0, MAX_SEED), MAX_SEED, 1]), 0),
        **origin,
        label=maybe(rng.choice(classes), None),
        psi=maybe(random_number(rng, -1, 1.5), 0.7),
        cutoff=maybe(rng.randint(0, layers), None),
        centre=rng.choice(["class", "global"]),
        moves=tuple((f"pc{i}", random_number(rng, -4, 4)) for i in rng.sample([1, 2, 3], rng.randint(0, 3))),
        mix=maybe(Mix(rng.randint(0, MAX_SEED), rng.choice([None, *classes]), rng.randint(0, layers - 1)), None),
        noise=maybe(random_number(rng, 0, 2), 1.0),
        noise_seed=maybe(rng.randint(0, MAX_SEED), None),
        layers=tuple(random_layer(rng, place) for place in rng.sample(range(layers), rng.randint(0, min(layers, 3)))),
        rotation=maybe(random_number(rng, -180, 180), 0.0) if moved else 0.0,
        x=maybe(random_number(rng, -1, 1), 0.0) if moved else 0.0,
        y=maybe(random_number(rng, -1, 1), 0.0) if moved else 0.0,
        steps=tuple(random_use(rng, rng.choice(list(STEPS))) for _ in range(rng.randint(0, steps))),
    )
