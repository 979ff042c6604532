"""What an encoder is worth: pictures it never saw, encoded and painted again; and the codes of those it learnt from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from generator import Model
from generator.companions import (
    ENCODER_FILE,
    ENCODER_KIND,
    Description,
    Encoder,
    OpenEncoder,
    open_encoder,
    save_companion,
)
from generator.families.stylegan2 import stylegan2_of
from generator.measuring import FeatureNetwork, Remembered

from .data import Data
from .errors import TrainingError
from .samples import as_float, as_pixels, features_of
from .sheet import write_sheet

COUNT = 500  # held-out pictures that are reconstructed, at most
SEED = 5
SHOWN = 16  # on the sheet, which stays in the run's folder: real pictures must not always be passed on
SHEET = "reconstructions.jpg"
CHUNK = 32


def latents(model: Model, encoder: OpenEncoder, pictures: Tensor, labels: Tensor) -> Tensor:
    """Pictures N×C×R×R in [−1, 1] with N classes → the z that paints each again, N×z_dim."""
    prior = stylegan2_of(model).generator.mapping.prior
    if prior is None:
        raise TrainingError(f"{model.name} has no learned prior to lead a code back to a seed's noise.")
    label = torch.eye(len(model.classes))[labels] if model.classes else None
    mean, _ = encoder.encode(pictures, label)
    with torch.inference_mode():
        return prior.inverse(mean, label)[0]


def repaint(model: Model, z: Tensor, labels: Tensor) -> Tensor:
    """Latents N×z_dim with N classes → pictures N×C×R×R uint8, as a visitor gets them at ψ = 1."""
    label = labels.tolist() if model.classes else None
    return as_pixels(model.synthesize(model.map(z, label)))


def measure_reconstruction(
    model: Model, encoder: OpenEncoder, rest: Data, network: FeatureNetwork
) -> tuple[dict[str, float], Tensor]:
    """Figures of held-out pictures painted again, and the first SHOWN of them above their reconstructions, uint8.

    `reconstruction_distance`: mean distance of features between a picture and its reconstruction, each feature vector
    of length 1 (a learned perceptual distance in the manner of Zhang et al. 2018, on the network's last means);
    `…_of_class`: that between two pictures of one class, which is what a reconstruction has to beat;
    `…_ratio`: the one by the other. `reconstruction_psnr`: median, in decibels.
    """
    order = torch.randperm(len(rest), generator=torch.Generator().manual_seed(SEED))[:COUNT]
    labels = rest.labels[order]
    reals, ours = [], []
    for index in order.split(CHUNK):
        pictures = rest.batch(index)
        reals.append(pictures)
        z = latents(model, encoder, as_float(pictures), rest.labels[index])
        ours.append(repaint(model, z, rest.labels[index]))
    real, made = torch.cat(reals), torch.cat(ours)
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
    distance = float((a - b).norm(dim=1).mean())
    of_class = float((a[paired] - a[partner[paired]]).norm(dim=1).mean())
    error = (as_float(real) - as_float(made)).square().mean(dim=(1, 2, 3)).clamp(min=1e-8)
    figures = {
        "reconstruction_count": float(len(labels)),
        "reconstruction_distance": distance,
        "reconstruction_distance_of_class": of_class,
        "reconstruction_ratio": distance / max(of_class, 1e-9),
        "reconstruction_psnr": float((10 * torch.log10(4 / error)).median()),
    }
    return figures, torch.cat([real[:SHOWN], made[:SHOWN]])


def finish_encoder(
    encoder: Encoder, model: Model, train: Data, rest: Data, network: FeatureNetwork, records: Tensor, folder: Path
) -> tuple[dict[str, float], Tensor]:
    """Write encoder.safetensors and remembered.safetensors into a checkpoint's folder; figures and the sheet's pictures
    as `measure_reconstruction`. `records`: numbers of the training pictures to remember, those of the index."""
    about = Description(model.name, model.version, model.classes, model.provenance)
    save_companion(folder / ENCODER_FILE, ENCODER_KIND, encoder, encoder.config, about)
    stored = open_encoder(folder)  # as it is passed on, in half precision
    figures, shown = measure_reconstruction(model, stored, rest, network)
    rounded = {name: float(f"{value:.4g}") for name, value in figures.items()}
    about = Description(model.name, model.version, model.classes, model.provenance, rounded)
    save_companion(folder / ENCODER_FILE, ENCODER_KIND, encoder, encoder.config, about)
    codes = [latents(model, stored, as_float(train.batch(part)), train.labels[part]) for part in records.split(CHUNK)]
    names = tuple(train.names[int(i)] for i in records)
    Remembered.of_latents(model.name, model.version, names, train.labels[records], torch.cat(codes)).save(folder)
    return figures, shown


def write_reconstructions(shown: Tensor, path: Path) -> None:
    """The sheet: held-out pictures above, what the model makes of their codes below."""
    write_sheet(as_float(shown), path, columns=len(shown) // 2)
