"""Directions of one's own: closed-form ones, measured ones, from these pictures to those; moved along by layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generator import Model, closed_form_directions
from studio import Recipe, Studio, StudioError, to_picture

from .latents import sample_styles, styles_of, with_styles
from .sheet import Look, look_at

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Share = Callable[[float], None]

FORMAT = "latent-atelier direction"
VERSION = 1
MOST_SIGMAS = 8.0
MAX_TEXT = 1 << 20
MAX_NAME = 60
FEWEST = 40  # pictures behind a measured direction
SAMPLES = 400
MOST = 4000
SPREAD = 400  # w behind a standard deviation: within 4 %, and of a model with a prior they are what takes time
RIDGES = (0.03, 0.3, 3.0)  # of the mean variance of w; the one that foretells best is taken


@dataclass(frozen=True)
class Way:
    """A direction of w of one model: `vector` [w_dim] of length 1, `sigma` the standard deviation of w along it.

    It acts on the layers `first` … `last` (None: to the end). `kind` says where it comes from, `explained` which share
    of what was measured it foretells on pictures that it was not fitted to (R², at most 1; None for the others).
    """

    name: str
    model: str
    version: str
    vector: tuple[float, ...]
    sigma: float
    kind: str = ""
    first: int = 0
    last: int | None = None
    explained: float | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-able; `from_json` gives back an equal direction, which makes equal pictures."""
        return {"format": FORMAT, "format_version": VERSION, **self.__dict__, "vector": list(self.vector)}

    @classmethod
    def from_json(cls, obj: object) -> Way:
        """The direction in parsed JSON; StudioError, one sentence, if it is none."""
        if not isinstance(obj, dict) or obj.get("format") != FORMAT:
            raise StudioError("This is no direction: it was not written by an atelier.")
        if obj.get("format_version") != VERSION:
            raise StudioError(f"This direction is of a version that is not read here; version {VERSION} is.")
        return _checked({name: value for name, value in obj.items() if name not in ("format", "format_version")})

    def to_text(self) -> str:
        """As the text of a JSON file."""
        return json.dumps(self.to_json(), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Way:
        """The direction in a JSON file; StudioError, one sentence, if it is none."""
        if len(text) > MAX_TEXT:
            raise StudioError("This file is too large for a direction.")
        try:
            content = json.loads(text, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            raise StudioError("This file of a direction is broken: it is not readable as JSON.") from None
        return cls.from_json(content)

    def renamed(self, name: str) -> Way:
        """The same under another name, of at most MAX_NAME printable characters."""
        return replace(self, name=_name(name))

    def on(self, first: int, last: int | None) -> Way:
        """The same on the layers `first` … `last`."""
        return replace(self, first=first, last=last)


def closed_form(studio: Studio, model: str, count: int = 8) -> list[Way]:
    """SeFa (Shen & Zhou 2021): the directions that the synthesis network answers to most, orthonormal, the strongest
    first. For every model that has styles, the house's too."""
    with studio.working(model) as opened:
        vectors = closed_form_directions(opened.family.style_weights().cpu(), min(count, opened.w_dim)).double().numpy()
        spread = _within(opened)
        return [
            _way(opened, model, f"closed form {i + 1}", vector, spread, "closed form")
            for i, vector in enumerate(vectors)
        ]


MEASURES: dict[str, tuple[str, Callable[[Look], float]]] = {
    "redness": ("greener ↔ redder", lambda look: look.chroma * float(np.cos(2 * np.pi * look.hue))),
    "yellowness": ("bluer ↔ yellower", lambda look: look.chroma * float(np.sin(2 * np.pi * look.hue))),
    "darkness": ("lighter ↔ darker", lambda look: -look.lightness),
    "colourfulness": ("greyer ↔ more colourful", lambda look: look.chroma),
    "size": ("smaller ↔ larger subject", lambda look: look.size),
    "roundness": ("longer ↔ rounder subject", lambda look: _roundness(look)),
    "detail": ("smoother ↔ more detailed", lambda look: _detail(look)),
}


def measured(
    studio: Studio,
    recipe: Recipe,
    measure: str,
    count: int = SAMPLES,
    seed: int = 0,
    progress: Share | None = None,
) -> Way:
    """The direction along which something measured grows: ridge regression on `count` pictures of the recipe's model
    and class (as InterFaceGAN does for a yes or no, Shen et al. 2020, §2.1). Its R² is told on what was held out."""
    if measure not in MEASURES:
        raise StudioError(f"What can be measured is {', '.join(MEASURES)}, not {measure!r}.")
    if not FEWEST <= count <= MOST:
        raise StudioError(f"A measured direction takes {FEWEST} to {MOST} pictures, not {count}.")
    recipe = studio.normalise(recipe)
    with studio.working(recipe.model) as opened:
        styles = sample_styles(opened, recipe.label, count, seed)
        spread = _within(opened, recipe.label)
    values = np.empty(count)
    for number, w in enumerate(styles):
        with studio.working(recipe.model) as opened:  # anew for each, so that others get their turn between
            rows = torch.from_numpy(w).expand(1, opened.num_ws, -1)
            picture = to_picture(opened.synthesize(rows))
        values[number] = MEASURES[measure][1](look_at(picture, 48))
        if progress is not None:
            progress((number + 1) / count)
    vector, explained = regress(styles.astype(np.float64), values)
    return replace(_way(opened, recipe.model, measure, vector, spread, "measured"), explained=explained)


def regress(styles: Array, values: Array) -> tuple[Array, float]:
    """The unit vector [w_dim] along which `values` [M] grow over `styles` M×w_dim, and its R² on held-out quarters.

    Each quarter is foretold from the other three; of RIDGES the one with the best R² is taken. A vector of zeros and 0
    where there is nothing to foretell.
    """
    x, y = styles - styles.mean(axis=0), values - values.mean()
    total = float(y @ y)
    if total < 1e-12 * max(1.0, float(values @ values)):
        return np.zeros(x.shape[1]), 0.0
    folds = np.arange(len(y)) % 4
    best, chosen = -np.inf, RIDGES[0]
    for ridge in RIDGES:
        missed = 0.0
        for fold in range(4):
            inside, outside = folds != fold, folds == fold
            mean, level = styles[inside].mean(axis=0), values[inside].mean()
            slopes = _ridge(styles[inside] - mean, values[inside] - level, ridge)
            missed += float(((values[outside] - level - (styles[outside] - mean) @ slopes) ** 2).sum())
        if (explained := 1 - missed / total) > best:
            best, chosen = explained, ridge
    slopes = _ridge(x, y, chosen)
    length = float(np.linalg.norm(slopes))
    return (slopes / length if length else slopes), best


def _ridge(x: Array, y: Array, ridge: float) -> Array:
    gram = x.T @ x / len(x)
    gram[np.diag_indices_from(gram)] += ridge * max(float(gram.trace()) / len(gram), 1e-12)
    return np.asarray(np.linalg.solve(gram, x.T @ y / len(x)))


def between(studio: Studio, these: Sequence[Recipe], those: Sequence[Recipe], name: str = "these ↔ those") -> Way:
    """From these pictures to those: the difference of their average styles. All must be of one model."""
    groups = [[studio.normalise(recipe) for recipe in group] for group in (these, those)]
    if not groups[0] or not groups[1]:
        raise StudioError("Both groups need at least one picture.")
    recipes = [*groups[0], *groups[1]]
    if len({(recipe.model, recipe.version) for recipe in recipes}) > 1:
        raise StudioError("The pictures of both groups must be of one model.")
    means = [np.mean([styles_of(studio, recipe).mean(axis=0) for recipe in group], axis=0) for group in groups]
    difference = (means[1] - means[0]).astype(np.float64)
    length = float(np.linalg.norm(difference))
    if length < 1e-6:
        raise StudioError("Both groups are the same on average: nothing leads from these to those.")
    with studio.working(recipes[0].model) as opened:
        return _way(opened, recipes[0].model, _name(name), difference / length, _within(opened), "two groups")


def of_checkpoint(studio: Studio, model: str, name: str) -> Way:
    """A direction that the model came with, as one's own: to be renamed, cut to layers, made orthogonal."""
    with studio.working(model) as opened:
        for direction in opened.directions:
            if direction.name == name:
                vector = tuple(float(value) for value in direction.vector)
                return Way(direction.title, model, opened.version, vector, direction.sigma, "with the model")
        raise StudioError(f"{model} has no direction {name!r}.")


def orthogonal(way: Way, others: Sequence[Way]) -> Way:
    """The part of a direction that none of the others has. StudioError if nothing is left, or models differ."""
    for other in others:
        _same_model(way, other)
    vector = np.array(way.vector, np.float64)
    if others:
        basis = np.linalg.svd(np.array([other.vector for other in others], np.float64), full_matrices=False)
        kept = basis[2][basis[1] > 1e-6 * basis[1][0]]
        for _ in range(2):  # once more: what rounding left of the first time
            vector = vector - kept.T @ (kept @ vector)
    length = float(np.linalg.norm(vector))
    if length < 1e-3:
        raise StudioError("Nothing is left of this direction: the others lead the same way.")
    return replace(way, vector=tuple(float(v) for v in vector / length), sigma=way.sigma * length, explained=None)


def move(studio: Studio, recipe: Recipe, moves: Sequence[tuple[Way, float]]) -> Recipe:
    """The recipe moved by so many standard deviations along each direction, on its layers. StudioError for a direction
    of another model or version, or more than MOST_SIGMAS. By 0 along all it stays as it is."""
    return next(_moved(studio, recipe, [moves]))


def strip(studio: Studio, recipe: Recipe, way: Way, count: int = 7, reach: float = 3.0) -> list[Recipe]:
    """`count` recipes along a direction from −`reach` to +`reach` standard deviations; an odd count has the recipe
    itself in its middle."""
    if not 2 <= count <= 25:
        raise StudioError(f"A strip has 2 to 25 pictures, not {count}.")
    return list(_moved(studio, recipe, [[(way, float(amount))] for amount in np.linspace(-reach, reach, count)]))


def _moved(studio: Studio, recipe: Recipe, several: Sequence[Sequence[tuple[Way, float]]]) -> Iterator[Recipe]:
    """`move` by each of several moves; its own styles are made once: a prior takes a tenth of a picture."""
    recipe = studio.normalise(recipe)
    begin: Floats | None = None
    for moves in several:
        for way, amount in moves:
            if (way.model, way.version.split(".")[0]) != (recipe.model, recipe.version.split(".")[0]):
                raise StudioError(f"“{way.name}” is a direction of {way.model} {way.version}, not of {recipe.model}.")
            if not -MOST_SIGMAS <= amount <= MOST_SIGMAS:
                raise StudioError(f"A move is −{MOST_SIGMAS:g} to {MOST_SIGMAS:g} standard deviations, not {amount:g}.")
        if not any(amount for _, amount in moves):
            yield recipe
            continue
        begin = styles_of(studio, recipe) if begin is None else begin
        styles = np.array(begin)
        for way, amount in moves:
            last = len(styles) if way.last is None else way.last + 1
            if len(way.vector) != styles.shape[1] or not 0 <= way.first < last <= len(styles):
                raise StudioError(f"“{way.name}” does not fit {recipe.model}, which has {len(styles)} layers.")
            styles[way.first : last] += (np.array(way.vector) * (way.sigma * amount)).astype(np.float32)
        yield with_styles(recipe, styles)


@dataclass(frozen=True)
class Stops:
    """How far a picture may be moved, in standard deviations, before the critic leaves the range of `among` ("real" or
    "generated" pictures: the middle nine tenths). None: not within the reach that was tried."""

    low: float | None
    high: float | None
    among: str


def end_stops(
    studio: Studio, recipe: Recipe, way: Way, reach: float = 4.0, steps: int = 8, progress: Share | None = None
) -> Stops:
    """Where on either side the critic's logit falls below what nine in ten real pictures pass; among generated pictures
    where the picture itself is not in the range of real ones. StudioError without a critic and its calibration."""
    reading = studio.render(replace(recipe, steps=()), critic="raw").critic
    if reading is None or reading.percentile_generated is None:
        raise StudioError("This model came without a critic that knows its range.")
    among = "real" if (reading.percentile_real or 0.0) >= LOWEST else "generated"
    found: list[float | None] = [None, None]
    tried = 0
    for side, sign in enumerate((-1.0, 1.0)):
        inside = 0.0
        for amount in np.linspace(0, reach, steps + 1)[1:]:
            moved = studio.render(replace(move(studio, recipe, [(way, sign * amount)]), steps=()), critic="raw").critic
            assert moved is not None
            share = moved.percentile_real if among == "real" else moved.percentile_generated
            tried += 1
            if progress is not None:
                progress(tried / (2 * steps))
            if (share or 0.0) < LOWEST:
                found[side] = sign * inside
                break
            inside = float(amount)
    return Stops(found[0], found[1], among)


LOWEST = 5.0  # per cent of a population below which a logit is unusual for it


def _within(model: Model, label: str | None = None) -> Array:
    """SPREAD w at full variety, each less the average of its class: what a standard deviation is measured on."""
    labels = [label] if label is not None or not model.classes else list(model.classes)[:16]
    parts = [sample_styles(model, each, SPREAD // len(labels)) for each in labels]
    return np.concatenate([part - part.mean(axis=0) for part in parts]).astype(np.float64)


def _way(model: Model, name: str, title: str, vector: Array, spread: Array, kind: str) -> Way:
    single = tuple(float(v) for v in vector.astype(np.float32))  # all the precision that a picture is made with
    return Way(title, name, model.version, single, float((spread @ vector).std()), kind)


def _same_model(first: Way, second: Way) -> None:
    if (first.model, first.version) != (second.model, second.version):
        raise StudioError(f"“{first.name}” and “{second.name}” are directions of different models.")


def _checked(content: dict[str, Any]) -> Way:
    wrong = StudioError("This file of a direction is broken: a value is missing, or is none that a direction has.")
    if set(content) != set(Way.__dataclass_fields__):
        raise wrong
    vector = content["vector"]
    if not isinstance(vector, list) or not 1 <= len(vector) <= 4096 or not all(_is_number(v) for v in vector):
        raise wrong
    for key in ("name", "model", "version", "kind"):
        if not isinstance(content[key], str):
            raise wrong
    if not _is_number(content["sigma"]) or not 0 <= content["sigma"] < 1e6:
        raise wrong
    for key in ("first", "last", "explained"):
        value = content[key]
        if value is None and key != "first":
            continue
        if not _is_number(value) or (key != "explained" and (value != int(value) or not 0 <= value < 64)):
            raise wrong
    if abs(float(np.linalg.norm(np.array(vector, float))) - 1) > 1e-3:
        raise wrong
    names = {key: _name(content[key]) for key in ("name", "model", "version", "kind")}
    return Way(**{**content, **names, "vector": tuple(float(v) for v in vector), "sigma": float(content["sigma"])})


def _name(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()[:MAX_NAME]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _roundness(look: Look) -> float:
    """1 for a subject as wide as it is long in every direction, 0 for a line: the ratio of its axes of inertia."""
    lab = look.grid
    edge = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    weight = np.linalg.norm(lab - np.median(edge, axis=0), axis=-1)
    weight = np.maximum(weight - 5, 0)
    if weight.sum() < 1e-3:
        return 0.5
    y, x = np.mgrid[0 : len(lab), 0 : len(lab)]
    points = np.stack([x.ravel(), y.ravel()]).astype(float)
    spread = np.linalg.eigvalsh(np.cov(points, aweights=weight.ravel()))
    return float(np.sqrt(max(spread[0], 0) / max(spread[1], 1e-9)))


def _detail(look: Look) -> float:
    """How much neighbouring pixels differ, of the picture's thumbnail."""
    light = look.thumbnail.astype(np.float32).mean(axis=-1)
    return float(np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean())
