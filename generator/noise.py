"""What goes into the layers of a picture beside its styles."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("const", "seed", "none")


@dataclass(frozen=True)
class Noise:
    """The noise inputs of a synthesis network (Karras et al. 2019, §3.2); `Model.synthesize` checks them.

    `kind`: "const" (the checkpoint's buffers), "seed" (drawn afresh from `seed`, on the CPU, the same for every picture
    of a batch; None: 0) or "none". `strength` scales it, 0 … 2, and `levels` that of single layers, by their numbers.
    """

    kind: str = "const"
    strength: float = 1.0
    seed: int | None = None
    levels: tuple[tuple[int, float], ...] = ()


OWN = Noise()  # what a checkpoint brings
SILENT = Noise("none")
