"""Pictures larger than trained: one tile is the picture itself, windows fit together, what repeats is seamless."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generator import LatentError, Model
from generator.families.stylegan2 import AROUND, can_paint_larger, paint_larger
from tests.generator.build import GENERATORS, lively_model

SKIP = [name for name, config in GENERATORS.items() if config.architecture == "skip"]


def world(model: Model, height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Styles of so many tiles and those around."""
    rows, columns = height + 2 * AROUND, width + 2 * AROUND
    z = torch.randn(rows * columns, model.z_dim, generator=torch.Generator().manual_seed(seed))
    labels = [i % len(model.classes) for i in range(len(z))] if model.classes else None
    return model.map(z, labels).view(rows, columns, model.num_ws, model.w_dim)


@pytest.mark.parametrize("name", SKIP)
def test_where_windows_overlap_they_are_the_same_picture(name: str):
    model = lively_model(GENERATORS[name], critic=None)
    side, styles = model.resolution, world(model, 2, 2)
    whole = paint_larger(model, styles)
    assert whole.shape == (1, model.img_channels, 2 * side, 2 * side)
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        around = styles[y : y + 1 + 2 * AROUND, x : x + 1 + 2 * AROUND]
        part = whole[:, :, y * side : (y + 1) * side, x * side : (x + 1) * side]
        torch.testing.assert_close(paint_larger(model, around), part, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", SKIP[:2])
def test_one_tile_everywhere_repeats_to_the_bit_and_is_the_picture_of_its_styles_inside(name: str):
    model = lively_model(GENERATORS[name], critic=None)
    side, one = model.resolution, world(model, 1, 1)[:1, :1]
    twice = paint_larger(model, one.expand(1 + 2 * AROUND, 2 + 2 * AROUND, -1, -1))
    assert torch.equal(twice[..., :side], twice[..., side:])
    other = paint_larger(model, world(model, 1, 1, seed=1))
    assert (twice[..., :side] - other).abs().max() > 0.1  # styles do matter


def test_what_cannot_be_is_refused():
    model = lively_model(GENERATORS[SKIP[0]], critic=None)
    styles = world(model, 1, 1)
    for wrong in (styles[0], styles[:2], styles[..., :-1], styles[:, :, :-1]):
        with pytest.raises(LatentError):
            paint_larger(model, wrong)
    residual = next((c for c in GENERATORS.values() if c.architecture != "skip"), None)
    config = residual or replace(GENERATORS[SKIP[0]], architecture="resnet", head="rgb")
    other = lively_model(config, critic=None)
    assert not can_paint_larger(other)
    with pytest.raises(LatentError, match="larger"):
        paint_larger(other, styles)
