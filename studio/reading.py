"""What the critic says of a picture, in words that a visitor can check against the two distributions.

A logit alone has no scale. So it is placed in the two populations that the checkpoint's calibration knows: held-out
real pictures and generated ones, each judged alone. The words say only where the picture stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generator import Calibration

NOTE = (
    "The critic learnt to tell this generator's pictures from its training pictures, and judges nothing else: "
    "it is no detector of fakes."
)
TAIL = 5.0  # per cent: a logit is usual for a population if at most this share of it lies beyond, on either side


@dataclass(frozen=True)
class Reading:
    """One picture's reading; both percentiles (per cent of that population with a lower logit, 0 … 100) are None and
    `headline` is empty where the checkpoint carries no calibration. One that was made without real pictures has
    `percentile_real` None."""

    logit: float
    percentile_real: float | None
    percentile_generated: float | None
    headline: str
    words: str

    @classmethod
    def of(cls, logit: float, calibration: Calibration | None) -> Reading:
        """The reading of a logit."""
        if calibration is None:
            return cls(logit, None, None, "", f"The critic gives it {logit:.2f}, on a scale that was never calibrated.")
        real, generated = calibration.percentile_real(logit), calibration.percentile_generated(logit)
        if real is None:
            words = (
                f"More convincing to the critic than {_share(generated)} of this model's pictures; "
                "real ones were not at hand to compare with."
            )
            return cls(logit, None, generated, _among_generated(generated), words)
        words = (
            f"More convincing to the critic than {_share(generated)} of generated pictures; "
            f"{_share(real)} of real ones score lower."
        )
        return cls(logit, real, generated, _headline(real, generated), words)

    def report(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "logit": self.logit,
            "percentile_real": self.percentile_real,
            "percentile_generated": self.percentile_generated,
            "headline": self.headline,
            "words": self.words,
        }


def _headline(real: float, generated: float) -> str:
    """Where a logit stands: within the middle 90 % of either population, of both, or of neither."""
    usual_real, usual_generated = (TAIL <= share <= 100 - TAIL for share in (real, generated))
    if usual_real and usual_generated:
        return "could be either"
    if usual_real:
        return "passes for real"
    if usual_generated:
        return "looks generated"
    if real < TAIL and generated < TAIL:
        return "less convincing than either"
    if real > 100 - TAIL and generated > 100 - TAIL:
        return "more convincing than either"
    return "between the two"


def _among_generated(generated: float) -> str:
    """Where a logit stands when only generated pictures are known."""
    if generated < TAIL:
        return "less convincing than most"
    return "more convincing than most" if generated > 100 - TAIL else "usual for this model"


def _share(percent: float) -> str:
    """Whole per cent, never 0 or 100: the populations are samples, and nothing is surely beyond all of one."""
    if percent < 1:
        return "under 1 %"
    return "over 99 %" if percent > 99 else f"{percent:.0f} %"
