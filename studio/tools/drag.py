"""Drag by points (Pan et al. 2023, arXiv:2305.10973): what is at a handle goes where a visitor wants it.

The method is the paper's: the styles of the first layers are moved by gradients until the network's own feature maps
show at each next place what they showed at the handle (motion supervision, §3.2), and the handle is found again in them
after each step, as the nearest neighbour of what it was at first (point tracking, §3.3).

Three things differ, so that a picture stays one of the model's. Styles move in coordinates in which w varies alike in
every direction (`latents.Space`), and are held near where they began in standard deviations; what sets layers apart is
held back more than what they share, since a model knows no pictures of rows that differ; a handle that does not come
to its place loosens the hold, so that easy drags cost little and hard ones are possible. And the maps are always
compared with those of the first picture, not with those of the step before, so that no error adds up.

Places are in shares of the picture's sides, from its upper left corner.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from generator import Differentiable, LatentError, Model
from studio import Recipe, Studio, StudioError, Styles

from .latents import space_of, with_styles

Floats = NDArray[np.float32]
Share = Callable[[float], None]

STEPS, MOST_STEPS = 240, 1000
MOST_POINTS = 8
RATE, WARM = 0.03, 5  # of Adam, and steps until there
BETAS = (0.9, 0.99)
HOLD, APART = 0.3, 100.0  # of the distance from the beginning; of what sets layers apart, in units of that
PATIENCE, HALVED = 60, 20  # steps with the whole of HOLD; from there on it is halved in so many
KEPT = 4.0  # of what must stay, in units of what is to move
GRID = 32  # squares a side of a mask
# In 1/128 of the picture's side, so that one pixel of a 128 px picture is 1:
STRIDE = 3.0  # how far ahead of a handle its next place is
PATCH = 8.0  # radius of what is moved together
SEARCH = 6.0  # radius in which a handle is found again
NAME = 3.0  # radius of what a handle is known by
LANDED = 1.5  # so near it is there
UNIT = 128
COARSE, FINE = 16, 128  # sides of the maps that can be dragged by


@dataclass(frozen=True)
class Pull:
    """What is at (`x`, `y`) is to go to (`to_x`, `to_y`), all 0 … 1."""

    x: float
    y: float
    to_x: float
    to_y: float


@dataclass(frozen=True, eq=False)
class State:
    """How far a drag has come: `at` and Adam's two averages, rows×w_dim, of the layers that are moved, in standard
    deviations from where they began; `points`, one a pull, x and y of where each handle is now; steps `done` of
    `steps`; `over`: every handle has landed, or no step is left. It travels as text: a server keeps nothing of it."""

    at: Floats
    first: Floats
    second: Floats
    points: Floats
    done: int = 0
    steps: int = STEPS
    over: bool = False

    def to_text(self) -> str:
        """As `state_from_text` reads it."""
        parts = [each.astype("<f4").tobytes() for each in (self.at, self.first, self.second, self.points)]
        return f"{self.done}/{self.steps}/{int(self.over)}:{base64.b64encode(b''.join(parts)).decode('ascii')}"


def state_from_text(text: object, shape: tuple[int, int], pulls: int) -> State:
    """The state of a drag by `pulls` points in a model of which `shape` rows×w_dim are moved (`shape_of`); StudioError
    for what is none."""
    wrong = StudioError("This drag cannot be gone on with: it is of another picture, or did not arrive whole.")
    if not isinstance(text, str):
        raise wrong
    count, _, data = text.partition(":")
    numbers = count.split("/")
    if len(numbers) != 3 or not all(each.isdecimal() and len(each) < 6 for each in numbers):
        raise wrong
    done, steps, over = map(int, numbers)
    try:
        values = np.frombuffer(base64.b64decode(data, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError):
        raise wrong from None
    size = shape[0] * shape[1]
    if values.size != 3 * size + 2 * pulls or not np.isfinite(values).all() or np.abs(values).max() > 1e6:
        raise wrong
    at, first, second = values[: 3 * size].reshape(3, *shape)
    points = values[3 * size :].reshape(pulls, 2)
    if (second < 0).any() or points.min() < 0 or points.max() > 1 or not done <= steps <= MOST_STEPS or over > 1:
        raise wrong
    return State(at, first, second, points, done, steps, bool(over))


def pulls_from_json(obj: object) -> list[Pull]:
    """1 to MOST_POINTS pulls, each [x, y, to_x, to_y]; StudioError for anything else."""
    if not isinstance(obj, Sequence) or isinstance(obj, str) or not 1 <= len(obj) <= MOST_POINTS:
        raise StudioError(f"Set 1 to {MOST_POINTS} points, each with the place where it is to go.")
    pulls = []
    for each in obj:
        if (
            not isinstance(each, Sequence)
            or len(each) != 4
            or not all(type(value) in (int, float) and 0 <= value <= 1 for value in each)
        ):
            raise StudioError("A point is [x, y, to x, to y], each 0 to 1, from the picture’s upper left corner.")
        pulls.append(Pull(*map(float, each)))
    return pulls


def mask_from_text(text: object) -> Floats | None:
    """What may move, GRID×GRID of 0 and 1, from as many signs row by row, "0" for what stays; None for "" (nothing is
    said). StudioError for anything else, or where nothing may move."""
    if text in ("", None):
        return None
    if not isinstance(text, str) or len(text) != GRID * GRID or set(text) - {"0", "1"}:
        raise StudioError(f"A mask is {GRID}×{GRID} signs, row by row: 1 for what may move, 0 for what stays.")
    if "1" not in text:
        raise StudioError("By this mask nothing may move.")
    return np.array([*map(int, text)], np.float32).reshape(GRID, GRID)


def shape_of(studio: Studio, recipe: Recipe) -> tuple[int, int]:
    """How many layers a drag moves in a recipe's model, and the width of their styles. StudioError, a sentence, for
    models whose pictures cannot be dragged."""
    with studio.working(studio.normalise(recipe).model) as model:
        _place_of(model)
        return _Drag.rows_of(model), model.w_dim


def begin(studio: Studio, recipe: Recipe, pulls: Sequence[Pull], steps: int = STEPS) -> State:
    """A drag before its first step. StudioError for a number of steps out of range, or a model that cannot."""
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise StudioError(f"A drag takes 1 to {MOST_STEPS} steps, not {steps!r}.")
    zeros = np.zeros(shape_of(studio, recipe), np.float32)
    return State(zeros, zeros, zeros, np.array([[each.x, each.y] for each in pulls], np.float32), 0, steps)


def go_on(
    studio: Studio,
    recipe: Recipe,
    pulls: Sequence[Pull],
    state: State,
    mask: Floats | None = None,
    seconds: float = math.inf,
    progress: Share | None = None,
) -> State:
    """The drag some steps further: as many as begin within `seconds`, at least one while it is not over.

    `recipe`: the picture before the drag. `mask`: GRID×GRID, 1 for what may move; None holds nothing. Each step takes
    its own turn at torch; `progress` hears the share of the steps that is done, and may raise. StudioError or
    RecipeError for what the model or the arguments do not allow.
    """
    if len(state.points) != len(pulls) or not pulls:
        raise StudioError(f"Set 1 to {MOST_POINTS} points, each with the place where it is to go.")
    recipe, end = studio.normalise(recipe), time.perf_counter() + seconds
    styles = torch.from_numpy(studio.styles(recipe).array.copy())[None]
    with studio.working(recipe.model, progress) as model:
        drag = _Drag(model, recipe, styles, pulls, mask)
    begun = state.done
    while not state.over and (state.done == begun or time.perf_counter() < end):
        with studio.working(recipe.model, progress):
            state = drag.step(state)
        if progress is not None:
            progress(1.0 if state.over else state.done / state.steps)
    return state


def dragged(studio: Studio, recipe: Recipe, state: State) -> Recipe:
    """The recipe of what a drag has made of a picture so far: styles of its own, with as many digits as a link holds;
    all else, post-processing too, stays."""
    recipe = studio.normalise(recipe)
    styles = torch.from_numpy(studio.styles(recipe).array.copy())[None]
    with studio.working(recipe.model) as model:
        moved = _moved(model, recipe, styles, torch.from_numpy(state.at))[0].numpy()
    return with_styles(recipe, Styles.of(moved).rounded().array)


def drag(
    studio: Studio,
    recipe: Recipe,
    pulls: Sequence[Pull],
    mask: Floats | None = None,
    steps: int = STEPS,
    progress: Share | None = None,
) -> Iterator[State]:
    """A whole drag: its beginning, then every step."""
    state = begin(studio, recipe, pulls, steps)
    yield state
    while not state.over:
        state = go_on(studio, recipe, pulls, state, mask, 0.0, progress)
        yield state


def distances(state: State, pulls: Sequence[Pull], resolution: int) -> list[float]:
    """How far each handle is from where it is to go, in pixels."""
    return [
        math.hypot(x - each.to_x, y - each.to_y) * resolution
        for (x, y), each in zip(state.points.tolist(), pulls, strict=True)
    ]


def words_of(state: State, pulls: Sequence[Pull], resolution: int) -> str:
    """How a drag goes, in a sentence."""
    left = max(distances(state, pulls, resolution))
    if left <= LANDED * resolution / UNIT + 0.1:
        return f"There, after {state.done} steps."
    if state.over:
        return f"As far as this model goes in {state.done} steps: {left:.0f} px are left."
    return f"Step {state.done}: {left:.0f} px are left."


class _Drag:
    """One drag of one picture, in the units of UNIT: what its maps showed at the beginning, and a step."""

    def __init__(
        self, model: Model, recipe: Recipe, styles: Tensor, pulls: Sequence[Pull], mask: Floats | None
    ) -> None:
        self.model, self.recipe, self.styles = model, recipe, styles
        self.place = _place_of(model)
        self.plain = Differentiable(model)
        self.targets = torch.tensor([[each.to_x, each.to_y] for each in pulls]) * UNIT
        self.patch, self.search, self.name = _disc(PATCH), _disc(SEARCH), _disc(NAME)
        handles = torch.tensor([[each.x, each.y] for each in pulls]) * UNIT
        with torch.no_grad():
            maps = self._maps(torch.zeros(self.rows_of(model), model.w_dim))
            # Channels count alike, however strong they are; one that is the same everywhere says nothing.
            spread = maps.std(dim=(2, 3), keepdim=True)
            self.scale = 1 / (spread + 0.01 * spread.mean() + 1e-8)
            self.before = maps * self.scale
            self.wanted = [_seen(self.before, handle + self.patch) for handle in handles]
            self.sought = [_seen(self.before, handle + self.name) for handle in handles]
        self.stays: Tensor | None = None
        if mask is not None:
            may = F.interpolate(torch.from_numpy(mask)[None, None], maps.shape[-1], mode="area")
            self.stays = (1 - may) / (1 - may).mean().clamp_min(1e-3) if float(may.min()) < 1 else None

    @staticmethod
    def rows_of(model: Model) -> int:
        """The layers that are moved: all that the maps to drag by are made from, one at least."""
        side = _side(model)
        return max(1, sum(layer.resolution <= side and layer.role == "conv" for layer in model.layers))

    def _maps(self, at: Tensor) -> Tensor:
        styles = _moved(self.model, self.recipe, self.styles, at)
        (maps,) = self.plain.look(styles, [self.place], self.recipe.noise_given)
        return maps.float()

    def step(self, state: State) -> State:
        """Find the handles again, and go a step further unless all have landed or no step is left."""
        at, first, second = (torch.from_numpy(each.copy()) for each in (state.at, state.first, state.second))
        at.requires_grad_()
        maps = self._maps(at) * self.scale
        points = torch.from_numpy(state.points) * UNIT
        if state.done:
            points = torch.stack([self._found(maps.detach(), *each) for each in zip(points, self.sought, strict=True)])
        gaps = self.targets - points
        far = gaps.norm(dim=1, keepdim=True)
        found = (points / UNIT).numpy()
        if float(far.max()) <= LANDED or state.done >= state.steps:
            return replace(state, points=found, over=True)
        ahead = points + gaps * (STRIDE / far.clamp_min(1e-6)).clamp_max(1.0)
        loss = torch.zeros(())
        for place, wanted in zip(ahead, self.wanted, strict=True):
            loss = loss + (_seen(maps, place + self.patch) - wanted).abs().mean() / len(ahead)
        if self.stays is not None:
            loss = loss + KEPT * ((maps - self.before).abs() * self.stays).mean()
        shared = at.mean(dim=0, keepdim=True)
        hold = HOLD * 0.5 ** (max(0, state.done - PATIENCE) / HALVED)
        loss = loss + hold * (at.square().mean() + APART * (at - shared).square().mean())
        (slope,) = torch.autograd.grad(loss, at)
        at, done = at.detach(), state.done + 1
        first = first.lerp(slope, 1 - BETAS[0])
        second = second.lerp(slope.square(), 1 - BETAS[1])
        rate = RATE * min(1.0, done / WARM)
        at = at - rate * (first / (1 - BETAS[0] ** done)) / ((second / (1 - BETAS[1] ** done)).sqrt() + 1e-8)
        return State(at.numpy(), first.numpy(), second.numpy(), found, done, state.steps)

    def _found(self, maps: Tensor, point: Tensor, sought: Tensor) -> Tensor:
        """Where a handle is now: near where it was, what is most like what it was at first."""
        around = point + self.search
        around = around[((around >= 0) & (around <= UNIT)).all(dim=1)]
        seen = _seen(maps, (around[:, None] + self.name).flatten(0, 1)).unflatten(1, (len(around), -1))
        return around[(seen - sought[:, None]).abs().mean(dim=(0, 2)).argmin()]


def _side(model: Model) -> int:
    """The side of the maps to drag by: a quarter of the picture's."""
    return min(max(model.resolution // 4, COARSE), FINE)


def _place_of(model: Model) -> str:
    """The last place whose maps are no larger than that. StudioError for a model that shows none."""
    try:
        fit = [place.name for place in Differentiable(model).maps if COARSE <= place.side <= _side(model)]
    except LatentError:  # gradients do not pass at all
        fit = []
    if not fit:
        raise StudioError(f"{model.name} is of the {model.family.title} family, whose pictures cannot be dragged here.")
    return fit[-1]


def _moved(model: Model, recipe: Recipe, styles: Tensor, at: Tensor) -> Tensor:
    """1×num_ws×w_dim styles whose first rows went so many standard deviations of their class's own w."""
    space = space_of(model, recipe.label)
    rows = len(at)
    return torch.cat([styles[:, :rows] + (at @ space.out.T)[None], styles[:, rows:]], dim=1)


def _seen(maps: Tensor, places: Tensor) -> Tensor:
    """1×C×h×w maps at N×2 places in UNIT, between pixels: C×N."""
    grid = (places / UNIT * 2 - 1)[None, None]
    return F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=False)[0, :, 0]


def _disc(radius: float) -> Tensor:
    """N×2: the whole numbers within a circle round 0, the middle first."""
    reach = range(-math.ceil(radius), math.ceil(radius) + 1)
    places = [(x, y) for y in reach for x in reach if math.hypot(x, y) <= radius]
    return torch.tensor(sorted(places, key=lambda place: math.hypot(*place)), dtype=torch.float32)
