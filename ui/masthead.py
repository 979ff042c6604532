"""The head of the page: the name, what stands behind it, and two sheets: about the model, and the keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

KEYS = (
    ("d", "roll a seed"),
    ("p  n", "previous, next seed"),
    ("m", "roll the second seed and mix it in"),
    ("t", "the nearest training pictures"),
    ("b", "hold: before post-processing"),
    ("s", "split: before and after"),
    ("1", "actual pixels"),
    ("u  r", "undo, redo"),
    ("c", "copy the link"),
    ("Esc", "stop a picture that takes seconds"),
    ("← →", "on a slider: one step"),
    ("Alt+↑ ↓", "in the step list: reorder"),
    ("?", "this sheet"),
)

MOTTO = '<p class="motto">pictures of things that never were, and the critic that taught them</p>'
OPEN = "open-yours"  # the page that opens visitors' own models, between the models' pages
PRECISIONS = {"mixed": "fp32; the critic in bf16"}


def masthead(model: Mapping[str, Any] | None, pages: Mapping[str, str]) -> str:
    """HTML of the masthead on the page of a model (an entry of `Studio.models()`), and its two dialogs; None on the
    page where visitors open their own.

    `pages`: the address of every model's page by name, and of that one as OPEN.
    """
    if model is None:
        return f'<header class="masthead"><h1>Latent Atelier</h1>{MOTTO}{_models(OPEN, pages)}</header>'
    keys = "".join(
        f"<dt>{''.join(f'<kbd>{escape(key)}</kbd>' for key in keys.split())}</dt><dd>{escape(what)}</dd>"
        for keys, what in KEYS
    )
    return (
        '<header class="masthead"><h1>Latent Atelier</h1>'
        f"{MOTTO}{_models(model['name'], pages)}"
        '<nav><button type="button" data-dialog="about-dialog">About<span class="wide"> the model</span></button>'
        '<button type="button" data-dialog="keys-dialog" aria-label="Keyboard shortcuts">Keys</button>'
        '<a href="?view=api">API</a></nav></header>'
        + _dialog("about-dialog", "About the model", _facts(model))
        + _dialog("keys-dialog", "Keys", f'<dl class="keys">{keys}</dl>')
    )


def _models(current: str, pages: Mapping[str, str]) -> str:
    if len(pages) < 2:
        return ""
    links = "".join(
        f'<a href="{escape(path)}"{" aria-current=page" * (name == current)}>'
        f"{'open your own' if name == OPEN else escape(name)}</a>"
        for name, path in pages.items()
    )
    return f'<nav class="models" aria-label="Models">{links}</nav>'


def _facts(model: Mapping[str, Any]) -> str:
    provenance = model["provenance"]
    rows: Iterable[tuple[str, Any]] = (
        ("Picture", f"{model['resolution']} × {model['resolution']} px"),
        ("Classes", ", ".join(model["classes"]) or "none"),
        ("Trained on", provenance["data"]),
        ("Training", provenance["trained"]),
        ("Pictures seen", f"{provenance['pictures_seen']:,}".replace(",", " ")),
        ("Licence", provenance["licence"]),
        ("Attribution", provenance["attribution"]),
        ("Notes", provenance["notes"]),
        ("Computed in", PRECISIONS.get(model["precision"], model["precision"])),
        ("Critic", "the discriminator it learned against" if model["has_critic"] else "none"),
    )
    facts = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in rows if value)
    return f"<h3>{escape(model['name'])} <small>{escape(str(model['version']))}</small></h3><dl>{facts}</dl>"


def _dialog(identifier: str, title: str, body: str) -> str:
    return (
        f'<dialog id="{identifier}" aria-labelledby="{identifier}-title"><div class="dialog-sheet">'
        f'<form method="dialog"><button aria-label="Close">×</button></form>'
        f'<h2 id="{identifier}-title">{title}</h2>{body}</div></dialog>'
    )
