"""What the page and the API are told there is."""

import json
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from postprocess import schema
from studio import FIELDS, Mix, Recipe, RecipeError, Studio, Styles, class_title, label_text

from .conftest import CLASSES, tiny_model


@pytest.fixture(scope="module")
def models(studio: Studio) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in json.loads(json.dumps(studio.models(), allow_nan=False))}


def test_every_model_that_opens_is_there_and_a_broken_one_is_one_line_in_the_log(
    checkpoints: Any, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        names = [entry["name"] for entry in Studio(checkpoints, default="tiny", precision="fp32").models()]
    assert names == ["plain", "tiny"]
    assert [("broken" in r.message, "\n" in r.message) for r in caplog.records] == [(True, False)]


def test_a_model_tells_what_the_page_needs(models: dict[str, dict[str, Any]]):
    tiny, plain = models["tiny"], models["plain"]
    assert (tiny["classes"], tiny["default_class"], tiny["version"], tiny["resolution"]) == (
        list(CLASSES),
        CLASSES[0],
        "1.2",
        32,
    )
    assert (plain["classes"], plain["default_class"]) == ([], None)
    assert (plain["has_critic"], plain["densities"]) == (False, None)
    assert [layer["index"] for layer in tiny["layers"]] == list(range(8))
    assert tiny["directions"][0] == {"name": "pc1", "title": "less ↔ more 0"}
    assert tiny["steps"] == json.loads(json.dumps(schema()))
    assert (tiny["attribution"], tiny["licence"], tiny["pictures_seen"]) == ('Nobody & "No one" <none>', "CC0-1.0", 3)


def test_densities_are_two_distributions_on_one_grid(models: dict[str, dict[str, Any]]):
    densities = models["tiny"]["densities"]
    logits = np.array(densities["logits"])
    assert (np.diff(logits) > 0).all()
    for name in ("real", "generated"):
        assert np.trapezoid(densities[name], logits) == pytest.approx(1, abs=0.02) and min(densities[name]) >= 0
    assert np.average(logits, weights=densities["real"]) > np.average(logits, weights=densities["generated"])


def test_ranges_are_those_that_are_held(models: dict[str, dict[str, Any]], studio: Studio):
    fields = {entry["key"]: entry for entry in models["tiny"]["recipe"]}
    assert list(fields) == [field.key for field in FIELDS]
    assert fields["class"]["choices"] == list(CLASSES) and fields["moves"]["directions"] == ["pc1", "pc2", "pc3"]
    mix = {entry["key"]: entry for entry in fields["mix"]["fields"]}
    rows, width = fields["ws"]["rows"], fields["ws"]["width"]
    edges = [
        (Recipe(cutoff=fields["cutoff"]["maximum"]), Recipe(cutoff=fields["cutoff"]["maximum"] + 1)),
        (Recipe(mix=Mix(0, None, mix["first"]["maximum"])), Recipe(mix=Mix(0, None, mix["first"]["maximum"] + 1))),
        (Recipe(latent=(0.0,) * fields["latent"]["maximum_length"]), Recipe(latent=(0.0,) * 99)),
        (Recipe(ws=Styles.of(np.ones((rows, width)))), Recipe(ws=Styles.of(np.ones((rows + 1, width))))),
        (Recipe(ws=Styles.of(np.ones((rows, width)))), Recipe(ws=Styles.of(np.ones((rows, width + 1))))),
    ]
    for inside, outside in edges:
        studio.normalise(inside)
        with pytest.raises(RecipeError):
            studio.normalise(outside)


def test_defaults_make_the_default_recipe(models: dict[str, dict[str, Any]], studio: Studio):
    defaults = {entry["key"]: entry["default"] for entry in models["tiny"]["recipe"]}
    assert Recipe.from_json(defaults) == studio.normalise(Recipe())


def test_what_is_told_is_the_callers_own(studio: Studio):
    studio.models()[0]["classes"].append("kiwi")
    assert "kiwi" not in studio.models()[0]["classes"]


def test_the_specimen_label(studio: Studio):
    model = tiny_model("tiny", classes=CLASSES)
    recipe = Recipe(model="tiny", label="peach", seed=1234)
    assert label_text(recipe, model) == "tiny · peach · seed 1234 · ψ 0.7 · generated, no such fruit exists"
    assert "mixed with seed 5" in label_text(replace(recipe, mix=Mix(5)), model)
    assert "ψ −0.5" in label_text(replace(recipe, psi=-0.5), model)
    assert "seed" not in label_text(replace(recipe, latent=(0.5,)), model)
    plain = tiny_model("plain", critic=False)
    assert label_text(Recipe(model="plain"), plain) == "plain · seed 0 · ψ 0.7 · generated"
    assert studio.render(Recipe(seed=3)).specimen.startswith("tiny · apple · seed 3 ·")
    assert studio.specimen(Recipe(seed=3)) == studio.render(Recipe(seed=3)).specimen
    styled = replace(recipe, ws=Styles.of(np.ones((model.num_ws, model.w_dim))))
    assert label_text(styled, model) == "tiny · styles of its own · generated, no such fruit exists"


@pytest.mark.parametrize(
    ("label", "title"),
    [("peach", "peach"), ("citrus_other", "other citrus"), ("other", "other"), ("ankle_boot", "ankle boot")],
)
def test_a_class_is_titled_in_words(label: str, title: str):
    assert class_title(label) == title
