"""The Explore tab: the plate, the controls of the generator, the critic's card and the post-processing list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from studio import MAX_SEED, Recipe, Studio, class_title

from ..controls import MOVE, SAME_CLASS, ControlSet
from ..models import model_entry
from ..parts.critic_card import critic_card
from ..parts.critics_eye import critics_eye
from ..parts.layers_editor import layers_editor
from ..parts.live_view import live_view
from ..parts.nearest_sheet import nearest_sheet
from ..parts.steps_editor import steps_editor
from ..words import words_button
from . import Tab

# Run in the browser, past the queue: see parts/live_view/live_view.js.
CHANGE = "(value) => {{ atelier.part('live').then((live) => live.change({name}, value, {how})); return []; }}"
CONTROLS = "async () => (await atelier.part('live')).controls()"
OPEN = "async () => (await atelier.part('live')).open()"


def build(studio: Studio, page: gr.Blocks, name: str) -> None:
    """Lay the tab out and wire it: controls feed the live view; links, files and undo set the controls."""
    model = model_entry(studio, name)
    controls = ControlSet.of(model)
    initial = controls.values(studio.normalise(Recipe(model=model["name"])))
    start = dict(zip(controls.names, initial, strict=True))
    with gr.Column(elem_id="explore"):
        with gr.Column(elem_id="plate-area"):
            live = live_view(studio, controls, initial, model["slow"])
        with gr.Column(elem_id="latent", elem_classes="fold open"):
            _fold_head("The generator", "latent", is_open=True)
            with gr.Column(elem_classes="fold-body"):
                parts = _generator_controls(model, controls, start)
        with gr.Column(elem_id="critic", elem_classes="fold"):
            _fold_head("The critic", "discriminator")
            with gr.Column(elem_classes="fold-body"):
                critic_card(model["densities"], model["critic_note"])
                if model["has_critic"] and not model["slow"]:
                    critics_eye(studio, controls)
                if model["has_index"]:
                    nearest_sheet(studio, controls)
        with gr.Column(elem_id="post", elem_classes="fold"):
            _fold_head("Afterwards", "post-processing")
            with gr.Column(elem_classes="fold-body"):
                parts["steps"] = steps_editor(model["steps"])
    _wire(page, live, {name: parts[name] for name in controls.names if name in parts})


def _generator_controls(model: dict[str, Any], controls: ControlSet, start: dict[str, Any]) -> dict[str, Any]:
    """The left column's components by control name."""
    parts: dict[str, Any] = {}
    with gr.Row(elem_classes="line seed-line"):
        parts["seed"] = _seed("Seed · latent z", start["seed"])
        _buttons(
            ("previous", "◀", "Previous seed (p)"), ("next", "▶", "Next seed (n)"), ("dice", "⚂", "Roll a seed (d)")
        )
    if controls.classes:
        with gr.Row(elem_classes="line class-line"):
            parts["label"] = gr.Dropdown(_spoken(controls.classes), value=start["label"], label="Class · condition")
    parts["psi"] = gr.Slider(-1, 1.5, start["psi"], step=0.01, label="Variety · truncation ψ")
    of = {field["key"]: field for field in model["recipe"]}
    for name in controls.transforms:
        parts[name] = gr.Slider(
            of[name]["minimum"],
            of[name]["maximum"],
            start[name],
            step=of[name]["step"],
            label=f"{of[name]['title']} · {of[name]['term']}",
            elem_classes=["two-sided", f"transform-{name}"],
        )
    with gr.Column(elem_classes="directions"):
        for direction in model["directions"]:
            parts[MOVE + direction["name"]] = gr.Slider(
                -4, 4, 0, step=0.05, label=direction["title"], elem_classes="two-sided"
            )
    with gr.Row(elem_classes="line mix-line"):
        parts["mix"] = gr.Checkbox(start["mix"], label="Mix in a second seed · style mixing", min_width=80)
    with gr.Row(elem_classes="line seed-line only-mixed"):
        parts["mix_seed"] = _seed("Second seed", start["mix_seed"])
        _buttons(("mix-dice", "⚂", "Roll the second seed (m)"))
        if controls.classes:
            parts["mix_label"] = gr.Dropdown(
                [SAME_CLASS, *_spoken(controls.classes)], value=SAME_CLASS, label="Its class", min_width=80
            )
    parts["mix_first"] = gr.Slider(
        0,
        max(controls.layers - 1, 1),
        start["mix_first"],
        step=1,
        label="Second seed from this layer on",
        elem_classes="only-mixed",
        visible=controls.layers > 1,  # a model of one layer has no choice, and a slider wants two values
    )
    with gr.Row(elem_classes="line noise-line"):
        parts["noise_on"] = gr.Checkbox(start["noise_on"], label="Noise", min_width=60)
        parts["noise"] = gr.Slider(0, 2, start["noise"], step=0.01, label="Noise strength")
    with gr.Accordion("Finer", open=False, elem_classes="finer"):
        parts["noise_seed"] = gr.Number(
            start["noise_seed"], precision=0, label="Noise seed · empty: the model's own", minimum=0, maximum=MAX_SEED
        )
        parts["cutoff"] = gr.Slider(
            0, controls.layers, start["cutoff"], step=1, label="Variety is held back in layers below · cutoff"
        )
        parts["centre"] = gr.Radio(
            [("this class", "class"), ("all classes", "global")],
            value=start["centre"],
            label="… towards the average of · w̄",
            visible=bool(controls.classes),
        )
    if controls.layers > 1:
        with gr.Accordion("Layer by layer", open=False, elem_classes="finer"):
            parts["layers"] = layers_editor(model["layers"], of["layers"]["noisy"])
    return parts


def _wire(page: gr.Blocks, live: Any, parts: dict[str, Any]) -> None:
    """Every control tells the live view its value; the event "apply" and the page's opening set every control.

    Each has a listener of its own with itself as the only input: for every event Gradio copies all inputs and all
    targets of the listener deeply, which for thirty of them took longer than the picture.
    """
    for name, part in parts.items():
        if isinstance(part, gr.Number):
            _listen([part.input], name, part, quiet=True)  # half typed
            _listen([part.blur, part.submit], name, part, settled=True)
        elif isinstance(part, gr.Slider) or name in ("steps", "layers"):
            _listen([part.input], name, part)
            _listen([part.release], name, part, settled=True)  # the slider's ↺ fires `release` alone
        else:
            _listen([part.input], name, part, settled=True)
    _in_browser([live.apply], CONTROLS, outputs=list(parts.values()))
    _in_browser([page.load], OPEN, outputs=list(parts.values()))


def _listen(triggers: list[Any], name: str, part: Any, **how: bool) -> None:
    _in_browser(triggers, CHANGE.format(name=json.dumps(name), how=json.dumps(how)), inputs=[part])


def _in_browser(triggers: list[Any], js: str, **ends: list[gr.Component]) -> Dependency:
    return gr.on(triggers, fn=None, js=js, api_visibility="private", queue=False, show_progress="hidden", **ends)


def _seed(label: str, value: int) -> gr.Number:
    return gr.Number(value, precision=0, label=label, min_width=80, minimum=0, maximum=MAX_SEED)


def _buttons(*named: tuple[str, str, str]) -> gr.HTML:
    """Small buttons that run an action of the live view."""
    return gr.HTML(
        "".join(
            f'<button type="button" class="small-button" data-action="live.{action}" aria-label="{title}" '
            f'title="{title}">{sign}</button>'
            for action, sign, title in named
        ),
        elem_classes="button-line",
        apply_default_css=False,
    )


def _spoken(classes: Sequence[str]) -> list[tuple[str, str]]:
    """Folder names as words: what is shown, and what the recipe says."""
    return [(class_title(name), name) for name in classes]


def _fold_head(word: str, term: str, is_open: bool = False) -> gr.HTML:
    return gr.HTML(
        f'<h2><button type="button" class="fold-head" aria-expanded="{str(is_open).lower()}">{word}'
        f'<span class="term"> · {term}</span></button>{words_button(word)}</h2>',
        apply_default_css=False,
    )


TAB = Tab("Explore", 10, build)
