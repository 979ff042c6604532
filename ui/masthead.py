"""The head of the page: the name, the way to every other page, and two sheets: about the model, and the keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from studio import class_title

from .places import Place

MOTTO = '<p class="motto">pictures of things that never were, and the critic that taught them</p>'
PRECISIONS = {"mixed": "fp32; the critic in bf16"}


def masthead(current: str, places: Sequence[Place], model: Mapping[str, Any] | None = None) -> str:
    """HTML of the masthead on the page of that name, and its sheets.

    `places`: where it leads to; `model`: the entry of `Studio.models()` that the page is of, if it is of one.
    """
    about = api = kept = ""
    if model is not None:
        about = '<button type="button" data-dialog="about-dialog">About<span class="wide"> the model</span></button>'
        api = '<a href="?view=api" data-opens="api">API</a>'
        kept = (
            '<button type="button" data-action="tray.toggle" aria-expanded="false" aria-controls="favourites" '
            'title="What you kept (f)">Favourites <span class="tray-count"></span></button>'
        )
    return (
        f'<header class="masthead"><h1>Latent Atelier</h1>{MOTTO}{_links(current, places)}<nav>{kept}{about}'
        f'<button type="button" data-dialog="keys-dialog" aria-label="Keyboard shortcuts">Keys</button>{api}</nav>'
        "</header>"
        + ("" if model is None else _dialog("about-dialog", "About the model", _facts(model)))
        + _dialog("keys-dialog", "Keys", '<dl class="keys"></dl>')  # filled when it opens: which keys there are depends
    )


def _links(current: str, places: Sequence[Place]) -> str:
    links = "".join(
        f'<a href="{escape(place.path)}"{" aria-current=page" * (place.name == current)}'
        f"{'' if place.is_model else ' class=room'}>{escape(place.title)}</a>"
        for place in places
    )
    return f'<nav class="models" aria-label="Pages">{links}</nav>' if len(places) > 1 else ""


def _facts(model: Mapping[str, Any]) -> str:
    provenance = model["provenance"]
    rows: Iterable[tuple[str, Any]] = (
        ("Picture", f"{model['resolution']} × {model['resolution']} px"),
        ("Classes", ", ".join(map(class_title, model["classes"])) or "none"),
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
