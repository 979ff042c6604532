"""What every set of training pictures has in common."""

from __future__ import annotations

import torch

from training.data import Pictures


def test_classes_weigh_as_the_root_of_their_number():
    labels = torch.tensor([0] * 100 + [1] * 25 + [2] * 4)
    data = Pictures(torch.zeros(129, 3, 1, 1, dtype=torch.uint8), labels, ("x",) * 129, ("a", "b", "c"))
    expected = torch.tensor([10.0, 5.0, 2.0], dtype=torch.float64) / 17
    torch.testing.assert_close(data.class_weights(), expected)
    weights = data.picture_weights()
    torch.testing.assert_close(torch.stack([weights[labels == i].sum() for i in range(3)]), expected)
    assert all(len(weights[labels == i].unique()) == 1 for i in range(3))
