"""What can be measured of a generator by asking it alone: averages of w, and directions that lead somewhere."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from generator.calibration import Calibration
from generator.directions import Direction, closed_form_directions, principal_directions
from generator.family import Averages
from generator.latents import draw_z
from generator.model import Model
from generator.noise import SILENT

STYLES = 16_000  # drawn in all; at least 32 and at most 1,000 a class
PRINCIPAL, CLOSED_FORM = 8, 6
REGRESSED = 256  # pictures behind the directions of a network without a mapping
POOLED = 8  # side to which its pictures are reduced for that
FEWEST = 32  # pictures without which a calibration would say nothing


@torch.inference_mode()
def sample_styles(
    mapping: Callable[[Tensor, Tensor | None], Tensor], z_dim: int, classes: int, samples: int, seed: int = 1
) -> Tensor:
    """`samples` w of each class: C×samples×w_dim, C at least 1. `mapping`: N×z_dim and N×C one-hot (None without
    classes) → N×w_dim."""
    rng = torch.Generator().manual_seed(seed)
    number = max(classes, 1)
    ws = []
    for index in range(number):
        label = torch.nn.functional.one_hot(torch.full((samples,), index), number).float() if classes else None
        ws.append(mapping(torch.randn(samples, z_dim, generator=rng), label))
    return torch.stack(ws)


def averages_and_directions(styles: Tensor, class_weights: Tensor, count: int) -> tuple[Averages, list[Direction]]:
    """From C×M×w_dim styles: w averages over everything and per class, and `count` principal directions within classes.

    `class_weights` [C] sum to 1. With one class the averages are those of a model without classes.
    """
    number, samples, width = styles.shape
    centres = styles.mean(dim=1)
    everything = (centres * class_weights[:, None].float()).sum(dim=0)
    # Each class counts by its sampling weight, so that common fruit shape the directions more than rare ones.
    scale = (class_weights * number).sqrt().float()[:, None, None]
    vectors, sigmas = principal_directions(
        ((styles - centres[:, None]) * scale).flatten(0, 1), torch.zeros(number * samples, width), count
    )
    directions = [
        Direction(f"pc{i + 1}", f"direction {i + 1}", vector, float(sigma))
        for i, (vector, sigma) in enumerate(zip(vectors, sigmas, strict=True))
    ]
    return Averages(everything, centres), directions


@torch.inference_mode()
def measure_styles(model: Model) -> None:
    """Give an opened model its averages of w per class, and directions "pc1" … and "sefa1" …, in place.

    The average over everything stays as the file has it. Where w is z itself (no mapping network), w varies alike in
    every direction, and the principal ones are those of its pictures, see `picture_directions`.
    """
    count = len(model.classes)
    samples = min(max(STYLES // max(count, 1), 32), 1000 if count else 4000)
    styles = sample_styles(lambda z, label: model.map(z, label)[:, 0], model.z_dim, count, samples).cpu()
    number = styles.shape[0]
    averages, directions = averages_and_directions(styles, torch.full((number,), 1 / number), PRINCIPAL)
    within = (styles - styles.mean(dim=1, keepdim=True)).flatten(0, 1)
    if not model.family.has_mapping:
        directions = picture_directions(model, within)
    elif count and averages.classes is not None:
        model.averages = Averages(model.averages.everything, averages.classes.to(model.device))
    vectors = closed_form_directions(model.family.style_weights().cpu(), CLOSED_FORM)
    directions += [
        Direction(f"sefa{i + 1}", f"closed form {i + 1}", vector, float((within @ vector).std()))
        for i, vector in enumerate(vectors)
    ]
    model.directions = tuple(direction for direction in directions if direction.sigma > 1e-6)


def picture_directions(model: Model, within: Tensor) -> list[Direction]:
    """Directions of w for the principal components of what is painted (Härkönen et al. 2020, §2.2, for a network
    without a mapping): the last activations, that is small pictures, are decomposed, and w regressed on them.

    `within`: M×w_dim, w less its class's average. The vectors, at most w_dim, are made orthonormal in order.
    """
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(REGRESSED)])
    label = [0] * REGRESSED if model.classes else None
    ws = model.map(z, label)
    side = min(POOLED, model.resolution)
    pictures = torch.cat(
        [torch.nn.functional.adaptive_avg_pool2d(model.synthesize(row, SILENT), side).flatten(1) for row in ws.split(1)]
    ).cpu()
    w = ws[:, 0].cpu()
    w = w - w.mean(dim=0)
    x = (pictures - pictures.mean(dim=0)).double()
    u, _, _ = torch.linalg.svd(x, full_matrices=False)
    # With coordinates of unit length, least squares of w on them is one product.
    slopes = u[:, : min(PRINCIPAL, model.w_dim)].T @ w.double()
    vectors = torch.linalg.qr(slopes.T).Q.T.float()
    vectors = vectors * (vectors * slopes.float()).sum(dim=1, keepdim=True).sign()
    return [
        Direction(f"pc{i + 1}", f"direction {i + 1}", vector.contiguous(), float((within @ vector).std()))
        for i, vector in enumerate(vectors)
    ]


def calibrate(
    model: Model, real: Callable[[], list[float]] | None, count: int, say: Callable[[float], bool]
) -> Calibration | None:
    """The critic's calibration on up to `count` generated pictures, and on `real` logits if given.

    `say` is told the share that is done and answers whether to go on; None without a critic or pictures, or if it
    was stopped before there were FEWEST.
    """
    if not model.has_critic:
        return None
    generated: list[float] = []
    for seed in range(count):
        label = [seed % len(model.classes)] if model.classes else None
        ws = model.map(draw_z(seed, model.z_dim)[None], label)
        generated += model.criticize(model.synthesize(ws), label).tolist()
        if not say((seed + 1) / count):
            break
    if not generated or len(generated) < min(FEWEST, count):
        return None
    return Calibration.measure(real() if real is not None else [], generated)
