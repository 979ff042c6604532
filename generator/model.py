"""One opened checkpoint: latents in, pictures and logits out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .calibration import Calibration
from .directions import Direction
from .errors import CheckpointError, LatentError
from .family import Averages, Family, Layer, Progress, Transform
from .latents import draw_z
from .noise import KINDS, OWN, Noise

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
MIXED = "mixed"
LIGHT_FLOPS = 3_000_000_000  # a house model's work; 15 ms at the 200 GFLOP/s of two cores
Labels = Sequence[int] | Tensor | np.ndarray | None


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from and what may be done with it."""

    title: str
    licence: str
    attribution: str
    data: str
    subject: str = ""  # what is depicted, for the specimen label: "no such … exists"
    pictures_seen: int = 0
    trained: str = ""
    notes: str = ""


@dataclass(eq=False, repr=False)
class Model:
    """A generator, its critic and what was measured of them; made by `open_checkpoint`.

    All results are inference tensors on the CPU or the model's device; `differentiable` gives what gradients pass.
    Not thread-safe: callers hold their own lock.
    """

    name: str
    version: str
    family: Family
    classes: tuple[str, ...]
    averages: Averages
    directions: tuple[Direction, ...]
    calibration: Calibration | None
    provenance: Provenance
    precision: str = "fp32"
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds per picture and precision, from `probe`
    opens_with: str = ""  # the class that shows the model best; "" for the first

    def __post_init__(self) -> None:
        self.family.requires_grad_(False).eval()
        self.use(self.precision)

    def __repr__(self) -> str:
        """Without the networks, which would fill pages."""
        return f"Model({self.name!r}, {self.family.title}, {self.resolution} px)"

    # ---- what it is -----------------------------------------------------------------------------------------------

    @property
    def resolution(self) -> int:
        """Side of its pictures in pixels."""
        return self.family.resolution

    @property
    def img_channels(self) -> int:
        """3 for RGB, 1 for grey."""
        return self.family.img_channels

    @property
    def default_class(self) -> str | None:
        """The class of a picture for which none is asked; None without classes."""
        return self.opens_with or (self.classes[0] if self.classes else None)

    @property
    def flops(self) -> int:
        """Work of one picture's convolutions, in floating-point operations."""
        return self.family.flops

    @property
    def z_dim(self) -> int:
        """Length of z."""
        return self.family.z_dim

    @property
    def w_dim(self) -> int:
        """Length of w."""
        return self.family.w_dim

    @property
    def num_ws(self) -> int:
        """How many w a picture is made from: of a StyleGAN, one a convolution and one for the last RGB layer."""
        return self.family.num_ws

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What each w steers, coarse to fine."""
        return self.family.layers

    @property
    def noisy_layers(self) -> int:
        """How many layers, from the first, have noise of their own."""
        return len(self.family.layer_noise())

    @property
    def preview_resolutions(self) -> tuple[int, ...]:
        """Sides at which a preview may stop, smallest first; none where the network draws only once, at its end."""
        return self.family.preview_resolutions

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """What `synthesize` can move its pictures by; none without an input transform."""
        return self.family.transforms

    @property
    def tells_progress(self) -> bool:
        """Whether `synthesize` says how far it is, and can be ended between two layers."""
        return self.family.tells_progress

    @property
    def makes_apart(self) -> bool:
        """Whether several threads may make a picture each."""
        return self.family.makes_apart

    @property
    def kept_bytes(self) -> int:
        """Memory that its last picture may hold, so that the next is made from where it differs; 0 where none is."""
        return self.family.kept_bytes

    @property
    def light(self) -> bool:
        """Whether a picture takes so little work that float32 and a single thread are best everywhere."""
        return self.flops <= LIGHT_FLOPS

    @property
    def has_critic(self) -> bool:
        """Whether the discriminator came with it."""
        return self.family.has_critic

    @property
    def has_encoder(self) -> bool:
        """Whether an encoder that learnt beside the generator came with it."""
        return self.family.has_encoder

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.family.device

    # ---- how it computes ------------------------------------------------------------------------------------------

    def use(self, precision: str) -> None:
        """Prepare the networks in "fp32", in "bf16" (convolutions only; all else stays in float32), or in "mixed":
        pictures in fp32, the critic in bf16 where the family has a type for each."""
        if precision not in (*PRECISIONS, MIXED):
            raise CheckpointError(f"Precision is one of {', '.join((*PRECISIONS, MIXED))}, not {precision!r}.")
        pictures, critic = ("fp32", "bf16") if precision == MIXED else (precision, precision)
        self.family.use(PRECISIONS[pictures], PRECISIONS[critic])
        self.precision = precision

    def probe(self, repeats: int = 5) -> None:
        """Choose the precision by timing a picture and its reading on this machine; float32 unless it clearly loses.

        A light network makes its pictures in float32 in any case: they fit the frame, and a recipe is then the same
        picture everywhere. For its critic, and for heavy networks, bfloat16 is tried: with instructions for it, it is
        faster; a machine without them emulates it, several times slower.
        """
        label = [0] if self.classes else None
        ws = self.map(torch.zeros(1, self.z_dim), label)
        another = self.map(torch.ones(1, self.z_dim), label)  # a picture twice in a row would be made only once
        other = MIXED if self.light else "bf16"
        threads = torch.get_num_threads()
        if self.light:
            torch.set_num_threads(1)  # as it will be used
        times: dict[str, list[float]] = {"fp32": [], other: []}
        for _ in range(repeats + 1):  # in turns, so that whatever else the machine does hits both
            for precision, measured in times.items():
                self.use(precision)
                picture = self.synthesize(another)
                if self.has_critic:
                    self.criticize(picture, label)
                began = time.perf_counter()
                picture = self.synthesize(ws)
                if self.has_critic:
                    self.criticize(picture, label)
                measured.append((time.perf_counter() - began) * 1e3)
        torch.set_num_threads(threads)
        self.timings = {precision: min(measured[1:]) for precision, measured in times.items()}
        self.use(other if self.timings[other] < 0.95 * self.timings["fp32"] else "fp32")

    # ---- what it does ---------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def map(
        self,
        z: Tensor,
        label: Labels = None,
        psi: float = 1.0,
        cutoff: int | None = None,
        centre: str = "class",
    ) -> Tensor:
        """Latents to styles: N×z_dim → N×num_ws×w_dim.

        `label`: N class indices, or N×C weights; None is allowed only without classes. `psi` pulls the first `cutoff`
        rows (None: all) towards the average w (truncation, Karras et al. 2019, appendix B): 0 is the average itself,
        1 leaves w alone. `centre`: "class" uses the average of the picture's class, "global" that of everything.
        """
        return self.map_by(self.family.map, z, label, psi, cutoff, centre)

    def map_by(
        self,
        mapping: Callable[[Tensor, Tensor | None], Tensor],
        z: Tensor,
        label: Labels,
        psi: float,
        cutoff: int | None,
        centre: str,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """`map` by another form of the family's mapping network, in another type."""
        if z.ndim != 2 or z.shape[1] != self.z_dim or z.is_complex():
            raise LatentError(f"{self.name} takes latents of {self.z_dim} numbers, not of shape {tuple(z.shape)}.")
        if not torch.isfinite(z).all():
            raise LatentError("A latent must be made of finite numbers.")
        _require_number(psi, "Truncation")
        if cutoff is not None:
            _require_layer(cutoff, self.num_ws, "The truncation cutoff is")
        if centre not in ("class", "global"):
            raise LatentError(f"The centre of truncation is 'class' or 'global', not {centre!r}.")
        weights = self.class_weights(label, z.shape[0])
        weights = None if weights is None else weights.to(dtype)
        w = mapping(z.to(self.device, dtype), weights)
        ws = w[:, None].repeat(1, self.num_ws, 1)
        if psi != 1.0:
            average = self.averages.everything.to(dtype).expand_as(w)
            if centre == "class" and weights is not None and self.averages.classes is not None:
                # Row by row: a product of N rows may sum in another order than that of one, and a picture is to be
                # the same in every batch.
                average = torch.cat([row @ self.averages.classes.to(dtype) for row in weights.split(1)])
            ws[:, :cutoff] = torch.lerp(average[:, None], ws[:, :cutoff], psi)
        return ws

    @torch.inference_mode()
    def move(self, ws: Tensor, moves: MappingType[str, float]) -> Tensor:
        """Add `amount` standard deviations along each named direction to every row of ws."""
        known = {direction.name: direction for direction in self.directions}
        for name, amount in moves.items():
            if name not in known:
                raise LatentError(f"{self.name} has no direction {name!r}; it has {', '.join(known) or 'none'}.")
            _require_number(amount, f"The amount of direction {name!r}")
            ws = ws + known[name].vector.to(ws.device) * (known[name].sigma * amount)
        return ws

    @torch.inference_mode()
    def mix(self, ws: Tensor, other: Tensor, first: int) -> Tensor:
        """Style mixing (Karras et al. 2019, §3.1): rows `first`, first+1, … come from `other`."""
        _require_layer(first, self.num_ws, "Mixing starts at")
        return torch.cat([ws[:, :first], other[:, first:]], dim=1)

    @torch.inference_mode()
    def synthesize(
        self,
        ws: Tensor,
        noise: Noise = OWN,
        *,
        transform: MappingType[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Tensor:
        """Styles to pictures: N×num_ws×w_dim → N×C×H×W float32, about [−1, 1], not clipped.

        Noise goes into the layers 0 … `noisy_layers` − 1. `transform` moves the picture, where the network can
        (`transforms`), by any of them: {"rotation": 30, …}; `progress` hears of each layer, where `tells_progress`, and
        may raise to cancel.
        """
        motion = self._motion(transform)
        ws, maps, strength = self.check_styles(ws, noise)
        return self.family.synthesize(ws, maps, strength, transform=motion, progress=progress)

    @torch.inference_mode()
    def synthesize_apart(self, ws: Tensor, noise: Noise = OWN) -> Tensor:
        """As `synthesize` of 1×num_ws×w_dim, bit for bit; where `makes_apart`, threads may call it at once."""
        ws, maps, strength = self.check_styles(ws, noise)
        return self.family.synthesize_apart(ws, maps, strength)

    @torch.inference_mode()
    def preview(self, ws: Tensor, resolution: int, noise: Noise = OWN) -> Tensor:
        """What `synthesize` would give without the blocks finer than `resolution`, which is one of
        `preview_resolutions`: the RGB sum so far, enlarged to the full size. N×C×H×W float32."""
        if resolution not in self.preview_resolutions:
            has = ", ".join(map(str, self.preview_resolutions)) or "none"
            raise LatentError(f"{self.name} has previews of {has} px, not of {resolution!r}.")
        ws, maps, strength = self.check_styles(ws, noise)
        return self.family.preview(ws, resolution, maps, strength)

    def _motion(self, transform: MappingType[str, float] | None) -> dict[str, float] | None:
        """The input transform, checked: LatentError for a motion that is unknown or out of its range."""
        if not transform:
            return None
        if not self.transforms:
            raise LatentError(f"{self.name} has no input transform to move its pictures by.")
        known = {one.name: one for one in self.transforms}
        for name, value in transform.items():
            if name not in known:
                raise LatentError(f"{self.name} has no motion {name!r}; it has {', '.join(known)}.")
            _require_number(value, known[name].title)
            if not known[name].minimum <= value <= known[name].maximum:
                low, high = known[name].minimum, known[name].maximum
                raise LatentError(f"{known[name].title} goes from {low:g} to {high:g}, not to {value!r}.")
        return {name: float(value) for name, value in transform.items()}

    def check_styles(
        self, ws: Tensor, noise: Noise, dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, list[Tensor] | None, float]:
        """What a family's synthesis takes, from what `synthesize` does; LatentError for what it cannot take."""
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            raise LatentError(f"{self.name} takes styles N×{self.num_ws}×{self.w_dim}, not {tuple(ws.shape)}.")
        if not torch.isfinite(ws).all():
            raise LatentError("Styles must be finite numbers.")
        if noise.kind not in KINDS:
            raise LatentError(f"Noise is {', '.join(map(repr, KINDS))}, not {noise.kind!r}.")
        _require_number(noise.strength, "The strength of the noise")
        strength = 0.0 if noise.kind == "none" else noise.strength
        maps = self._noise(noise.seed) if noise.kind == "seed" else None
        if noise.levels and noise.kind != "none":
            maps = list(self.family.layer_noise()) if maps is None else maps
            for layer, level in noise.levels:
                _require_number(level, "The noise of a layer")
                if not 0 <= layer < self.noisy_layers:
                    raise LatentError(f"{self.name} has {self.noisy_layers} layers with noise of their own.")
                maps[layer] = maps[layer] * level
        return ws.to(self.device, dtype), maps, strength

    @torch.inference_mode()
    def criticize(self, images: Tensor, label: Labels = None, together: bool = False) -> Tensor:
        """The critic's logits of N×C×H×W pictures in [−1, 1]: higher is more like the training pictures.

        Each is judged alone, or (`together`) as one batch for the minibatch statistics. `label` as for `map`.
        """
        self.check_pictures(images)
        weights = self.class_weights(label, len(images))
        return self.family.criticize(images.to(self.device, torch.float32), weights, together)

    @torch.inference_mode()
    def encode(self, images: Tensor, label: Labels = None) -> tuple[Tensor, Tensor]:
        """Pictures N×C×R×R in [−1, 1] → the z from which `map` and `synthesize` paint each again: mean and spread (the
        standard deviation of each number), both N×z_dim float32. `label` as for `map`."""
        if not self.has_encoder:
            raise LatentError(f"{self.name} came without an encoder.")
        self._require_pictures(images, "encoder", "reads")
        weights = self.class_weights(label, images.shape[0])
        return self.family.encode(images.to(self.device, torch.float32), weights)

    def check_pictures(self, images: Tensor) -> None:
        """Raise LatentError unless there is a critic, and these are pictures that it judges."""
        if not self.has_critic:
            raise LatentError(f"{self.name} came without its critic.")
        self._require_pictures(images, "critic", "judges")

    def _require_pictures(self, images: Tensor, who: str, does: str) -> None:
        shape = (self.img_channels, self.resolution, self.resolution)
        if images.ndim != 4 or tuple(images.shape[1:]) != shape:
            raise LatentError(f"The {who} of {self.name} {does} pictures of {shape}, not {tuple(images.shape[1:])}.")
        if not torch.isfinite(images).all():
            raise LatentError(f"The {who} {does} pictures of finite numbers.")

    def class_weights(self, label: Labels, count: int) -> Tensor | None:
        """N×C float32 weights of the classes of `count` pictures, None without classes; LatentError as for `map`."""
        number = len(self.classes)
        if not number:
            if label is not None:
                raise LatentError(f"{self.name} has no classes.")
            return None
        if label is None:
            raise LatentError(f"{self.name} needs a class for each picture: {', '.join(self.classes)}.")
        wrong = LatentError(f"Classes are {count} whole numbers or a {count}×{number} table of weights.")
        try:
            values = torch.as_tensor(label)
        except (TypeError, ValueError, RuntimeError):
            raise wrong from None
        if values.dtype == torch.bool or values.is_complex():
            raise wrong
        if values.shape == (count, number) and torch.isfinite(values).all():
            return values.to(self.device, torch.float32)
        if values.shape != (count,) or values.is_floating_point():
            raise wrong
        if count and not 0 <= int(values.min()) <= int(values.max()) < number:
            raise LatentError(f"{self.name} has classes 0 to {number - 1}.")
        return torch.nn.functional.one_hot(values.long(), number).to(self.device, torch.float32)

    def _noise(self, seed: int | None) -> list[Tensor]:
        sizes = self.family.noise_sizes
        flat = draw_z(0 if seed is None else seed, sum(n * n for n in sizes))
        parts = torch.split(flat, [n * n for n in sizes])
        return [part.view(1, 1, n, n).to(self.device) for part, n in zip(parts, sizes, strict=True)]

    def describe(self) -> dict[str, Any]:
        """What a visitor may want to know of the networks."""
        parameters, of_critic = self.family.parameter_counts()
        return {
            "architecture": self.family.title,
            "resolution": self.resolution,
            "parameters": parameters,
            "critic_parameters": of_critic,
            "precision": self.precision,
        }


def _require_number(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise LatentError(f"{what} must be a finite number, not {value!r}.")


def _require_layer(value: object, last: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= int(value) <= last:
        raise LatentError(f"{what} a layer from 0 to {last}, not {value!r}.")
