"""One network in one safetensors file: tensors, and a JSON text with everything else in the metadata.

Weights are stored in half precision, or in 8 bits for the moments of a history, of which there are many: whole numbers
−127 … 127 and one scale for each row (output channel) beside them, under the tensor's name and `.scale`. The rounding
is a hundredth of a weight's usual size, forty decibels below it. Where room is short, fewer whole numbers are used than
there are: the file is as long, but what compresses it (git, a zip) makes less of it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generator.errors import CheckpointError

FORMAT = "latent-atelier"
FORMAT_VERSION = 1
MAX_METADATA = 1 << 20
SCALE = ".scale"
Held = tuple[Tensor, Tensor | None]  # as stored: a tensor, or rows in 8 bits and their scale


def write_network(
    path: Path,
    kind: str,
    tensors: dict[str, Tensor],
    header: dict[str, Any],
    dtype: torch.dtype,
    kernels: torch.dtype | None = None,
    steps: float | None = None,
    like: Path | None = None,
) -> None:
    """Save tensors (floating ones as `dtype`) with a JSON header; the file appears whole or not at all.

    `kind`: "generator", "critic" or that of a companion. `dtype`: a floating type, or torch.int8 (what has no rows is
    then float16); `kernels`: that of convolutions' kernels, where it is another. `steps`: as for `to_8_bits`, not of
    what lies under `mapping.`, from which all else of a picture follows. Tensors under `exact.` keep float32 (averages,
    directions, calibration). Rows that the file at `path` holds to the bit in 8 bits already are stored as they are
    there: rounded anew they might come out one step off, and version control would keep them twice. For the same
    reason a tensor that the file `like` holds to the bit, in whatever precision, is stored as it is there.
    """
    stored: dict[str, Tensor] = {}
    before = _rows_of(path, kind) if torch.int8 in (dtype, kernels) else {}
    kept = _held_in(like, kind) if like else {}
    for name, t in tensors.items():
        t = t.detach().cpu()
        own = kernels if kernels is not None and t.ndim == 4 else dtype
        if name.startswith("exact.") or not t.is_floating_point():
            stored[name] = t.contiguous()
            continue
        earlier = [held[name] for held in (kept, before) if name in held]
        stored[name], scale = _stored(t, own, None if name.startswith("mapping.") else steps, earlier)
        if scale is not None:
            stored[name + SCALE] = scale
    meta = {"format": FORMAT, "format_version": str(FORMAT_VERSION), "kind": kind, "header": json.dumps(header)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.touch()
    mode = temporary.stat().st_mode  # the usual one here; save_file makes a file that only its owner may read
    save_file(stored, temporary, metadata=meta)
    temporary.chmod(mode)
    os.replace(temporary, path)


def _stored(t: Tensor, dtype: torch.dtype, steps: float | None, earlier: list[Held]) -> Held:
    """As one of the `earlier` forms if that is it to the bit, else rounded to `dtype`."""
    for held in earlier:
        if torch.equal(_whole(*held), t.float()):
            return held
    if dtype is torch.int8 and t.ndim > 1:
        return to_8_bits(t.float(), steps)
    return t.to(torch.float16 if dtype is torch.int8 else dtype).contiguous(), None


def to_8_bits(weight: Tensor, steps: float | None = None) -> tuple[Tensor, Tensor]:
    """O×… float32 → int8 of the same shape, and the scale of each of its O rows, float32: the row's largest number by
    127, or, where that is finer than so many `steps` to its root mean square, the latter."""
    rows = weight.flatten(1)
    scale = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
    if steps is not None:
        scale = torch.maximum(scale, rows.square().mean(dim=1).sqrt() / steps)
    return (weight / scale.view(-1, *[1] * (weight.ndim - 1))).round().to(torch.int8).contiguous(), scale


def _held_in(path: Path, kind: str) -> dict[str, Held]:
    """A file's tensors as they are stored, with their scales, but for those under `exact.`; CheckpointError as for
    `read_network`."""
    tensors, _ = _tensors_of(path, kind)
    return {name: held for name, held in _paired(path, tensors).items() if not name.startswith("exact.")}


def _rows_of(path: Path, kind: str) -> dict[str, Held]:
    """Those in 8 bits; none where there is no such file."""
    try:
        return {name: held for name, held in _held_in(path, kind).items() if held[1] is not None}
    except CheckpointError:
        return {}


def _paired(path: Path, tensors: dict[str, Tensor]) -> dict[str, Held]:
    """Rows and their scales side by side; CheckpointError where they do not fit."""
    result: dict[str, Held] = {}
    for name, tensor in tensors.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in tensors:
            continue
        scale = tensors.get(name + SCALE)
        if scale is not None and (tensor.dtype != torch.int8 or tensor.ndim < 2 or scale.shape != tensor.shape[:1]):
            raise CheckpointError(f"{path.name} has a scale that does not fit the rows of {name}.")
        result[name] = tensor, scale
    return result


def _whole(stored: Tensor, scale: Tensor | None) -> Tensor:
    if scale is None:
        return stored.float() if stored.is_floating_point() else stored
    return stored.float() * scale.float().view(-1, *[1] * (stored.ndim - 1))


def _tensors_of(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file as they are stored, and its metadata; CheckpointError as for `read_network`."""
    try:
        if not path.is_file():
            raise CheckpointError(f"There is no file {path.name} in {path.parent.name or path.parent}.")
        path.open("rb").close()  # a plain reason where it cannot be: safetensors gives its own
        with safe_open(path, framework="pt") as file:
            meta = file.metadata() or {}
            _check_meta(path, meta, kind)
            return {name: file.get_tensor(name) for name in file.keys()}, meta  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise _unread(path, error) from None


def read_network(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors (float32) and the header of a file written by `write_network`.

    Raises CheckpointError with one sentence: missing, no safetensors file, another project's, another kind,
    a newer version, broken metadata.
    """
    tensors, meta = _tensors_of(path, kind)
    try:
        header = json.loads(meta["header"], parse_constant=_refuse)
    except (KeyError, ValueError, RecursionError):
        raise CheckpointError(f"The description inside {path.name} is missing or is not JSON.") from None
    if not isinstance(header, dict):
        raise CheckpointError(f"The description inside {path.name} is not a JSON object.")
    tensors = {name: _whole(*held) for name, held in _paired(path, tensors).items()}
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            if not torch.isfinite(tensor).all():
                raise CheckpointError(f"{path.name} holds numbers that are not finite, in {name}.")
            tensors[name] = tensor.float()
    return tensors, header


def _unread(path: Path, error: Exception) -> CheckpointError:
    if isinstance(error, PermissionError):
        return CheckpointError(f"{path.name} in {path.parent.name} cannot be read: this program has no permission.")
    return CheckpointError(f"{path.name} is not a whole safetensors file ({error}).")


def kind_of(path: Path) -> str:
    """The kind of network that a file of this project holds; "" for any other file, and for none."""
    try:
        with safe_open(path, framework="pt") as file:
            meta = file.metadata() or {}
    except (SafetensorError, OSError, UnicodeDecodeError):
        return ""
    return str(meta.get("kind", "")) if meta.get("format") == FORMAT else ""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")  # NaN and Infinity, which Python's parser would let pass


def _check_meta(path: Path, meta: dict[str, str], kind: str) -> None:
    if meta.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} is a safetensors file, but not a checkpoint of this project.")
    version = meta.get("format_version", "")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", version):
        raise CheckpointError(f"{path.name} does not say which version of the format it has.")
    if int(version) > FORMAT_VERSION:
        raise CheckpointError(f"{path.name} has format version {version}; this program reads up to {FORMAT_VERSION}.")
    if meta.get("kind") != kind:
        other, wanted = (f"an {k}" if k[:1] in "aeiou" else f"a {k}" for k in (meta.get("kind", "network"), kind))
        raise CheckpointError(f"{path.name} holds {other}, not {wanted}.")
    if len(meta.get("header", "")) > MAX_METADATA:
        raise CheckpointError(f"The description inside {path.name} is longer than {MAX_METADATA:,} characters.")
