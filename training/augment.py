"""Differentiable augmentation (Zhao et al. 2020, arXiv:2006.10738), applied with an adaptive probability.

What the critic sees is augmented, real and generated pictures alike, so that it cannot learn the training pictures by
heart. How often is steered by how sure of itself it is on real ones (ADA, Karras et al. 2020, arXiv:2006.06676, §3).

Each function takes N×C×H×W in [−1, 1] and a torch.Generator for its draws, and keeps gradients to the pictures.
The same distribution is applied to real and generated pictures, so the generator does not learn the augmentations.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def _uniform(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=generator).to(like)


def colour(x: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness ±0.5, saturation ×[0, 2], contrast ×[0.5, 1.5]."""
    n = x.shape[0]
    x = x + (_uniform(n, generator, x) - 0.5)
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * (_uniform(n, generator, x) * 2)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (x - mean) * (_uniform(n, generator, x) + 0.5)


def translation(x: Tensor, generator: torch.Generator, ratio: float = 0.125) -> Tensor:
    """Shift by up to an eighth of the side both ways; the picture is mirrored at its edges.

    The paper lets zeros come in. The skip generator's zero padding leaves grey margins early on, and the critic could
    not tell those from a shift.
    """
    n, _, height, width = x.shape
    reach = round(height * ratio)
    shifts = torch.randint(0, 2 * reach + 1, (n, 2), generator=generator).tolist()
    padded = F.pad(x, (reach, reach, reach, reach), mode="reflect")
    pairs = zip(padded.unbind(), shifts, strict=True)  # a slice of the whole has a gradient as large as the whole
    return torch.stack([one[:, dy : dy + height, dx : dx + width] for one, (dy, dx) in pairs])


def cutout(x: Tensor, generator: torch.Generator, ratio: float = 0.5) -> Tensor:
    """Blank one square of half the side, centred anywhere."""
    n, _, height, width = x.shape
    size = round(height * ratio)
    centres = torch.randint(0, height + (1 - size % 2), (n, 2), generator=generator)
    rows, columns = torch.arange(height), torch.arange(width)
    low, high = -(size // 2), size - size // 2
    inside_y = (rows - centres[:, :1] >= low) & (rows - centres[:, :1] < high)
    inside_x = (columns - centres[:, 1:] >= low) & (columns - centres[:, 1:] < high)
    keep = ~(inside_y[:, :, None] & inside_x[:, None, :])
    return x * keep[:, None].to(x)


POLICIES = {"colour": colour, "translation": translation, "cutout": cutout}


def augment(x: Tensor, policy: tuple[str, ...], generator: torch.Generator, probability: float = 1.0) -> Tensor:
    """Apply the named augmentations in order, each to each picture with the given probability."""
    if probability > 0:
        for name in policy:
            changed = POLICIES[name](x, generator)
            chosen = torch.rand(x.shape[0], 1, 1, 1, generator=generator).to(x.device) < probability
            x = torch.where(chosen, changed, x)
    return x.contiguous(memory_format=torch.channels_last)


def adapt(probability: float, sureness: float, target: float, step: float) -> float:
    """The next probability: up by `step` if the critic is surer of real pictures than `target`, else down; 0 … 1.

    `sureness` is the mean sign of its logits on real pictures, r_t of ADA: 1 where it has learnt them by heart.
    """
    return min(max(probability + (step if sureness > target else -step), 0.0), 1.0)
