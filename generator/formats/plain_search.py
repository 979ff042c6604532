"""How the layers of a small GAN lie together, which a state dictionary does not say: strides, paddings, doublings and
activations.

Batch norms tell. They keep the mean and variance of what came by in training; only with the right layers before them
do numbers of the same kind give these again. So every usual way to build the network is tried, layer by layer, and the
one that agrees best with its norms is taken, the plainer of two that agree alike.

What was found goes with a converted model, as plain JSON. Read again, it is held to the same choices as a search and to
the same norms; what is none of the choices, or agrees less than it says, is searched for anew.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.plain import Geometry, Step, joined
from generator.latents import draw_z

EPSILON = 1e-5  # of batch norms; torch's own
OTHER_EPSILON = 0.8  # of those who give a momentum in its place, as many copies of one program do
EPSILONS = (EPSILON, OTHER_EPSILON)
KIND = ("joined", "uniform", "behind", "epsilon")  # of a `Way`: what is not of single layers
DRAWN, FINALLY, KEPT = 16, 64, 24  # pictures tried of every way, and of the last few; beginnings that are followed
SMALL, OF_SMALL = 3 * 64 * 64, 256  # numbers of a picture, up to which so many are tried of the last few ways
OF_DENSE = 256  # pictures where there are no convolutions, and more vary
LARGEST, MOST_LAYERS = 512, 12
SLOPES = (0.0, 0.2)  # tried everywhere; SIMILAR in their place at the end
USUAL_SLOPE = 0.2
SIMILAR = (0.2, 0.0, 0.01, 0.1, 0.3)  # the usual first
BETTER = 0.02  # by which what is rarer must agree better
ALIKE = 0.02  # misfit of a norm, more or less, after rounding to half precision or on another machine
SPREAD = 0.4  # of a pixel in (−1, 1) from picture to picture: in sets of digits 0.3 to 0.4, of clothes 0.5
SIDES = {1: (28, 32, 64, 128, 256, 512), 3: (32, 64, 128, 256, 512)}
ODD_SIDE = 0.4
LAST_DOUBLED = 0.1
# Transposed convolutions by their kernel: stride, padding, rows more, and what speaks against each.
TRANSPOSED: dict[int, tuple[tuple[int, int, int, float], ...]] = {
    1: ((1, 0, 0, 0.0),),
    2: ((2, 0, 0, 0.0),),
    3: ((2, 1, 1, 0.0), (1, 1, 0, 0.02), (2, 1, 0, 0.03), (2, 0, 0, 0.05), (1, 0, 0, 0.05)),
    4: ((2, 1, 0, 0.0), (1, 0, 0, 0.05), (2, 0, 0, 0.08)),
    5: ((2, 2, 1, 0.0), (1, 2, 0, 0.02), (2, 2, 0, 0.05), (2, 0, 0, 0.1), (1, 0, 0, 0.1)),
    6: ((2, 2, 0, 0.0), (2, 0, 0, 0.08)),
    7: ((1, 3, 0, 0.02), (1, 0, 0, 0.05), (2, 3, 1, 0.02)),
}


@dataclass(frozen=True)
class Norm:
    """A batch norm: its running mean and variance, its scale and shift. `dropout`: there may have been some before it,
    which leaves means as they are, and variances not."""

    mean: Tensor
    variance: Tensor
    scale: Tensor
    shift: Tensor
    dropout: bool = False

    def __call__(self, x: Tensor, epsilon: float) -> Tensor:
        """What it makes of N×C or N×C×H×W."""
        scale, shift = self.folded(epsilon)
        shape = (1, -1, *[1] * (x.ndim - 2))
        return x * scale.view(shape) + shift.view(shape)

    def folded(self, epsilon: float) -> tuple[Tensor, Tensor]:
        """The same as one scale and one shift."""
        scale = self.scale / (self.variance + epsilon).sqrt()
        return scale, self.shift - self.mean * scale

    def misfit(self, x: Tensor) -> float:
        """How far these numbers are from those of its training: 0 for the same mean and variance."""
        over = [0, *range(2, x.ndim)]
        means = (x.mean(over) - self.mean).abs() / (self.variance + 1e-3).sqrt()
        if self.dropout:
            return float(means.clamp(max=3).mean())
        spreads = ((x.var(over) + 1e-4) / (self.variance + 1e-4)).log().abs()
        return float(means.clamp(max=3).mean() + spreads.clamp(max=3).mean())


@dataclass(frozen=True)
class Part:
    """A layer as its file has it: O×I, I×O×k×k or O×I×k×k, and the batch norm that stands behind it."""

    weight: Tensor
    bias: Tensor | None
    norm: Norm | None


@dataclass(frozen=True)
class Found:
    """A network: its steps, the colours of its pictures, how a class's vector joins the numbers (see `Plain`), those
    that it was trained on, and how all this was told.

    `misfit`: mean over its batch norms, `norms` their number. `slope`: that of its activations, and whether a norm has
    `told` it. `behind`: norms come behind the activations. `known`: all this as JSON, for the next search of the same
    layers; None where it cannot be kept.
    """

    steps: tuple[Step, ...]
    channels: int
    joined: str
    uniform: bool
    misfit: float
    norms: int
    slope: float
    told: bool
    behind: bool
    known: dict[str, Any] | None


@dataclass(frozen=True)
class Way:
    """One way to build a network: how it is told from others, and what is tried of it so far."""

    joined: str = ""
    uniform: bool = False
    behind: bool = False  # norms behind the activations
    epsilon: float = EPSILON
    layers: tuple[tuple[Geometry | None, float | None], ...] = ()


@dataclass(frozen=True)
class _State:
    cost: float
    x: Tensor
    way: Way


@dataclass(frozen=True)
class Task(ABC):
    """Layers that are to be put together, and towards what."""

    parts: Sequence[Part]
    bare = True  # whether a layer in the midst may have no activation
    strange = 0.05  # what speaks against another slope than the one before
    unusual = 0.0  # what speaks against another slope than that of most
    better = BETTER  # by which what is rarer must agree better

    @abstractmethod
    def starts(self) -> list[Way]:
        """The kinds of networks to try, the plainest first."""

    @abstractmethod
    def drawn(self, way: Way, pictures: int) -> Tensor:
        """What goes into the network for so many pictures."""

    @abstractmethod
    def geometries(self, x: Tensor, part: Part) -> Iterator[tuple[Geometry | None, float]]:
        """Ways in which a layer may take x, and what speaks against each."""

    @abstractmethod
    def against_end(self, x: Tensor) -> float | None:
        """What speaks against x as the network's result; None if it cannot be that."""

    @abstractmethod
    def sloped(self, way: Way) -> Way:
        """The same with a slope, where no norm tells it."""

    @property
    def norms(self) -> int:
        """How many batch norms there are."""
        return sum(part.norm is not None for part in self.parts)


def fits_together(parts: Sequence[Part], label: int = 0) -> bool:
    """Whether these layers lead from numbers (and a vector of `label` numbers for the class) to pictures, by their
    shapes alone; cheap."""
    if not parts or _inputs(parts) < label:
        return False
    if not 2 <= len(parts) <= MOST_LAYERS or any(min(part.weight.shape) < 1 for part in parts):
        return False
    widths = {parts[0].weight.shape[1 if parts[0].weight.ndim == 2 else 0]}
    for i, part in enumerate(parts):
        shape = part.weight.shape
        if part.weight.ndim == 2:
            if i and parts[i - 1].weight.ndim == 4:
                return False
            widths = {shape[0]} if shape[1] in widths else set()
        elif i and parts[i - 1].weight.ndim == 2:
            (flat,) = widths or {0}
            widths = {b for a, b in (shape[:2], shape[1::-1]) if _square(flat, a)}
        else:
            transposed = {shape[1]} if shape[0] in widths else set()
            widths = transposed | ({shape[0]} if i and shape[1] in widths and shape[2] % 2 else set())
        if not widths or (part.weight.ndim == 4 and (shape[2] != shape[3] or shape[2] not in TRANSPOSED)):
            return False
    if parts[-1].weight.ndim == 2:
        return any(_square(max(widths), c) and max(widths) >= 64 for c in SIDES)
    return bool(widths & set(SIDES))


def search(parts: Sequence[Part], labels: Tensor | None = None, known: object = None) -> Found | None:
    """The way of building a generator that agrees best with the batch norms; None if none ends in a picture.

    `labels`: C×E, what stands for each class beside (or as a factor of) the numbers that are drawn. `known`: what an
    earlier search has found, or anything else.
    """
    return solve(_Generating(parts, labels), known)


def solve(task: Task, known: object = None) -> Found | None:
    """What is known already, if that holds, else the way that a search finds; None if nothing leads to the end."""
    if (recalled := _recalled(task, known)) is not None:
        return _found(task, *recalled)
    best: _State | None = None
    for start in (starts := task.starts()):
        found = _beam(task, start)
        found = found and replace(found, cost=found.cost + 2 * BETTER * (start is not starts[0]))
        if found is not None and (best is None or found.cost < best.cost):
            best = found
    if best is None:
        return None
    best = _refined(task, best) if task.norms else best
    way = best.way if _tells_slopes(task.parts, best.way) else task.sloped(best.way)
    return _found(task, way, *_run(task, way, DRAWN))


def _found(task: Task, way: Way, misfit: float, x: Tensor) -> Found:
    """The network built in one way, whose norms are so far from what `DRAWN` pictures make of it, x at the end."""
    slope = next((slope for _, slope in way.layers[::-1] if slope is not None), 0.0)
    steps = tuple(_step(part, *layer, way) for part, layer in zip(task.parts, way.layers, strict=True))
    mean = misfit / max(task.norms, 1)
    told = _tells_slopes(task.parts, way)
    known = {
        "layers": [[None if g is None else list(astuple(g)), slope] for g, slope in way.layers],
        "joined": way.joined,
        "uniform": way.uniform,
        "behind": way.behind,
        "epsilon": way.epsilon,
        "misfit": mean,
    }
    keeps = known if math.isfinite(mean) else None
    return Found(steps, _colours(x) or 1, way.joined, way.uniform, mean, task.norms, slope, told, way.behind, keeps)


def _recalled(task: Task, known: object) -> tuple[Way, float, Tensor] | None:
    """The way that an earlier search found, its misfit and what it makes; None unless a search of these layers could
    find it and their norms agree with it as they did. `known` may be anything: it is only compared with."""
    if not isinstance(known, Mapping) or not isinstance(layers := known.get("layers"), list):
        return None
    kinds = [Way(j, u, b, e) for j in _joinings(task) for u in (False, True) for b in (False, True) for e in EPSILONS]
    same = [kind for kind in kinds if all(known.get(name) == getattr(kind, name) for name in KIND)]
    said = known.get("misfit")
    if not same or not isinstance(said, (int, float)) or len(layers) != len(task.parts):
        return None
    way, total, x = same[0], 0.0, task.drawn(same[0], DRAWN)
    for i, (part, layer) in enumerate(zip(task.parts, layers, strict=True)):
        slopes = (None,) if i == len(layers) - 1 else (None, *SIMILAR)
        chosen = [
            (geometry, slope)
            for geometry, _ in task.geometries(x, part)
            for slope in slopes
            if layer == [None if geometry is None else list(astuple(geometry)), slope]
        ]
        if not chosen:
            return None
        cost, x = _behind(applied(x, part, chosen[0][0]), part, chosen[0][1], way)
        way, total = replace(way, layers=(*way.layers, chosen[0])), total + cost
    alike = abs(total / max(task.norms, 1) - said) <= ALIKE
    return (way, total, x) if alike and task.against_end(x) is not None else None


def _joinings(task: Task) -> list[str]:
    return list(dict.fromkeys(start.joined for start in task.starts()))


@dataclass(frozen=True)
class _Generating(Task):
    """Towards a picture."""

    labels: Tensor | None = field(default=None)

    def starts(self) -> list[Way]:
        plain = Way(joined=_joined(self.parts, self.labels))
        if not self.norms:
            return [plain]
        other = {"before": "behind", "behind": "before"}.get(plain.joined, plain.joined)
        rarer = [replace(plain, joined=other)] if other != plain.joined else []
        rarer += [replace(plain, uniform=True), replace(plain, behind=True), replace(plain, epsilon=OTHER_EPSILON)]
        return [plain, *rarer]

    def drawn(self, way: Way, pictures: int) -> Tensor:
        return _drawn(self.parts, way, self.labels, pictures)

    def geometries(self, x: Tensor, part: Part) -> Iterator[tuple[Geometry | None, float]]:
        last = part is self.parts[-1]
        for geometry, against in _geometries(x, part):
            # Who doubles and convolves ends with a convolution to the colours alone; no norm comes behind it to tell.
            yield geometry, against + LAST_DOUBLED * (last and geometry is not None and geometry.enlarge)

    def against_end(self, x: Tensor) -> float | None:
        return _against_side(x) if _colours(x) else None

    def sloped(self, way: Way) -> Way:
        return _by_spread(self, way)


def _beam(task: Task, start: Way) -> _State | None:
    """The best whole network of this kind, from its beginning on."""
    states = [_State(0.0, task.drawn(start, DRAWN), start)]
    for i, part in enumerate(task.parts):
        last = i == len(task.parts) - 1
        following = [new for state in states for new in _further(task, state, part, last)]
        following.sort(key=lambda state: state.cost, reverse=True)
        # Of those that differ in an activation further back alone, which a norm has judged by now, the best.
        alike = {(tuple(g for g, _ in s.way.layers), s.way.layers[-1][1]): s for s in following}
        states = sorted(alike.values(), key=lambda state: state.cost)[:KEPT]
    ends = [(state, task.against_end(state.x)) for state in states]
    whole = [replace(state, cost=state.cost + against) for state, against in ends if against is not None]
    return min(whole, key=lambda state: state.cost, default=None)


def _further(task: Task, state: _State, part: Part, last: bool) -> Iterator[_State]:
    """The network with one layer more, in every way that its shape allows."""
    before = next((slope for _, slope in state.way.layers[::-1] if slope is not None), None)
    for geometry, against in task.geometries(state.x, part):
        out = applied(state.x, part, geometry)
        if last:
            slopes: list[tuple[float | None, float]] = [(None, 0.0)]
        else:
            slopes = [
                (slope, task.strange * (before not in (None, slope)) + task.unusual * (slope != USUAL_SLOPE))
                for slope in SLOPES
            ] + [(None, 0.1)] * task.bare
        for slope, strange in slopes:
            cost, x = _behind(out, part, slope, state.way)
            layers = (*state.way.layers, (geometry, slope))
            yield _State(state.cost + cost + against + strange, x, replace(state.way, layers=layers))


def _geometries(x: Tensor, part: Part) -> Iterator[tuple[Geometry | None, float]]:
    """Ways in which a layer may take x, and what speaks against each."""
    weight = part.weight
    if weight.ndim == 2:
        if x.ndim == 2 and x.shape[1] == weight.shape[1]:
            yield None, 0.0
        return
    kernel = weight.shape[2]
    for transposed, channels in ((True, weight.shape[0]), (False, weight.shape[1])):
        side = x.shape[2] if x.ndim == 4 and x.shape[1] == channels else 0
        side = side or (_square(x.shape[1], channels) if x.ndim == 2 else 0)
        if not side:
            continue
        if not transposed:
            ways = [Geometry(side, padding=kernel // 2, enlarge=twice) for twice in (True, False)]
            found = [(way, 0.0) for way in ways] if kernel % 2 and side > 1 else []
        elif side == 1:
            found = [(Geometry(1, True), 0.0)]
        else:
            found = [(Geometry(side, True, s, p, e), against) for s, p, e, against in TRANSPOSED[kernel]]
        yield from ((way, against) for way, against in found if 1 <= way.out(kernel) <= LARGEST)


def applied(x: Tensor, part: Part, geometry: Geometry | None) -> Tensor:
    """What a layer makes of N×I or N×I×H×W."""
    if geometry is None:
        return F.linear(x.flatten(1), part.weight, part.bias)
    x = x if x.ndim == 4 else x.view(len(x), -1, geometry.side, geometry.side)
    if geometry.transposed:
        return F.conv_transpose2d(x, part.weight, part.bias, geometry.stride, geometry.padding, geometry.extra)
    x = F.interpolate(x, scale_factor=2.0) if geometry.enlarge else x
    return F.conv2d(x, part.weight, part.bias, geometry.stride, geometry.padding)


def _behind(x: Tensor, part: Part, slope: float | None, way: Way) -> tuple[float, Tensor]:
    """What follows a layer: how far its norm is from x, and what becomes of it."""
    cost, epsilon = 0.0, _epsilon(part, way)
    if way.behind:
        x = _bent(x, slope)
    if part.norm is not None:
        if x.ndim == 2 and len(part.norm.mean) != x.shape[1]:  # of channels, which begin here
            side = _square(x.shape[1], len(part.norm.mean))
            x = x.view(len(x), -1, side, side)
        cost, x = part.norm.misfit(x), part.norm(x, epsilon)
    return cost, x if way.behind else _bent(x, slope)


def _epsilon(part: Part, way: Way) -> float:
    """That of the norm behind a layer. Who gives another one does so in a row of blocks, not at the first maps."""
    begins_maps = part.norm is not None and part.weight.ndim == 2 and len(part.norm.mean) != len(part.weight)
    return EPSILON if begins_maps else way.epsilon


def _bent(x: Tensor, slope: float | None) -> Tensor:
    return x if slope is None else F.leaky_relu(x, slope)


def _run(task: Task, way: Way, pictures: int) -> tuple[float, Tensor]:
    """The whole network built in one way: how far its norms are from it, and what it makes before tanh."""
    total, x = 0.0, task.drawn(way, pictures)
    for part, (geometry, slope) in zip(task.parts, way.layers, strict=True):
        cost, x = _behind(applied(x, part, geometry), part, slope, way)
        total += cost
    return total, x


def _refined(task: Task, found: _State) -> _State:
    """The same with what is rarer, where that agrees better: another slope, another ε."""
    pictures = OF_SMALL if found.x[0].numel() <= SMALL else FINALLY
    best, cost = found.way, _run(task, found.way, pictures)[0]
    others = [sloped(found.way, slope) for slope in SIMILAR]
    for way in (*others, *(replace(each, epsilon=OTHER_EPSILON) for each in (found.way, *others))):
        other = _run(task, way, pictures)[0]
        if other < cost - task.better:
            best, cost = way, other
    return replace(found, way=best)


def sloped(way: Way, slope: float) -> Way:
    """The same with activations of that slope."""
    layers = ((geometry, own if own is None else slope) for geometry, own in way.layers)
    return replace(way, layers=tuple(layers))


def _tells_slopes(parts: Sequence[Part], way: Way) -> bool:
    """Whether a norm comes behind an activation: else every slope agrees alike."""
    bent = way.behind
    for part, (_, slope) in zip(parts, way.layers, strict=True):
        if bent and part.norm is not None:
            return True
        bent = bent or slope is not None
    return False


def _by_spread(task: Task, way: Way) -> Way:
    """The network with the slope at which its pictures differ from one another as those of training sets do."""

    def off(slope: float) -> float:
        pictures = _run(task, sloped(way, slope), FINALLY)[1].tanh()
        return abs(float(pictures.std(0).mean()) - SPREAD)

    return sloped(way, min((0.2, 0.0, 0.01, 0.1), key=off))


def _step(part: Part, geometry: Geometry | None, slope: float | None, way: Way) -> Step:
    """The layer with its norm folded in, where that stands before the activation."""
    if part.norm is None:
        return Step(part.weight, part.bias, geometry, slope)
    scale, shift = part.norm.folded(_epsilon(part, way))
    outputs = part.weight.shape[1 if geometry is not None and geometry.transposed else 0]
    scale, shift = (each.repeat_interleave(outputs // len(each)) for each in (scale, shift))
    if way.behind:
        return Step(part.weight, part.bias, geometry, slope, (scale, shift))
    shape = (1, -1, 1, 1) if geometry is not None and geometry.transposed else (-1, *[1] * (part.weight.ndim - 1))
    bias = shift if part.bias is None else shift + part.bias * scale
    return Step(part.weight * scale.view(shape), bias, geometry, slope)


def _inputs(parts: Sequence[Part]) -> int:
    return parts[0].weight.shape[1 if parts[0].weight.ndim == 2 else 0]


def _joined(parts: Sequence[Part], labels: Tensor | None) -> str:
    """How a class's vector joins the numbers: "times", or "before" or "behind" them; "" without classes.

    What reads it lies together, and has weights of another size than what reads the numbers.
    """
    if labels is None:
        return ""
    inputs, own = _inputs(parts), labels.shape[1]
    if inputs == own:
        return "times"
    weight = parts[0].weight if parts[0].weight.ndim == 2 else parts[0].weight.flatten(1).T
    sizes = weight.norm(dim=0).log()
    before = (sizes[:own].mean() - sizes[own:].mean()).abs()
    return "before" if before > (sizes[-own:].mean() - sizes[:-own].mean()).abs() else "behind"


def _drawn(parts: Sequence[Part], way: Way, labels: Tensor | None, pictures: int) -> Tensor:
    """What goes into the network for so many pictures: numbers by seed, with the classes in turn."""
    pictures = pictures if any(part.weight.ndim == 4 for part in parts) else OF_DENSE
    count = _inputs(parts) - (0 if labels is None or way.joined == "times" else labels.shape[1])
    z = _numbers(count, pictures)
    own = None if labels is None else labels[torch.arange(pictures) % len(labels)]
    return joined(torch.erf(z / math.sqrt(2)) if way.uniform else z, own, way.joined)


@lru_cache(maxsize=4)  # each way that is tried begins with them
def _numbers(count: int, pictures: int) -> Tensor:
    return torch.stack([draw_z(seed, count) for seed in range(pictures)])


def _square(flat: int, channels: int) -> int:
    """The side of `channels` square maps of so many numbers; 0 if they are none."""
    side = math.isqrt(flat // channels)
    return side if side * side * channels == flat else 0


def _colours(x: Tensor) -> int:
    """How many colours pictures of this shape have; 0 for what is none."""
    if x.ndim == 4:
        return x.shape[1] if x.shape[1] in SIDES else 0
    return next((colours for colours in SIDES if _square(x.shape[1], colours)), 0)


def _against_side(x: Tensor) -> float:
    return 0.0 if x.ndim == 2 or x.shape[2] in SIDES[x.shape[1]] else ODD_SIDE
