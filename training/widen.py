"""A generator that goes on wider than it was: at first it paints the same pictures, to rounding.

As in Net2Net (Chen et al. 2016, arXiv:1511.05641) the wider network begins as the same function, but its new channels
are no copies of old ones: they begin as random filters, as a new network's do, and the weights with which old channels
read them begin at zero. So nothing that was learnt is lost, the gradients of those zeros differ from the first step on,
and no two channels have to be told apart first.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from generator import Generator, GeneratorConfig
from generator.families.stylegan2 import ModulatedConv

from .errors import TrainingError


def is_wider(old: GeneratorConfig, new: GeneratorConfig) -> bool:
    """Whether `new` differs from `old` in its maps' widths alone, none of which is less, and `widen` can do it."""
    same = replace(new, channel_base=old.channel_base, channel_max=old.channel_max, widths=old.widths) == old
    wide = all(new.channels(size) >= old.channels(size) for size in old.block_resolutions)
    return same and wide and old.architecture == "skip"


@torch.no_grad()
def widen(old: Generator, new: Generator) -> None:
    """Put the weights of `old` into `new`, a fresh network (its own weights stay where channels are new).

    TrainingError if `new` is not wider (`is_wider`).
    """
    if not is_wider(old.config, new.config):
        raise TrainingError("A generator can only be widened: all else about it must stay as it was.")
    theirs = old.state_dict()
    # What reads maps without demodulation is scaled by how many channels it reads: its old weights make up for more.
    plain = {f"{name}.weight" for name, m in new.named_modules() if isinstance(m, ModulatedConv) and not m.demodulate}
    for name, value in new.state_dict().items():
        before = theirs[name]
        if value.ndim == 4 and value.shape != before.shape:  # kernels, O×I×k×k
            gain = math.sqrt(value.shape[1] / before.shape[1]) if name in plain else 1.0
            value[: len(before), before.shape[1] :] = 0.0
            corner(value, before).copy_(before * gain)
        else:  # a row or a number a channel; the styled start has 16 rows a channel
            corner(value, before).copy_(before)


def corner(wide: Tensor, narrow: Tensor) -> Tensor:
    """The part of `wide` that has the shape of `narrow`, from the first of each dimension on."""
    return wide[tuple(slice(size) for size in narrow.shape)]
