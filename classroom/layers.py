"""Inside the two networks: feature maps layer by layer, one channel silenced or turned up, and what a unit looks at.

Silencing a channel is what Bau et al. 2019 (arXiv:1811.10597) do to find what a unit paints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator import MAX_SEED, Differentiable, Model, draw_z, open_checkpoint

from .errors import ClassroomError

FACTORS = (0.0, 4.0)
MOST_KERNELS = 12
MOST_TURNED = 16  # channels that may be turned at once
PSI = 0.7
GENERATOR, CRITIC = "generator", "critic"

Array = NDArray[np.float32]
Turned = Mapping[tuple[str, int], float]  # layer and channel → factor


@dataclass(frozen=True)
class LayerFacts:
    """A layer of one network: its name, the side of its maps in places, and how many maps there are."""

    name: str
    side: int
    channels: int


class Networks:
    """Generator and critic of a small model, to be looked into. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def model(self) -> Model:
        """Opened when it is first asked for; ClassroomError where it has no critic."""
        model = open_checkpoint(self._folder, precision="fp32")
        if not model.has_critic:
            raise ClassroomError("no_critic", "This model came without its critic.")
        return model

    @cached_property
    def plain(self) -> Differentiable:
        """The same networks, as gradients pass them and maps can be reached."""
        return Differentiable(self.model)

    @cached_property
    def facts(self) -> dict[str, list[LayerFacts]]:
        """The layers of "generator" and "critic", in the order in which they work."""
        both = {GENERATOR: self.plain.maps, CRITIC: self.plain.critic_maps}
        return {side: [LayerFacts(m.name, m.side, m.channels) for m in maps] for side, maps in both.items()}

    # ---- pictures and readings ------------------------------------------------------------------------------------

    def picture(self, seed: object, label: object, turned: Turned | None = None) -> Tensor:
        """The picture 1×C×H×W of a seed, at ψ 0.7, with some channels turned down or up. ClassroomError."""
        return self._paint(_seed(seed), self._label(label), self._scales(GENERATOR, turned), {})

    def reading(self, image: Tensor, label: object) -> float:
        """Where the picture stands among real ones, 0 … 100."""
        with torch.no_grad():
            logit = float(self.plain.criticize(image, self._labels(self._label(label)))[0])
        calibration = self.model.calibration
        value = None if calibration is None else calibration.percentile_real(logit)
        return 0.0 if value is None else round(float(value), 1)

    def maps(self, side: object, layer: object, seed: object, label: object, turned: Turned | None = None) -> Array:
        """The feature maps of one layer, channels×places×places, after what was turned. ClassroomError: no such layer.
        `turned` are the generator's channels; the critic looks at the picture that comes of them."""
        facts = self._facts(side, layer)
        seen: dict[str, Tensor] = {}
        image = self._paint(_seed(seed), self._label(label), self._scales(GENERATOR, turned), seen)
        if side == CRITIC:
            with torch.no_grad():
                self.plain.criticize(image, self._labels(self._label(label)), seen=seen)
        return seen[facts.name][0].numpy()

    def kernels(self, side: object, layer: object, channel: object) -> list[tuple[int, list[list[float]]]]:
        """The strongest kernels that a channel learned, MOST_KERNELS at most, strongest first: the number of the map
        that each is laid on, and its rows. Of a block the last ones. ClassroomError: no such layer or channel."""
        facts = self._facts(side, layer)
        if type(channel) is not int or not 0 <= channel < facts.channels:
            raise ClassroomError("channel", "This layer has channels 0 to {last}.", last=facts.channels - 1)
        maps = self.plain.maps if side == GENERATOR else self.plain.critic_maps
        module = next(each.module for each in maps if each.name == facts.name)
        weights = [
            w.detach() for w in module.parameters() if w.ndim == 4 and w.shape[2] > 1 and len(w) == facts.channels
        ]
        if not weights:
            return []
        own = weights[-1][channel].float()
        strongest = own.flatten(1).norm(dim=1).topk(min(MOST_KERNELS, len(own))).indices
        return [(int(i), [[round(float(v), 4) for v in row] for row in own[i]]) for i in strongest]

    # ---- what a unit looks at -------------------------------------------------------------------------------------

    def support(self, layer: object, x: object, y: object) -> tuple[int, int, int, int]:
        """Left, top, right, bottom (the last ones beyond it) of the pixels that a place of a critic's layer looks at:
        the support of its gradient. ClassroomError: no such layer or place."""
        facts = self._facts(CRITIC, layer)
        if type(x) is not int or type(y) is not int or not (0 <= x < facts.side and 0 <= y < facts.side):
            raise ClassroomError("unit", "There is no such place in this layer.")
        shape = (1, self.model.img_channels, self.model.resolution, self.model.resolution)
        with torch.inference_mode(False), torch.enable_grad():
            image = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
            seen: dict[str, Tensor] = {}
            self.plain.criticize(image, self._labels(0), seen=seen)
            (gradient,) = torch.autograd.grad(seen[facts.name][0, :, y, x].sum(), image)
        touched = gradient[0].abs().sum(dim=0) > 0
        rows, columns = touched.any(dim=1).nonzero()[:, 0], touched.any(dim=0).nonzero()[:, 0]
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

    # ---- the critic's eye -----------------------------------------------------------------------------------------

    def occlusion(self, image: Tensor, label: object) -> Array:
        """How much the critic's logit falls when a grey square hides a place: places×places, positive where the place
        speaks for the picture (Zeiler & Fergus 2014, §4.1). The square is a quarter of the picture, moved by half of
        that."""
        label = self._label(label)
        size = self.model.resolution
        square, step = size // 4, size // 8
        starts = range(0, size - square + 1, step)
        hidden = image.repeat(len(starts) ** 2, 1, 1, 1)
        grey = float(image.mean())
        for i, top in enumerate(starts):
            for j, left in enumerate(starts):
                hidden[i * len(starts) + j, :, top : top + square, left : left + square] = grey
        with torch.no_grad():
            logits = self.plain.criticize(torch.cat([image, hidden]), self._labels(label, 1 + len(hidden)))
        fallen = logits[0] - logits[1:]
        return fallen.view(len(starts), len(starts)).numpy()

    def gradient(self, image: Tensor, label: object) -> Array:
        """The logit's gradient at each pixel, H×W (summed over colours): what a little more light there would do."""
        label = self._label(label)
        with torch.inference_mode(False), torch.enable_grad():
            leaf = image.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(self.plain.criticize(leaf, self._labels(label)).sum(), leaf)
        return gradient[0].sum(dim=0).numpy()

    # ---- inside ---------------------------------------------------------------------------------------------------

    def _paint(self, seed: int, label: int, scales: dict[str, Tensor], seen: dict[str, Tensor]) -> Tensor:
        with torch.no_grad():
            ws = self.plain.map(draw_z(seed, self.model.z_dim)[None], self._labels(label), psi=PSI)
            return self.plain.synthesize(ws, scales=scales, seen=seen)

    def _scales(self, side: str, turned: Turned | None) -> dict[str, Tensor]:
        """What each layer's maps are multiplied by."""
        scales: dict[str, Tensor] = {}
        low, high = FACTORS
        if turned and len(turned) > MOST_TURNED:
            raise ClassroomError("turned", "At most {most} channels can be turned at once.", most=MOST_TURNED)
        for (layer, channel), factor in (turned or {}).items():
            facts = self._facts(side, layer)
            if type(channel) is not int or not 0 <= channel < facts.channels:
                raise ClassroomError("channel", "This layer has channels 0 to {last}.", last=facts.channels - 1)
            if type(factor) not in (int, float) or not low <= factor <= high:
                raise ClassroomError(
                    "factor", "Channels are turned by factors from {low} to {high}.", low=low, high=high
                )
            scales.setdefault(layer, torch.ones(facts.channels))[channel] = factor
        return scales

    def _facts(self, side: object, layer: object) -> LayerFacts:
        if not isinstance(side, str) or side not in self.facts:
            raise ClassroomError("network", "There is a generator and a critic, and nothing else.")
        for facts in self.facts[side]:
            if facts.name == layer:
                return facts
        raise ClassroomError("layer", "There is no layer {layer!r} here.", layer=layer)

    def _labels(self, label: int, count: int = 1) -> list[int] | None:
        return [label] * count if self.model.classes else None

    def _label(self, label: object) -> int:
        if type(label) is not int or not 0 <= label < max(len(self.model.classes), 1):
            raise ClassroomError("class", "There is no such class here.")
        return label


def convolve(picture: Array, kernel: object) -> Array:
    """A grey picture H×W under a 3×3 kernel, laid on place by place (a correlation, as networks do); beyond the border
    the nearest pixel counts. ClassroomError unless the kernel is three rows of three finite numbers within ±100."""
    weights = _kernel(kernel)
    height, width = picture.shape
    padded = np.pad(picture, 1, mode="edge").astype(np.float64)
    result = np.zeros((height, width))
    for i in range(3):
        for j in range(3):
            result += weights[i, j] * padded[i : i + height, j : j + width]
    return result.astype(np.float32)


def _kernel(kernel: object) -> NDArray[np.float64]:
    wrong = ClassroomError("kernel", "A kernel is three rows of three numbers within ±100.")
    if not isinstance(kernel, list) or len(kernel) != 3 or any(not isinstance(r, list) or len(r) != 3 for r in kernel):
        raise wrong
    if not all(type(value) in (int, float) and abs(value) <= 100 for row in kernel for value in row):  # nan is not
        raise wrong
    return np.array(kernel, np.float64)


def _seed(seed: object) -> int:
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise ClassroomError("seed", "A seed is a whole number from 0 to {most}.", most=MAX_SEED)
    return seed
