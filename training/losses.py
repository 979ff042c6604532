"""Adversarial losses: what the critic and the generator make of the logits of real and generated pictures.

`paired` losses compare each generated picture with a real one of the same class.
"""

from __future__ import annotations

from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

DRIFT = 0.01


class Loss(Protocol):
    """Logits of N real and N generated pictures → scalar losses."""

    paired: bool

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the critic makes small."""

    def mismatched(self, right: Tensor, wrong: Tensor) -> Tensor:
        """The same for logits of real pictures with their own class, and with another."""

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the generator makes small; `real` carries no gradient."""


class Logistic:
    """Non-saturating logistic loss (Goodfellow et al. 2014, §3), as in StyleGAN2."""

    paired = False

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """−log of the chance that the critic gives real pictures of being real, and generated ones of not being."""
        return F.softplus(fake).mean() + F.softplus(-real).mean()

    def mismatched(self, right: Tensor, wrong: Tensor) -> Tensor:
        """−log of the chance that the critic gives real pictures under a wrong class of not belonging there."""
        return F.softplus(wrong).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """−log of the chance that the critic gives generated pictures of being real."""
        return F.softplus(-fake).mean()


class Relativistic:
    """Relativistic pairing loss (Jolicoeur-Martineau 2019; with R1 and R2: Huang et al. 2024, arXiv:2501.05441, §2).

    The critic says which picture of a pair is the real one. A generator that makes one convincing picture only cannot
    win all pairs, so it keeps more of the variety. The logits' level is left free by that: a small penalty holds the
    middle of each pair at 0 (after the drift penalty of Karras et al. 2018, appendix A.1), so that 0 keeps its meaning.
    """

    paired = True

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """−log of the chance that the critic gives the real picture of each pair."""
        return F.softplus(fake - real).mean() + DRIFT * ((real + fake) / 2).square().mean()

    def mismatched(self, right: Tensor, wrong: Tensor) -> Tensor:
        """−log of the chance that the critic gives the right class of each picture."""
        return F.softplus(wrong - right).mean()

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """−log of the chance that the critic gives the generated picture of each pair."""
        return F.softplus(real - fake).mean()


LOSSES: dict[str, Loss] = {"logistic": Logistic(), "relativistic": Relativistic()}
