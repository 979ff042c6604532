"""Tensors over bytes of a file: each storage copied once, each view held inside its storage."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .limits import MAX_DIMENSIONS, SLACK, Budget, MalformedError
from .source import Region


def read_storage(region: Region, dtype: torch.dtype, budget: Budget) -> Tensor:
    """The region's bytes as a flat tensor of its own memory."""
    if region.length % dtype.itemsize:
        raise MalformedError("a tensor's storage in it ends inside a number")
    budget.copy(region.length)
    raw = torch.empty(region.length, dtype=torch.uint8)
    region.read_into(raw.numpy().data)
    if dtype == torch.bool:
        raw.clamp_(max=1)  # any other byte would be neither true nor false
    return raw.view(dtype)


def view(storage: object, offset: object, size: object, stride: object, budget: Budget) -> Tensor:
    """The tensor of this shape over a flat storage; MalformedError if any element would lie outside."""
    if not isinstance(storage, Tensor) or storage.dim() != 1:
        raise MalformedError("a tensor in it has no storage")
    sizes, strides = _numbers(size), _numbers(stride)
    (start,) = _numbers((offset,))
    if len(sizes) != len(strides):
        raise MalformedError("a tensor in it has other strides than dimensions")
    count = math.prod(sizes)
    last = start + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True)) if count else start - 1
    if last >= storage.numel() or (count and start > storage.numel()):
        raise MalformedError("a tensor in it reaches outside its storage")
    if count > storage.numel() + SLACK // 16:  # expanded: worth a constant, not a way to fill the memory
        raise MalformedError("a tensor in it claims far more than its storage holds")
    budget.view(count * storage.element_size())
    return storage.as_strided(sizes, strides, start if count else 0)


def reshape(storage: Tensor, shape: object, fortran: bool, budget: Budget) -> Tensor:
    """A NumPy array's shape over all of a flat storage, in rows (C) or columns (Fortran)."""
    sizes = _numbers(shape)
    if math.prod(sizes) != storage.numel():
        raise MalformedError("an array in it has another size than its data")
    steps, step = [], 1
    for n in sizes if fortran else reversed(sizes):
        steps.append(step)
        step *= n
    return view(storage, 0, sizes, tuple(steps if fortran else reversed(steps)), budget)


def _numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > MAX_DIMENSIONS:
        raise MalformedError("a tensor in it has no proper shape")
    numbers: list[Any] = list(values)
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in numbers):
        raise MalformedError("a tensor in it has no proper shape")
    return tuple(numbers)
