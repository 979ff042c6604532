"""Other networks of the same data that stand beside a generator: classifier, autoencoder, recurrent network.

Each is one safetensors file of its kind: weights in half precision; configuration, classes, where it comes from and
what was measured of it in the metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from generator.config import Config
from generator.errors import CheckpointError, LatentError
from generator.model import Provenance
from generator.storage.headers import check_name, read_classes, read_provenance, read_text
from generator.storage.network_file import read_network, write_network
from generator.weights import load_into

_N = TypeVar("_N", bound=nn.Module)
_C = TypeVar("_C", bound=Config)


@dataclass(frozen=True)
class Description:
    """What a companion's file says of it: the model that it stands beside, its classes, its source, its figures."""

    name: str
    version: str
    classes: tuple[str, ...]
    provenance: Provenance
    measured: dict[str, Any] = field(default_factory=dict)


def save_companion(path: Path, kind: str, network: nn.Module, config: Config, description: Description) -> None:
    """Write the network's weights (fp16) and its description; the file appears whole or not at all."""
    check_name(description.name)
    header = {**asdict(description), "classes": list(description.classes), "config": config.to_dict()}
    write_network(path, kind, dict(network.state_dict()), header, torch.float16)


def open_companion(
    path: Path, kind: str, config: type[_C], build: Callable[[_C], _N], classes: Callable[[_C], int]
) -> tuple[_N, Description]:
    """The network in a file that `save_companion` wrote, ready to use, and what it says of itself.

    `classes`: how many classes a configuration asks for. Raises CheckpointError, one sentence.
    """
    tensors, header = read_network(path, kind)
    settings = config.from_dict(header.get("config"))
    network = build(settings)
    load_into(network, tensors, kind)
    measured = header.get("measured", {})
    if not isinstance(measured, dict):
        raise CheckpointError(f"The figures inside {path.name} are not a JSON object.")
    description = Description(
        read_text(header, "name"),
        read_text(header, "version"),
        read_classes(header, classes(settings)),
        read_provenance(header),
        measured,
    )
    return network.requires_grad_(False).eval(), description


def check_pictures(pictures: Tensor, channels: int, resolution: int, who: str) -> None:
    """Raise LatentError unless these are pictures N×C×R×R of finite numbers, as `who` takes them."""
    shape = (channels, resolution, resolution)
    if pictures.ndim != 4 or tuple(pictures.shape[1:]) != shape or not pictures.is_floating_point():
        raise LatentError(f"The {who} takes pictures of {shape}, not {tuple(pictures.shape[1:])}.")
    if not torch.isfinite(pictures).all():
        raise LatentError(f"The {who} takes pictures of finite numbers.")


def check_codes(codes: Tensor, shape: tuple[int, ...], number: int, who: str) -> None:
    """Raise LatentError unless these are N×`shape` whole numbers from 0 to `number` − 1."""
    if codes.dtype != torch.int64 or tuple(codes.shape[1:]) != shape or codes.ndim != len(shape) + 1:
        wanted = " × ".join(map(str, shape))
        raise LatentError(f"The {who} takes tables of {wanted} whole numbers, not {codes.dtype} {tuple(codes.shape)}.")
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < number:
        raise LatentError(f"The {who} has codes 0 to {number - 1}.")
