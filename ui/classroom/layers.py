"""Lesson 3, how a picture is built and read: feature maps, channels, receptive fields, the critic's eye, kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr

from classroom import (
    CRITIC,
    FACTORS,
    GENERATOR,
    ClassroomError,
    Networks,
    convolve,
    eye_url,
    grey_values,
    maps_url,
    tensor_url,
)
from studio import Studio

from .sheet import fields_of, folders_of, in_turn, lesson, one_of, sheet

VIEW = 192  # px of a picture
SMALL = 64  # px of the largest model that is looked into: larger ones do not answer within a frame

Request = Callable[[Any], dict[str, Any]]


def functions(networks: Mapping[str, Networks]) -> list[Request]:
    """Maps of a layer with the picture they make; learned kernels; what a place sees; the critic's eye; a kernel."""

    @in_turn
    def inside(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found, seed, label = one_of(networks, fields), fields.get("seed"), fields.get("label")
        turned = _turned(fields.get("turned", []))
        image, plain = found.picture(seed, label, turned), found.picture(seed, label)
        return {
            "picture": tensor_url(image, VIEW),
            "before": tensor_url(plain, VIEW),
            "reading": found.reading(image, label),
            "reading_before": found.reading(plain, label),
            "maps": maps_url(found.maps(fields.get("side"), fields.get("layer"), seed, label, turned)),
        }

    @in_turn
    def learned(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found = one_of(networks, fields)
        return {"kernels": found.kernels(fields.get("side"), fields.get("layer"), fields.get("channel"))}

    @in_turn
    def support(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        return {"box": one_of(networks, fields).support(fields.get("layer"), fields.get("x"), fields.get("y"))}

    @in_turn
    def eye(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        found, label = one_of(networks, fields), fields.get("label")
        image = found.picture(fields.get("seed"), label)
        fallen = found.occlusion(image, label)
        return {
            "picture": tensor_url(image, VIEW),
            "reading": found.reading(image, label),
            "occlusion": eye_url(fallen),
            "gradient": eye_url(found.gradient(image, label)),
            "fallen": fallen.tolist(),
        }

    @in_turn
    def kernel(request: Any) -> dict[str, Any]:
        fields = fields_of(request)
        picture = grey_values(one_of(networks, fields).picture(fields.get("seed"), fields.get("label")))
        return {"values": picture.tolist(), "result": convolve(picture, fields.get("kernel")).tolist()}

    return [inside, learned, support, eye, kernel]


def _turned(pairs: object) -> dict[tuple[str, int], float]:
    wrong = ClassroomError("request", "This request does not come from this page; reload it.")
    if not isinstance(pairs, list) or not all(isinstance(each, list) and len(each) == 3 for each in pairs):
        raise wrong
    if not all(isinstance(layer, str) and isinstance(channel, int) for layer, channel, _ in pairs):
        raise wrong
    return {(layer, channel): factor for layer, channel, factor in pairs}


def build(studio: Studio, page: gr.Blocks) -> None:
    """The sheet, over the small models that have a critic and maps to be looked into."""
    folders, told, found = folders_of(studio), {}, {}
    for model in studio.models():
        if not model["has_critic"] or model["resolution"] > SMALL:
            continue
        networks = Networks(folders[model["name"]])
        if not networks.facts[GENERATOR] or not networks.facts[CRITIC]:
            continue
        found[model["name"]] = networks
        layers = {side: [asdict(layer) for layer in networks.facts[side]] for side in (GENERATOR, CRITIC)}
        told[model["name"]] = {"classes": model["classes"], "resolution": model["resolution"], "layers": layers}
    sheet("layers", functions(found), {"models": told, "factors": FACTORS})


LESSON = lesson("layers", 3, build)
