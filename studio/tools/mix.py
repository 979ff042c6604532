"""Mixing and breeding: a matrix of pictures by layer groups, and children of parents with a lineage to walk back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from studio import MAX_SEED, Recipe, Studio, StudioError

from .latents import styles_of, with_styles

GROUPS = ("coarse", "middle", "fine")
MOST_CELLS = 400
MOST_PARENTS, MOST_CHILDREN = 8, 24
MOST_BORN = 2000  # of one lineage
WAYS = ("blend", "layers")


def groups_of(layers: Sequence[dict[str, Any]]) -> dict[str, range]:
    """Which layers a group has (Karras et al. 2019, §3.1): coarse up to 8 px, middle up to 32, fine above.

    `layers`: as `Studio.models` describes them, each with its "resolution". Small networks that stop at 32 px call
    their last block fine, so that no group is empty that need not be.
    """
    sizes = [int(layer["resolution"]) for layer in layers]
    largest = max(sizes)
    middle = 32 if largest > 32 else max(largest // 2, 8)
    first = sum(size <= 8 for size in sizes)
    second = max(first, sum(size <= middle for size in sizes))
    return {"coarse": range(first), "middle": range(first, second), "fine": range(second, len(sizes))}


def matrix(
    studio: Studio, rows: Sequence[Recipe], columns: Sequence[Recipe], group: str = "middle"
) -> list[list[Recipe]]:
    """Style mixing as a table: cell [r][c] is `rows[r]` with the layers of `group` taken from `columns[c]`.

    All of one model; moves and variety of both are in it. StudioError for more than MOST_CELLS, an unknown group, or
    different models.
    """
    if group not in GROUPS:
        raise StudioError(f"Layers are mixed by group: {', '.join(GROUPS)}, not {group!r}.")
    if not rows or not columns or len(rows) * len(columns) > MOST_CELLS:
        raise StudioError(f"A matrix has 1 to {MOST_CELLS} cells, not {len(rows)}×{len(columns)}.")
    down, across = ([studio.normalise(recipe) for recipe in side] for side in (rows, columns))
    layers = _groups(studio, [*down, *across])[group]
    theirs = [styles_of(studio, recipe) for recipe in across]
    out = []
    for recipe in down:
        mine = styles_of(studio, recipe)
        line = []
        for other in theirs:
            styles = np.array(mine)
            styles[layers.start : layers.stop] = other[layers.start : layers.stop]
            line.append(with_styles(recipe, styles))
        out.append(line)
    return out


def breed(
    studio: Studio,
    parents: Sequence[Recipe],
    count: int = 8,
    mutation: float = 0.25,
    seed: int = 0,
    how: str = "layers",
) -> list[Recipe]:
    """`count` children of 1 to MOST_PARENTS pictures of one model; the same for the same parents and seed.

    "layers": each group of layers comes from one parent, drawn by chance. "blend": styles are weighted averages of all
    parents', weights drawn evenly. Then `mutation` 0 … 1 of the way goes to a stranger's styles, drawn from the first
    parent's class at its variety: 0 is nothing new, 1 a stranger. What styles do not decide is the first parent's.
    """
    if not 1 <= len(parents) <= MOST_PARENTS or not 1 <= count <= MOST_CHILDREN:
        raise StudioError(f"There are 1 to {MOST_PARENTS} parents, and 1 to {MOST_CHILDREN} children at a time.")
    if not 0 <= mutation <= 1:
        raise StudioError(f"Mutation is 0 to 1, not {mutation:g}.")
    if how not in WAYS:
        raise StudioError(f"Children are bred by {' or '.join(WAYS)}, not {how!r}.")
    known = [studio.normalise(recipe) for recipe in parents]
    groups = _groups(studio, known)
    first = known[0]
    styles = np.stack([styles_of(studio, recipe) for recipe in known])
    rng = np.random.default_rng([seed, len(known)])
    strangers = rng.integers(0, MAX_SEED, count)
    children = []
    for stranger in strangers:
        child = np.array(styles[0])
        if how == "blend":
            child = np.tensordot(rng.dirichlet(np.ones(len(known))), styles, axes=1)
        else:
            for layers in groups.values():
                child[layers.start : layers.stop] = styles[rng.integers(len(known)), layers.start : layers.stop]
        other = replace(first, seed=int(stranger), latent=None, ws=None, mix=None, moves=())
        if mutation:
            child = child + (styles_of(studio, other) - child) * mutation
        children.append(with_styles(first, child))
    return children


@dataclass(frozen=True)
class Born:
    """One picture of a lineage: its number, its parents' numbers (none for a founder), and its generation from 0."""

    number: int
    recipe: Recipe
    parents: tuple[int, ...] = ()
    generation: int = 0


@dataclass
class Lineage:
    """Who came from whom, to be walked back; grows by `found` and `add`, and travels as JSON."""

    born: list[Born] = field(default_factory=list)

    def found(self, recipe: Recipe) -> Born:
        """Enter a picture without parents."""
        return self._enter(recipe, ())

    def add(self, parents: Sequence[int], children: Sequence[Recipe]) -> list[Born]:
        """Enter children of pictures that are here; StudioError for a number that is not, or more than MOST_BORN."""
        for number in parents:
            self.get(number)
        return [self._enter(child, tuple(parents)) for child in children]

    def get(self, number: int) -> Born:
        """The picture of that number; StudioError if there is none."""
        if not 0 <= number < len(self.born):
            raise StudioError(f"There is no picture {number} in this lineage.")
        return self.born[number]

    def ancestors(self, number: int) -> list[Born]:
        """A picture and all it came from, itself first, then back generation by generation, each once."""
        found, waiting = [], [number]
        seen: set[int] = set()
        while waiting:
            waiting.sort(key=lambda each: (-self.get(each).generation, each))
            current = waiting.pop(0)
            if current not in seen:
                seen.add(current)
                found.append(self.get(current))
                waiting.extend(self.get(current).parents)
        return found

    def to_json(self) -> list[dict[str, Any]]:
        """JSON-able; `from_json` gives back an equal lineage."""
        return [{"recipe": each.recipe.to_json(), "parents": list(each.parents)} for each in self.born]

    @classmethod
    def from_json(cls, obj: object) -> Lineage:
        """The lineage in parsed JSON; StudioError if it is none, or a child comes before its parents."""
        if not isinstance(obj, list) or len(obj) > MOST_BORN:
            raise StudioError(f"A lineage is a list of at most {MOST_BORN} pictures.")
        lineage = cls()
        for entry in obj:
            parents = entry.get("parents") if isinstance(entry, dict) else None
            if not isinstance(parents, list) or not all(type(each) is int for each in parents):
                raise StudioError("A picture of a lineage has a recipe, and the numbers of its parents.")
            lineage.add(parents, [Recipe.from_json(entry.get("recipe"))])
        return lineage

    def _enter(self, recipe: Recipe, parents: tuple[int, ...]) -> Born:
        if len(self.born) >= MOST_BORN:
            raise StudioError(f"A lineage has at most {MOST_BORN} pictures; begin a new one with those you like.")
        generation = 1 + max((self.born[each].generation for each in parents), default=-1)
        self.born.append(Born(len(self.born), recipe, parents, generation))
        return self.born[-1]


def _groups(studio: Studio, recipes: Sequence[Recipe]) -> dict[str, range]:
    if len({(recipe.model, recipe.version) for recipe in recipes}) > 1:
        raise StudioError("Only pictures of one model can be mixed.")
    described = next(each for each in studio.models() if each["name"] == recipes[0].model)
    return groups_of(described["layers"])
