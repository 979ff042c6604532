"""What a model does: truncation, moves, mixing, noise, classes, the critic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from generator import LatentError, Model, draw_z
from generator.families.stylegan2 import stylegan2_of
from generator.noise import SILENT, Noise

from .build import CRITIC, GENERATOR, lively_model, some_labels, some_pictures

NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def model() -> Model:
    """Three classes, a critic, two directions."""
    return lively_model()


@pytest.fixture(scope="module")
def plain() -> Model:
    """Without classes and without a critic."""
    return lively_model(replace(GENERATOR, num_classes=0), None)


def latents(count: int = 3) -> Tensor:
    return torch.stack([draw_z(seed, GENERATOR.z_dim) for seed in range(count)])


# ---- truncation ----------------------------------------------------------------------------------


def test_psi_1_leaves_w_alone(model: Model):
    ws = model.map(latents(), [0, 1, 2])
    assert ws.shape == (3, model.num_ws, model.w_dim) and ws.dtype == torch.float32
    assert torch.equal(ws, ws[:, :1].expand_as(ws))
    assert torch.equal(model.map(latents(), [0, 1, 2], 1.0, centre="global"), ws)
    expected = stylegan2_of(model).generator.mapping(latents(), torch.eye(3))
    torch.testing.assert_close(ws[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_psi_0_is_the_average_of_the_class_or_of_everything(model: Model, plain: Model):
    centres = model.averages.classes
    assert centres is not None
    ours = model.map(latents(), [2, 0, 2], 0.0)
    assert torch.equal(ours, centres[[2, 0, 2]][:, None].expand_as(ours))
    ours = model.map(latents(), [2, 0, 2], 0.0, centre="global")
    assert torch.equal(ours, model.averages.everything.expand_as(ours))
    for centre in ("class", "global"):
        ours = plain.map(latents(), psi=0.0, centre=centre)
        assert torch.equal(ours, plain.averages.everything.expand_as(ours))


@pytest.mark.parametrize("centre", ["class", "global"])
@pytest.mark.parametrize("psi", [-1.0, 0.3, 0.7, 1.5])
def test_psi_is_a_straight_line_through_the_average(model: Model, psi: float, centre: str):
    label = [0, 1, 2]
    average, full = model.map(latents(), label, 0.0, centre=centre), model.map(latents(), label)
    torch.testing.assert_close(model.map(latents(), label, psi, centre=centre), average + psi * (full - average))


def test_a_blend_of_classes_has_the_blend_of_their_averages(model: Model):
    centres, weights = model.averages.classes, torch.tensor([[0.25, 0.0, 0.75]])
    assert centres is not None
    torch.testing.assert_close(model.map(latents(1), weights, 0.0)[0, 0], 0.25 * centres[0] + 0.75 * centres[2])


def test_cutoff_truncates_the_leading_layers_only(model: Model):
    full, cut = model.map(latents(), [0, 1, 2]), model.map(latents(), [0, 1, 2], 0.5)
    for cutoff in range(model.num_ws + 1):
        ws = model.map(latents(), [0, 1, 2], 0.5, cutoff)
        assert torch.equal(ws[:, :cutoff], cut[:, :cutoff])
        assert torch.equal(ws[:, cutoff:], full[:, cutoff:])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"psi": NAN}, "finite"),
        ({"psi": INF}, "finite"),
        ({"psi": "0.7"}, "number"),
        ({"psi": True}, "number"),
        ({"psi": None}, "number"),
        ({"cutoff": -1}, "cutoff"),
        ({"cutoff": 99}, "cutoff"),
        ({"cutoff": 1.5}, "cutoff"),
        ({"cutoff": True}, "cutoff"),
        ({"centre": "mean"}, "centre"),
        ({"centre": None}, "centre"),
        ({"z": torch.full((1, 8), NAN)}, "finite"),
        ({"z": torch.full((1, 8), INF)}, "finite"),
        ({"z": torch.zeros(8)}, "latents of 8 numbers"),
        ({"z": torch.zeros(1, 9)}, "latents of 8 numbers"),
        ({"z": torch.zeros(1, 8, dtype=torch.complex64)}, "latent"),
    ],
)
def test_map_refuses(model: Model, arguments: dict[str, object], sentence: str):
    with pytest.raises(LatentError, match=rf"{sentence}.*\.$"):
        model.map(**{"z": latents(1), "label": [0], **arguments})  # type: ignore[arg-type]


# ---- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [(2, 0), np.array([2, 0]), torch.tensor([2, 0]), torch.eye(3)[[2, 0]], np.eye(3, dtype="f")[[2, 0]]],
)
def test_classes_by_number_or_by_weight(model: Model, label: list[int]):
    assert torch.equal(model.map(latents(2), label), model.map(latents(2), [2, 0]))


def test_the_class_matters(model: Model):
    assert len({tuple(model.map(latents(1), [i])[0, 0].tolist()) for i in range(3)}) == 3


@pytest.mark.parametrize(
    "label",
    [
        None,
        0,
        "damson",
        ["damson"],
        [3],
        [-1],
        [0, 1],
        [],
        [0.0],
        [True],
        [NAN],
        [[0, 1]],
        torch.zeros(1, 4),
        torch.full((1, 3), NAN),
        torch.full((1, 3), INF),
        torch.zeros(2, 3),
        [None],
    ],
)
def test_labels_that_are_none_are_refused(model: Model, label: list[int]):
    for refuse in (lambda: model.map(latents(1), label), lambda: model.criticize(some_pictures(1), label)):
        with pytest.raises(LatentError, match=r"\.$"):
            refuse()


def test_a_model_without_classes_takes_no_label(plain: Model):
    assert plain.map(latents(2)).shape == (2, plain.num_ws, plain.w_dim)
    with pytest.raises(LatentError, match="no classes"):
        plain.map(latents(1), [0])


# ---- moves and mixing ----------------------------------------------------------------------------


def test_moves_are_in_standard_deviations_and_add_up(model: Model):
    ws = model.map(latents(), [0, 1, 2])
    one, two = model.directions
    moved = model.move(ws, {"pc1": 2.0, "pc2": -1.0})
    expected = ws + 2.0 * one.sigma * one.vector - two.sigma * two.vector
    torch.testing.assert_close(moved, expected)
    torch.testing.assert_close(model.move(model.move(ws, {"pc2": -1.0}), {"pc1": 2.0}), expected)
    torch.testing.assert_close(model.move(moved, {"pc1": -2.0, "pc2": 1.0}), ws, rtol=1e-4, atol=1e-5)
    assert torch.equal(model.move(ws, {}), ws)
    assert torch.equal(model.move(ws, {"pc1": 0.0}), ws)


@pytest.mark.parametrize("moves", [{"pc9": 1.0}, {"": 0.0}, {"pc1": NAN}, {"pc1": INF}, {"pc1": "1"}, {"pc1": True}])
def test_move_refuses(model: Model, moves: dict[str, float]):
    with pytest.raises(LatentError, match=r"direction .*\.$"):
        model.move(model.map(latents(1), [0]), moves)


def test_mixing_takes_the_later_layers_from_the_other(model: Model):
    ws, other = model.map(latents(2), [0, 0]), model.map(latents(2) + 1, [1, 1])
    for first in range(model.num_ws + 1):
        mixed = model.mix(ws, other, first)
        assert torch.equal(mixed[:, :first], ws[:, :first])
        assert torch.equal(mixed[:, first:], other[:, first:])
    assert torch.equal(model.mix(ws, ws, 3), ws)


@pytest.mark.parametrize("first", [-1, 99, 1.5, True, None, "2"])
def test_mix_refuses(model: Model, first: int):
    ws = model.map(latents(1), [0])
    with pytest.raises(LatentError, match=r"layer from 0 to .*\.$"):
        model.mix(ws, ws, first)


def test_layers_are_described_coarse_to_fine(model: Model):
    assert [layer.index for layer in model.layers] == list(range(model.num_ws))
    assert [layer.resolution for layer in model.layers] == [4, 8, 8, 16, 16, 32]
    assert [layer.role for layer in model.layers] == ["conv"] * 5 + ["rgb"]


# ---- noise ---------------------------------------------------------------------------------------


def test_noise(model: Model):
    ws = model.map(latents(2), [0, 1])
    plain, none, seven = model.synthesize(ws), model.synthesize(ws, SILENT), model.synthesize(ws, Noise("seed", seed=7))
    assert torch.equal(model.synthesize(ws, Noise("const", 1.0)), plain)
    assert torch.equal(model.synthesize(ws, Noise("const", 0.0)), none)
    assert torch.equal(model.synthesize(ws, Noise("seed", 0.0, 7)), none)
    assert torch.equal(model.synthesize(ws, Noise("seed", seed=7)), seven)
    eight, half = model.synthesize(ws, Noise("seed", seed=8)), model.synthesize(ws, Noise("const", 0.5))
    different = [plain, none, seven, eight, half]
    assert not any(torch.equal(a, b) for i, a in enumerate(different) for b in different[:i])


@pytest.mark.parametrize(
    "arguments",
    [
        {"noise": Noise("loud")},
        {"noise": Noise(None)},  # type: ignore[arg-type]
        {"noise": Noise(strength=NAN)},
        {"noise": Noise(strength=INF)},
        {"noise": Noise(strength="1")},  # type: ignore[arg-type]
        {"noise": Noise(strength=True)},
        *({"noise": Noise("seed", seed=seed)} for seed in (-1, 1.5, 2**32, True)),  # type: ignore[arg-type]
        {"ws": torch.zeros(6, 16)},
        {"ws": torch.zeros(1, 5, 16)},
        {"ws": torch.zeros(1, 6, 15)},
        {"ws": torch.full((1, 6, 16), NAN)},
    ],
)
def test_synthesize_refuses(model: Model, arguments: dict[str, object]):
    with pytest.raises(LatentError, match=r"\.$"):
        model.synthesize(**{"ws": model.map(latents(1), [0]), **arguments})  # type: ignore[arg-type]


# ---- batches, precision, critic ------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_picture_alone_and_in_a_batch(model: Model, precision: str):
    model.use(precision)
    try:
        z, labels = latents(7), some_labels(3, 7)
        assert labels is not None

        def render(first: int, last: int) -> tuple[Tensor, Tensor]:
            ws = model.map(z[first:last], labels[first:last], 0.7)
            x = model.synthesize(model.move(ws, {"pc1": 0.5}), Noise("seed", 0.8, 3))
            return x, model.criticize(x, labels[first:last])

        pictures, logits = render(0, 7)
        for i in range(7):
            picture, logit = render(i, i + 1)
            assert torch.equal(picture[0], pictures[i])
            assert torch.equal(logit[0], logits[i])
    finally:
        model.use("fp32")


def test_precision_is_switched_and_refused(model: Model):
    ws = model.map(latents(2), [0, 1])
    exact = model.synthesize(ws)
    model.use("bf16")
    half = model.synthesize(ws)
    assert model.precision == "bf16"
    with pytest.raises(ValueError, match="Precision is one of fp32, bf16"):
        model.use("int8")
    assert model.precision == "bf16"
    model.use("fp32")
    assert torch.equal(model.synthesize(ws), exact)
    assert 0 < float((half - exact).square().mean().sqrt() / exact.square().mean().sqrt()) <= 0.02


def test_a_light_network_paints_in_fp32():
    model = lively_model()
    assert model.light
    ws = model.map(torch.zeros(1, model.z_dim), [0])
    exact = model.synthesize(ws)
    model.probe(repeats=1)
    assert set(model.timings) == {"fp32", "mixed"}
    assert (model.precision == "mixed") == (model.timings["mixed"] < 0.95 * model.timings["fp32"])
    assert torch.equal(model.synthesize(ws), exact)


def test_mixed_changes_the_critic_alone_and_little():
    model = lively_model()
    ws = model.map(torch.zeros(1, model.z_dim), [0])
    exact = model.synthesize(ws)
    logit = float(model.criticize(exact, [0]))
    model.use("mixed")
    assert torch.equal(model.synthesize(ws), exact)
    assert 0 < abs(float(model.criticize(exact, [0])) - logit) < 0.05


def test_probe_times_both_for_a_heavy_network_and_takes_one(monkeypatch):
    monkeypatch.setattr("generator.model.LIGHT_FLOPS", 0)
    model = lively_model()
    model.probe(repeats=1)
    assert set(model.timings) == {"fp32", "bf16"}
    assert (model.precision == "bf16") == (model.timings["bf16"] < 0.95 * model.timings["fp32"])
    assert model.describe()["precision"] == model.precision


def test_together_is_one_group_and_apart_is_none(model: Model):
    pictures = some_pictures(4)
    together, apart = (model.criticize(pictures, [0, 1, 2, 0], together=t) for t in (True, False))
    assert together.shape == apart.shape == (4,)
    assert not torch.allclose(together, apart)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 16, 16), (1, 3, 32, 16)])
def test_the_critic_refuses_other_pictures(model: Model, shape: tuple[int, ...]):
    with pytest.raises(LatentError, match=r"judges pictures of .*\.$"):
        model.criticize(torch.zeros(shape), [0])


def test_the_critic_refuses_what_is_no_number(model: Model):
    with pytest.raises(LatentError, match=r"finite numbers\.$"):
        model.criticize(torch.full((1, 3, 32, 32), NAN), [0])


def test_without_a_critic_it_says_so(plain: Model):
    assert not plain.has_critic
    with pytest.raises(LatentError, match="without its critic"):
        plain.criticize(some_pictures(1))


def test_everything_is_inference(model: Model):
    ws = model.map(latents(1), [0])
    results = (ws, model.move(ws, {"pc1": 1.0}), model.synthesize(ws), model.criticize(model.synthesize(ws), [0]))
    assert all(result.is_inference() and not result.requires_grad for result in results)
    assert CRITIC.resolution == model.resolution == model.synthesize(ws).shape[-1]


def test_a_network_without_an_input_transform_moves_no_picture():
    model = lively_model()
    assert model.transforms == () and not model.tells_progress
    ws = torch.zeros(1, model.num_ws, model.w_dim)
    assert torch.equal(model.synthesize(ws, transform={}), model.synthesize(ws, transform=None))
    with pytest.raises(LatentError, match="no input transform"):
        model.synthesize(ws, transform={"rotation": 30.0})
