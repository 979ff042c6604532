"""Recipes and the latents behind them: z, the styles that the network reads, and recipes of styles that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from generator import Model, draw_z
from studio import Recipe, Studio, StudioError, Styles

Floats = NDArray[np.float32]

SAMPLES = 1024  # w from which their average and spread are told
LEAST = 1e-4  # of the largest variance: what varies less is treated as varying so much


def z_of(studio: Studio, recipe: Recipe) -> Floats:
    """The latent z_dim of a normalised recipe: its own, or its seed's. StudioError where it is made from styles."""
    if recipe.ws is not None:
        raise StudioError("This picture is made from styles of its own, and has no latent z.")
    if recipe.latent is not None:
        return np.array(recipe.latent, np.float32)
    with studio.working(recipe.model) as model:
        return draw_z(recipe.seed, model.z_dim).numpy()


def with_z(recipe: Recipe, z: Sequence[float] | Floats) -> Recipe:
    """The recipe with a latent of its own in place of its seed's."""
    return replace(recipe, latent=tuple(float(value) for value in z), ws=None)


def styles_of(studio: Studio, recipe: Recipe) -> Floats:
    """What the network reads for a recipe: num_ws×w_dim, truncated, mixed and moved; read-only."""
    return studio.styles(recipe).array


def with_styles(recipe: Recipe, styles: NDArray[np.floating]) -> Recipe:
    """The recipe with styles num_ws×w_dim of its own in place of all that its were made of; the rest stays."""
    own = recipe.with_own_noise_only()
    return replace(recipe, latent=None, ws=Styles.of(np.asarray(styles, np.float32)), mix=None, moves=(), layers=own)


def average_of(studio: Studio, recipe: Recipe) -> Floats:
    """What truncation pulls a recipe's styles towards: num_ws×w_dim."""
    return styles_of(
        studio, replace(recipe, seed=0, latent=None, ws=None, psi=0.0, cutoff=None, mix=None, moves=(), layers=())
    )


def sample_styles(model: Model, label: str | None, count: int, seed: int = 0) -> Floats:
    """`count` w of one class at full variety, count×w_dim; `seed`: the first of as many seeds."""
    z = torch.stack([draw_z(seed + i, model.z_dim) for i in range(count)])
    labels = None if label is None else [model.classes.index(label)] * count
    return model.map(z, labels)[:, 0].cpu().numpy().copy()


@dataclass(frozen=True, eq=False)
class Space:
    """A model's w as a Gaussian: `mean` [w_dim]; `out` [w_dim, w_dim] leads from coordinates in which w varies alike in
    every direction, a standard deviation each, to w less its mean; `back` into them."""

    mean: torch.Tensor
    out: torch.Tensor
    back: torch.Tensor

    def styles(self, at: torch.Tensor) -> torch.Tensor:
        """num_ws×w_dim coordinates as 1×num_ws×w_dim styles."""
        return (self.mean + at @ self.out.T)[None]


_spaces: WeakKeyDictionary[Model, dict[str | None, Space]] = WeakKeyDictionary()


def space_of(model: Model, label: str | None = None) -> Space:
    """The space of one class's w, or (None) of all: of the first 16 classes, where there are more. Measured once, while
    the caller has the turn at torch."""
    known = _spaces.setdefault(model, {})
    if label not in known:
        labels: list[str | None] = [label] if label is not None else [*model.classes[:16]] or [None]
        w = torch.from_numpy(np.concatenate([sample_styles(model, each, SAMPLES // len(labels)) for each in labels]))
        mean = w.mean(dim=0)
        variances, axes = torch.linalg.eigh(torch.cov((w - mean).T.double()))
        spread = variances.clamp_min(float(variances.max()) * LEAST).sqrt()
        known[label] = Space(mean, (axes * spread).float(), (axes / spread).T.float())
    return known[label]
