"""Transfer: a run that begins with a finished checkpoint's weights instead of random ones (Wang et al. 2018,
arXiv:1805.01677).

A checkpoint of the same name is gone on with: its pictures and seconds count on, and it must fit as a whole, but for a
generator that is to be wider (`training.widen`). From any other model all layers of the same shape are taken over,
generator, critic and encoder; those that depend on the classes begin anew, and so does the count. A checkpoint keeps
neither the optimisers' moments nor the generator beside its average, so a run that goes on from its own state
(`training.loop`) is to be preferred where that is still there.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from generator import open_checkpoint
from generator.families.stylegan2 import stylegan2_of

from .errors import TrainingError
from .loop import Trainer
from .widen import is_wider, widen

FILE = "start.txt"  # in the run's folder: the model whose weights it began with, for the card


def start_from(trainer: Trainer, checkpoint: Path, name: str) -> list[str]:
    """Put a checkpoint's weights into a run that has not begun, and save it; `name` is that of the run's model.

    Returns the names of the tensors that begin anew. TrainingError if the checkpoint has no critic or does not fit.
    """
    model = open_checkpoint(checkpoint, precision="fp32")
    networks = stylegan2_of(model)
    generator, critic, encoder = networks.generator, networks.critic, networks.encoder
    if critic is None:
        raise TrainingError(f"{checkpoint} holds no critic to go on with.")
    settings = trainer.settings
    goes_on = model.name == name
    wider = goes_on and generator.config != settings.generator
    fits = not wider or is_wider(generator.config, settings.generator)
    if goes_on and not (fits and critic.config == settings.critic):
        raise TrainingError(f"{checkpoint} has other networks than those asked for: give the run those, or a new name.")
    anew = []
    if wider:
        widen(generator, trainer.g)
    else:
        anew += [f"generator {tensor}" for tensor in take_over(generator, trainer.g)]
    anew += [f"critic {tensor}" for tensor in take_over(critic, trainer.d)]
    if trainer.encoding and encoder is not None:
        without = take_over(encoder, trainer.encoding.encoder)
        anew += [f"encoder {tensor}" for tensor in without]
        if goes_on and not without:  # the prior knows these codes: no need to teach it before the first step
            trainer.encoding.fill(trainer.data, settings.mirror, settings.half)
    trainer.ema.load_state_dict(trainer.g.state_dict())
    if goes_on:
        trainer.step, trainer.seconds = model.provenance.pictures_seen // settings.batch, read_seconds(checkpoint)
    else:
        (trainer.folder / FILE).write_text(f"{model.name} {model.version}\n", encoding="utf-8")
    trainer.save()
    return anew


def began_with(run: Path) -> str:
    """Name and version of the model whose weights a run began with; "" for a run that began with random ones."""
    path = run / FILE
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


@torch.no_grad()
def take_over(old: nn.Module, new: nn.Module) -> list[str]:
    """Copy every tensor that both have in the same shape; returns the names of those that stay as `new` has them."""
    theirs, anew = old.state_dict(), []
    for name, value in new.state_dict().items():
        if name in theirs and theirs[name].shape == value.shape:
            value.copy_(theirs[name])
        else:
            anew.append(name)
    return anew


def read_seconds(checkpoint: Path) -> float:
    """Of training until then, as the evaluation beside the checkpoint says; 0 where it does not."""
    try:
        return float(json.loads((checkpoint / "evaluation.json").read_text(encoding="utf-8"))["training_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
