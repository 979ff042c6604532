"""A distance to the eye: what it finds alike, and that it can be walked down."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from generator.errors import FeatureError
from generator.measuring import Likeness
from generator.measuring.features import EfficientNetLite2, _efficientnet_lite2
from tests.generator.build import some_pictures


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 128, 256])
def test_nothing_is_nearer_than_the_picture_itself(channels: int, size: int):
    wanted, *others = some_pictures(4, channels=channels, size=size).split(1)
    likeness = Likeness(wanted)
    assert float(likeness.distance(wanted)) == 0
    near = likeness.distance(wanted.lerp(others[0], 0.2))
    assert 0 < float(near) < min(float(likeness.distance(other)) for other in others)
    assert likeness.distance(torch.cat(others)).shape == ()


def test_a_blur_is_farther_than_a_step_aside_whatever_pixels_say():
    rng = torch.Generator().manual_seed(0)
    grain = F.interpolate(torch.randn(1, 3, 64, 64, generator=rng), size=128, mode="bilinear").tanh()
    blurred, aside = F.avg_pool2d(grain, 9, 1, 4, count_include_pad=False), grain.roll(2, dims=3)
    likeness = Likeness(grain)
    assert float((blurred - grain).square().mean()) < float((aside - grain).square().mean())
    assert float(likeness.distance(blurred)) > float(likeness.distance(aside))


def test_its_gradient_leads_downhill():
    wanted, picture = some_pictures(2, size=64).split(1)
    likeness = Likeness(wanted)
    picture.requires_grad_()
    before = likeness.distance(picture)
    (slope,) = torch.autograd.grad(before, picture)
    step = 1e-2 * float(before.detach()) / float(slope.square().sum())
    after = likeness.distance(picture.detach() - step * slope)
    assert float(after) == pytest.approx(0.99 * float(before.detach()), rel=3e-3)
    assert not likeness.distance(wanted).requires_grad  # the network learns nothing


def test_maps_are_what_the_whole_network_passes_on():
    network = _efficientnet_lite2()
    assert isinstance(network, EfficientNetLite2)
    x = some_pictures(2, size=64)
    maps = network.maps(x)
    assert [tuple(each.shape[1:]) for each in maps] == [(16, 64, 64), (24, 32, 32), (48, 16, 16), (120, 8, 8)]
    rest = maps[-1]
    whole = network._extract.__self__  # type: ignore[attr-defined]  # the network whose method it is
    with torch.no_grad():
        for block in whole._blocks[network.taps[-1] + 1 :]:
            rest = block(rest)
        pooled = F.relu6(whole._conv_head(rest)).mean(dim=(2, 3))
    torch.testing.assert_close(pooled, network(x).clone(), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("without_networks")
def test_where_the_network_is_missing_it_says_so():
    _efficientnet_lite2.cache_clear()
    with pytest.raises(FeatureError, match="not installed"):
        Likeness(some_pictures(1, size=32))
