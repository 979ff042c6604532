"""The only place that talks to torch: models by name, recipes to raw pictures, pictures to logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from generator import GeneratorError, Model, draw_z, open_checkpoint
from generator.measuring import Cost

from .cache import BoundedCache
from .errors import RecipeError, StudioError
from .lent_gpu import is_lent, lent, model_there
from .memory import give_back, keep_few_arenas
from .recipe import Recipe, Styles
from .turns import Turns

DRAFT_MS = 45.0  # for a picture that follows the hand within 60: the rest is for the way to the screen
SLOW_MS = 250.0  # a picture that takes longer and has no preview is waited for: four a second do not follow a hand
GIVE_BACK_SECONDS = 15.0  # between returns of what heavy networks' large maps leave with the allocator
MAX_WAITING = 256  # turns that may be waited for
OPEN_BYTES = 512 << 20  # of opened models: the three of the house, and one of 256 px at full width or two narrower ones

Array = NDArray[np.float32]
Share = Callable[[float], None]  # hears which share of a picture is done, 0 … 1; may raise StoppedError to end it


@dataclass(frozen=True, eq=False)
class OpenModel:
    """A model that is open, and what a picture of it costs (None: too little to matter)."""

    path: Path
    model: Model
    cost: Cost | None

    @property
    def draft_resolution(self) -> int | None:
        """Where a preview stops that can follow the hand; None where whole pictures can, or no preview is to be had."""
        return None if self.cost is None else self.cost.preview_resolution(DRAFT_MS)

    @property
    def is_slow(self) -> bool:
        """Whether its pictures are waited for: they take longer than SLOW_MS without previews, but tell progress."""
        return self.cost is not None and not self.cost.previews and self.cost.picture > SLOW_MS


class _Shared:
    """What painters beside each other share: the models that are open, what was measured of them, the turn at torch."""

    def __init__(self, precision: str | None) -> None:
        keep_few_arenas()
        self.precision = precision
        self.open: BoundedCache[Path, OpenModel] = BoundedCache(OPEN_BYTES)
        self.probed: dict[Path, str] = {}
        self.costs: dict[Path, Cost] = {}  # of networks too heavy to follow the hand in any case
        self.turns = Turns(MAX_WAITING)
        self.opening = Lock()
        self.give_back_at = monotonic() + GIVE_BACK_SECONDS
        self.threads = torch.get_num_threads()
        self.pool = ThreadPoolExecutor(self.threads, "painting")  # its threads begin when they are first wanted


class Painter:
    """Opens models when they are first asked for, and lets one thread at a time at them: torch uses all cores anyway,
    and two pictures at once would only take turns.

    `paths`: the models' folders by name. `beside`: a painter to take turns with, within the same memory.
    """

    def __init__(self, paths: Mapping[str, Path], precision: str | None = None, beside: Painter | None = None) -> None:
        self.paths = dict(paths)
        self._shared: _Shared = _Shared(precision) if beside is None else beside._shared

    def open(self, name: str) -> OpenModel:
        """The model of that name; RecipeError if there is none, StudioError if its files are broken."""
        if name not in self.paths:
            raise RecipeError(f"There is no model called {name!r}; there is {', '.join(self.paths)}.")
        path, shared = self.paths[name], self._shared
        if (known := shared.open.get(path)) is not None:
            return known
        with shared.opening:  # not at the place where pictures are painted: others' hands go on meanwhile
            if (known := shared.open.get(path)) is not None:  # opened by another thread while this one waited
                return known
            try:
                # Reopened in the precision that won the first time: the same recipe is the same picture all day.
                model = open_checkpoint(path, precision=shared.precision or shared.probed.get(path))
            except GeneratorError as error:
                raise StudioError(f"The model {name} cannot be opened: {error}") from None
            shared.probed[path] = model.precision
            if path not in shared.costs and not model.light and (model.preview_resolutions or model.tells_progress):
                torch.set_num_threads(shared.threads)
                shared.costs[path] = Cost.measure(model)
            found = OpenModel(path, model, shared.costs.get(path))
            shared.open.put(path, found, min(model_bytes(path, model), OPEN_BYTES))
            give_back()  # what reading and laying out left, and the models that had to go for it
            return found

    @contextmanager
    def working(self, model: Model, progress: Share | None = None, goes_on: bool = False) -> Iterator[None]:
        """The one place at torch, in turns (see `studio.turns`). A light network is done before a second, sleeping
        thread has woken for each of its small layers; alone it is as fast, and leaves a core to the rest. `progress`
        hears 0 while others are there; `goes_on`: a picture that was begun is finished."""
        with self._shared.turns.turn(progress, goes_on):
            torch.set_num_threads(1 if model.light else self._shared.threads)
            yield
            if not model.light and monotonic() > self._shared.give_back_at:
                self._shared.give_back_at = monotonic() + GIVE_BACK_SECONDS
                give_back()

    @property
    def crowd(self) -> int:
        """How many wait for their turn."""
        return self._shared.turns.crowd

    @property
    def others(self) -> bool:
        """Whether another visitor than the one who asks has just had a turn."""
        return self._shared.turns.others

    def paint(
        self,
        model: Model,
        recipe: Recipe,
        preview: int | None = None,
        progress: Share | None = None,
        path: Path | None = None,
    ) -> Array:
        """The raw picture of a normalised recipe: H×W×3 float32, clipped to [0, 1] as any screen would, read-only.

        `preview`: the block at which it stops, one of the model's `preview_resolutions`. `progress`: while it waits for
        its turn, and after each layer of a model that tells. `path`: the model's folder, from which a GPU that is lent
        for the call opens a heavy network.
        """

        def tell(done: int, of: int) -> None:
            if progress is not None:
                progress(done / of)

        with self.working(model, progress):
            if path is not None and preview is None and not model.light and is_lent():
                picture = paint_there(path, recipe)
            else:
                picture = _painted(model, recipe, preview, tell)
        picture.setflags(write=False)
        return picture

    def paint_many(self, model: Model, recipes: Sequence[Recipe], progress: Share | None = None) -> list[Array]:
        """As `paint` of each, bit for bit, in one turn; of a light model that can, one a core at once."""
        with self.working(model, progress):

            def one(recipe: Recipe) -> Array:
                return to_picture(model.synthesize_apart(_all_styles(model, recipe), recipe.noise_given))

            pictures = list(self._shared.pool.map(one, recipes))
        for picture in pictures:
            picture.setflags(write=False)
        return pictures

    @property
    def at_once(self) -> int:
        """How many pictures of a light model `paint_many` makes at once."""
        return self._shared.threads

    def styles(self, model: Model, recipe: Recipe) -> Styles:
        """What a normalised recipe's layers are painted from: num_ws×w_dim, mixed and moved."""
        with self.working(model):
            return Styles.of(_all_styles(model, recipe)[0].cpu().numpy())

    def judge(
        self,
        model: Model,
        recipe: Recipe,
        pictures: Sequence[tuple[Array, Array | None]],
        labels: Sequence[str | None] | None = None,
    ) -> list[float]:
        """The critic's logit of each picture (H×W×3 and alpha or None, in [0, 1], any size), each judged alone, as one
        of the recipe's class or of its own of `labels`."""
        if not pictures:
            return []
        batch = np.stack([for_critic(image, alpha, model.resolution) for image, alpha in pictures])
        images = torch.from_numpy(batch).permute(0, 3, 1, 2) * 2 - 1
        if model.img_channels == 1:
            images = images.mean(dim=1, keepdim=True)
        with self.working(model, goes_on=True):
            names = [recipe.label] * len(pictures) if labels is None else labels
            classes = [model.classes.index(name) for name in names if name is not None]
            logits = model.criticize(images, classes or None)
            return [float(logit) for logit in logits]


def _painted(model: Model, recipe: Recipe, preview: int | None, tell: Callable[[int, int], None]) -> Array:
    """H×W×3 float32 in [0, 1]."""
    ws = _all_styles(model, recipe)
    noise = recipe.noise_given
    if preview is None:
        image = model.synthesize(ws, noise, transform=recipe.transform, progress=tell)
    else:
        image = model.preview(ws, preview, noise)
    return to_picture(image)


def to_picture(image: torch.Tensor) -> Array:
    """A network's 1×C×H×W in about [−1, 1] → H×W×3 in [0, 1], clipped; a grey model's one plane three times."""
    picture: Array = ((image[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], 3)))


@lent
def paint_there(path: Path, recipe: Recipe) -> Array:
    """The same on a GPU that is lent for the call, in another process: H×W×3 float32 in [0, 1]."""
    return _painted(model_there(path), recipe, None, lambda done, of: None)


def model_bytes(path: Path, model: Model) -> int:
    """About what an opened model takes: its files as float32, and once more as laid out for the processor, and what a
    picture leaves behind for the next (up to 192 MB)."""
    return 4 * sum(file.stat().st_size for file in path.glob("*.safetensors")) + model.kept_bytes


def for_critic(image: Array, alpha: Array | None, resolution: int) -> Array:
    """A picture as the critic knows pictures: opaque (over white paper) and at the model's own resolution.

    H×W×3 (and H×W) in [0, 1] → resolution×resolution×3. Resampled by Lanczos with Pillow, whose filter widens with the
    reduction and so does not alias; what it overshoots is cut off.
    """
    if alpha is not None:
        image = image * alpha[..., None] + (1 - alpha[..., None])
    if image.shape[:2] == (resolution, resolution):
        return image
    size = (resolution, resolution)
    planes = [Image.fromarray(np.ascontiguousarray(image[..., c])) for c in range(3)]  # float planes: mode "F"
    small = np.stack([np.asarray(plane.resize(size, Image.Resampling.LANCZOS)) for plane in planes], axis=-1)
    return small.clip(0, 1)


def _all_styles(model: Model, recipe: Recipe) -> torch.Tensor:
    """1×num_ws×w_dim: given or mapped, then mixed, then moved."""
    if recipe.ws is None:
        ws = _styles(model, recipe, recipe.seed, recipe.label, recipe.latent)
    else:
        ws = torch.from_numpy(recipe.ws.array.copy())[None]
    if recipe.mix is not None:
        label = recipe.label if recipe.mix.label is None else recipe.mix.label
        other = _styles(model, recipe, recipe.mix.seed, label)
        ws = model.mix(ws.to(other.device), other, recipe.mix.first)
    return _with_layers(model, recipe, ws)


def _with_layers(model: Model, recipe: Recipe, ws: torch.Tensor) -> torch.Tensor:
    """The same 1×num_ws×w_dim moved, with what single layers have of their own: a row that is frozen is its seed's."""
    if not recipe.layers:
        return model.move(ws, dict(recipe.moves))
    rows, mix = list(ws.split(1, dim=1)), recipe.mix
    for use in recipe.layers:
        if use.psi is None or use.seed is not None or recipe.ws is not None:
            continue
        whole, own = replace(recipe, psi=use.psi, cutoff=None), slice(use.layer, use.layer + 1)
        if mix is not None and use.layer >= mix.first:
            rows[use.layer] = _styles(model, whole, mix.seed, mix.label or recipe.label)[:, own]
        else:
            rows[use.layer] = _styles(model, whole, recipe.seed, recipe.label, recipe.latent)[:, own]
    rows = list(model.move(torch.cat(rows, dim=1), dict(recipe.moves)).split(1, dim=1))
    for use in recipe.layers:
        if use.seed is not None:
            kept = recipe if use.psi is None else replace(recipe, psi=use.psi, cutoff=None)
            rows[use.layer] = _styles(model, kept, use.seed, recipe.label)[:, use.layer : use.layer + 1]
    return torch.cat(rows, dim=1)


def _styles(
    model: Model,
    recipe: Recipe,
    seed: int,
    label: str | None,
    latent: tuple[float, ...] | None = None,
) -> torch.Tensor:
    """1×num_ws×w_dim, truncated as the recipe says."""
    z = draw_z(seed, model.z_dim) if latent is None else torch.tensor(latent)
    return model.map(z[None], _labels(model, label, 1), recipe.psi, recipe.cutoff, recipe.centre)


def _labels(model: Model, label: str | None, count: int) -> list[int] | None:
    return None if label is None else [model.classes.index(label)] * count
