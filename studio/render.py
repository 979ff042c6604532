"""The studio: a recipe in, everything there is to see of it out."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter
from typing import Any, Literal

from numpy.typing import NDArray

from generator import GeneratorError, Model, is_content_hash, list_checkpoints
from postprocess import STEPS, PostprocessError, Regions, Stage, StepUse, apply, find_regions

from .cache import BoundedCache
from .describe import describe_model, label_text
from .errors import BroughtError, BusyError, RecipeError, StudioError
from .kept import is_kept
from .nearest import Lookup, TrainingPicture, has_index, with_pictures, with_remembered
from .painter import Array, OpenModel, Painter, Share
from .reading import Reading
from .recipe import Recipe, Styles, fit
from .rendering import Rendering, StageReading

MAX_WAITING = 256  # renders that may wait for the one that runs
CROWD = 4  # of whom so many wait, a hand that moves on gets its pictures without the critic
RAW_BYTES = 48 << 20  # bounds of the caches: a 128 px picture takes 192 kB
STAGE_BYTES = 96 << 20
REGION_BYTES = 48 << 20
READING_BYTES = 24 << 20  # some 10,000, since what a reading is kept under is larger than itself
KEY_BYTES = 2_000  # of a recipe without latent or styles, as a key of a cache

logger = logging.getLogger(__name__)

Critique = Literal["all", "raw", "none"]
# The recipe without its steps, the precision it is computed in, and where a draft of it stops (None: the picture).
RawKey = tuple[Recipe, str, int | None]
StageKey = tuple[RawKey, tuple[StepUse, ...]]  # and the steps so far, without those that are off


class _Memory:
    """What studios beside each other share: caches, the places in the queue, the indices that were searched.

    Each cache is keyed by the leading part of the recipe that decides its values, and holds only what can be computed
    again bit for bit, so a rendering never depends on what was rendered before it.
    """

    def __init__(self) -> None:
        self.raws: BoundedCache[RawKey, Array] = BoundedCache(RAW_BYTES)
        self.regions: BoundedCache[RawKey, Regions] = BoundedCache(REGION_BYTES)
        self.stages: BoundedCache[StageKey, Stage] = BoundedCache(STAGE_BYTES)
        self.readings: BoundedCache[StageKey, Reading] = BoundedCache(READING_BYTES)
        self.places = BoundedSemaphore(1 + MAX_WAITING)
        self.lookup = Lookup()


class Studio:
    """All models of one folder. Safe to share between threads; keeps nothing of a visitor but what speeds up the next.

    `checkpoints`: a folder of models, or the models' own folders by name; `further`: those of some that lie elsewhere.
    `default` is the model of recipes that name none; StudioError if it is not there. `precision`: "fp32" or "bf16", or
    None to use for each model whichever is faster on this machine. `kept`: the local folder where models that visitors
    bring are kept (see `studio.visitors`), None where they are not. `beside`: a studio to take turns with, which shares
    its memory and its precision, but none of its models.
    """

    def __init__(
        self,
        checkpoints: Path | Mapping[str, Path],
        default: str = "orchard",
        precision: str | None = None,
        further: Mapping[str, Path] | None = None,
        *,
        kept: Path | None = None,
        beside: Studio | None = None,
    ) -> None:
        folders = list_checkpoints(checkpoints) if isinstance(checkpoints, Path) else checkpoints
        self.folders = {**folders, **(further or {})}
        if not self.folders:
            raise StudioError(f"There is no checkpoint in {checkpoints}.")
        if default not in self.folders:
            raise StudioError(f"There is no model called {default!r}; there is {', '.join(self.folders)}.")
        self.default = default
        self.unopened: dict[str, str] = {}  # models that cannot be opened, and why: known once `models` was asked
        self.kept = None if kept is None else kept.expanduser()
        self._painter: Painter = Painter(self.folders, precision, None if beside is None else beside._painter)
        self._memory: _Memory = _Memory() if beside is None else beside._memory
        self._descriptions: list[dict[str, Any]] = []

    def beside(self, name: str, folder: Path) -> Studio:
        """A studio of one other model, for whoever opened it: it takes turns with this one and shares its memory, but
        neither sees the other's models. StudioError if the model cannot be opened."""
        other = Studio({name: folder}, name, kept=self.kept, beside=self)
        other.opened()
        return other

    def models(self) -> list[dict[str, Any]]:
        """What there is, JSON-able: one object a model, see `studio.describe`. A model that cannot be opened is left
        out, with a line in the log. Opens every model once."""
        if not self._descriptions:
            found = []
            for name, path in self.folders.items():
                try:
                    opened = self._painter.open(name)
                    found.append(describe_model(name, opened.model, has_index(path), opened.is_slow))
                except StudioError as error:
                    logger.warning("%s", error)
                    self.unopened[name] = str(error)
            self._descriptions = found
        return copy.deepcopy(self._descriptions)

    def opened(self) -> Model:
        """The default model itself, for what is not said by `models`; StudioError if it cannot be opened."""
        return self._painter.open(self.default).model

    def normalise(self, recipe: Recipe) -> Recipe:
        """The recipe with model, version and class filled in; RecipeError for what its model does not have."""
        return self._prepare(recipe)[0]

    def specimen(self, recipe: Recipe) -> str:
        """What stands under the recipe's picture, without painting it; errors as for `normalise`."""
        fitted, opened = self._prepare(recipe)
        return label_text(fitted, opened.model)

    def render(
        self,
        recipe: Recipe,
        critic: Critique = "all",
        regions: bool = False,
        draft: bool = False,
        progress: Share | None = None,
    ) -> Rendering:
        """The picture of a recipe with all its stages.

        `critic`: read the raw picture and every stage, the raw picture alone, or nothing. `regions`: find them even if
        no step wants them. `draft`: of a network too heavy to follow the hand, a preview that can, without the critic.
        `progress` hears which share of a picture that must be painted is done; what it raises ends it between layers.
        RecipeError if the recipe does not fit its model, BusyError if too many pictures wait.
        """
        if not self._memory.places.acquire(blocking=False):
            raise BusyError("The studio is busy: too many pictures are waiting to be made. Try again in a moment.")
        try:
            return self._render(recipe, critic, regions, draft, progress)
        except (GeneratorError, PostprocessError) as error:
            raise RecipeError(str(error)) from None
        finally:
            self._memory.places.release()

    def paint_ahead(self, recipes: Sequence[Recipe], critic: bool = False, progress: Share | None = None) -> None:
        """Paint the raw pictures of a few recipes, and let the critic read them, so that `render` finds them done: of a
        light model as many at once as there are cores, each bit for bit as alone. Of other models it does nothing.

        RecipeError for a recipe that does not fit, BusyError if too many pictures wait, what `progress` raises.
        """
        prepared = [self._prepare(recipe) for recipe in recipes]
        for model in {id(opened.model): opened.model for _, opened in prepared}.values():
            if not (model.light and model.makes_apart):
                continue
            keys: list[RawKey] = [
                (_leading_part(recipe), model.precision, None) for recipe, opened in prepared if opened.model is model
            ]
            missing = [key for key in dict.fromkeys(keys) if self._memory.raws.get(key) is None]
            if not missing:
                continue
            raws = self._painter.paint_many(model, [key[0] for key in missing], progress)
            painted = dict(zip(missing, raws, strict=True))
            for key, raw in painted.items():
                self._memory.raws.put(key, raw, raw.nbytes + _key_bytes(key))
            if critic and model.has_critic:
                pictures = [(raw, None) for raw in painted.values()]
                logits = self._painter.judge(model, missing[0][0], pictures, [key[0].label for key in missing])
                for key, logit in zip(missing, logits, strict=True):
                    reading = Reading.of(logit, model.calibration)
                    self._memory.readings.put((key, ()), reading, _key_bytes(key))

    @property
    def at_once(self) -> int:
        """How many pictures of a light model are worth a call of `paint_ahead`."""
        return 2 * self._painter.at_once

    def styles(self, recipe: Recipe) -> Styles:
        """The styles that a recipe's layers are painted from, after mix and moves: with them as its `ws`, and without
        latent, mix, moves and layers' truncation and seeds, it is the same picture to the last bit. Errors as for
        `render`."""
        recipe, opened = self._prepare(recipe)
        return self._painter.styles(opened.model, recipe)

    @property
    def crowded(self) -> bool:
        """Whether so many wait that whoever moves on should be content with a picture."""
        return self._painter.crowd > CROWD

    @property
    def others_here(self) -> bool:
        """Whether another visitor than the one who asks has just had a picture: who has long work then leaves gaps."""
        return self._painter.others

    @contextmanager
    def working(self, name: str = "", progress: Share | None = None) -> Iterator[Model]:
        """The opened model of that name ("": the default one), and the turn at torch: nobody else paints meanwhile, so
        take it for a picture or two at a time. `progress` as for `render`. What the model refuses is a RecipeError."""
        model = self._painter.open(name or self.default).model
        with self._painter.working(model, progress):
            try:
                yield model
            except GeneratorError as error:
                raise RecipeError(str(error)) from None

    def nearest(self, recipe: Recipe, k: int = 5) -> list[TrainingPicture]:
        """The k training pictures nearest to a recipe's raw picture, nearest first, with what there is to see of them.

        Errors as for `render`; StudioError if the model came without an index of its training pictures.
        """
        rendering = self.render(replace(recipe, steps=()), critic="none")
        opened = self._painter.open(rendering.recipe.model)
        with self._painter.working(opened.model):
            grey = opened.model.img_channels == 1
            index, matches = self._memory.lookup.search(opened.path, rendering.raw, grey, k)
        found = with_pictures(index, matches)
        if missing := [each.record for each in found if each.picture is None]:
            with self._painter.working(opened.model):
                remembered = self._memory.lookup.remember(opened.path, opened.model, missing)
            found = with_remembered(found, remembered)
        return found

    def taken_for(self, name: str, picture: Array) -> str | None:
        """The class that the training pictures of the model of that name have which are nearest to a picture H×W×3 in
        [0, 1], of any origin; None where that cannot be told. StudioError if the model cannot be opened."""
        opened = self._painter.open(name or self.default)
        classes, grey = opened.model.classes, opened.model.img_channels == 1
        if not classes:
            return None
        with self._painter.working(opened.model):
            try:
                label = self._memory.lookup.label(opened.path, picture, grey)
            except (GeneratorError, StudioError):  # no index, a broken one, or no network to search it with
                return None
        return None if label is None or label >= len(classes) else classes[label]

    def remembered(self, name: str, record: str) -> Array | None:
        """A training picture as the model of that name, or the autoencoder beside it, remembers it: H×W×3 in [0, 1],
        painted again from its code. None where it remembers none. StudioError if the model cannot be opened."""
        opened = self._painter.open(name)
        with self._painter.working(opened.model):
            return self._memory.lookup.remember(opened.path, opened.model, [record]).get(record)

    def _render(
        self, recipe: Recipe, critic: Critique, regions: bool, draft: bool, progress: Share | None
    ) -> Rendering:
        clock = _Clock()
        recipe, opened = self._prepare(recipe)
        model = opened.model
        uses = tuple(use for use in recipe.steps if use.on)
        key: RawKey = (_leading_part(recipe), model.precision, None)
        if draft and self._memory.raws.get(key) is None:  # a whole picture that is there already is as fast
            key = (*key[:2], opened.draft_resolution)
        draft = key[2] is not None
        with clock("raw"):
            raw = self._raw(key, opened, progress)
        stages = self._apply(key, raw, uses, clock)
        wants_regions = regions or any(STEPS[use.name].wants_regions or use.where != "all" for use in uses)
        found = self._find_regions(key, raw, clock) if wants_regions else None
        wanted = 0 if critic == "none" or draft or not model.has_critic else 1 if critic == "raw" else 1 + len(uses)
        with clock("critic"):
            pictures = [(raw, None), *((stage.image, stage.alpha) for stage in stages)][:wanted]
            readings = [*self._read(key, uses, pictures, model), *[None] * (1 + len(uses) - wanted)]
        return Rendering(
            recipe=recipe,
            raw=raw,
            stages=tuple(
                StageReading(stage.name, STEPS[stage.name].title, stage.image, stage.alpha, reading)
                for stage, reading in zip(stages, readings[1:], strict=True)
            ),
            critic=readings[0],
            regions=found,
            seconds=clock.total(),
            provenance=model.provenance,
            specimen=label_text(recipe, model),
            draft=draft,
        )

    def _prepare(self, recipe: Recipe) -> tuple[Recipe, OpenModel]:
        name = recipe.model or self.default
        brought = is_content_hash(recipe.version)
        if brought and name not in self.folders:
            raise BroughtError(name, recipe.version, is_kept(self.kept, recipe.version))
        opened = self._painter.open(name)
        if brought and recipe.version != opened.model.version:  # another file of the same name
            raise BroughtError(name, recipe.version, is_kept(self.kept, recipe.version))
        return fit(replace(recipe, model=name), opened.model), opened

    def _raw(self, key: RawKey, opened: OpenModel, progress: Share | None) -> Array:
        raw = self._memory.raws.get(key)
        if raw is None:
            raw = self._painter.paint(opened.model, key[0], key[2], progress, opened.path)
            self._memory.raws.put(key, raw, raw.nbytes + _key_bytes(key))
        return raw

    def _find_regions(self, key: RawKey, raw: Array, clock: _Clock) -> Regions:
        found = self._memory.regions.get(key)
        if found is None:
            with clock("regions"):
                found = find_regions(raw)
            size = _lock_arrays(found.subject, found.labels, found.colours) + _key_bytes(key)
            self._memory.regions.put(key, found, size)
        return found

    def _apply(self, key: RawKey, raw: Array, uses: tuple[StepUse, ...], clock: _Clock) -> list[Stage]:
        """The stage after each step: what an earlier render left, and the rest computed on from there."""
        keys: list[StageKey] = [(key, uses[: count + 1]) for count in range(len(uses))]
        stages: list[Stage] = []
        for each in keys:
            if (known := self._memory.stages.get(each)) is None:
                break
            stages.append(known)
        if len(stages) == len(uses):
            return stages
        while stages and stages[-1].alpha is not None:
            stages.pop()  # opacity is handed from step to step within one chain, so the chain starts before it
        start = stages[-1].image if stages else raw
        fresh = apply(start, uses[len(stages) :], lambda: self._find_regions(key, raw, clock))
        clock.add("steps", sum(stage.seconds for stage in fresh))
        for each, stage in zip(keys[len(stages) :], fresh, strict=True):
            self._memory.stages.put(each, stage, _lock_arrays(stage.image, stage.alpha) + _key_bytes(key))
        return [*stages, *fresh]

    def _read(
        self,
        key: RawKey,
        uses: tuple[StepUse, ...],
        pictures: Sequence[tuple[Array, Array | None]],
        model: Model,
    ) -> list[Reading]:
        """The readings of the raw picture and the stages after it; only those that are not known are judged."""
        keys: list[StageKey] = [(key, uses[:count]) for count in range(len(pictures))]
        known = [self._memory.readings.get(each) for each in keys]
        missing = [i for i, reading in enumerate(known) if reading is None]
        logits = self._painter.judge(model, key[0], [pictures[i] for i in missing])
        fresh = {i: Reading.of(logit, model.calibration) for i, logit in zip(missing, logits, strict=True)}
        for i, reading in fresh.items():
            self._memory.readings.put(keys[i], reading, _key_bytes(key))
        return [fresh[i] if reading is None else reading for i, reading in enumerate(known)]


def _leading_part(recipe: Recipe) -> Recipe:
    """What decides the raw picture, with all that does not matter to it set to one value."""
    return replace(
        recipe,
        steps=(),
        seed=recipe.seed if recipe.latent is None and recipe.ws is None else 0,
        noise_seed=recipe.noise_seed if recipe.noise else None,
    )


def _key_bytes(key: RawKey) -> int:
    """About what a key of a cache holds: the styles of one recipe may be larger than its picture."""
    recipe = key[0]
    return KEY_BYTES + 40 * len(recipe.latent or ()) + (len(recipe.ws.data) if recipe.ws else 0)


def _lock_arrays(*arrays: NDArray[Any] | None) -> int:
    """Make arrays that visitors will share read-only; their size in bytes."""
    given = [array for array in arrays if array is not None]
    for array in given:
        array.setflags(write=False)
    return sum(array.nbytes for array in given)


class _Clock:
    """Seconds by part, and in all; a part that was not needed took none."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self._parts = dict.fromkeys(("raw", "regions", "steps", "critic"), 0.0)

    def add(self, part: str, seconds: float) -> None:
        """Count seconds towards a part."""
        self._parts[part] += seconds

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.add(part, perf_counter() - began)

    def total(self) -> dict[str, float]:
        """The parts so far, and "total" since the clock was made."""
        return {**self._parts, "total": perf_counter() - self._began}
