"""Walks: keyframes of one model, and every recipe on the way between them. A frame is the recipe that makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import MAX_SEED, Recipe, Studio, StudioError

from .curves import EASINGS, KINDS, circle, curve, positions
from .directions import Way, move
from .film import MAX_FRAMES
from .latents import average_of, styles_of, with_styles, with_z, z_of
from .music import listen

Array = NDArray[np.float64]

SPACES = ("w", "z")
MOST_KEYS = 100
MOST_SWEEPS = 24
MOST_DRIVES = 6
NOISES = ("fixed", "flowing")
LEAST_PSI = 0.05  # below which a seed's own styles cannot be told from what truncation left of them
NUMBERS = ("psi", "noise", "rotation", "x", "y")


@dataclass(frozen=True)
class Sweep:
    """A number that changes along the walk: `values` evenly over it, the first again after the last where it is closed.

    `what`: "psi", "noise", "rotation", "x", "y", "moves.NAME" for a direction of the model, "steps.PLACE.PARAMETER" for
    a post-processing step, or "way.PLACE" for one of the walk's own directions. One value a frame is taken as it is.
    """

    what: str
    values: tuple[float, ...]
    easing: str = "smooth"


@dataclass(frozen=True)
class Walk:
    """A way through pictures: `keys` are met exactly, `frames` in all; see `curves.curve` for `path` and `easing`.

    `space`: "w", the styles, for any pictures of one model, or "z", for seeds and latents of one class. `closed`: back
    to the first, without showing it twice. `noise`: "fixed", or "flowing" for a new one each `hold` frames, from the
    first key's on. `ways`: directions of one's own for sweeps.
    """

    keys: tuple[Recipe, ...]
    frames: int = 100
    path: str = "spline"
    space: str = "w"
    easing: str = "none"
    closed: bool = True
    noise: str = "fixed"
    hold: int = 2
    sweeps: tuple[Sweep, ...] = ()
    ways: tuple[Way, ...] = ()


def walk_from_json(obj: object) -> Walk:
    """The walk in parsed JSON, as `walk_to_json` writes it; what is missing takes its default. StudioError, or a
    RecipeError of one of its keys."""
    if not isinstance(obj, Mapping) or not isinstance(obj.get("keys"), list):
        raise StudioError('A walk is an object with a list of recipes, "keys".')
    if unknown := set(obj) - {*Walk.__dataclass_fields__}:
        raise StudioError(f"A walk has no {sorted(map(str, unknown))[0]!r}.")
    values: dict[str, Any] = {}
    for name, kind in (("path", str), ("space", str), ("easing", str), ("noise", str), ("closed", bool)):
        if name in obj:
            values[name] = _typed(obj[name], kind, name)
    for name in ("frames", "hold"):
        if name in obj:
            values[name] = _typed(obj[name], int, name)
    keys = tuple(Recipe.from_json(key) for key in obj["keys"][: MOST_KEYS + 1])
    ways = tuple(Way.from_json(way) for way in _typed(obj.get("ways", []), list, "ways")[: MOST_SWEEPS + 1])
    sweeps = tuple(_sweep(each) for each in _typed(obj.get("sweeps", []), list, "sweeps")[: MOST_SWEEPS + 1])
    return Walk(keys, ways=ways, sweeps=sweeps, **values)


def walk_to_json(walk: Walk) -> dict[str, Any]:
    """A walk, JSON-able; `walk_from_json` gives back an equal one."""
    plain = {name: getattr(walk, name) for name in ("frames", "path", "space", "easing", "closed", "noise", "hold")}
    return {
        "keys": [key.to_json() for key in walk.keys],
        **plain,
        "sweeps": [{"what": s.what, "values": list(s.values), "easing": s.easing} for s in walk.sweeps],
        "ways": [way.to_json() for way in walk.ways],
    }


def _sweep(obj: object) -> Sweep:
    if not isinstance(obj, Mapping) or set(obj) - {"what", "values", "easing"}:
        raise StudioError('A sweep has "what" it changes, its "values", and an "easing".')
    values = _typed(obj.get("values"), list, "values")
    if not values or len(values) > MAX_FRAMES or not all(type(value) in (int, float) for value in values):
        raise StudioError(f"The values of a sweep are 1 to {MAX_FRAMES} numbers.")
    what, easing = _typed(obj.get("what"), str, "what"), _typed(obj.get("easing", "smooth"), str, "easing")
    return Sweep(what, tuple(float(value) for value in values), easing)


def _typed(value: Any, kind: type, name: str) -> Any:
    if type(value) is not kind:
        words = {str: "a word", bool: "true or false", int: "a whole number", list: "a list"}
        raise StudioError(f"“{name}” of a walk is {words[kind]}, not {str(value)[:40]!r}.")
    return value


class Walker:
    """A walk that was checked and prepared: `recipe(i)` is the recipe of frame i, for scrubbing in any order."""

    def __init__(self, studio: Studio, walk: Walk) -> None:
        _check(walk)
        self.studio, self.walk = studio, walk
        self.keys = [studio.normalise(key) for key in walk.keys]
        if len({(key.model, key.version) for key in self.keys}) > 1:
            raise StudioError("The keyframes of a walk must be of one model.")
        self._at = positions(walk.frames, len(self.keys), walk.closed)
        self._place = self._through_z() if walk.space == "z" else self._through_w()
        self._numbers, self._names = self._between_numbers()
        self._sweeps = [(sweep, self._swept(sweep)) for sweep in walk.sweeps]
        if walk.sweeps:
            # What is not there, or out of range, is said before anything is painted.
            for number in {int(find(values)) for _, values in self._sweeps for find in (np.argmin, np.argmax)}:
                studio.normalise(self.recipe(number))

    def __len__(self) -> int:
        return self.walk.frames

    def __iter__(self) -> Iterator[Recipe]:
        return (self.recipe(number) for number in range(len(self)))

    def recipe(self, number: int) -> Recipe:
        """The recipe of frame `number`, 0 … frames − 1; closed walks go on round. StudioError beyond an open end."""
        walk = self.walk
        if not walk.closed and not 0 <= number < walk.frames:
            raise StudioError(f"This walk has the frames 0 to {walk.frames - 1}, not {number}.")
        number %= walk.frames
        at = self._at[number]
        if not walk.sweeps and walk.noise == "fixed" and at == int(at) and walk.easing != "hold":
            return self.keys[int(at)]
        recipe = self._with_numbers(self.keys[int(at) % len(self.keys)], at, number)
        recipe = self._place(recipe, at, number)
        own = [(walk.ways[int(w.what[4:])], float(v[number])) for w, v in self._sweeps if w.what.startswith("way.")]
        recipe = move(self.studio, recipe, own) if own else recipe
        if walk.noise == "flowing":
            begin = self.keys[0].noise_seed or 0
            recipe = replace(recipe, noise_seed=(begin + number // walk.hold) % (MAX_SEED + 1))
        return recipe

    def _through_z(self) -> Callable[[Recipe, float, int], Recipe]:
        """Between latents. A spline's points are brought to the length that lies between its keys', as latents have."""
        if len({(key.label, key.mix) for key in self.keys}) > 1:
            raise StudioError("A walk through z is of one class, without different mixes; walk through w instead.")
        points = np.stack([z_of(self.studio, key) for key in self.keys]).astype(np.float64)
        along = curve(points, self.walk.path, self.walk.closed, self.walk.easing)
        lengths = curve(np.linalg.norm(points, axis=-1), "linear", self.walk.closed, self.walk.easing)

        def place_at(recipe: Recipe, at: float, number: int) -> Recipe:
            z = along(at)
            if self.walk.path == "spline":
                z = z * (lengths(at) / max(float(np.linalg.norm(z)), 1e-9))
            return with_z(recipe, z.astype(np.float32))

        return place_at

    def _through_w(self) -> Callable[[Recipe, float, int], Recipe]:
        """Between styles as they are at full variety; variety and moves act on what lies between. Spherically: round
        the average."""
        walk, studio = self.walk, self.studio
        averages = np.stack([average_of(studio, key) for key in self.keys]).astype(np.float64)
        painted = np.stack([styles_of(studio, replace(key, moves=())) for key in self.keys]).astype(np.float64)
        rows = np.arange(painted.shape[1])
        variety = np.ones(painted.shape[:2])
        for place, key in enumerate(self.keys):
            if key.ws is None:
                touched = rows < (len(rows) if key.cutoff is None else key.cutoff)
                variety[place, touched] = key.psi
                if abs(key.psi) < LEAST_PSI:  # nothing is left of the seed's own styles to be told from this
                    painted[place] = styles_of(studio, replace(key, moves=(), psi=1.0))
                for use in key.layers:
                    if use.psi is not None:
                        variety[place, use.layer] = use.psi
        full = averages + (painted - averages) / np.where(np.abs(variety) < LEAST_PSI, 1.0, variety)[..., None]
        middle = averages.mean(axis=0)
        along = curve(full - middle, walk.path, walk.closed, walk.easing)
        beside = curve(averages, "linear", walk.closed, walk.easing)
        varied = curve(variety, "linear", walk.closed, walk.easing)
        frozen = {
            use.layer: use
            for use in self.keys[0].layers
            if use.seed is not None and all(use in key.layers for key in self.keys)
        }
        swept = next((self._swept(sweep) for sweep in walk.sweeps if sweep.what == "psi"), None)

        def place_at(recipe: Recipe, at: float, number: int) -> Recipe:
            average, shares = beside(at), varied(at)
            if swept is not None:
                shares = np.full_like(shares, swept[number])
            styles = average + (along(at) + middle - average) * shares[:, None]
            recipe = replace(with_styles(recipe, styles), moves=recipe.moves)
            own = [use for use in recipe.layers if use.layer not in frozen]
            return replace(recipe, layers=(*frozen.values(), *own))

        return place_at

    def _between_numbers(self) -> tuple[Callable[[float], Array], list[str]]:
        """The numbers of all keys, as one curve: fields, moves, and the parameters of steps that all keys share."""
        names = sorted({name for key in self.keys for name in _numbers_of(key)})
        table = np.array([[_numbers_of(key).get(name, np.nan) for name in names] for key in self.keys], np.float64)
        for column, name in enumerate(names):
            missing = np.isnan(table[:, column])
            if missing.any():
                table[missing, column] = 0.0 if name.startswith("moves.") else np.nan
        kept = [i for i in range(len(names)) if not np.isnan(table[:, i]).any()]
        names, table = [names[i] for i in kept], table[:, kept]
        return curve(table, "linear", self.walk.closed, self.walk.easing), names

    def _swept(self, sweep: Sweep) -> Array:
        """A sweep's value at each frame."""
        values = np.array(sweep.values, np.float64)
        if len(values) == self.walk.frames:
            return values
        along = curve(values, "linear", self.walk.closed, sweep.easing)
        return np.array([along(u) for u in positions(self.walk.frames, len(values), self.walk.closed)]).reshape(-1)

    def _with_numbers(self, recipe: Recipe, at: float, number: int) -> Recipe:
        changes = dict(zip(self._names, (float(v) for v in self._numbers(at)), strict=True))
        changes.update({s.what: float(v[number]) for s, v in self._sweeps if not s.what.startswith("way.")})
        return with_numbers(recipe, changes)


def with_numbers(recipe: Recipe, changes: dict[str, float]) -> Recipe:
    """A recipe with numbers changed, by the names that `Sweep` has. RecipeError for one out of its range, StudioError
    for a name that is none."""
    fields: dict[str, Any] = {}
    moves = dict(recipe.moves)
    steps = list(recipe.steps)
    for name, value in changes.items():
        parts = name.split(".", 2)
        if name in NUMBERS:
            fields[name] = value
        elif parts[0] == "moves" and len(parts) == 2:
            moves[parts[1]] = value
        elif parts[0] == "steps" and len(parts) == 3 and parts[1].isdigit() and int(parts[1]) < len(steps):
            use = steps[int(parts[1])]
            if parts[2] not in use.parameters:
                raise StudioError(f"The step {use.name} has no parameter {parts[2]!r}.")
            old = use.parameters[parts[2]]
            whole = isinstance(old, int)
            steps[int(parts[1])] = replace(
                use, parameters={**use.parameters, parts[2]: round(value) if whole else value}
            )
        else:
            raise StudioError(f"A walk cannot sweep {name!r}: it is no number of these recipes.")
    return replace(recipe, **fields, moves=tuple(moves.items()), steps=tuple(steps))


def _numbers_of(recipe: Recipe) -> dict[str, float]:
    """All numbers of a recipe that may change along a walk."""
    found = {name: float(getattr(recipe, name)) for name in NUMBERS}
    found.update({f"moves.{name}": amount for name, amount in recipe.moves})
    for place, use in enumerate(recipe.steps):
        for name, value in use.parameters.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found[f"steps.{place}.{name}"] = float(value)
    return found


def circular(studio: Studio, recipe: Recipe, first: Way, second: Way, radius: float = 1.5, frames: int = 100) -> Walk:
    """A walk round a picture: `radius` standard deviations along one direction, then the other, and back; closed."""
    turns = [circle(np.array([1.0, 0.0]), np.array([0.0, 1.0]), radius, i / frames) for i in range(frames)]
    along, across = (tuple(float(point[axis]) for point in turns) for axis in (0, 1))
    return Walk(
        (studio.normalise(recipe),), frames, "linear", ways=(first, second),
        sweeps=(Sweep("way.0", along), Sweep("way.1", across)),
    )  # fmt: skip


def _check(walk: Walk) -> None:
    if not 1 <= len(walk.keys) <= MOST_KEYS:
        raise StudioError(f"A walk has 1 to {MOST_KEYS} keyframes, not {len(walk.keys)}.")
    if not 1 <= walk.frames <= MAX_FRAMES:
        raise StudioError(f"A walk has 1 to {MAX_FRAMES} frames, not {walk.frames}.")
    if walk.path not in KINDS or walk.easing not in EASINGS or walk.space not in SPACES or walk.noise not in NOISES:
        raise StudioError(
            f"A walk is {', '.join(KINDS)}, eased by {', '.join(EASINGS)}, through {' or '.join(SPACES)}, "
            f"its noise {' or '.join(NOISES)}."
        )
    if not 1 <= walk.hold <= 1000 or len(walk.sweeps) > MOST_SWEEPS:
        raise StudioError(f"Noise is held for 1 to 1000 frames, and a walk has at most {MOST_SWEEPS} sweeps.")
    for sweep in walk.sweeps:
        if not sweep.values or len(sweep.values) > MAX_FRAMES or not np.isfinite(sweep.values).all():
            raise StudioError(f"The sweep of {sweep.what} has 1 to {MAX_FRAMES} finite numbers.")
        if sweep.easing not in EASINGS:
            raise StudioError(f"Easing is one of {', '.join(EASINGS)}, not {sweep.easing!r}.")
        if sweep.what.startswith("way.") and sweep.what[4:] not in map(str, range(len(walk.ways))):
            raise StudioError(f"This walk has no direction {sweep.what[4:]!r} of its own.")


@dataclass(frozen=True)
class Drive:
    """What a curve of a sound does in a walk: `what` of `Sweep` is `low` where the curve is 0, `high` where it is 1."""

    what: str
    curve: str
    low: float
    high: float


def drives_from_json(obj: object) -> tuple[Drive, ...]:
    """The drives in parsed JSON, a list of objects with the fields of `Drive`; StudioError, a sentence, for others."""
    if not isinstance(obj, list) or len(obj) > MOST_DRIVES:
        raise StudioError(f"A sound drives at most {MOST_DRIVES} things.")
    found = []
    for each in obj:
        if not isinstance(each, Mapping) or set(each) != {*Drive.__dataclass_fields__}:
            raise StudioError('What a sound drives has "what", a "curve", and the numbers "low" and "high".')
        if type(each["low"]) not in (int, float) or type(each["high"]) not in (int, float):
            raise StudioError("What a sound drives goes from one number to another.")
        words = str(each["what"]), str(each["curve"])
        found.append(Drive(*words, float(each["low"]), float(each["high"])))
    return tuple(found)


def with_music(walk: Walk, sound: Path, fps: int, drives: Sequence[Drive]) -> Walk:
    """The walk with numbers driven by a sound file at `fps` frames a second. StudioError as for `music.listen`."""
    if not drives:
        return walk
    heard = listen(sound)
    curves = [(each.what, heard.at(each.curve, fps, walk.frames), each.low, each.high) for each in drives]
    return replace(walk, sweeps=(*walk.sweeps, *driven(curves)))


def driven(curves: Sequence[tuple[str, NDArray[np.float64], float, float]]) -> tuple[Sweep, ...]:
    """Sweeps from curves in 0 … 1, one value a frame: (what, curve, value at 0, value at 1)."""
    return tuple(
        Sweep(what, tuple(float(v) for v in low + (high - low) * values), "none") for what, values, low, high in curves
    )
