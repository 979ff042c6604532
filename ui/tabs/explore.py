"""The Explore tab: the plate, the controls of the generator, the critic's card and the post-processing list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from studio import MAX_SEED, Recipe, Studio

from ..controls import MOVE, SAME_CLASS, ControlSet
from ..critic_card import CriticCard
from ..live_view import LiveView
from ..steps_editor import StepsEditor
from . import Tab

# Run in the browser, past the queue: see assets/live_view.js.
FEED = "(...values) => { atelier.part('live').then((live) => live.feed(values)); return []; }"
FEED_HALF_TYPED = "(...values) => { atelier.part('live').then((live) => live.feed(values, {quiet: true})); return []; }"
CONTROLS = "async () => (await atelier.part('live')).controls()"
OPEN = "async () => (await atelier.part('live')).open()"


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay the tab out and wire it: controls feed the live view; links, files and undo set the controls."""
    model = next(entry for entry in studio.models() if entry["name"] == studio.default)
    controls = ControlSet.of(model)
    initial = controls.values(studio.normalise(Recipe(model=model["name"])))
    start = dict(zip(controls.names, initial, strict=True))
    parts: dict[str, Any] = {}
    with gr.Column(elem_id="explore"):
        with gr.Column(elem_id="plate-area"):
            parts["latent"] = LiveView(studio, controls, initial, elem_id="live")
        with gr.Column(elem_id="latent", elem_classes="fold open"):
            _fold_head("The generator", "latent", is_open=True)
            with gr.Column(elem_classes="fold-body"):
                parts |= _generator_controls(model, controls, start)
        with gr.Column(elem_id="critic", elem_classes="fold"):
            _fold_head("The critic", "discriminator")
            with gr.Column(elem_classes="fold-body"):
                CriticCard(model["densities"], model["critic_note"])
        with gr.Column(elem_id="post", elem_classes="fold"):
            _fold_head("Afterwards", "post-processing")
            with gr.Column(elem_classes="fold-body"):
                parts["steps"] = StepsEditor(model["steps"])
    _wire(page, [parts[name] for name in controls.names])


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
        0, controls.layers - 1, start["mix_first"], step=1, label="From layer … on", elem_classes="only-mixed"
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
            [("this class", "class"), ("all classes", "global")], value=start["centre"],
            label="… towards the average of · w̄", visible=bool(controls.classes),
        )
    return parts


def _wire(page: gr.Blocks, parts: list[gr.Component]) -> None:
    """Every control feeds the live view; the live view's event "apply" and the page's opening set every control."""
    live: Any = parts[0]
    settled, half_typed = [], []
    for part in parts[1:]:
        if isinstance(part, gr.Number):
            half_typed.append(part.input)
            settled += [part.blur, part.submit]
        elif isinstance(part, gr.Slider):
            settled += [part.input, part.release]  # the slider's ↺ fires `release` alone
        else:
            settled.append(part.input)
    _in_browser(settled, FEED, inputs=parts)
    _in_browser(half_typed, FEED_HALF_TYPED, inputs=parts)
    _in_browser([live.apply], CONTROLS, outputs=parts)
    _in_browser([page.load], OPEN, outputs=parts)


def _in_browser(triggers: list[Any], js: str, **ends: list[gr.Component]) -> Dependency:
    return gr.on(triggers, fn=None, js=js, api_visibility="private", queue=False, show_progress="hidden", **ends)


def _seed(label: str, value: int) -> gr.Number:
    return gr.Number(value, precision=0, label=label, min_width=80, minimum=0, maximum=MAX_SEED)


def _buttons(*named: tuple[str, str, str]) -> gr.HTML:
    """Small buttons that run an action of assets/live_view.js."""
    return gr.HTML(
        "".join(
            f'<button type="button" class="small-button" data-action="{action}" aria-label="{title}" title="{title}">'
            f"{sign}</button>"
            for action, sign, title in named
        ),
        elem_classes="button-line",
        apply_default_css=False,
    )


def _spoken(classes: Sequence[str]) -> list[tuple[str, str]]:
    """Folder names as words: what is shown, and what the recipe says."""
    return [(name.replace("_", " "), name) for name in classes]


def _fold_head(word: str, term: str, is_open: bool = False) -> gr.HTML:
    return gr.HTML(
        f'<h2><button type="button" class="fold-head" aria-expanded="{str(is_open).lower()}">{word}'
        f'<span class="term"> · {term}</span></button></h2>',
        apply_default_css=False,
    )


TAB = Tab("Explore", 10, build)
