"""What gradients pass gives the model's own pictures and logits, and the gradients are those of small differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from generator import Differentiable, LatentError, Model, differentiable, open_checkpoint
from generator.noise import Noise
from tests.generator.build import CRITICS, GENERATORS, lively_model, some_pictures
from tests.generator.formats.makers import Made

FORMS = ["paper", "smooth", "grey shuffle", "resnet", "bounded"]


def slope(function: Callable[[Tensor], Tensor], x: Tensor, along: Tensor, step: float) -> float:
    """The derivative along a direction, by the central difference."""
    with torch.no_grad():
        return float((function(x + step * along) - function(x - step * along)) / (2 * step))


def gradient(function: Callable[[Tensor], Tensor], x: Tensor, along: Tensor) -> float:
    """The same by the gradient."""
    x = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(function(x), x)
    return float((found * along).sum())


def weighted(outputs: Tensor) -> Tensor:
    """One number that every output has a part in."""
    weights = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(3), dtype=outputs.dtype)
    return (outputs * weights).sum()


def in_float64(name: str) -> tuple[Model, Differentiable]:
    """A tiny model whose plain form is in float64."""
    judge = CRITICS["grey" if "grey" in name else "paper"]
    model = lively_model(GENERATORS[name], judge)
    model.family.double()
    return model, differentiable(model)


@pytest.mark.parametrize("name", FORMS)
def test_gradients_are_those_of_small_differences(name: str):
    model, plain = in_float64(name)
    label = [0, 2]
    z = torch.randn(2, model.z_dim, dtype=torch.float64)
    ws = plain.map(z, label, psi=0.8, cutoff=3)
    assert ws.dtype == torch.float64
    images = plain.synthesize(ws, Noise("seed", 0.7, 5)).detach()
    cases: list[tuple[Callable[[Tensor], Tensor], Tensor]] = [
        (lambda z: weighted(plain.map(z, label, psi=0.8)), z),
        (lambda ws: weighted(plain.synthesize(ws, Noise("seed", 0.7, 5))), ws.detach()),
        (lambda images: weighted(plain.criticize(images, label)), images),
        (lambda ws: weighted(plain.criticize(plain.synthesize(ws), label)), ws.detach()),
    ]
    for function, x in cases:
        along = torch.randn(x.shape, dtype=torch.float64)
        exact, small = gradient(function, x, along), slope(function, x, along, 1e-6)
        assert abs(exact) > 1e-6
        assert exact == pytest.approx(small, rel=2e-3)  # a step may cross the bend of an activation


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("noise", [Noise(), Noise("none"), Noise("seed", 0.5, 7), Noise("const", 0.0)])
def test_it_paints_and_judges_as_the_model(name: str, noise: Noise):
    model = lively_model(GENERATORS[name], CRITICS["grey" if "grey" in name else "paper"])
    plain = differentiable(model)
    z, label = torch.randn(3, model.z_dim), [0, 1, 2]
    ws = model.map(z, label, psi=0.6, cutoff=4)
    torch.testing.assert_close(plain.map(z, label, psi=0.6, cutoff=4), ws, rtol=0, atol=1e-5)
    theirs = model.synthesize(ws, noise)
    torch.testing.assert_close(plain.synthesize(ws, noise), theirs, rtol=0, atol=1e-4)
    torch.testing.assert_close(plain.criticize(theirs, label), model.criticize(theirs, label), rtol=1e-4, atol=1e-4)


def test_what_the_model_gave_may_be_part_of_a_graph_and_the_model_stays_as_it_was():
    model = lively_model()
    ws = model.map(torch.randn(1, model.z_dim), [0])
    before = model.synthesize(ws)
    plain, leaf = differentiable(model), ws.clone().requires_grad_()
    plain.criticize(plain.synthesize(leaf), [0]).sum().backward()
    assert leaf.grad is not None and float(leaf.grad.abs().max()) > 0
    assert plain.synthesize(ws).shape == before.shape  # an inference tensor is taken too
    assert torch.equal(model.synthesize(ws), before)
    assert not any(p.requires_grad or p.grad is not None for p in model.family.parameters())


def test_it_holds_no_weights_of_its_own():
    model = lively_model()
    own = {id(p) for p in model.family.parameters()}
    plain = differentiable(model)
    places = [*plain.maps, *plain.critic_maps]
    assert all(id(p) in own for place in places for p in place.module.parameters())


# ---- maps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_maps_are_seen_and_can_be_silenced(name: str):
    model = lively_model(GENERATORS[name], CRITICS["grey" if "grey" in name else "paper"])
    plain = differentiable(model)
    ws, label = model.map(torch.randn(2, model.z_dim), [0, 1]), [0, 1]
    whole: dict[str, Tensor] = {}
    picture = plain.synthesize(ws, seen=whole)
    for place in plain.maps:
        assert whole[place.name].shape == (2, place.channels, place.side, place.side)
    assert list(whole) == [place.name for place in plain.maps]
    third, mask = plain.maps[2], torch.ones(plain.maps[2].channels)
    assert torch.equal(plain.synthesize(ws, scales={third.name: mask}), picture)
    mask[1] = 0.0
    after: dict[str, Tensor] = {}
    silenced = plain.synthesize(ws, scales={third.name: mask}, seen=after)
    assert not torch.allclose(silenced, picture)
    assert torch.equal(after["conv1"], whole["conv1"])
    assert float(after[third.name][:, 1].abs().max()) == 0
    assert torch.equal(after[third.name][:, 0], whole[third.name][:, 0])
    in_part = mask[:, None, None].expand(-1, third.side, third.side)
    assert torch.equal(plain.synthesize(ws, scales={third.name: in_part}), silenced)
    assert torch.equal(plain.synthesize(ws), picture)  # nothing stays behind
    judged: dict[str, Tensor] = {}
    plain.criticize(picture, label, seen=judged)
    for place in plain.critic_maps:
        assert judged[place.name].shape == (2, place.channels, place.side, place.side)


def test_what_does_not_fit_is_refused():
    model = lively_model()
    plain = differentiable(model)
    ws, one = model.map(torch.randn(1, model.z_dim), [0]), torch.ones(1)
    with pytest.raises(LatentError, match=r"no maps called 'plum'; there are conv0, conv1"):
        plain.synthesize(ws, scales={"plum": one})
    with pytest.raises(LatentError, match=r"conv0 is scaled by 24 or 24×4×4 numbers, not 1\."):
        plain.synthesize(ws, scales={"conv0": one})
    with pytest.raises(LatentError, match="finite"):
        plain.synthesize(ws, scales={"conv0": torch.full((24,), torch.nan)})
    with pytest.raises(LatentError, match="takes styles"):
        plain.synthesize(ws[:, 1:])
    with pytest.raises(LatentError, match="has classes 0 to 2"):
        plain.criticize(some_pictures(1), [3])
    with pytest.raises(LatentError, match="came without its critic"):
        differentiable(lively_model(critic=None)).criticize(some_pictures(1), [0])
    assert not any(module._forward_hooks for module in model.family.modules())


# ---- every family -------------------------------------------------------------------------------------------------


def test_every_family_lets_gradients_pass_or_says_that_it_does_not(made: Made, tmp_path: Path):
    model = open_checkpoint(made.path, made.critic)
    if model.family.title.startswith(("StyleGAN3", "StyleGAN-XL")):
        with pytest.raises(LatentError, match="Gradients do not pass through a StyleGAN3"):
            differentiable(model)
        return
    plain, label = differentiable(model), [0, 1] if model.classes else None
    ws = model.map(torch.randn(2, model.z_dim), label)
    picture = plain.synthesize(ws)
    torch.testing.assert_close(picture, model.synthesize(ws), rtol=1e-4, atol=1e-4)
    judge = plain.criticize if model.has_critic else None

    def value(ws: Tensor) -> Tensor:
        images = plain.synthesize(ws)
        return weighted(images) if judge is None else weighted(images) + weighted(judge(images, label))

    leaf = ws.clone()
    along = torch.randn(leaf.shape)
    if "BigGAN" in model.family.title:
        along[..., -1] = 0  # the truncation picks rows of a table
    exact = gradient(value, leaf, along)
    # A step that float32 can still tell apart reaches past the kinks of some networks: of two the one that is nearer.
    small = min((slope(value, leaf, along, step) for step in (1e-3, 1e-4)), key=lambda each: abs(each - exact))
    assert exact == pytest.approx(small, rel=0.1, abs=0.02 * abs(float(value(leaf))))
    seen: dict[str, Tensor] = {}
    plain.synthesize(ws, seen=seen)
    for place in plain.maps:
        assert seen[place.name].shape == (2, place.channels, place.side, place.side)
