"""What an encoder is worth: pictures it never saw, encoded and painted again; and the codes of those it learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from generator import CheckpointError, Model
from generator.measuring import FeatureNetwork, Remembered, open_remembered

from .data import Data
from .errors import TrainingError
from .samples import as_float, as_pixels, features_of
from .sheet import write_sheet

COUNT = 500  # held-out pictures that are reconstructed, at most
SEED = 5
SHOWN = 16  # on the sheets
SHEET = "reconstructions.jpg"  # beside the weights what was painted again; in the run's folder, with what was painted
COLUMNS = 8  # of the sheet beside the weights
CHUNK = 32


@dataclass(frozen=True, eq=False)
class Shown:
    """Some held-out pictures N×C×R×R uint8, what was painted of their codes, and their N records."""

    pictures: Tensor
    again: Tensor
    records: tuple[str, ...]


def latents(model: Model, pictures: Tensor, labels: Tensor) -> Tensor:
    """Pictures N×C×R×R uint8 with N classes → the z that paints each again, N×z_dim."""
    return _encoded(model, pictures, labels)[0]


def _encoded(model: Model, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return model.encode(as_float(pictures), labels.tolist() if model.classes else None)


def repaint(model: Model, z: Tensor, labels: Tensor) -> Tensor:
    """Latents N×z_dim with N classes → pictures N×C×R×R uint8, as a visitor gets them at ψ = 1."""
    label = labels.tolist() if model.classes else None
    return as_pixels(model.synthesize(model.map(z, label)))


def measure_reconstruction(model: Model, rest: Data, network: FeatureNetwork) -> tuple[dict[str, float], Shown]:
    """`likeness` of held-out pictures to what is painted of their codes, and the first SHOWN of them."""
    order = held_out(rest)
    pictures, labels = rest.batch(order), rest.labels[order]
    again = painted_again(model, pictures, labels)
    figures = likeness(pictures, again, labels, network)
    return figures, Shown(pictures[:SHOWN], again[:SHOWN], tuple(rest.names[i] for i in order[:SHOWN].tolist()))


def painted_again(model: Model, pictures: Tensor, labels: Tensor) -> Tensor:
    """Pictures N×C×R×R uint8 with N classes → what the model paints of their codes, the same."""
    parts = zip(pictures.split(CHUNK), labels.split(CHUNK), strict=True)
    return torch.cat([repaint(model, latents(model, x, y), y) for x, y in parts])


def held_out(rest: Data) -> Tensor:
    """Which pictures are reconstructed: COUNT of these at most, always the same, by their numbers."""
    return torch.randperm(len(rest), generator=torch.Generator().manual_seed(SEED))[:COUNT]


def likeness(real: Tensor, made: Tensor, labels: Tensor, network: FeatureNetwork) -> dict[str, float]:
    """How far M pictures are from the first M of N real ones that they are meant to be like (…×C×R×R uint8, M ≤ N),
    beside how far two of those N of a class, by N `labels`, are from each other.

    `reconstruction_distance`: mean distance of features between the two, each feature vector of length 1 (a learned
    perceptual distance in the manner of Zhang et al. 2018, on the network's last means); `…_of_class`: that between
    two real pictures of one class, which is what a reconstruction has to beat; `…_ratio`: the one by the other.
    `reconstruction_psnr`: median, in decibels. TrainingError where no class has two pictures.
    """
    a, b = (torch.nn.functional.normalize(features_of(network, x), dim=1) for x in (real, made))
    # The partner is the next picture of the same class, around the end; a class of one has none.
    partner = torch.full((len(labels),), -1)
    for c in labels.unique():
        mine = (labels == c).nonzero()[:, 0]
        if len(mine) > 1:
            partner[mine] = mine.roll(-1)
    paired = partner >= 0
    if not paired.any():
        raise TrainingError("The held-out pictures hold no two of one class to compare reconstructions with.")
    distance = float((a[: len(b)] - b).norm(dim=1).mean())
    of_class = float((a[paired] - a[partner[paired]]).norm(dim=1).mean())
    error = (as_float(real[: len(made)]) - as_float(made)).square().mean(dim=(1, 2, 3)).clamp(min=1e-8)
    return {
        "reconstruction_count": float(len(made)),
        "reconstruction_distance": distance,
        "reconstruction_distance_of_class": of_class,
        "reconstruction_ratio": distance / max(of_class, 1e-9),
        "reconstruction_psnr": float((10 * torch.log10(4 / error)).median()),
    }


def remember(model: Model, train: Data, records: tuple[str, ...], before: Remembered | None = None) -> Remembered:
    """The latents of these training pictures, by their names: those of the index. Where an earlier version of the model
    remembers the same, as one whose encoder was kept, they stay rounded as they are: version control has them."""
    number = {name: i for i, name in enumerate(train.names)}
    index = torch.tensor([number[record] for record in records])
    parts = [_encoded(model, train.batch(part), train.labels[part]) for part in index.split(CHUNK)]
    z, spread = (torch.cat(each).cpu() for each in zip(*parts, strict=True))
    labels = train.labels[index]
    if before is not None and before.name == model.name and before.is_of(records, labels, z):
        return replace(before, version=model.version)
    return Remembered.of_latents(model.name, model.version, records, labels, z, spread)


def remembered_before(folder: Path) -> Remembered | None:
    """What an earlier model in this folder remembers; None where that cannot be read."""
    try:
        return open_remembered(folder)
    except CheckpointError:
        return None


def write_reconstructions(shown: Shown, folder: Path, run: Path) -> None:
    """Both sheets: the reconstructions alone in `folder`, since real pictures must not always be passed on; in `run`,
    on the machine that has them, the held-out pictures above and what the model makes of their codes below."""
    write_sheet(as_float(shown.again), folder / SHEET, columns=COLUMNS)
    write_sheet(as_float(torch.cat([shown.pictures, shown.again])), run / SHEET, columns=len(shown.records))
