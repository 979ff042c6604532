"""What frozen networks see of a picture: the whole made smaller, or a part as it is."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from training.views import Views


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_part_is_the_picture_itself_and_the_whole_is_made_smaller():
    x = torch.rand(64, 3, 24, 20, generator=rng())
    views = Views.draw(len(x), x.shape, 16, 0.5, rng(1))
    shown = views(x)
    small = F.interpolate(x, size=(16, 16), mode="bilinear", antialias=True)
    assert 16 < int(views.parts.sum()) < 48
    for one, whole, view, part, (row, column) in zip(x, small, shown, views.parts, views.corners.tolist(), strict=True):
        assert torch.equal(view, one[:, row : row + 16, column : column + 16] if part else whole)
    assert views.corners.amax(dim=0).tolist() == [8, 4]  # every place there is
    assert views.corners.amin(dim=0).tolist() == [0, 0]


def test_the_same_views_show_the_same_of_two_pictures():
    x = torch.rand(8, 1, 20, 20, generator=rng())
    views = Views.draw(8, x.shape, 16, 0.5, rng(1))
    assert torch.allclose(views(x * 2 + 1), views(x) * 2 + 1, atol=1e-6)


def test_nothing_is_drawn_where_no_part_is_asked_for_or_there_is_none():
    for share, side in ((0.0, 32), (1.0, 16), (1.0, 12)):  # so that a run without parts stays the run that it was
        random = rng(5)
        views = Views.draw(4, torch.Size((4, 3, side, side)), 16, share, random)
        assert not views.parts.any()
        assert torch.equal(random.get_state(), rng(5).get_state())
    x = torch.rand(4, 3, 16, 16, generator=rng())
    assert torch.equal(Views.draw(4, x.shape, 16, 1.0, rng())(x), x)


def test_gradients_reach_what_is_seen_and_nothing_else():
    x = torch.rand(3, 3, 32, 32, generator=rng(), requires_grad=True)
    views = Views.draw(3, x.shape, 16, 1.0, rng(2))
    views(x).sum().backward()
    assert x.grad is not None
    for gradient, (row, column) in zip(x.grad, views.corners.tolist(), strict=True):
        expected = torch.zeros(3, 32, 32)
        expected[:, row : row + 16, column : column + 16] = 1
        assert torch.equal(gradient, expected)
