"""Training pictures as a model remembers them: each one's code, from which the model paints it again.

The pictures themselves are not passed on with a model; where they are not on the machine, this is what can be shown of
them, and it has to be called what it is: a reconstruction. One byte a number, beside the index (`index`); of numbers
that the encoder is not sure of, few of the byte's values are used, so that what compresses them makes less of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from generator.errors import CheckpointError, FeatureError
from generator.storage.network_file import read_network, write_network

FILE = "remembered.safetensors"
KIND = "remembered"
LEVELS = 256
SURE = 1.0  # of the encoder's spread: what a number is rounded to, an error of 0.3 of it
ENCODER, AUTOENCODER = "encoder", "autoencoder"  # whose codes they are: rows of z, or a table of whole numbers


@dataclass(frozen=True, eq=False)
class Remembered:
    """`by`: ENCODER (z = low + step·code, for the model's `map`) or AUTOENCODER (its codes as they are, flattened).

    `name`, `version`: of the model whose networks wrote them. `records` N names in the training data; `labels` N int64
    (zeros without classes); `codes` N×K uint8; `low`, `step` [K].
    """

    by: str
    name: str
    version: str
    records: tuple[str, ...]
    labels: Tensor
    codes: Tensor
    low: Tensor
    step: Tensor

    @classmethod
    def of_latents(
        cls,
        name: str,
        version: str,
        records: tuple[str, ...],
        labels: Tensor,
        z: Tensor,
        spread: Tensor | None = None,
    ) -> Remembered:
        """Of N×z_dim latents, rounded to 8 bits within the range of each number; `spread` N×z_dim: how sure the encoder
        is of them, beyond which they need not be kept."""
        if not len(records) == len(labels) == len(z) or not len(z):
            raise FeatureError("Remembered pictures want a name, a class and a latent each.")
        low = z.amin(dim=0).float()
        step = ((z.amax(dim=0).float() - low) / (LEVELS - 1)).clamp(min=1e-6)
        if spread is not None:
            step = torch.maximum(step, SURE * spread.float().quantile(0.5, dim=0))
        codes = ((z - low) / step).round().clamp(0, LEVELS - 1).to(torch.uint8)
        return cls(ENCODER, name, version, records, labels.long(), codes, low, step)

    @classmethod
    def of_codes(cls, name: str, version: str, records: tuple[str, ...], labels: Tensor, codes: Tensor) -> Remembered:
        """Of N×side×side codes of an autoencoder, each below 256."""
        if not len(records) == len(labels) == len(codes) or not len(codes):
            raise FeatureError("Remembered pictures want a name, a class and a table of codes each.")
        if not 0 <= int(codes.min()) <= int(codes.max()) < LEVELS:
            raise FeatureError("A remembered code is one byte: 0 to 255.")
        flat = codes.flatten(1).to(torch.uint8)
        ones = torch.ones(flat.shape[1])
        return cls(AUTOENCODER, name, version, records, labels.long(), flat, 0 * ones, ones)

    def is_of(self, records: tuple[str, ...], labels: Tensor, z: Tensor) -> bool:
        """Whether these records' latents, rounded as here, are the ones here."""
        if self.by != ENCODER or self.records != records or not torch.equal(self.labels, labels.long()):
            return False
        rounding = 0.51 * self.step + 1e-4
        return z.shape == self.codes.shape and bool(((self.codes * self.step + self.low - z).abs() <= rounding).all())

    def find(self, record: str) -> int | None:
        """The row of a record; None if it is not among them."""
        return self.records.index(record) if record in self.records else None

    def latents(self, rows: list[int]) -> Tensor:
        """z of these rows, N×z_dim float32, for `Model.map`; FeatureError where they are an autoencoder's codes."""
        if self.by != ENCODER:
            raise FeatureError("These pictures are remembered by an autoencoder, not by an encoder.")
        return self.codes[rows].float() * self.step + self.low

    def tables(self, rows: list[int], side: int) -> Tensor:
        """Codes of these rows, N×side×side int64, for an autoencoder's `decode`; FeatureError where they are none."""
        if self.by != AUTOENCODER or side * side != self.codes.shape[1]:
            raise FeatureError(f"These pictures are not remembered in tables of {side} × {side} codes.")
        return self.codes[rows].long().view(-1, side, side)

    def save(self, folder: Path) -> Path:
        """Write remembered.safetensors into a checkpoint's folder."""
        tensors = {"codes": self.codes, "labels": self.labels.to(torch.int32)}
        tensors |= {"exact.low": self.low, "exact.step": self.step}
        header = {"by": self.by, "name": self.name, "version": self.version, "records": list(self.records)}
        write_network(folder / FILE, KIND, tensors, header, torch.float16)
        return folder / FILE


def open_remembered(folder: Path) -> Remembered:
    """What lies in a checkpoint's folder; CheckpointError with one sentence if it is missing or broken."""
    tensors, header = read_network(folder / FILE, KIND)
    by, name, version, records = (header.get(key) for key in ("by", "name", "version", "records"))
    if by not in (ENCODER, AUTOENCODER) or not isinstance(name, str) or not isinstance(version, str):
        raise CheckpointError("The remembered pictures do not say who remembers them.")
    if not isinstance(records, list) or not records or not all(isinstance(record, str) for record in records):
        raise CheckpointError("The remembered pictures do not name their records.")
    shapes = {key.removeprefix("exact."): tuple(tensor.shape) for key, tensor in tensors.items()}
    width = shapes.get("low", (0,))[0] if len(shapes.get("low", ())) == 1 else 0
    wanted = {"codes": (len(records), width), "labels": (len(records),), "low": (width,), "step": (width,)}
    if shapes != wanted or not width or tensors["codes"].dtype != torch.uint8:
        raise CheckpointError("The tables of the remembered pictures do not fit their records.")
    low, step = tensors["exact.low"].float(), tensors["exact.step"].float()
    if not bool(low.isfinite().all() and (step > 0).all() and step.isfinite().all()):
        raise CheckpointError("The remembered pictures have a range that is none.")
    return Remembered(by, name, version, tuple(records), tensors["labels"].long(), tensors["codes"], low, step)
