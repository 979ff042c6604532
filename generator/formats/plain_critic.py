"""How the layers of a small GAN's discriminator lie together: told as its generator's are (`plain_search`), from what
becomes of the generator's pictures.

Its batch norms have seen real pictures too, so they agree less closely; but its layers must lead from pictures of that
very size to one number, which few ways do. What still cannot be told is not guessed, but for the slope of activations
that no norm has seen: nearly all who build such networks take 0.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from generator.families.plain import Geometry

from ..errors import CheckpointError
from .plain_search import EPSILONS, MOST_LAYERS, USUAL_SLOPE, Found, Part, Task, Way, sloped, solve

MOST_MISFIT = 1.0  # of a norm, beyond which it does not belong to this generator, or to these layers
# Convolutions by their kernel: the stride and padding that halve a map.
HALVES = {2: (2, 0), 3: (2, 1), 4: (2, 1), 5: (2, 2), 6: (2, 2), 7: (2, 3)}


def may_judge(shapes: Sequence[Sequence[int]], colours: int, side: int) -> bool:
    """Whether layers of these weights' shapes may lead from such pictures to one number; cheap."""
    if not 1 <= len(shapes) <= MOST_LAYERS or shapes[-1][0] != 1 or any(min(shape) < 1 for shape in shapes):
        return False
    width = colours
    for i, shape in enumerate(shapes):
        if len(shape) == 4:
            if (i and len(shapes[i - 1]) == 2) or shape[1] != width or shape[2] != shape[3]:
                return False
            if shape[2] not in HALVES:
                return False
        elif i and len(shapes[i - 1]) == 4:
            if shape[1] % width:
                return False
        elif shape[1] != (width if i else colours * side * side):
            return False
        width = shape[0]
    return True


@dataclass(frozen=True)
class _Judging(Task):
    """Towards one number for each of these pictures, N×C×H×W in (−1, 1)."""

    pictures: Tensor
    bare, strange, unusual, better = False, 1.0, 0.1, 0.1

    def starts(self) -> list[Way]:
        """With norms before or behind the activations."""
        kinds = [(behind, epsilon) for epsilon in EPSILONS for behind in (False, True)]
        return [Way(behind=behind, epsilon=epsilon) for behind, epsilon in (kinds if self.norms else kinds[:1])]

    def drawn(self, way: Way, pictures: int) -> Tensor:
        """So many of the pictures; all of them where dense layers alone read them."""
        return self.pictures[: pictures if self.parts[0].weight.ndim == 4 else None]

    def geometries(self, x: Tensor, part: Part) -> Iterator[tuple[Geometry | None, float]]:
        """Convolutions that halve, but for one that ends in a single number."""
        weight = part.weight
        if weight.ndim == 2:
            if x[0].numel() == weight.shape[1]:
                yield None, 0.0
        elif x.ndim == 4 and x.shape[1] == weight.shape[1]:
            if x.shape[2] == weight.shape[2] and part is self.parts[-1]:
                yield Geometry(x.shape[2]), 0.0
            elif x.shape[2] > 1:
                yield Geometry(x.shape[2], False, *HALVES[weight.shape[2]]), 0.0

    def against_end(self, x: Tensor) -> float | None:
        """One finite number a picture."""
        return 0.0 if x[0].numel() == 1 and torch.isfinite(x).all() else None

    def sloped(self, way: Way) -> Way:
        """With the usual slope."""
        return sloped(way, USUAL_SLOPE)


def search_critic(parts: Sequence[Part], pictures: Tensor, known: object = None) -> Found:
    """The layers that judge the generator's `pictures`, N×C×H×W in (−1, 1); CheckpointError where they cannot be told.

    `known`: what an earlier search has found, or anything else.
    """
    parts = [replace(part, norm=part.norm and replace(part.norm, dropout=True)) for part in parts]
    found = solve(_Judging(parts, pictures), known)
    if found is None:
        raise CheckpointError(f"Its layers do not lead from pictures of {pictures.shape[2]} pixels to one number.")
    told = max((i for i, part in enumerate(parts) if part.norm is not None), default=-1)
    if any(part.weight.ndim == 4 and part.weight.shape[2] in (3, 5, 7) for part in parts[told + 1 :]):
        # With kernels of an odd side pooling instead of strides would lead there as well.
        raise CheckpointError("No batch norm tells how its convolutions make pictures smaller.")
    if found.norms and not found.misfit <= MOST_MISFIT:
        raise CheckpointError("Its batch norms do not agree with the generator's pictures in any usual way.")
    if found.norms == 1 and parts[-1].norm is None and found.behind:
        raise CheckpointError("Its only batch norm does not tell which ε it has.")
    return found
