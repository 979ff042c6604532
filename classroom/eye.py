"""The critic's eye: which parts of a picture raise or lower its logit, by hiding them and by the gradient.

Occlusion after Zeiler & Fergus 2014 (arXiv:1311.2901, §4.1); the gradient after Simonyan et al. 2014 (arXiv:1312.6034).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import Differentiable, LatentError, Model
from studio import Recipe, Rendering, Studio, for_critic

from .errors import ClassroomError

CELLS = 8  # a side; a hiding square is two of them wide, and moves by one
BATCH = 4  # pictures judged in one turn at torch, so that nobody waits long

Array = NDArray[np.float32]
Judge = Callable[[Tensor], Tensor]  # N×C×H×W in [−1, 1] → N logits


@dataclass(frozen=True, eq=False)
class Eye:
    """`occlusion`: CELLS×CELLS, how much the logit falls where a cell is hidden, positive where it speaks for the
    picture; `gradient`: H×W, what a little more light at a pixel does to the logit. `rendering`: what was looked at."""

    occlusion: Array
    gradient: Array
    rendering: Rendering


def look(studio: Studio, recipe: Recipe) -> Eye:
    """What the critic of a recipe's model looks at in its finished picture. ClassroomError where the model has no
    critic, or one that no gradient passes; RecipeError as for `Studio.render`."""
    rendering = studio.render(recipe, critic="none")
    name, label = rendering.recipe.model, rendering.recipe.label
    with studio.working(name) as model:
        image = _tensor(rendering, model)
        labels = [model.classes.index(label)] if label is not None and model.classes else None
        gradient = _gradient(model, image, labels)

    def judge(images: Tensor) -> Tensor:
        with studio.working(name) as model:
            return model.criticize(images, None if labels is None else labels * len(images))

    return Eye(occlusion(judge, image), gradient, rendering)


def occlusion(judge: Judge, image: Tensor) -> Array:
    """See `Eye`: a grey square two cells wide is laid on each place of a picture 1×C×H×W, and each cell told the mean
    fall of the logit under the squares that hid it."""
    size = image.shape[-1]
    edges = [round(size * i / CELLS) for i in range(CELLS + 1)]
    places = [(i, j) for i in range(CELLS - 1) for j in range(CELLS - 1)]
    grey = float(image.mean())
    hidden = image.repeat(len(places), 1, 1, 1)
    for picture, (i, j) in zip(hidden, places, strict=True):
        picture[:, edges[i] : edges[i + 2], edges[j] : edges[j + 2]] = grey
    logits = torch.cat([judge(part) for part in (image, *hidden.split(BATCH))]).numpy()
    fallen, counts = np.zeros((CELLS, CELLS), np.float32), np.zeros((CELLS, CELLS), np.float32)
    for (i, j), logit in zip(places, logits[1:], strict=True):
        fallen[i : i + 2, j : j + 2] += logits[0] - logit
        counts[i : i + 2, j : j + 2] += 1
    return fallen / counts


def _gradient(model: Model, image: Tensor, labels: list[int] | None) -> Array:
    try:
        plain = Differentiable(model)
        with torch.inference_mode(False), torch.enable_grad():
            leaf = image.clone().to(plain.dtype).requires_grad_()
            (gradient,) = torch.autograd.grad(plain.criticize(leaf, labels).sum(), leaf)
    except LatentError as error:
        raise ClassroomError("no_critic", "This model came without its critic.") from error
    return gradient[0].float().sum(dim=0).numpy()


def _tensor(rendering: Rendering, model: Model) -> Tensor:
    picture = for_critic(rendering.picture, rendering.alpha, model.resolution)
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] * 2 - 1
    return image.mean(dim=1, keepdim=True) if model.img_channels == 1 else image


def veil(values: Array, strength: float = 0.85) -> tuple[Array, Array]:
    """Values H×W as colours H×W×3 and opacity H×W to lay on the picture: light and warm where they are positive, dark
    and cold where negative, nothing where they are small."""
    share = values / max(float(np.quantile(np.abs(values), 0.99)), 1e-9)
    warm, cold = (np.array(colour, np.float32) for colour in ((1.0, 0.88, 0.3), (0.05, 0.12, 0.4)))
    colours = np.where(share[..., None] > 0, warm, cold).astype(np.float32)
    return colours, (np.abs(share).clip(0, 1) * strength).astype(np.float32)


def places(values: Array) -> tuple[str, str]:
    """Where values are largest and smallest, in words: "upper left" … "lower right"."""
    return _place(values, int(values.argmax())), _place(values, int(values.argmin()))


def _place(values: Array, at: int) -> str:
    row, column = (3 * part // side for part, side in zip(divmod(at, values.shape[1]), values.shape, strict=True))
    if (row, column) == (1, 1):
        return "centre"
    down, across = ("upper", "middle", "lower")[row], ("left", "middle", "right")[column]
    return f"{down} {across}" if column != 1 else f"{down} part"
