"""The model card: what it is, what it was made from, what was reached, what is wrong with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from generator import Model, list_checkpoints, open_checkpoint
from generator.storage import write_whole
from pictures import Account

from .figures import figures_section, number, table
from .settings import Settings

REACHED = "## What was reached"
CARD = """---
license: {licence_id}
library_name: latent-atelier
tags: [gan, stylegan2, image-generation{conditional}]
---

# {title}

A small StyleGAN2 (Karras et al. 2020) with its discriminator, {begin}: {data}.

**Attribution.** {attribution}

**Licence.** {licence}.

Every picture it makes is AI-generated; nothing in them exists.

![The first 64 seeds at ψ = 1, unpicked](samples.jpg)

*Seeds 0 to 63 at ψ = 1, none left out{order}. The same at ψ = 0.7: [samples_psi07.jpg](samples_psi07.jpg).*

## What it is

| | generator | critic |
|---|---|---|
| parameters | {parameters:,} | {critic_parameters:,} |
| file | {size:.1f} MB | {critic_size:.1f} MB |

{resolution} × {resolution} pixels, {classes}; z {z_dim}, w {w_dim}, {num_ws} layers; a picture takes
{work} GFLOP (a multiply-add counts two).

## How it was trained

{pictures:,} real pictures shown ({hours}), batch {batch}, Adam {lr}, R1 γ {gamma} every {lazy} steps, {loss} loss,
augmentation {policy}{mirror}, {half}{besides}.{end}

{pictures_read}## What was reached

{figures}

## What is wrong with it

{notes}
"""


END = """ At the end: generator loss {loss_g:.2f}, critic loss {loss_d:.2f}
(means over the last {rows} log rows), {speed:.0f} pictures a second.

![Curves](curves.png)"""
# How a licence begins → what the hub calls it. Of any other it is told that it is another one.
LICENCES = {
    "apache": "apache-2.0",
    "mit": "mit",
    "cc0": "cc0-1.0",
    "cc-by-4": "cc-by-4.0",
    "cc-by-sa-4": "cc-by-sa-4.0",
    "cc-by-nc-4": "cc-by-nc-4.0",
    "cc-by-nc-sa-4": "cc-by-nc-sa-4.0",
    "cc-by-nd-4": "cc-by-nd-4.0",
    "cc-by-nc-nd-4": "cc-by-nc-nd-4.0",
    "bsd-3": "bsd-3-clause",
    "gpl-3": "gpl-3.0",
    "unknown": "unknown",
}
NOTHING_MEASURED = """Nothing was measured: the model was trained on all of its pictures (`--held-out 0`), and
none are left to compare it with. The critic is calibrated on generated pictures alone."""


def licence_id(licence: str) -> str:
    """The hub's name of a licence that is given in words: "Apache-2.0 (weights); …" is apache-2.0."""
    plain = re.sub(r"[\s_]+", "-", licence.strip().lower())
    found = [name for begin, name in LICENCES.items() if re.match(rf"{begin}(?![a-z0-9])", plain)]
    return found[0] if found else "other" if plain else "unknown"


def _given(text: str) -> str:
    """What somebody said, or that nobody did."""
    return "Not given" if text in ("", "unknown") else text


def _pictures(account: Account | None) -> str:
    """The card's section on what was read."""
    return "" if account is None else f"## The pictures\n\n{account.markdown()}\n\n"


def precision_of(settings: Settings) -> str:
    """In what numbers the run reckoned as it ended; before, maps may have been held otherwise."""
    if settings.half_maps:
        return "at the end convolutions and what lies between layers in bfloat16, weights and losses in float32"
    return "convolutions with bfloat16 operands, all else float32" if settings.half else "float32"


def _besides(settings: Settings) -> str:
    """What else was done, where it was."""
    said = []
    if settings.class_groups:
        said.append("minibatch statistics within classes")
    if settings.mismatch:
        said.append(f"real pictures under a wrong class with weight {settings.mismatch}")
    if settings.decay_to:
        said.append(f"the learning rate falling to 0 from {settings.decay_from:,} pictures on")
    return "".join(f", {phrase}" for phrase in said)


def write_card(
    model: Model,
    settings: Settings,
    evaluation: dict[str, Any] | None,
    last: dict[str, float],
    folder: Path,
    start: str = "",
    account: Account | None = None,
) -> None:
    """Write README.md beside the weights. Remarks by eye are kept in about.json's `notes`.

    `evaluation`: None if nothing was measured. `last`: means of the log's last rows, {} if it has none. `start`: the
    model whose weights the training began with; "" if it began with random ones. `account`: of the pictures.
    """
    facts = model.describe()
    provenance = model.provenance
    text = CARD.format(
        conditional=", class-conditional" if model.classes else "",
        licence_id=licence_id(provenance.licence),
        title=provenance.title,
        begin=f"begun with the weights of {start} and trained on" if start else "trained from nothing on",
        data=provenance.data,
        attribution=_given(provenance.attribution),
        licence=_given(provenance.licence),
        order="; the class goes through the list in order" if model.classes else "",
        parameters=facts["parameters"],
        critic_parameters=facts["critic_parameters"],
        size=(folder / "generator.safetensors").stat().st_size / 1e6,
        critic_size=(folder / "critic.safetensors").stat().st_size / 1e6,
        resolution=model.resolution,
        z_dim=model.z_dim,
        w_dim=model.w_dim,
        num_ws=model.num_ws,
        work=f"{model.flops / 1e9:.2f}",
        classes=f"{len(model.classes)} classes ({', '.join(model.classes)})" if model.classes else "without classes",
        pictures=provenance.pictures_seen,
        hours=provenance.trained,
        batch=settings.batch,
        lr=settings.learning_rate,
        gamma=settings.r1_gamma,
        lazy=settings.r1_every,
        loss=settings.loss,
        policy=", ".join(settings.policy) or "none",
        mirror=", mirrored" if settings.mirror else "",
        half=precision_of(settings),
        besides=_besides(settings),
        end=END.format(**last, speed=last["pictures_per_second"], rows=50) if last else "",
        pictures_read=_pictures(account),
        figures=NOTHING_MEASURED if evaluation is None else figures_section(evaluation),
        notes=provenance.notes or "Nothing was noted.",
    )
    write_whole(folder / "README.md", text)


def update_card(folder: Path, evaluation: dict[str, Any]) -> None:
    """Put the figures into a card that is there already, in the place of the old ones."""
    path = folder / "README.md"
    if not path.exists():
        return
    head, _, rest = path.read_text(encoding="utf-8").partition(REACHED)
    _, following, tail = rest.partition("\n## ")
    text = f"{head.rstrip()}\n\n{REACHED}\n\n{figures_section(evaluation)}\n"
    write_whole(path, text + (following + tail if following else ""))


INDEX = """# Checkpoints

One folder a model: weights of the generator and of its critic, the card, sample sheets of the first 64 seeds
(unpicked), the curves and figures of its training, the index of its training pictures. `training.finish` and
`training.evaluate` write this list.

Fréchet ratios are distances to held-out pictures over those of as many real pictures, on all features and on the first
64 components (`training/scoring.py` says why both): 1 would be as good as the training pictures themselves.

"""
INDEX_HEAD = (
    "model",
    "pixels",
    "classes",
    "pictures seen",
    "Fréchet ratio, all",
    "first 64",
    "precision",
    "recall",
    "coverage",
    "critic AUC",
    "what is still wrong",
)
INDEX_FIGURES = ("frechet_ratio", "frechet_pca64_ratio", "precision", "recall", "coverage", "critic_auc")


def write_index(folder: Path) -> None:
    """Write README.md with one line for each checkpoint below `folder` that has an evaluation."""
    rows: list[list[str]] = []
    for name, path in list_checkpoints(folder).items():
        if (path / "evaluation.json").exists():
            evaluation = json.loads((path / "evaluation.json").read_text(encoding="utf-8"))
            model = open_checkpoint(path, precision="fp32")
            figures = (number(evaluation.get(key)) for key in INDEX_FIGURES)
            facts = (str(model.resolution), str(len(model.classes) or "–"), f"{evaluation['pictures_seen']:,}")
            rows.append([f"[{name}]({name}/README.md)", *facts, *figures, model.provenance.notes or "–"])
    write_whole(folder / "README.md", INDEX + table(INDEX_HEAD, rows) + "\n")
