"""Plain words for directions: what the pictures show, whatever their colours."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.name_directions import OF_COLOUR, WORDS, picture_features, title_of


def disc(radius: float = 8, light: float = 0.5, ground: float = -1.0, x: float = 0, y: float = 0) -> Tensor:
    """An even disc on an even background, 1×32×32 in [−1, 1]; y grows upwards."""
    rows, columns = torch.meshgrid(torch.arange(32) - 15.5, torch.arange(32) - 15.5, indexing="ij")
    inside = ((columns - x) ** 2 + (rows + y) ** 2) < radius**2
    return torch.where(inside, light, ground)[None]


@pytest.mark.parametrize(
    ("measure", "less", "more"),
    [
        ("lightness", disc(light=0.2), disc(light=0.8)),
        ("size", disc(radius=6), disc(radius=9)),
        ("height", disc(y=-4), disc(y=4)),
        ("contrast", disc(light=-0.5), disc(light=0.9)),
        ("background", disc(ground=-1), disc(ground=-0.6)),
        ("spread", disc(radius=5), disc(radius=10)),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_more_is_more(measure: str, less: Tensor, more: Tensor, channels: int):
    low, high = picture_features(torch.stack([less, more]).repeat(1, channels, 1, 1))[measure]
    assert high > low


def test_grey_is_measured_as_if_it_had_three_equal_colours():
    x = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one, three = picture_features(x), picture_features(x.repeat(1, 3, 1, 1))
    assert set(one) == set(WORDS)
    for key, values in one.items():
        assert torch.equal(values, three[key])
    for key in ("redness", "colourfulness"):
        assert float(one[key].abs().max()) < 1e-6
    assert set(OF_COLOUR) < set(WORDS)


def test_the_strongest_effect_names_and_turns():
    assert title_of({"size": -2.0, "height": 1.0}, set()) == ("smaller ↔ larger", -1.0)
    assert title_of({"size": -2.0, "height": 1.0}, {"smaller ↔ larger"}) == ("lower ↔ higher", 1.0)
    title, sign = title_of({"size": 2.0, "height": -0.1}, {"smaller ↔ larger"})
    assert (title, sign) == ("smaller, higher ↔ larger, lower", 1.0)
