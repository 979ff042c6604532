"""What there is, for the page and the API to build themselves from; and a recipe in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from generator import Calibration, Model
from postprocess import schema

from .reading import NOTE
from .recipe import FIELDS, MIX_FIELDS, TRANSFORM, Recipe


def describe_model(name: str, model: Model, has_index: bool, slow: bool) -> dict[str, Any]:
    """One entry of `Studio.models()`, JSON-able; `name` is the model's in recipes, `has_index` says whether its
    training pictures can be searched, `slow` whether its pictures are waited for instead of following the hand."""
    provenance = model.provenance
    return {
        "name": name,
        "title": provenance.title,
        "version": model.version,
        "resolution": model.resolution,
        "classes": list(model.classes),
        "default_class": model.default_class,
        "layers": [asdict(layer) for layer in model.layers],
        "directions": [{"name": d.name, "title": d.title} for d in model.directions],
        "transforms": [one.name for one in model.transforms],
        "slow": slow,
        "recipe": describe_recipe(name, model),
        "steps": schema(),
        "has_critic": model.has_critic,
        "has_encoder": model.has_encoder,
        "has_index": has_index,
        "densities": None if model.calibration is None else describe_calibration(model.calibration),
        "critic_note": NOTE,
        "precision": model.precision,
        "pictures_seen": provenance.pictures_seen,
        "attribution": provenance.attribution,
        "licence": provenance.licence,
        "provenance": asdict(provenance),
    }


def describe_recipe(name: str, model: Model) -> list[dict[str, Any]]:
    """Every field of a recipe with its kind, range and default, narrowed to what this model has."""
    label = {"kind": "choice", "choices": list(model.classes)}
    mix: dict[str, dict[str, Any]] = {"class": label, "first": {"maximum": model.num_ws - 1}}
    narrowed: dict[str, dict[str, Any]] = {
        "model": {"default": name},
        "version": {"default": model.version},
        "latent": {"minimum_length": model.z_dim, "maximum_length": model.z_dim},
        "ws": {"rows": model.num_ws, "width": model.w_dim},
        "class": {**label, "default": model.default_class},
        "cutoff": {"maximum": model.num_ws},
        "layers": {"rows": model.num_ws, "noisy": model.noisy_layers},
        "moves": {"directions": [direction.name for direction in model.directions]},
        **{part: {"minimum": 0.0, "maximum": 0.0} for part in TRANSFORM},
        **{one.name: {"minimum": one.minimum, "maximum": one.maximum} for one in model.transforms},
        "mix": {"fields": [{**field.describe(), **mix.get(field.key, {})} for field in MIX_FIELDS]},
    }
    return [{**field.describe(), **narrowed.get(field.key, {})} for field in FIELDS]


def describe_calibration(calibration: Calibration) -> dict[str, Any]:
    """The smoothed densities of the critic's logit on one grid, and how many pictures stand behind each; "real" is None
    where no real pictures were at hand."""
    logits, real, generated = (
        None if values is None else [float(f"{value:.6g}") for value in values.tolist()]
        for values in calibration.densities()
    )
    return {
        "logits": logits,
        "real": real,
        "generated": generated,
        "real_count": calibration.real_count,
        "generated_count": calibration.generated_count,
    }


def label_text(recipe: Recipe, model: Model) -> str:
    """The specimen label: "orchard · peach · seed 1234 · ψ 0.7 · generated, no such fruit exists"."""
    subject = model.provenance.subject
    parts = (
        recipe.model or model.name,
        class_title(recipe.label) if recipe.label and recipe.ws is None else None,  # styles are of no class
        origin_words(recipe),
        f"mixed with seed {recipe.mix.seed}" if recipe.mix else None,
        f"ψ {recipe.psi:g}".replace("-", "−") if recipe.ws is None else None,
        f"generated, no such {subject} exists" if subject else "generated",
    )
    return " · ".join(part for part in parts if part)


def origin_words(recipe: Recipe) -> str:
    """What the picture grows from, in words."""
    if recipe.ws is not None:
        return "styles of its own"
    return f"seed {recipe.seed}" if recipe.latent is None else "a given latent"


def class_title(label: str) -> str:
    """A class as a visitor reads it: data sets name theirs like folders, and put the rest of a kind behind it."""
    words = label.replace("_", " ")
    return f"other {words.removesuffix(' other')}" if words.endswith(" other") else words
