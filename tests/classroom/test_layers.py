"""Inside wardrobe's networks: maps, silenced channels, receptive fields, the critic's eye, and a kernel by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from classroom.errors import ClassroomError
from classroom.layers import MOST_KERNELS, Networks, convolve
from generator import draw_z
from tests.generator.test_house import FOLDER


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks(FOLDER / "wardrobe")


def test_pictures_are_the_models_own(networks: Networks):
    model = networks.model
    ws = model.map(draw_z(7, model.z_dim)[None], [2], psi=0.7)
    image = networks.picture(7, 2)
    assert torch.allclose(image, model.synthesize(ws), atol=1e-3)
    assert model.calibration is not None
    expected = model.calibration.percentile_real(float(model.criticize(image, [2])[0]))
    assert networks.reading(image, 2) == pytest.approx(expected, abs=0.5)


def test_layers_go_from_small_to_large_in_one_and_back_in_the_other(networks: Networks):
    sides = {name: [layer.side for layer in layers] for name, layers in networks.facts.items()}
    assert sides["generator"] == sorted(sides["generator"]) and sides["generator"][0] == 4
    assert sides["critic"] == sorted(sides["critic"], reverse=True)
    for name, layers in networks.facts.items():
        maps = networks.maps(name, layers[1].name, 0, 0)
        assert maps.shape == (layers[1].channels, layers[1].side, layers[1].side)


def test_a_silenced_channel_is_the_network_with_that_channel_zeroed(networks: Networks):
    layer, name = networks.plain.maps[3].module, networks.plain.maps[3].name
    plain = layer.forward

    def zeroed(*inputs, **options):
        output = plain(*inputs, **options)
        return torch.cat([output[:, :5], torch.zeros_like(output[:, 5:6]), output[:, 6:]], dim=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer, "forward", zeroed)
        expected = networks.picture(1, 0)
    silenced = networks.picture(1, 0, {(name, 5): 0.0})
    assert torch.equal(silenced, expected)
    assert not torch.equal(silenced, networks.picture(1, 0))
    assert (networks.maps("generator", name, 1, 0, {(name, 5): 0.0})[5] == 0).all()
    assert torch.equal(networks.picture(1, 0, {(name, 5): 1.0}), networks.picture(1, 0))


@pytest.mark.parametrize("place", [(0, 0), (3, 2), (7, 7)])
def test_a_receptive_field_is_where_pixels_matter(networks: Networks, place: tuple[int, int]):
    layer = networks.facts["critic"][1]
    assert layer.side == 8
    x, y = place
    left, top, right, bottom = networks.support(layer.name, x, y)
    random = torch.Generator().manual_seed(1)
    image = torch.randn(1, 1, 32, 32, generator=random)

    def unit(picture: torch.Tensor) -> torch.Tensor:
        seen: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            networks.plain.criticize(picture, [0], seen=seen)
        return seen[layer.name][0, :, y, x]

    outside = torch.randn(1, 1, 32, 32, generator=random)
    outside[:, :, top:bottom, left:right] = image[:, :, top:bottom, left:right]
    assert torch.allclose(unit(outside), unit(image), atol=1e-5)
    for row, column in ((top, left), (bottom - 1, right - 1)):
        other = image.clone()
        other[:, :, row, :] += 50
        assert not torch.allclose(unit(other), unit(image), atol=1e-5)
        other = image.clone()
        other[:, :, :, column] += 50
        assert not torch.allclose(unit(other), unit(image), atol=1e-5)


def test_the_gradient_says_what_a_little_light_does(networks: Networks):
    image = networks.picture(3, 1)
    gradient = networks.gradient(image, 1)
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    more = image.clone()
    more[0, 0, place[0], place[1]] += 1e-3
    with torch.no_grad():
        change = float(networks.plain.criticize(more, [1])[0] - networks.plain.criticize(image, [1])[0])
    assert change == pytest.approx(1e-3 * gradient[place], rel=0.1)


def test_occlusion_is_the_logit_that_is_lost(networks: Networks):
    image = networks.picture(3, 1)
    fallen = networks.occlusion(image, 1)
    assert fallen.shape == (7, 7)
    hidden = image.clone()
    hidden[:, :, 8:16, 4:12] = image.mean()
    with torch.no_grad():
        expected = float(networks.plain.criticize(image, [1])[0] - networks.plain.criticize(hidden, [1])[0])
    assert fallen[2, 1] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_a_kernel_is_scipys(seed: int):
    random = np.random.default_rng(seed)
    picture = random.random((9, 12)).astype(np.float32)
    kernel = random.uniform(-3, 3, (3, 3))
    expected = scipy.ndimage.correlate(picture.astype(np.float64), kernel, mode="nearest")
    assert np.allclose(convolve(picture, kernel.tolist()), expected, atol=1e-5)


@pytest.mark.parametrize(
    "kernel", [None, [], [[1, 2, 3]], [[1, 2, float("nan")]] * 3, [["a", 0, 0]] * 3, [[1e9, 0, 0]] * 3]
)
def test_what_is_no_kernel_is_refused(kernel: object):
    with pytest.raises(ClassroomError):
        convolve(np.zeros((4, 4), np.float32), kernel)


@pytest.mark.parametrize(
    ("side", "layer", "turned"),
    [
        ("generator", "conv99", {}),
        ("eye", "stem", {}),
        ("generator", None, {}),
        ("critic", "stem", {("conv9999", 0): 0.0}),
        ("critic", "stem", {("conv1", 999): 0.0}),
        ("critic", "stem", {("conv1", 0): 99.0}),
        ("critic", "stem", {("conv1", 0): float("nan")}),
        ("critic", "stem", {("conv1", i): 0.0 for i in range(17)}),
    ],
)
def test_what_is_not_there_is_refused(networks: Networks, side: str, layer: str, turned: dict[tuple[str, int], float]):
    with pytest.raises(ClassroomError):
        networks.maps(side, layer, 0, 0, turned)


def test_learned_kernels_are_the_networks_own_and_the_strongest(networks: Networks):
    stem = networks.plain.critic_maps[0].module
    ((of, rows),) = networks.kernels("critic", networks.facts["critic"][0].name, 3)
    assert of == 0 and np.allclose(rows, next(stem.parameters())[3, 0].detach().numpy(), atol=1e-4)
    for side in ("generator", "critic"):
        facts = networks.facts[side][1]
        found = networks.kernels(side, facts.name, facts.channels - 1)
        strength = [float(np.square(each).sum()) for _, each in found]
        assert len(found) == MOST_KERNELS == len({of for of, _ in found})
        assert strength == sorted(strength, reverse=True)
        with pytest.raises(ClassroomError):
            networks.kernels(side, facts.name, facts.channels)
        with pytest.raises(ClassroomError):
            networks.kernels(side, "roof", 0)
