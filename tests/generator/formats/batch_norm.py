"""Batch norm of the plain references: as it is used, and as random weights get statistics that fit what they see."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def batch_norm(state: dict[str, Tensor], name: str, x: Tensor, settling: bool) -> Tensor:
    """x N×C×H×W by the statistics under `name` in `state`; `settling` first puts those of x there, the variance a
    little off, so that a reader that leaves them out is found."""
    if settling:
        state[f"{name}.running_mean"] = x.mean(dim=(0, 2, 3))
        state[f"{name}.running_var"] = x.var(dim=(0, 2, 3)) * 1.3 + 1e-3
    mean, var, w, b = (state[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, w, b, training=False)
