"""Pictures of the studio for lessons: a model, a seed and a class as a recipe, and what is asked of it checked first.

What the studio renders takes the studio's own turns and fills its caches, so a lesson shows just what the other pages
show, and its pictures can be opened there by their recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postprocess import STEPS, StepUse
from studio import MAX_SEED, Recipe, Rendering, Studio

from .errors import ClassroomError

MOST_USES = 6  # steps of a chain


class Specimens:
    """Pictures of the models that `names` lists (None: all of the studio's)."""

    def __init__(self, studio: Studio, names: Sequence[str] | None = None) -> None:
        self.studio = studio
        told = {model["name"]: tuple(model["classes"]) for model in studio.models()}
        self.classes: dict[str, tuple[str, ...]] = {n: c for n, c in told.items() if names is None or n in names}

    def recipe(self, model: object, seed: object, label: object, steps: object = ()) -> Recipe:
        """The recipe of a model's picture: its seed, the number of its class (None where it has no classes), and steps
        as JSON. ClassroomError for what there is not."""
        if not isinstance(model, str) or model not in self.classes:
            raise ClassroomError("no_model", "This lesson knows no such model.")
        if type(seed) is not int or not 0 <= seed <= MAX_SEED:
            raise ClassroomError("seed", "A seed is a whole number from 0 to {most}.", most=MAX_SEED)
        return Recipe(model=model, seed=seed, label=self._class(model, label), steps=uses_of(steps))

    def _class(self, model: str, label: object) -> str | None:
        classes = self.classes[model]
        if not classes and label in (None, 0):
            return None
        if type(label) is not int or not 0 <= label < len(classes):
            raise ClassroomError("class", "There is no such class here.")
        return classes[label]


def uses_of(steps: object) -> tuple[StepUse, ...]:
    """Steps in a request, a list of {name, where, parameters}. ClassroomError for what there is not, or too many."""
    if not isinstance(steps, (list, tuple)) or not all(isinstance(each, Mapping) for each in steps):
        raise ClassroomError("request", "This request does not come from this page; reload it.")
    if len(steps) > MOST_USES:
        raise ClassroomError("many_steps", "At most {most} steps stand in this chain.", most=MOST_USES)
    uses = []
    for each in steps:
        name = each.get("name")
        if not isinstance(name, str) or name not in STEPS:
            raise ClassroomError("step", "There is no such step.")
        try:
            uses.append(StepUse.from_json({key: each[key] for key in ("name", "where", "parameters") if key in each}))
        except ValueError as error:
            raise ClassroomError("step_setting", "This step cannot be set like that.") from error
    return tuple(uses)


def reading_of(rendering: Rendering) -> float | None:
    """Where the raw picture stands among real ones, 0 … 100; None where the critic was not asked or knows none."""
    return None if rendering.critic is None else rounded(rendering.critic.percentile_real)


def rounded(share: float | None) -> float | None:
    """A percentile as pages show it."""
    return None if share is None else round(float(share), 1)
