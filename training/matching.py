"""What samples as a whole are to be like: their features' means and spread, and the class each is taken for.

A critic judges pictures one by one, and of a batch at most whether it is too much alike. Whether all pictures of a
class together lie where real ones lie can be computed: between two Gaussians with means m, n and covariances S, R the
squared Fréchet distance is |m − n|² + tr(S + R − 2(SR)^½) (Dowson & Landau 1982), and its gradient at one sample x is
twice x − T(x), with the linear map T(x) = n + (x − m)A, A = S^−½ (S^½ R S^½)^½ S^−½, that carries the one to the other
with the least work (Gelbrich 1990). So each sample's features are drawn towards T of themselves. S and m are running
means over thousands of samples, since a batch says too little; only the step's own samples carry a gradient.

The features are those of the last layer of the projected critic's frozen network, on its first principal axes; means
are compared class by class, the spread around them over all classes. A linear classifier of the same features, fitted
to the real pictures once, says which class a sample is taken for (the auxiliary loss of Odena et al. 2017,
arXiv:1610.09585, with a classifier that does not learn). Every picture is looked at through another window, lest pixels
be arranged for one grid of the network's strides. `training.evaluate` measures with another network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .data import Data
from .probe import Probe, fit_probe
from .projected import SIDE, Backbone
from .views import fitted

REALS = 8192  # pictures that real means and spread are taken from, at most
AXES = 128  # principal axes of their features
MEMORY = 2048  # samples after which one counts half
FIRST = 1024  # samples seen before any is drawn anywhere
EVERY = 8  # steps after which the map is computed anew
FLOOR = 1e-3  # of the mean variance, added to every one: few samples leave some axes nearly flat
CHUNK = 64
NARROWEST = 7 / 8  # of a picture's side: the window it is looked at through


@dataclass(frozen=True, eq=False)
class Reals:
    """Of real pictures: `axes` F×K, class means C×K along them, covariance around these K×K, and the classifier."""

    axes: Tensor
    means: Tensor
    covariance: Tensor
    probe: Probe

    @classmethod
    def of(cls, features: Tensor, labels: Tensor, weights: Tensor, classes: int) -> Reals:
        """N×F features, N classes < `classes`, N weights > 0 with which pictures are drawn."""
        share = (weights / weights.sum()).double()
        x = features.double()
        centred = x - share @ x
        _, vectors = torch.linalg.eigh((centred * share[:, None]).T @ centred)
        axes = vectors[:, -AXES:].flip(1)
        y = x @ axes
        total = torch.zeros(classes, dtype=y.dtype).index_add(0, labels, share)
        means = torch.zeros(classes, y.shape[1], dtype=y.dtype).index_add(0, labels, y * share[:, None])
        means = means / total.clamp(min=1e-12)[:, None]
        rest = y - means[labels]
        covariance = (rest * share[:, None]).T @ rest
        return cls(axes.float(), means.float(), covariance.float(), fit_probe(features, labels, classes))


class Matching:
    """Real statistics, the running ones of samples, and the losses that follow."""

    def __init__(self, backbone: Backbone, data: Data, weights: Tensor, device: torch.device) -> None:
        """`weights`: with which the pictures of `data` are drawn."""
        self.backbone, self.device = backbone, device
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
        index = order[weights[order] > 0][:REALS]
        rng = torch.Generator().manual_seed(1)
        with torch.no_grad():
            parts = (data.batch(part).to(device).float() / 127.5 - 1 for part in index.split(CHUNK))
            found = [self.backbone.pooled(windows(part, SIDE, rng)) for part in parts]
        self.classes = max(len(data.classes), 1)
        self.reals = Reals.of(torch.cat(found).cpu(), data.labels[index], weights[index], self.classes)
        self.means = self.reals.means.clone()  # of samples, by class
        self.covariance = self.reals.covariance.clone()
        self.counts = torch.zeros(self.classes)
        self.steps = 0
        self.map = torch.eye(len(self.covariance))

    def losses(self, fakes: Tensor, label: Tensor | None, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Of N×C×R×R samples and their classes N×classes: mean squared way of their features to where the map leads
        them, in units of the real ones' spread; and the classifier's mean cross-entropy. Scalars with gradients."""
        features = self.backbone.pooled(windows(fakes, SIDE, rng))
        index = torch.zeros(len(fakes), dtype=torch.long) if label is None else label.argmax(dim=1).cpu()
        y = features @ self.reals.axes.to(features)
        here = y.detach().cpu()
        target = self.reals.means[index] + (here - self.means[index]) @ self.map
        way = (y - target.to(y)).square().sum(dim=1).mean() / float(self.reals.covariance.trace())
        if float(self.counts.sum()) < FIRST:
            way = way * 0
        self._learn(here, index)
        probe = self.reals.probe
        logits = (features.cpu() - probe.mean) / probe.scale @ probe.weight + probe.bias
        return way, F.cross_entropy(logits, index).to(y.device)

    def _learn(self, y: Tensor, index: Tensor) -> None:
        kept = 0.5 ** (1 / MEMORY)
        for row, c in zip(y, index.tolist(), strict=True):
            # A class's mean forgets by its own samples, so that rare classes are not known from a handful.
            self.counts[c] += 1
            self.means[c] += (row - self.means[c]) * max(1 / float(self.counts[c]), self.classes * (1 - kept))
            rest = row - self.means[c]
            self.covariance += (torch.outer(rest, rest) - self.covariance) * max(1 / float(self.counts.sum()), 1 - kept)
        if self.steps % EVERY == 0:
            self.map = transport(self.covariance, self.reals.covariance)
        self.steps += 1

    def state(self) -> dict[str, Any]:
        """All that changes."""
        return {
            "axes": self.reals.axes,
            "means": self.means,
            "covariance": self.covariance,
            "counts": self.counts,
            "map": self.map,
            "steps": self.steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a `state`; from nothing if that was of other pictures or other weights, whose axes are others."""
        axes = state.get("axes")
        if axes is None or axes.shape != self.reals.axes.shape or not torch.allclose(axes, self.reals.axes, atol=1e-4):
            return
        for name in ("means", "covariance", "counts", "map"):
            getattr(self, name).copy_(state[name])
        self.steps = int(state["steps"])


def windows(x: Tensor, side: int, rng: torch.Generator) -> Tensor:
    """N×C×R×R → N×C×side×side, with gradients: of each picture a square part, between NARROWEST and all of it wide."""
    whole = x.shape[-1]
    sizes = torch.randint(round(NARROWEST * whole), whole + 1, (len(x),), generator=rng)
    corners = (torch.rand(len(x), 2, generator=rng) * (whole + 1 - sizes)[:, None]).long()
    cut = zip(x.split(1), sizes.tolist(), corners.tolist(), strict=True)
    return torch.cat([fitted(one[:, :, row : row + s, left : left + s], side) for one, s, (row, left) in cut])


def transport(ours: Tensor, theirs: Tensor) -> Tensor:
    """The symmetric K×K map A that carries N(0, ours) to N(0, theirs): A · ours · A = theirs."""
    s, r = ours.double(), theirs.double()
    floor = FLOOR * r.diagonal().mean() * torch.eye(len(r), dtype=r.dtype)
    root, inverse = _roots(s + floor)
    middle, _ = _roots(root @ (r + floor) @ root)
    return (inverse @ middle @ inverse).float()


def _roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    # The square root of a symmetric positive matrix, and its inverse.
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    values = values.clamp(min=1e-12).sqrt()
    return (vectors * values) @ vectors.T, (vectors / values) @ vectors.T
