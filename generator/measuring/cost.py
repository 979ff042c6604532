"""What a picture costs on this machine, measured once, and what of it fits into a frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise

from generator.latents import draw_z
from generator.model import Model

LONG_MS = 1000.0  # a picture that takes longer is timed once: what a second would correct is nothing to it
COARSEST = 16  # px: a preview that shows less says nothing, however soon it comes


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a whole picture, and of its previews: (resolution, milliseconds), coarse to fine."""

    picture: float
    previews: tuple[tuple[int, float], ...] = ()

    @classmethod
    def measure(cls, model: Model, repeats: int = 3, clock: Callable[[], float] = time.perf_counter) -> Cost:
        """Time a picture and all its previews, on the threads that torch has now; `clock` gives seconds.

        Each preview goes on from the one before and the picture from the last, so this takes `repeats` + 1 pictures in
        all, of which the first fills the caches; without previews, one beyond LONG_MS is the last. Of each part the
        fastest counts; a sum holds the enlargements of all previews up to it, so it errs on the slow side.
        """
        label = [0] if model.classes else None
        sizes = [size for size in model.preview_resolutions if size >= COARSEST]
        parts: list[list[float]] = []
        for seed in range(repeats + 1):
            ws = model.map(draw_z(seed, model.z_dim)[None], label)  # another each time: nothing is left to go on from
            marks = [clock()]
            for size in sizes:
                model.preview(ws, size)
                marks.append(clock())
            model.synthesize(ws)
            marks.append(clock())
            parts.append([1e3 * (after - before) for before, after in pairwise(marks)])
            if not sizes and parts[-1][0] > LONG_MS:
                break
        *previews, picture = accumulate(min(part) for part in zip(*(parts[1:] or parts), strict=True))
        return cls(picture, tuple(zip(sizes, previews, strict=True)))

    def preview_resolution(self, budget_ms: float) -> int | None:
        """The finest preview that takes no longer than that, or else the coarsest there is; None where the whole
        picture takes no longer, or where there are no previews."""
        if self.picture <= budget_ms or not self.previews:
            return None
        return max((size for size, cost in self.previews if cost <= budget_ms), default=self.previews[0][0])
