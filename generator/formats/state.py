"""Reading a state dictionary tensor by tensor: each must be there, have its shape and be finite; none may be left."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..errors import CheckpointError
from .state_dicts import as_dict, plain_name

BATCH_NORM_EPSILON = 1e-5  # torch's default


class State:
    """The tensors of one network of a foreign file. All are handed out as float64, for folding; errors name the file's
    own names."""

    def __init__(self, tensors: dict[str, Tensor], what: str) -> None:
        self.tensors, self.what = tensors, what
        self._taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def shape(self, name: str, dimensions: int) -> tuple[int, ...]:
        """The shape of a tensor that must have this many dimensions."""
        tensor = self._find(name)
        if tensor.ndim != dimensions or 0 in tensor.shape:
            raise CheckpointError(f"{self.what} has a tensor {name} of the shape {_words(tensor.shape)}.")
        return tuple(tensor.shape)

    def take(self, name: str, *shape: int) -> Tensor:
        """The tensor of this name and shape."""
        tensor = self._find(name)
        if tuple(tensor.shape) != shape:
            raise CheckpointError(
                f"{self.what} has a tensor {name} of the shape {_words(tensor.shape)} where {_words(shape)} belongs."
            )
        tensor = tensor.detach().double()
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{self.what} holds numbers that are not finite, in {name}.")
        self._taken.add(name)
        return tensor

    def spectral(self, prefix: str, *shape: int, transposed: bool = False) -> Tensor:
        """A weight under spectral norm (Miyato et al. 2018), divided by its largest singular value uᵀWv.

        As torch.nn.utils.spectral_norm stores it, and uses it when not training: `weight_orig`, `weight_u`, `weight_v`.
        W is O×(I·k·k); `transposed`: the weight of a transposed convolution, I×O×k×k. Older files (before version 1
        of that module) hold the divided `weight` itself in place of v, as do those from which the norm was taken off.
        """
        if f"{prefix}.weight" in self and f"{prefix}.weight_v" not in self:
            self._taken |= {f"{prefix}.weight_orig", f"{prefix}.weight_u"}
            return self.take(f"{prefix}.weight", *shape)
        weight = self.take(f"{prefix}.weight_orig", *shape)
        matrix = (weight.transpose(0, 1) if transposed else weight).flatten(1)
        rows, columns = matrix.shape
        sigma = self.take(f"{prefix}.weight_u", rows) @ matrix @ self.take(f"{prefix}.weight_v", columns)
        if not sigma:
            raise CheckpointError(f"{self.what} has a spectral norm of zero at {prefix}.")
        return weight / sigma

    def batch_norm(self, prefix: str, channels: int) -> tuple[Tensor, Tensor]:
        """Batch norm with its running averages (Ioffe and Szegedy 2015) as a scale and a shift of each channel."""
        weight, bias, mean, variance = (
            self.take(f"{prefix}.{part}", channels) for part in ("weight", "bias", "running_mean", "running_var")
        )
        if (variance < 0).any():
            raise CheckpointError(f"{self.what} has a negative variance in {prefix}.running_var.")
        scale = weight * (variance + BATCH_NORM_EPSILON).rsqrt()
        return scale, bias - mean * scale

    def refuse_the_rest(self, known: Iterable[str] = ()) -> None:
        """Raise CheckpointError at a tensor that nobody took: the network would not be the one that was read.

        `known`: beginnings of names that may be left, for they take no part in a picture. So are batch norms' counters.
        """
        prefixes = tuple(known)
        for name in self.tensors:
            if name not in self._taken and not name.endswith("num_batches_tracked") and not name.startswith(prefixes):
                raise CheckpointError(
                    f"{self.what} has a tensor {name} that this program does not know: it belongs to another version."
                )

    def _find(self, name: str) -> Tensor:
        tensor = self.tensors.get(name)
        if tensor is None:
            raise CheckpointError(f"{self.what} lacks the tensor {name}.")
        if not tensor.is_floating_point():
            raise CheckpointError(f"{self.what} holds whole numbers in {name}, where others belong.")
        return tensor


def tensors_of(values: object) -> dict[str, Tensor]:
    """The tensors of a state dictionary, by their names without what wrappers put into them; whatever else it holds is
    left out."""
    values = as_dict(values)
    if not isinstance(values, dict):
        return {}
    own = {name: value for name, value in values.items() if isinstance(name, str) and isinstance(value, Tensor)}
    return {plain_name(name): value for name, value in own.items()}


def _words(shape: Iterable[int]) -> str:
    return "×".join(str(n) for n in shape) or "a single number"


def folded(weights: dict[str, Tensor], what: str) -> dict[str, Tensor]:
    """What was folded, as float32; CheckpointError if a number is too large for that."""
    rounded = {name: weight.float() for name, weight in weights.items()}
    for name, weight in rounded.items():
        if not torch.isfinite(weight).all():
            raise CheckpointError(f"{what} holds numbers that are too large, for {name}.")
    return rounded
