"""A picture of one's own in a model's latent space: placed, guessed by its encoder, and refined step by step.

What is optimised are the styles of every layer (w+; Abdal et al. 2019, "Image2StyleGAN"), in coordinates in which the
model's own w vary alike in every direction, so that Adam's steps suit them all and 1 is as far from the average as
pictures of the model are. Held back are that distance and, more, what sets layers apart: both keep a picture within
what its sliders were learnt on ("editability", Tov et al. 2021, arXiv:2102.02766, §3). Noise stays as it is.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from generator import Differentiable, FeatureError, Model
from generator.measuring import Likeness, feature_network
from pictures import PicturesError, as_array, decode
from studio import Recipe, Studio, StudioError, Styles

from .latents import space_of, with_styles

Floats = NDArray[np.float32]
Share = Callable[[float], None]

STEPS, MOST_STEPS = 200, 2000
RATE, WARM = 0.2, 10  # of Adam at its height, and steps until there
BETAS = (0.9, 0.99)
GUESSES = (1.0, 0.75, 0.5)  # how much of the encoder's variety is tried
ROUGH = 32  # px a side, at which they are told apart
FARTHEST = 3.0  # standard deviations at which a first guess is cut off
EDITABILITY = 0.5
LIKENESS = 0.3  # what a frozen network's distance counts beside the pixels'
BEGINS, WHOLE = 0.25, 0.5  # shares of a search at which that begins to count, and counts wholly: it has many valleys
SIZES = (0.1, 4.0)  # of a picture's shorter side: what the square takes; beyond 1 a ground of its border's colour
MAX_SIDE = 2048  # px that are kept of an upload
FEATURES = "efficientnet-lite2"


@dataclass(frozen=True)
class Place:
    """The square of an upload that is taken: its centre in shares of width and height, and its side in shares of the
    shorter one."""

    x: float = 0.5
    y: float = 0.5
    size: float = 1.0


def read_upload(data: bytes, name: str = "This file", resolution: int = 512) -> tuple[Image.Image, list[str]]:
    """An upload, upright, RGB of 8 bits, no larger than is needed for pictures of `resolution`; and what had to be done
    to it, in words. StudioError, one sentence, for what is no picture, broken or too large."""
    side = min(max(512, 2 * resolution), MAX_SIDE)
    try:
        found = decode(data, name, at_least=side)
    except PicturesError as error:
        raise StudioError(str(error)) from None
    image = found.image
    image.thumbnail((side, side), Image.Resampling.BOX if max(image.size) > 3 * side else Image.Resampling.LANCZOS)
    return image, list(found.done)


def placed(image: Image.Image, place: Place, resolution: int) -> Floats:
    """The square of an upload, `resolution` px wide, H×W×3 in [0, 1]. Beyond its edges lies its border's colour.
    StudioError for a place out of range."""
    if not SIZES[0] <= place.size <= SIZES[1] or not (0 <= place.x <= 1 and 0 <= place.y <= 1):
        raise StudioError(f"A picture is placed within itself, by {SIZES[0]:g} to {SIZES[1]:g} of its shorter side.")
    side = max(1, round(place.size * min(image.size)))
    left, top = round(place.x * image.width - side / 2), round(place.y * image.height - side / 2)
    pixels = np.asarray(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = tuple(int(value) for value in np.median(border, axis=0))
    square = Image.new("RGB", (side, side), ground)
    square.paste(image, (-left, -top))
    if side != resolution:
        square = square.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return as_array(square)


@dataclass(frozen=True, eq=False)
class State:
    """How far a search has come: `at` and Adam's two averages, num_ws×w_dim each, in the model's own coordinates, and
    how many of `steps` are done. It travels as text, so that a server keeps nothing of it."""

    at: Floats
    first: Floats
    second: Floats
    done: int = 0
    steps: int = STEPS

    def to_text(self) -> str:
        """As `state_from_text` reads it."""
        data = np.stack([self.at, self.first, self.second]).astype("<f4").tobytes()
        return f"{self.done}/{self.steps}:{base64.b64encode(data).decode('ascii')}"


def state_from_text(text: object, shape: tuple[int, int]) -> State:
    """The state of a search in a model of `shape` num_ws×w_dim; StudioError for what is none."""
    wrong = StudioError("This search cannot be gone on with: it is of another model, or did not arrive whole.")
    if not isinstance(text, str):
        raise wrong
    count, _, data = text.partition(":")
    done, _, steps = count.partition("/")
    if not (done.isdecimal() and steps.isdecimal() and int(done) <= int(steps) <= MOST_STEPS):
        raise wrong
    try:
        values = np.frombuffer(base64.b64decode(data, validate=True), "<f4").reshape(3, *shape).astype(np.float32)
    except (binascii.Error, ValueError):
        raise wrong from None
    if not np.isfinite(values).all() or (values[2] < 0).any() or np.abs(values).max() > 1e6:
        raise wrong
    return State(values[0], values[1], values[2], int(done), int(steps))


def first_guess(
    studio: Studio, recipe: Recipe, target: Floats, steps: int = STEPS, taken_for: str | None = None
) -> State:
    """Where the search begins: what the model's encoder makes of the picture as one of the recipe's class, or of that
    which it is `taken_for` (by `Studio.taken_for`), whichever is nearer; without an encoder, such a class's average.
    `target`: R×R×3 in [0, 1]. StudioError for a number of steps out of range, RecipeError for an unknown class."""
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise StudioError(f"A search takes 1 to {MOST_STEPS} steps, not {steps!r}.")
    recipe = studio.normalise(recipe)
    if taken_for is not None:
        studio.normalise(replace(recipe, label=taken_for))
    with studio.working(recipe.model) as model:
        wanted = _as_input(target, model)
        space = space_of(model)
        guesses = []
        for name in {recipe.label: None, taken_for or recipe.label: None}:
            label = None if name is None else [model.classes.index(name)]
            guesses.append(model.map(torch.zeros(1, model.z_dim), label, psi=0.0))
            if model.has_encoder:
                # A code that misses the picture misses it by less nearer to the average: the nearest of a few is taken.
                z, _ = model.encode(wanted, label)
                guesses += [model.map(z, label, psi) for psi in GUESSES]
        places = [((w[0].clone() - space.mean) @ space.back.T).clamp(-FARTHEST, FARTHEST) for w in guesses]
        if len(places) > 1:
            places.sort(key=lambda each: _apart(model, space.styles(each), wanted))
        at = places[0].numpy()
    return State(at, np.zeros_like(at), np.zeros_like(at), 0, steps)


def refine(
    studio: Studio,
    recipe: Recipe,
    target: Floats,
    state: State,
    editability: float = EDITABILITY,
    seconds: float = math.inf,
    progress: Share | None = None,
    features: bool = True,
) -> State:
    """The search some steps further: as many as begin within `seconds`, at least one while any is left.

    Adam (Kingma & Ba 2015) with a warm-up and a cosine's fall, on the mean squared difference of pixels and, later and
    unless `features` is False or its network is not installed, on what a frozen network sees halfway
    (`generator.measuring.Likeness`): pixels alone end in a blur. What `error_of` tells is seen by its later layers.
    `editability`: 0 for likeness alone, 1 for a picture near the average; may change on the way. Each step takes its
    own turn at torch; `progress` hears the share that is done and may raise. StudioError or RecipeError for what the
    model or the arguments do not allow.
    """
    if not 0 <= editability <= 1:
        raise StudioError(f"Editability is 0 to 1, not {editability:g}.")
    recipe, end = studio.normalise(recipe), time.perf_counter() + seconds
    at, first, second = (torch.from_numpy(each.copy()) for each in (state.at, state.first, state.second))
    hold = 10 ** (-3 + 2 * editability)  # less or more lets even pictures of the model's own be missed
    done = state.done
    seen: Likeness | None = None
    while done < state.steps and (done == state.done or time.perf_counter() < end):
        with studio.working(recipe.model, progress) as model:
            wanted, space = _as_input(target, model), space_of(model)
            at.requires_grad_()
            picture = Differentiable(model).synthesize(space.styles(at), recipe.noise_given)
            apart = at - at.mean(dim=0, keepdim=True)
            loss = (picture - wanted).square().mean() + hold * (at.square().mean() + 10 * apart.square().mean())
            counts = min((done / state.steps - BEGINS) / (WHOLE - BEGINS), 1.0)
            if features and counts > 0:
                seen = seen or _likeness(wanted)
                loss = loss + (LIKENESS * counts * seen.distance(picture) if seen else 0)
            (slope,) = torch.autograd.grad(loss, at)
            at = at.detach()
        done += 1
        first = first.lerp(slope, 1 - BETAS[0])
        second = second.lerp(slope.square(), 1 - BETAS[1])
        rate = RATE * min(1.0, done / WARM) * (0.5 + 0.5 * math.cos(math.pi * (done - 1) / state.steps))
        step = first / (1 - BETAS[0] ** done) / ((second / (1 - BETAS[1] ** done)).sqrt() + 1e-8)
        at = at - rate * step
        if progress is not None:
            progress(done / state.steps)
    return State(at.numpy(), first.numpy(), second.numpy(), done, state.steps)


def found(studio: Studio, recipe: Recipe, state: State) -> Recipe:
    """The recipe of what a search has found so far: its styles in place of a seed, with as many digits as a link
    holds, and without post-processing."""
    recipe = studio.normalise(recipe)
    with studio.working(recipe.model) as model:
        styles = space_of(model).styles(torch.from_numpy(state.at))[0].numpy()
    return replace(with_styles(recipe, Styles.of(styles).rounded().array), steps=())


@dataclass(frozen=True)
class Error:
    """How a found picture differs from the wanted one. `psnr` in dB, more is nearer; `features`: one less the cosine
    of EfficientNet features, 0 for alike (None where that network is not installed, or was not asked); `distance`: how
    far its styles lie from the average, 1 for as far as the model's own do; `ended`: whether the search is over."""

    psnr: float
    distance: float
    features: float | None = None
    ended: bool = True

    @property
    def words(self) -> str:
        """The error in a sentence."""
        near = next(words for least, words in WORDS if self.psnr >= least)
        if not self.ended and near == WORDS[-1][1]:  # what is still looked for may yet be found
            near = "Not yet like it"
        features = "" if self.features is None else f", features {self.features:.2f} apart (0: alike)"
        own = "the model’s own pictures"
        usual = f"no farther from the average than {own}"
        if self.distance > 1.1:
            usual = f"{self.distance:.1f} times as far from the average as {own}"
        return f"{near}: {self.psnr:.1f} dB{features}; {usual}."


WORDS = (
    (40.0, "The same to the eye"),
    (30.0, "Very like"),
    (25.0, "Like it, without its finest detail"),
    (20.0, "Its shapes and colours, not its detail"),
    (-math.inf, "Only a likeness: this model does not know such pictures"),
)


def error_of(studio: Studio, recipe: Recipe, state: State, target: Floats, features: bool = False) -> Error:
    """How the picture of `found` differs from the target."""
    picture = studio.render(found(studio, recipe, state), critic="none").raw
    wanted = target if picture.shape == target.shape else target.mean(axis=-1, keepdims=True)
    if (picture == picture[..., :1]).all():  # a grey model cannot give colours: it is measured on what it can
        wanted = np.broadcast_to(target.mean(axis=-1, keepdims=True), picture.shape)
    squared = float(((picture - wanted) ** 2).mean())
    apart: float | None = None
    if features:
        with studio.working(recipe.model):
            apart = _features_apart(picture, target)
    far = float(np.sqrt((state.at**2).mean()))
    return Error(-10 * math.log10(max(squared, 1e-10)), far, apart, state.done == state.steps)


def project(
    studio: Studio,
    recipe: Recipe,
    target: Floats,
    steps: int = STEPS,
    editability: float = EDITABILITY,
    progress: Share | None = None,
) -> Iterator[State]:
    """A whole search: its first guess, then every step."""
    state = first_guess(studio, recipe, target, steps, studio.taken_for(recipe.model, target))
    yield state
    while state.done < steps:
        state = refine(studio, recipe, target, state, editability, 0.0, progress)
        yield state


def shape_of(studio: Studio, recipe: Recipe) -> tuple[int, int]:
    """num_ws×w_dim of a recipe's model."""
    with studio.working(studio.normalise(recipe).model) as model:
        return model.num_ws, model.w_dim


def _apart(model: Model, styles: Tensor, wanted: Tensor) -> float:
    """How far a picture is from the wanted one, looked at roughly where a preview can be had: a guess need not wait."""
    side = next((each for each in model.preview_resolutions if each >= ROUGH), 0)
    if not side:
        return float((model.synthesize(styles) - wanted).square().mean())
    seen = adaptive_avg_pool2d(model.preview(styles, side), side)
    return float((seen - adaptive_avg_pool2d(wanted, side)).square().mean())


def _as_input(target: Floats, model: Model) -> Tensor:
    """R×R×3 in [0, 1] as 1×C×R×R in [−1, 1]."""
    if target.shape != (model.resolution, model.resolution, 3):
        raise StudioError(f"{model.name} paints {model.resolution} px: place the picture for it.")
    images = torch.from_numpy(np.array(target, np.float32)).permute(2, 0, 1)[None] * 2 - 1
    return images.mean(dim=1, keepdim=True) if model.img_channels == 1 else images


def _likeness(wanted: Tensor) -> Likeness | None:
    try:
        return Likeness(wanted)
    except FeatureError:
        return None


def _features_apart(picture: Floats, target: Floats) -> float | None:
    try:
        network = feature_network(FEATURES)
    except FeatureError:
        return None
    both = torch.from_numpy(np.stack([picture, target]).astype(np.float32)).permute(0, 3, 1, 2) * 2 - 1
    one, other = network(both)
    return float(1 - torch.nn.functional.cosine_similarity(one, other, dim=0))
