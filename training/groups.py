"""Batches in which the pictures that the critic compares with each other are of one class."""

from __future__ import annotations

import torch
from torch import Tensor


class ClassGroups:
    """Draws batches for a critic with minibatch statistics over groups (`minibatch_std`).

    Groups of mixed classes differ in any case, so a generator that makes one picture a class would pass. Where all
    pictures of a group are of one class, the statistics show how much those of that class differ.
    """

    def __init__(self, labels: Tensor, class_weights: Tensor, group: int) -> None:
        self.class_weights, self.group = class_weights, group
        self.order = labels.argsort(stable=True)
        self.counts = torch.bincount(labels, minlength=len(class_weights))
        self.firsts = self.counts.cumsum(0) - self.counts

    def classes(self, batch: int, rng: torch.Generator) -> Tensor:
        """The classes of a batch, [batch] int64: picture n and those that the critic compares it with share one."""
        drawn = torch.multinomial(self.class_weights, batch // self.group, replacement=True, generator=rng)
        return drawn.repeat(self.group)

    def pictures(self, classes: Tensor, rng: torch.Generator) -> Tensor:
        """The number of a picture of each of these classes, all of a class alike likely."""
        place = (torch.rand(len(classes), generator=rng, dtype=torch.double) * self.counts[classes]).long()
        return self.order[self.firsts[classes] + place]
