"""An index of a model's training pictures: which of them does a picture come nearest to?

The features of a frozen network (`features`), projected on their first principal axes and rounded to 8 bits:
less than a hundred bytes a picture, and no picture can be made from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generator.errors import CheckpointError, FeatureError
from generator.storage.network_file import read_network, write_network

FILE = "index.safetensors"
KIND = "index"
AXES = 64
LEVELS = 256
QUANTILES = 257  # of the held-out pictures' distances: 0 %, 0.39 %, … 100 %
MAX_RECORDS = 10_000
PLACE = re.compile(r"(\d+(?:\.\d+)?)([NS]) (\d+(?:\.\d+)?)([EW])")


@dataclass(frozen=True)
class Match:
    """A training picture near to another: its `record` (name in the training data), how far off it is, and the share
    of held-out real pictures (0 … 1) that are farther from their own nearest training picture than that."""

    record: str
    distance: float
    closer_than: float

    @property
    def number(self) -> int | None:
        """The record's number, the last run of digits in its name's stem (or the first word's), if there is one."""
        stem = self.record.rsplit("/", 1)[-1].split(" ", 1)[0]
        digits = re.findall(r"\d+", stem.rsplit(".", 1)[0])
        return int(digits[-1]) if digits else None


@dataclass(frozen=True, eq=False)
class Index:
    """`network`: name of the feature network. `source`: URL of a record with {number}, {latitude} or {longitude} to be
    filled in, or "". `mean` [F], `axes` F×K, `low` and `step` [K], `codes` N×K uint8: a feature vector is about
    mean + axes·(low + step·code). `held_out` [257]: quantiles of held-out pictures' distance to the nearest record."""

    network: str
    source: str
    records: tuple[str, ...]
    mean: Tensor
    axes: Tensor
    low: Tensor
    step: Tensor
    codes: Tensor
    held_out: Tensor

    @classmethod
    def build(
        cls, network: str, records: tuple[str, ...], features: Tensor, held_out: Tensor, source: str = ""
    ) -> Index:
        """The index of N×F features with their N names; `held_out` M×F features of other real pictures."""
        if len(records) != len(features) or not 2 <= len(records) <= MAX_RECORDS:
            raise FeatureError(f"An index is of 2 to {MAX_RECORDS:,} records, one name each, not of {len(records):,}.")
        x = features.double()
        mean = x.mean(dim=0)
        count = min(AXES, x.shape[1])
        axes = torch.linalg.eigh((x - mean).T @ (x - mean))[1][:, -count:].flip(1)
        axes = axes.to(torch.float16).double()  # as it will be stored
        projected = (x - mean.float().double()) @ axes
        low = projected.amin(dim=0)
        step = (projected.amax(dim=0) - low).clamp(min=1e-6) / (LEVELS - 1)
        codes = ((projected - low) / step).round().to(torch.uint8)
        parts = (mean.float(), axes.float(), low.float(), step.float(), codes)
        index = cls(network, source, records, *parts, torch.zeros(QUANTILES))
        nearest = index.distances(held_out).amin(dim=1).double()
        return cls(network, source, records, *parts, torch.quantile(nearest, torch.linspace(0, 1, QUANTILES).double()))

    def distances(self, features: Tensor) -> Tensor:
        """Euclidean distances of M×F features to every record, in the space of the axes: M×N float32."""
        if features.ndim != 2 or features.shape[1] != len(self.mean) or not torch.isfinite(features).all():
            raise FeatureError(f"This index takes tables of {len(self.mean)} finite features a picture.")
        records = self.codes.float() * self.step + self.low
        return torch.cdist((features.float() - self.mean) @ self.axes, records)

    def nearest(self, features: Tensor, k: int = 5) -> list[Match]:
        """The k records (all of them, if there are fewer) nearest to one feature vector [F], nearest first."""
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise FeatureError(f"The number of nearest pictures is a whole number from 1, not {k!r}.")
        distances = self.distances(features[None])[0]
        values, places = distances.topk(min(k, len(self.records)), largest=False)
        return [
            Match(self.records[i], distance, self.closer_than(distance))
            for i, distance in zip(places.tolist(), values.tolist(), strict=True)
        ]

    def closer_than(self, distance: float) -> float:
        """Share of held-out real pictures that are farther from their nearest record than `distance`, 0 … 1."""
        return 1 - float(np.interp(distance, self.held_out.numpy(), np.linspace(0, 1, len(self.held_out))))

    def link(self, record: str) -> str | None:
        """Where the record can be seen on the internet; None if nothing is known of it."""
        number, place = Match(record, 0, 0).number, PLACE.search(record)
        link = self.source
        if number is not None:
            link = link.replace("{number}", str(number))
        if place:
            link = link.replace("{latitude}", f"{'-' * (place[2] == 'S')}{float(place[1])}")
            link = link.replace("{longitude}", f"{'-' * (place[4] == 'W')}{float(place[3])}")
        return link if link and "{" not in link else None

    def save(self, folder: Path) -> Path:
        """Write index.safetensors into a checkpoint's folder."""
        tensors = {
            "axes": self.axes,
            "codes": self.codes,
            **{f"exact.{name}": getattr(self, name) for name in ("mean", "low", "step", "held_out")},
        }
        header = {"network": self.network, "source": self.source, "records": list(self.records)}
        write_network(folder / FILE, KIND, tensors, header, torch.float16)
        return folder / FILE


def open_index(folder: Path) -> Index:
    """The index in a checkpoint's folder; CheckpointError with one sentence if it is missing or broken."""
    tensors, header = read_network(folder / FILE, KIND)
    network, source, records = (header.get(key) for key in ("network", "source", "records"))
    if not isinstance(network, str) or not isinstance(source, str):
        raise CheckpointError("The index does not say what it was measured with (network, source).")
    if source and not source.startswith("https://"):
        raise CheckpointError("The index's links do not begin with https://.")
    if not isinstance(records, list) or not all(isinstance(record, str) for record in records) or not records:
        raise CheckpointError("The index does not name its records.")
    shapes = {name.removeprefix("exact."): tuple(tensor.shape) for name, tensor in tensors.items()}
    features, axes = shapes.get("axes", (0, 0)) if len(shapes.get("axes", ())) == 2 else (0, 0)
    wanted = {
        "mean": (features,),
        "axes": (features, axes),
        "low": (axes,),
        "step": (axes,),
        "codes": (len(records), axes),
        "held_out": (QUANTILES,),
    }
    if shapes != wanted or not features or not axes or tensors["codes"].dtype != torch.uint8:
        raise CheckpointError("The tables of the index do not fit its records.")
    index = Index(
        network,
        source,
        tuple(records),
        *(tensors[name] for name in ("exact.mean", "axes", "exact.low", "exact.step", "codes", "exact.held_out")),
    )
    if (index.held_out.diff() < 0).any() or (index.step <= 0).any():
        raise CheckpointError("The index's distances do not ascend.")
    return index
