"""The endpoints for programs, in Gradio's queue: /render makes a file and a report, /models says what there is; the
artist's tools stand in `tool_endpoints`."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from studio import Recipe, Studio, to_png

from .parts.live_view import file_name
from .requests import refusing
from .tool_endpoints import TOOLS, add_tool_endpoints, json_input

NAMES = ("render", "models", *TOOLS)


def add_endpoints(studio: Studio) -> None:
    """Add all endpoints to the page that is being built. They have no controls: programs call them by name."""
    with gr.Row(visible=False):
        recipe = json_input("recipe")
        png = gr.File(label="picture")
        report = gr.JSON(label="report")
        models = gr.JSON(label="models")
        run, ask = gr.Button("render"), gr.Button("models")

    def render(recipe: Any) -> tuple[str, dict[str, Any]]:
        """The picture of a recipe, as a PNG with the recipe inside, and its report."""
        rendering = studio.render(Recipe.from_json({} if recipe is None else recipe))
        path = save_bytes_to_cache(to_png(rendering), file_name(rendering.recipe), png.GRADIO_CACHE)
        return path, rendering.report()

    def list_models() -> list[dict[str, Any]]:
        """What there is: every model's classes, directions and ranges, and the post-processing steps."""
        return studio.models()

    run.click(
        refusing(render),
        recipe,
        [png, report],
        api_name="render",
        api_description="A recipe as a JSON object (missing fields take their defaults) → a PNG file that carries the "
        "recipe, and a report: recipe, critic, stages, seconds. An empty object is the default picture.",
    )
    ask.click(
        refusing(list_models),
        None,
        models,
        api_name="models",
        api_description="What a recipe may hold: models, classes, directions, ranges, post-processing schema.",
    )
    add_tool_endpoints(studio)
