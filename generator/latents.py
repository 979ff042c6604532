"""Seeds and latents: each picture's z is drawn on its own, on the CPU, from a stream that NumPy has frozen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .errors import LatentError

MAX_SEED = 2**32 - 1


def draw_z(seed: int, z_dim: int) -> Tensor:
    """The latent [z_dim] float32 of a seed, as the StyleGAN tools draw it: RandomState(seed).randn(1, z_dim).

    The same on every machine and in every batch. Raises LatentError unless seed is a whole number 0 … 2³²−1.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= MAX_SEED:
        raise LatentError(f"A seed is a whole number from 0 to {MAX_SEED}, not {seed!r}.")
    return torch.from_numpy(np.random.RandomState(int(seed)).randn(1, z_dim)).float()[0]
