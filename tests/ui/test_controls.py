"""Recipe ⇄ controls: nothing of a recipe may get lost on its way through the page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from postprocess import STEPS
from studio import MAX_STEPS, Recipe, RecipeError, Studio
from ui.controls import MOVE, ControlSet

RECIPES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "seed": {"seed": 2**32 - 1},
    "latent": {"latent": [0.5, -1.25, 0, 3, 0.1, 0.2, 0.3, -0.4]},
    "styles": {"ws": [[0.1 * row - column for column in range(16)] for row in range(6)]},
    "class": {"class": "mirabelle"},
    "truncation": {"psi": -0.35, "cutoff": 3, "centre": "global"},
    "cutoff of nothing": {"cutoff": 0},
    "moves": {"moves": {"pc1": -4, "pc2": 0.05}},
    "a mix": {"mix": {"seed": 7, "class": "gage", "first": 2}},
    "a mix of the same class": {"mix": {"seed": 0, "class": None, "first": 0}},
    "layers of their own": {"layers": [{"layer": 0, "seed": 9}, {"layer": 2, "psi": -0.2, "noise": 0}]},
    "no noise": {"noise": 0},
    "seeded noise": {"noise": 1.75, "noise_seed": 0},
    "many steps": {
        "steps": [
            {"name": name, "on": i % 2 == 0, "where": step.where[i % len(step.where)]}
            for i, (name, step) in enumerate(STEPS.items())
            if i < MAX_STEPS
        ]
    },
    "the other steps": {"steps": [{"name": name} for name in list(STEPS)[-MAX_STEPS:]]},
}


@pytest.mark.parametrize("fields", RECIPES.values(), ids=RECIPES)
def test_a_recipe_comes_back_from_the_controls(studio: Studio, controls: ControlSet, fields: dict[str, Any]) -> None:
    recipe = studio.normalise(Recipe.from_json(fields))
    values = json.loads(json.dumps(controls.values(recipe)))  # as they travel
    assert studio.normalise(controls.recipe(values)) == recipe


def test_the_cutoff_of_all_layers_is_no_cutoff(studio: Studio, controls: ControlSet) -> None:
    assert controls.recipe(controls.values(Recipe(cutoff=controls.layers, label="gage"))).cutoff is None


def test_names_are_unique_and_match_the_values(studio: Studio, controls: ControlSet) -> None:
    assert len(set(controls.names)) == len(controls.names) == len(controls.values(studio.normalise(Recipe())))


def test_a_model_without_classes_has_no_control_of_them() -> None:
    controls = ControlSet("plain", (), ("pc1",), 6)
    assert not {"label", "mix_label"} & set(controls.names)
    recipe = Recipe(model="plain", seed=3, moves=(("pc1", 1.0),))
    assert controls.recipe(controls.values(recipe)) == recipe


@pytest.mark.parametrize("moved", [{}, {"rotation": -30.0}, {"x": 0.125, "y": -1.0}], ids=repr)
def test_a_model_with_an_input_transform_has_its_controls(moved: dict[str, float]) -> None:
    controls = ControlSet("pinwheel", (), (), 6, ("rotation", "x", "y"))
    recipe = Recipe.from_json({"model": "pinwheel", **moved})
    values = controls.values(recipe)
    assert controls.recipe(values) == recipe and len(values) == len(controls.names)
    for name, title, value in (("rotation", "Rotation", 181), ("x", "Horizontal", None), ("y", "Vertical", "up")):
        wrong = [value if each == name else given for each, given in zip(controls.names, values, strict=True)]
        with pytest.raises(RecipeError, match=rf"^{title} "):
            controls.recipe(wrong)


def test_a_model_without_one_has_none(controls: ControlSet) -> None:
    assert not {"rotation", "x", "y"} & set(controls.names)


@pytest.mark.parametrize(
    "name, value",
    [
        ("seed", 1.5),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", None),
        ("seed", "7"),
        ("seed", True),
        ("seed", float("nan")),
        ("psi", 1.6),
        ("psi", float("nan")),
        ("psi", None),
        (MOVE + "pc1", 4.1),
        ("noise", -0.1),
        ("noise", float("inf")),
        ("centre", "nowhere"),
        ("cutoff", -1),
        ("steps", [{"name": "no such step"}]),
        ("steps", "blur"),
        ("latent", "z"),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence(
    studio: Studio,
    controls: ControlSet,
    name: str,
    value: object,
) -> None:
    values = controls.values(studio.normalise(Recipe()))
    values[controls.names.index(name)] = value
    with pytest.raises(RecipeError) as refusal:
        controls.recipe(values)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("values", [None, 3, "seed", {}, [], [0]])
def test_foreign_values_are_refused(controls: ControlSet, values: object) -> None:
    with pytest.raises(RecipeError):
        controls.recipe(values)


def test_noise_that_is_off_keeps_its_strength_at_the_control(studio: Studio, controls: ControlSet) -> None:
    values = controls.values(replace(studio.normalise(Recipe()), noise=1.5))
    values[controls.names.index("noise_on")] = False
    assert controls.recipe(values).noise == 0
