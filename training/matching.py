"""What samples as a whole are to be like: their features' means and spread, and the class each is taken for.

A critic judges pictures one by one, and of a batch at most whether it is too much alike. Whether all pictures of a
class together lie where real ones lie can be computed: between two Gaussians with means m, n and covariances S, R the
squared Fréchet distance is |m − n|² + tr(S + R − 2(SR)^½) (Dowson & Landau 1982), and its gradient at one of N samples
x is (x − T(x)) · 2/N, with the linear map T(x) = n + (x − m)A, A = S^−½ (S^½ R S^½)^½ S^−½, that carries the one to the
other with the least work (Gelbrich 1990). So each sample's features are drawn towards T of themselves. S and m are
running means over thousands of samples, since a batch says too little; only the step's own samples carry a gradient.

The features are those of the last layer of the projected critic's frozen network, on its first principal axes; means
are compared class by class, the spread around them over all classes. A linear classifier of the same features, fitted
to the real pictures once, says which class a sample is taken for (the auxiliary loss of Odena et al. 2017,
arXiv:1610.09585, with a classifier that does not learn). Every picture is looked at through another window, lest pixels
be arranged for one grid of the network's strides. `training.evaluate` measures with another network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .data import Data
from .errors import TrainingError
from .probe import Probe, fit_probe
from .projected import SIDE, Backbone
from .views import fitted

REALS = 8192  # pictures that real means and spread are taken from, at most
OF_A_CLASS = 64  # of them of every class at least, if it has so many
AXES = 128  # principal axes of their features
MEMORY = 2048  # samples after which one counts half
AT_ONCE = 32  # samples for which a class's real mean counts at first, so that its first one does not replace it
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
        drawn = torch.zeros(classes, dtype=y.dtype).index_add(0, labels, share)
        means = torch.zeros(classes, y.shape[1], dtype=y.dtype).index_add(0, labels, y * share[:, None])
        means = torch.where(drawn[:, None] > 0, means / drawn.clamp(min=1e-12)[:, None], share @ y)
        rest = y - means[labels]
        covariance = (rest * share[:, None]).T @ rest
        probe = fit_probe(features, labels, classes)
        # It was fitted to the pictures as they are, but samples are of classes as they are drawn.
        there = torch.bincount(labels, minlength=classes) / len(labels)
        shift = (drawn / there.clamp(min=1e-12)).log().where(drawn > 0, 0).float()
        probe = replace(probe, bias=probe.bias + shift)
        return cls(axes.float(), means.float(), covariance.float(), probe)

    def state(self) -> dict[str, Any]:
        """`of_state` gives it back."""
        return {**{name: value for name, value in vars(self).items() if name != "probe"}, "probe": vars(self.probe)}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Reals:
        """What `state` gave, on the processor."""
        kept = {name: value.cpu() for name, value in state.items() if name != "probe"}
        return cls(**kept, probe=Probe(**{name: value.cpu() for name, value in state["probe"].items()}))


class Matching:
    """Real statistics, the running ones of samples, and the losses that follow."""

    def __init__(self, backbone: Backbone, data: Data, weights: Tensor, mirror: bool, device: torch.device) -> None:
        """`weights`: with which the pictures of `data` are drawn; `mirror`: half of them are mirrored."""
        self.backbone, self.data, self.mirror, self.device = backbone, data, mirror, device
        self.classes = max(len(data.classes), 1)
        self.index, self.weights = chosen(data.labels, weights, self.classes)
        self.seen = self.steps = 0

    def begin(self) -> None:
        """Measure the real pictures, which takes half a minute; samples begin where these are."""
        rng = torch.Generator().manual_seed(1)
        found = []
        with torch.no_grad():
            for part in self.index.split(CHUNK):
                x = self.data.batch(part).to(self.device).float() / 127.5 - 1
                if self.mirror:
                    flip = torch.rand(len(x), 1, 1, 1, generator=rng) < 0.5
                    x = torch.where(flip.to(x.device), x.flip(3), x)
                found.append(self.backbone.pooled(windows(x, SIDE, rng)).cpu())
        self._start(Reals.of(torch.cat(found), self.data.labels[self.index], self.weights, self.classes))

    def _start(self, reals: Reals) -> None:
        self.reals = reals
        self.means = reals.means.clone()  # of samples, by class
        self.covariance = reals.covariance.clone()
        self.counts = torch.full((self.classes,), float(AT_ONCE))
        self.map = torch.eye(len(self.covariance))

    def losses(self, fakes: Tensor, label: Tensor | None, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Of N×C×R×R samples and their classes N×classes: mean squared way of their features to where the map leads
        them, in units of the real ones' spread; and the classifier's mean cross-entropy. Scalars with gradients.

        TrainingError for samples that are no longer numbers.
        """
        features = self.backbone.pooled(windows(fakes, SIDE, rng))
        index = torch.zeros(len(fakes), dtype=torch.long) if label is None else label.argmax(dim=1).cpu()
        y = features @ self.reals.axes.to(features)
        here = y.detach().cpu()
        if not bool(here.isfinite().all()):
            raise TrainingError("The losses are no longer finite: samples are not.")
        target = self.reals.means[index] + (here - self.means[index]) @ self.map
        way = (y - target.to(y)).square().sum(dim=1).mean() / max(float(self.reals.covariance.trace()), 1e-12)
        if self.seen < FIRST:
            way = way * 0
        self._learn(here, index)
        return way, F.cross_entropy(self.reals.probe.logits(features.cpu()), index).to(y.device)

    def _learn(self, y: Tensor, index: Tensor) -> None:
        fresh = 1 - 0.5 ** (1 / MEMORY)
        for row, c in zip(y, index.tolist(), strict=True):
            self.counts[c] += 1
            # A class's mean forgets by its own samples, so that rare classes are not known from a handful.
            before = row - self.means[c]
            self.means[c] += before * max(1 / float(self.counts[c]), min(self.classes * fresh, 1 / AT_ONCE))
            spread = torch.outer(before, row - self.means[c])  # with the mean before and after: neither is too near
            self.covariance += (spread - self.covariance) * max(1 / float(self.counts.sum()), fresh)
        self.seen += len(y)
        if self.steps % EVERY == 0:
            self.map = transport(self.covariance, self.reals.covariance)
        self.steps += 1

    def state(self) -> dict[str, Any]:
        """All that changes, and what was measured of which pictures."""
        running = {name: getattr(self, name) for name in ("means", "covariance", "counts", "map", "seen", "steps")}
        return {**running, "reals": self.reals.state(), "of": self._of()}

    def _of(self) -> dict[str, Any]:
        return {"index": self.index, "weights": self.weights, "mirror": self.mirror, "maps": str(self.backbone.dtype)}

    def load(self, state: dict[str, Any] | None) -> None:
        """Go on from a `state`; begin, if there is none, or it is of other pictures or of others' weights."""
        was, now = (state or {}).get("of"), self._of()
        same = (
            state is not None
            and was is not None
            and all(was[name] == now[name] for name in ("mirror", "maps"))
            and torch.equal(was["index"].cpu(), now["index"])
            and torch.allclose(was["weights"].cpu(), now["weights"], rtol=1e-4, atol=0)
        )
        if state is None or not same:
            return self.begin()
        self._start(Reals.of_state(state["reals"]))
        for name in ("means", "covariance", "counts", "map"):
            getattr(self, name).copy_(state[name])
        self.seen, self.steps = int(state["seen"]), int(state["steps"])


def chosen(labels: Tensor, weights: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """At most REALS of N pictures that are drawn at all, by `weights` N, some of each class first; and their weights,
    by which each class counts as among all."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    order = order[weights[order] > 0]
    first = torch.zeros(len(order), dtype=torch.bool)
    for c in range(classes):
        first[(labels[order] == c).nonzero().flatten()[:OF_A_CLASS]] = True
    index = torch.cat([order[first], order[~first]])[:REALS]
    of_all, of_these = (
        torch.zeros(classes, dtype=torch.double).index_add(0, labels[i], weights[i].double()) for i in (order, index)
    )
    return index, (weights[index] * (of_all / of_these.clamp(min=1e-30))[labels[index]]).float()


def windows(x: Tensor, side: int, rng: torch.Generator) -> Tensor:
    """N×C×R×R → N×C×side×side, with gradients: of each picture a square part, between NARROWEST and all of it wide."""
    whole = x.shape[-1]
    sizes = torch.randint(round(NARROWEST * whole), whole + 1, (len(x),), generator=rng)
    corners = (torch.rand(len(x), 2, generator=rng) * (whole + 1 - sizes)[:, None]).long()
    cut = zip(x.split(1), sizes.tolist(), corners.tolist(), strict=True)
    return torch.cat([fitted(one[:, :, row : row + s, left : left + s], side) for one, s, (row, left) in cut])


def transport(ours: Tensor, theirs: Tensor) -> Tensor:
    """The symmetric K×K map A that carries N(0, ours) to N(0, theirs), A · ours · A = theirs, both with FLOOR added."""
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
