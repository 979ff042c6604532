"""A linear classifier on frozen features: which class would a picture be taken for?

Multinomial logistic regression with a penalty on the weights, fitted to the training pictures ("linear probe"); its
accuracy on held-out pictures says what its word is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

PENALTY = 3e-2  # half of it times the squared weights, beside the mean cross-entropy; 0.001 to 0.1 differ by 2 points
STEPS = 60


@dataclass(frozen=True, eq=False)
class Probe:
    """`weight` F×C and `bias` [C] on features standardised by `mean` and `scale` [F]."""

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """N×F features → N×C, with gradients; a softmax of them is the classifier's word."""
        return ((features - self.mean) / self.scale) @ self.weight + self.bias

    def classify(self, features: Tensor) -> Tensor:
        """N×F features → the likeliest class of each, N int64."""
        return self.logits(features).argmax(dim=1)


def fit_probe(features: Tensor, labels: Tensor, number: int) -> Probe:
    """Fit N×F features to N labels of `number` classes by L-BFGS; convex, so the start does not matter.

    Classes count as they are: the commonest one wins where the features do not tell.
    """
    mean, scale = features.mean(dim=0), features.std(dim=0) + 1e-6
    x = (features - mean) / scale
    weight = torch.zeros(x.shape[1], number, requires_grad=True)
    bias = torch.zeros(number, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(x @ weight + bias, labels) + PENALTY * weight.square().sum() / 2
        loss.backward()
        return loss

    optimiser.step(closure)
    return Probe(mean, scale, weight.detach(), bias.detach())
