"""What a recipe turns into: the picture, how it came about, and what the critic says of every stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator import Provenance
from postprocess import Regions

from .reading import Reading
from .recipe import Recipe

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StageReading:
    """The picture after one post-processing step: `image` H×W×3 and `alpha` H×W in [0, 1], and the critic's reading."""

    name: str
    title: str
    image: Array
    alpha: Array | None
    critic: Reading | None

    def report(self) -> dict[str, Any]:
        """JSON-able, without the picture."""
        return {"name": self.name, "title": self.title, "critic": self.critic.report() if self.critic else None}


@dataclass(frozen=True, eq=False)
class Rendering:
    """One rendered recipe. Its arrays are read-only: they are shared with the caches and with other visitors."""

    recipe: Recipe  # normalised
    raw: Array  # H×W×3 in [0, 1], as the generator made it
    stages: tuple[StageReading, ...]  # one for each step that is on
    critic: Reading | None  # of the raw picture; None without a critic, or if none was asked for
    regions: Regions | None  # None unless asked for, or wanted by a step
    seconds: dict[str, float]  # what each part took in this call: next to nothing if it was cached
    provenance: Provenance
    specimen: str  # the label under the picture, see `studio.describe.label_text`
    draft: bool = False  # a preview: coarser than the picture, and not read

    @property
    def picture(self) -> Array:
        """The finished picture, H×W×3 in [0, 1]."""
        return self.stages[-1].image if self.stages else self.raw

    @property
    def alpha(self) -> Array | None:
        """The finished picture's opacity, H×W in [0, 1]; None where all of it is opaque."""
        return self.stages[-1].alpha if self.stages else None

    @property
    def spoken(self) -> dict[str, str] | None:
        """What the critic says, `headline` and `words`, of the picture as it was made and as it is shown, each by name
        where they differ; None if it was not asked, or there is none."""
        if self.critic is None:
            return None
        if not self.stages:
            return {"headline": self.critic.headline, "words": self.critic.words}
        steps = f"{len(self.stages)} step{'s' if len(self.stages) > 1 else ''}"
        made, shown = self.critic, self.stages[-1].critic
        words = f"As made, before {steps}: {_low(made.words)}"
        if shown is None:
            return {"headline": made.headline and f"as made: {made.headline}", "words": words}
        headline = f"as made: {made.headline}; as shown: {shown.headline}"
        if made.headline == shown.headline:
            headline = made.headline and f"{made.headline}, as made and as shown"
        return {"headline": headline, "words": f"As shown, after {steps}: {_low(shown.words)} {words}"}

    def report(self) -> dict[str, Any]:
        """All of it but the pictures, JSON-able: what `/render` answers beside the file."""
        return {
            "recipe": self.recipe.to_json(),
            "critic": self.critic.report() if self.critic else None,
            "spoken": self.spoken,
            "stages": [stage.report() for stage in self.stages],
            "seconds": {name: round(value, 5) for name, value in self.seconds.items()},
            "attribution": self.provenance.attribution,
        }


def _low(sentence: str) -> str:
    """A sentence as it goes on after a colon."""
    return sentence[:1].lower() + sentence[1:]
