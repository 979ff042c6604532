"""What a run is made with, and the state beside which it is kept."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from generator.families.stylegan2 import CriticConfig, GeneratorConfig

from .augment import POLICIES
from .encoding import Weights
from .errors import TrainingError
from .losses import LOSSES

KEPT_ENCODER = "encoder"  # how its tensors' names begin in `Settings.keep`


@dataclass(frozen=True)
class Settings:
    """What a run is made with; saved beside its state, and a resumed run must bring the same."""

    generator: GeneratorConfig
    critic: CriticConfig
    seed: int = 0
    batch: int = 32
    learning_rate: float = 2e-3
    warm_up: int = 0  # steps of each optimiser over which its learning rate rises: a run that goes on has no moments
    decay_from: int = 0  # pictures at which the learning rate begins to fall, in a straight line
    decay_to: int = 0  # … and at which it reaches 0, which should be the run's end; 0 = it stays
    loss: str = "logistic"
    class_groups: bool = False  # pictures that the critic's minibatch statistics compare are of one class
    mismatch: float = 0.0  # weight of real pictures under a wrong class, which the critic is to tell too; 0 = none
    r1_gamma: float = 0.3
    r1_every: int = 16
    ema_pictures: int = 10_000
    ema_rampup: float = 0.05
    style_mixing: float = 0.5
    mirror: bool = False
    policy: tuple[str, ...] = ("colour", "translation", "cutout")
    augment_start: float = 0.0  # probability of each augmentation at the first step; adapted from there
    ada_target: float = 0.6
    ada_pictures: int = 100_000  # pictures in which the probability of augmentation can go from 0 to 1
    half: bool = False  # convolutions with bfloat16 operands
    half_maps: bool = False  # and bfloat16 is what lies between layers, in frozen networks too: faster, less exact
    parts: float = 0.0  # share of the pictures that frozen networks see a part of, at full size, not the whole
    favour: dict[str, float] = field(default_factory=dict)  # classes drawn so many times as often as they would be
    projected: float = 0.0  # weight of a projected critic's loss beside the plain critic's; 0 = there is none
    match: float = 0.0  # weight of the way that samples' features have to go to lie as real ones do; 0 = none
    recognise: float = 0.0  # weight of a fixed classifier's cross-entropy on samples; 0 = none
    encoder: Weights | None = (
        None  # an encoder learns beside the generator, its losses weighted so; None = there is none
    )
    keep: tuple[str, ...] = ()  # how names of what stays as it is begin: of the generator, "critic.…", "encoder.…"
    fade_pictures: int = 20_000  # over which a grown critic's new layers are faded in
    snapshot_first: int = 500
    snapshot_ratio: float = 1.6

    def __post_init__(self) -> None:
        if unknown := [p for p in self.policy if p not in POLICIES]:
            raise TrainingError(f"Unknown augmentation {unknown[0]!r}; there are {', '.join(POLICIES)}.")
        if self.loss not in LOSSES:
            raise TrainingError(f"Unknown loss {self.loss!r}; there are {', '.join(LOSSES)}.")
        if self.class_groups and self.batch % self.critic.mbstd_group:
            raise TrainingError(f"With class groups, batch must be a multiple of {self.critic.mbstd_group}.")
        for name in ("batch", "r1_every", "ema_pictures", "ada_pictures", "fade_pictures", "snapshot_first"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name} must be at least 1.")
        if not 0 <= self.augment_start <= 1:
            raise TrainingError("augment_start is a probability: from 0 to 1.")
        if self.warm_up < 0:
            raise TrainingError("warm_up must be 0 or above.")
        if self.decay_to and not 0 <= self.decay_from < self.decay_to:
            raise TrainingError("decay_to must be above decay_from.")
        if self.snapshot_ratio <= 1:
            raise TrainingError("snapshot_ratio must be above 1.")
        for name in ("mismatch", "projected", "match", "recognise"):
            if isinstance(value := getattr(self, name), bool) or not 0 <= value < math.inf:
                raise TrainingError(f"{name} must be a weight, 0 or above.")
        if self.mismatch and self.critic.num_classes < 2:
            raise TrainingError("mismatch needs pictures in at least two classes.")
        if self.recognise and self.generator.num_classes < 2:
            raise TrainingError("recognise needs pictures in at least two classes.")
        if not 0 <= self.parts <= 1:
            raise TrainingError("parts is a share: from 0 to 1.")
        if self.encoder is None and any(name.startswith(KEPT_ENCODER) for name in self.keep):
            raise TrainingError("There is no encoder to keep as it is.")
        for name, factor in self.favour.items():
            if isinstance(factor, bool) or not 0 < factor < math.inf:
                raise TrainingError(f"How much class {name!r} is favoured must be a number above 0.")
        if self.half_maps and not self.half:
            raise TrainingError("Maps in bfloat16 need convolutions with such operands.")

    @property
    def maps(self) -> torch.dtype:
        """What networks hold between their layers."""
        return torch.bfloat16 if self.half_maps else torch.float32

    @property
    def decay_start(self) -> float:
        """Pictures up to which nothing depends on the learning rate's decay."""
        return self.decay_from if self.decay_to else math.inf

    def rate_share(self, pictures: int) -> float:
        """What of the learning rate is left after so many pictures, 1 … 0."""
        if not self.decay_to:
            return 1.0
        return min(max((self.decay_to - pictures) / (self.decay_to - self.decay_from), 0.0), 1.0)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is its inverse."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Settings from their JSON form."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        known["generator"] = GeneratorConfig.from_dict(values["generator"])
        known["critic"] = CriticConfig.from_dict(values["critic"])
        known["policy"] = tuple(values["policy"])
        known["keep"] = tuple(values.get("keep", ()))
        if values.get("encoder"):
            known["encoder"] = Weights(**values["encoder"])
        return cls(**known)


def read_state(
    path: Path, device: torch.device | str = "cpu", purpose: str = "read"
) -> tuple[Settings, dict[str, Any]]:
    """Settings and everything else of a saved state; TrainingError if the file holds none."""
    if not path.exists():
        raise TrainingError(f"{path.parent} holds no saved state ({path.name}).")
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        return Settings.from_dict(json.loads(state["settings"])), state
    except Exception as error:  # torch raises many kinds for a broken file, and its content may be anything
        raise TrainingError(f"{path} cannot be {purpose} ({type(error).__name__}: it is not a saved state).") from error


def snapshot_points(settings: Settings, upto: int) -> list[int]:
    """Picture counts at which snapshots are kept: the start, then evenly spaced in log time."""
    points, value = [0], float(settings.snapshot_first)
    while value <= upto:
        points.append(round(value))
        value *= settings.snapshot_ratio
    return points
