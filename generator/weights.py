"""Putting tensors in place of a network's own, whoever read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .errors import CheckpointError

ALIGNMENT = 64  # bytes: of torch's allocator on a CPU


def load_into(module: torch.nn.Module, tensors: dict[str, Tensor], what: str) -> None:
    """Put tensors in place of a network's own; CheckpointError names the first one missing, left over, or misshapen."""
    wanted = module.state_dict()
    if missing := sorted(set(wanted) - set(tensors)):
        raise CheckpointError(f"The {what} lacks the tensor {missing[0]} ({len(missing)} missing in all).")
    if extra := sorted(set(tensors) - set(wanted)):
        raise CheckpointError(f"The {what} has a tensor {extra[0]} that its configuration does not know.")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise CheckpointError(
                f"The {what}'s {name} is {tuple(tensor.shape)}, but its configuration asks for "
                f"{tuple(wanted[name].shape)}."
            )
        if tensor.is_floating_point() != wanted[name].is_floating_point():
            raise CheckpointError(f"The {what}'s {name} holds whole numbers where others belong.")
    ours = {name: _aligned(tensor.to(wanted[name].dtype)) for name, tensor in tensors.items()}
    module.load_state_dict(ours, assign=True)


def _aligned(tensor: Tensor) -> Tensor:
    """The tensor at an address that torch itself would have given it: in a file it lies where it lies, and some
    processors then compute in another order, so that the last bit of a picture depends on the header's length."""
    return tensor if tensor.data_ptr() % ALIGNMENT == 0 else tensor.clone()


class Undrawn(TorchFunctionMode):
    """Networks made under it begin with whatever lies in memory in place of random numbers: no draws, and pages that
    nobody writes cost nothing. (On the "meta" device a first division loads torch's compiler: 150 MB, some seconds.)"""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return (torch.empty if func is torch.randn else func)(*args, **(kwargs or {}))
