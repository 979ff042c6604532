"""The model card: what it is, what it was made from, what was reached, what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator import Model, list_checkpoints, open_checkpoint

from .loop import Settings

CARD = """---
license: apache-2.0
library_name: latent-atelier
tags: [gan, stylegan2, image-generation{conditional}]
---

# {title}

A small StyleGAN2 (Karras et al. 2020) with its discriminator, trained from nothing on: {data}.

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

{resolution} × {resolution} pixels, {classes}; z {z_dim}, w {w_dim}, {num_ws} layers.

## How it was trained

{pictures:,} real pictures shown ({hours}), batch {batch}, Adam {lr}, R1 γ {gamma} every {lazy} steps,
augmentation {policy}{mirror}, {half}. At the end: generator loss {loss_g:.2f}, critic loss {loss_d:.2f}
(means over the last {rows} log rows), {speed:.0f} pictures a second.

![Curves](curves.png)

## What was reached

| measure | value |
|---|---|
| sliced Wasserstein distance to held-out pictures, fine to coarse (×10³) | {swd} |
| the same, real against real (the floor) | {floor} |
| ratio of the sums | {ratio} |
| variety within classes, generated (real) | {diversity} ({diversity_real}) |
| critic: ROC AUC, held-out real against generated | {auc} |
| critic: the same with training pictures as the real ones | {auc_seen} |
| critic: balanced accuracy at logit 0 | {accuracy} |

{counts[generated]:,} generated pictures (seeds 0 …, ψ = 1) and {counts[held_out_draws]:,} draws from
{counts[held_out_pictures]:,} held-out pictures, classes weighted as in training (∝ √count). The critic is no detector
of fakes: it knows this generator only.

## What is wrong with it

{notes}
"""


def write_card(
    model: Model, settings: Settings, evaluation: dict[str, Any], last: dict[str, float], folder: Path
) -> None:
    """Write README.md beside the weights. Remarks by eye are kept in about.json's `notes`."""
    facts = model.describe()
    provenance = model.provenance
    text = CARD.format(
        conditional=", class-conditional" if model.classes else "",
        title=provenance.title,
        data=provenance.data,
        attribution=provenance.attribution,
        licence=provenance.licence,
        order="; the class goes through the list in order" if model.classes else "",
        parameters=facts["parameters"],
        critic_parameters=facts["critic_parameters"],
        size=(folder / "generator.safetensors").stat().st_size / 1e6,
        critic_size=(folder / "critic.safetensors").stat().st_size / 1e6,
        resolution=model.resolution,
        z_dim=model.z_dim,
        w_dim=model.w_dim,
        num_ws=model.num_ws,
        classes=f"{len(model.classes)} classes ({', '.join(model.classes)})" if model.classes else "without classes",
        pictures=provenance.pictures_seen,
        hours=provenance.trained,
        batch=settings.batch,
        lr=settings.learning_rate,
        gamma=settings.r1_gamma,
        lazy=settings.r1_every,
        policy=", ".join(settings.policy) or "none",
        mirror=", mirrored" if settings.mirror else "",
        half="convolutions with bfloat16 operands, all else float32" if settings.half else "float32",
        loss_g=last.get("loss_g", float("nan")),
        loss_d=last.get("loss_d", float("nan")),
        speed=last.get("pictures_per_second", float("nan")),
        rows=50,
        swd=" · ".join(map(str, evaluation["swd"])),
        floor=" · ".join(map(str, evaluation["swd_floor"])),
        ratio=evaluation["swd_ratio"],
        diversity=evaluation["diversity"],
        diversity_real=evaluation["diversity_real"],
        auc=evaluation["critic_auc"],
        auc_seen=evaluation["critic_auc_training_pictures"],
        accuracy=evaluation["critic_accuracy"],
        counts=evaluation["counts"],
        notes=provenance.notes or "Nothing was noted.",
    )
    (folder / "README.md").write_text(text)


INDEX = """# Checkpoints

One folder a model: weights of the generator and of its critic, the card, sample sheets of the first 64 seeds
(unpicked), the curves and figures of its training. `training.finish` writes this list.

| model | pixels | classes | pictures seen | SWD ratio to the floor | critic AUC | what is still wrong |
|---|---|---|---|---|---|---|
"""


def write_index(folder: Path) -> None:
    """Write README.md with one line for each checkpoint below `folder` that has an evaluation."""
    lines = []
    for name, path in list_checkpoints(folder).items():
        if (path / "evaluation.json").exists():
            evaluation = json.loads((path / "evaluation.json").read_text())
            model = open_checkpoint(path, precision="fp32")
            lines.append(
                f"| [{name}]({name}/README.md) | {model.resolution} | {len(model.classes) or '–'} "
                f"| {evaluation['pictures_seen']:,} | {evaluation['swd_ratio']} | {evaluation['critic_auc']} "
                f"| {model.provenance.notes or '–'} |\n"
            )
    (folder / "README.md").write_text(INDEX + "".join(lines))
