"""A finished model's files, small enough for a repository."""

from __future__ import annotations

from pathlib import Path

import torch

from generator import Model, save_checkpoint

LARGEST = 10_000_000  # bytes of a generator's file
STEPS = 10.0  # to a weight's usual size, where room is short: thirty decibels below it, and 5.3 bits of 7 to store


def store(model: Model, folder: Path, short_of_room: bool = False, like: Path | None = None) -> None:
    """Write the model in half precision, a generator that is too large then with its kernels in 8 bits; or, where room
    is short, all of its networks in 8 bits, of which all but the mapping use fewer numbers than there are.

    What the checkpoint in the folder `like` holds to the bit is stored as it is there, so that version control, which
    holds that already, keeps it once.

    Rounding to 8 bits is forty decibels below the weights (`generator/storage/network_file.py`), and what is measured
    is measured on the weights as they are stored.
    """
    if short_of_room:
        return save_checkpoint(model, folder, torch.int8, steps=STEPS, like=like)
    save_checkpoint(model, folder, like=like)
    if (folder / "generator.safetensors").stat().st_size >= LARGEST:
        save_checkpoint(model, folder, kernels=torch.int8, like=like)
