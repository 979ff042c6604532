"""Progressive GAN files: the numbers of a plain float64 network written from the paper and the program's constants."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generator import CheckpointError, open_checkpoint
from generator.formats import pgan

from .pgan_files import WIDTHS, State, Z, config, content, critic_state, generator_state


class Reference:
    """Karras et al. 2018, appendix A, in float64. `slope`, `alpha`, `tanh`, `equalised`: as the configuration says."""

    def __init__(
        self, state: State, slope: float = 0.2, alpha: float = 0.0, tanh: bool = False, equalised: bool = True
    ) -> None:
        self.state = {k: t.double() for k, t in state.items()}
        self.slope, self.alpha, self.tanh, self.equalised = slope, alpha, tanh, equalised
        self.scales = sum(k.startswith("scaleLayers") for k in state) // 4

    def layer(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        y = F.linear(x, weight, bias) if weight.ndim == 2 else F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)
        return y * math.sqrt(2 / weight[0].numel()) if self.equalised else y

    def active(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.slope * x)

    def blend(self, new: Tensor, old: Tensor) -> Tensor:
        return self.alpha * old + (1 - self.alpha) * new

    def picture(self, latent: Tensor, normalise: bool = True) -> Tensor:
        def pixel_norm(x: Tensor) -> Tensor:
            return x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()

        def double(x: Tensor) -> Tensor:
            return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

        x = latent.double()
        x = self.active(self.layer(pixel_norm(x) if normalise else x, "formatLayer"))
        x = pixel_norm(x.reshape(len(x), -1, 4, 4))
        x = pixel_norm(self.active(self.layer(x, "groupScale0.0")))
        maps = [x]
        for i in range(self.scales):
            x = double(x)
            for j in range(2):
                x = pixel_norm(self.active(self.layer(x, f"scaleLayers.{i}.{j}")))
            maps.append(x)
        rgb = self.layer(x, f"toRGBLayers.{self.scales}")
        if self.alpha and self.scales:
            rgb = self.blend(rgb, double(self.layer(maps[-2], f"toRGBLayers.{self.scales - 1}")))
        return torch.tanh(rgb) if self.tanh else rgb

    def logits(self, images: Tensor, groups: list[list[int]]) -> Tensor:
        """`groups`: which pictures share one standard deviation."""
        images = images.double()
        x = self.active(self.layer(images, f"fromRGBLayers.{self.scales}"))
        for i in reversed(range(self.scales)):
            for j in range(2):
                x = self.active(self.layer(x, f"scaleLayers.{i}.{j}"))
            x = F.avg_pool2d(x, 2)
            if self.alpha and self.scales > 1 and i == self.scales - 1:
                x = self.blend(x, self.active(self.layer(F.avg_pool2d(images, 2), f"fromRGBLayers.{i}")))
        if self.state["groupScaleZero.0.weight"].shape[1] > x.shape[1]:
            spread = torch.zeros(len(x), 1, 4, 4, dtype=x.dtype)
            for group in groups:
                if len(group) > 1:
                    spread[group] = (x[group].var(dim=0, unbiased=True) + 1e-8).sqrt().mean()
            x = torch.cat([x, spread], dim=1)
        x = self.active(self.layer(x, "groupScaleZero.0")).flatten(1)
        return self.layer(self.active(self.layer(x, "groupScaleZero.1")), "decisionLayer")[:, 0]


def alone(count: int) -> list[list[int]]:
    return [[i] for i in range(count)]


VARIANTS: dict[str, tuple[list[int], dict[str, Any], dict[str, Any]]] = {
    "finished": (WIDTHS, {}, {}),
    "deeper": ([16, 16, 12, 12, 10], {}, {}),
    "4×4 only": ([8], {}, {}),
    "other slope": (WIDTHS, {"leakyReluLeak": 0.1}, {"slope": 0.1}),
    "fading in": (WIDTHS, {"alpha": 0.3}, {"alpha": 0.3}),
    "fading in the first doubling": ([8, 6], {"alpha": 0.3}, {"alpha": 0.3}),
    "4×4 has nothing to fade": ([8], {"alpha": 0.3}, {}),
    "tanh": (WIDTHS, {"lossCriterion": "DCGAN"}, {"tanh": True}),
    "Logistic": (WIDTHS, {"lossCriterion": "Logistic"}, {}),
    "not equalised": (WIDTHS, {"equalizedlR": False}, {"equalised": False}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_numbers_as_the_plain_network(variant: str):
    widths, changes, options = VARIANTS[variant]
    generator, critic = generator_state(widths), critic_state(widths)
    model = pgan.load(content({"config": config(**changes), "netG": generator, "netD": critic}))
    z = torch.randn(4, Z)
    expected = Reference(generator, **options).picture(z)
    pictures = model.synthesize(model.map(z))
    assert pictures.shape == expected.shape == (4, 3, 4 << (len(widths) - 1), 4 << (len(widths) - 1))
    assert pictures.dtype == torch.float32
    assert expected.std(dim=0).mean() > 0.05
    assert (pictures - expected).abs().max() < 2e-5 * max(1.0, float(expected.abs().max()))
    images = torch.randn(4, 3, model.resolution, model.resolution)
    for together, groups in ((False, alone(4)), (True, [[0, 1, 2, 3]])):
        wanted = Reference(critic, **options).logits(images, groups)
        assert (model.criticize(images, together=together) - wanted).abs().max() < 1e-5 * wanted.abs().max()


@pytest.mark.parametrize(
    ("count", "groups"),
    [(1, [[0]]), (2, [[0, 1]]), (3, [[0, 1, 2]]), (8, [[0, 1, 2, 3], [4, 5, 6, 7]]), (6, [[0, 1, 2, 3, 4, 5]])],
)
def test_groups_of_four_that_follow_each_other(count: int, groups: list[list[int]]):
    critic = critic_state()
    model = pgan.load(content({"netG": generator_state(), "netD": critic}))
    images = torch.randn(count, 3, 16, 16) * torch.arange(1, count + 1).view(-1, 1, 1, 1)
    wanted = Reference(critic).logits(images, groups)
    assert (model.criticize(images, together=True) - wanted).abs().max() < 1e-5 * wanted.abs().max()
    if count > 1:
        assert not torch.allclose(model.criticize(images), model.criticize(images, together=True))


def test_a_critic_without_minibatch_statistics():
    critic = critic_state(spread=False)
    model = pgan.load(content({"netG": generator_state(), "netD": critic}))
    images = torch.randn(4, 3, 16, 16)
    wanted = Reference(critic).logits(images, [])
    for together in (False, True):
        assert (model.criticize(images, together=together) - wanted).abs().max() < 1e-5 * wanted.abs().max()


def renamed(state: State, name: Callable[[str], str]) -> State:
    return {name(key): tensor for key, tensor in state.items()}


LAYOUTS: dict[str, Callable[[State, State], Any]] = {
    "the average first": lambda g, d: {"config": config(), "netG": generator_state(), "netD": d, "avgG": g},
    "no average": lambda g, d: {"config": config(), "netG": g, "netD": d},
    "no configuration": lambda g, d: {"avgG": g, "netD": d},
    "a plain dict as configuration": lambda g, d: {"config": config().state, "avgG": g, "netD": d},
    "wrapped layers": lambda g, d: {
        name: renamed(s, lambda k: f"{k.rpartition('.')[0]}.module.{k.rpartition('.')[2]}")
        for name, s in (("netG", g), ("netD", d))
    },
    "data parallel": lambda g, d: {"netG": renamed(g, lambda k: f"module.{k}"), "netD": d},
    "nested": lambda g, d: {"state": {"avgG": g, "netD": d, "netG": generator_state()}},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same_network(layout: str):
    generator, critic = generator_state(), critic_state()
    file = content(LAYOUTS[layout](generator, critic))
    assert pgan.recognises(file)
    model = pgan.load(file)
    z = torch.randn(2, Z)
    pictures = model.synthesize(model.map(z))
    assert (pictures - Reference(generator).picture(z)).abs().max() < 1e-5 * pictures.abs().max()
    wanted = Reference(critic).logits(pictures, alone(2))
    assert (model.criticize(pictures) - wanted).abs().max() < 1e-5 * wanted.abs().max()
    assert model.name == "pgan-celeba-s2"


@pytest.mark.parametrize("zipped", [True, False])
def test_files_with_the_original_class_of_configurations(zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Written with a class of that name in place; it is gone, and not missed, when the file is opened."""
    generator, critic = generator_state(), critic_state()
    foreign = type("BaseConfig", (), {"__module__": "models.utils.config"})
    saved = foreign()
    saved.__dict__.update(config(alpha=0.25).state)
    path = tmp_path / "celebaHQ_s2_i80000.pt"
    with monkeypatch.context() as patch:
        for name in ("models", "models.utils", "models.utils.config"):
            patch.setitem(sys.modules, name, ModuleType(name))
        sys.modules["models.utils.config"].BaseConfig = foreign  # type: ignore[attr-defined]
        file = {"config": saved, "netG": generator_state(), "netD": critic, "avgG": generator}
        torch.save(file, path, _use_new_zipfile_serialization=zipped)
    model = open_checkpoint(path)
    z = torch.randn(2, Z)
    pictures = model.synthesize(model.map(z))
    assert (pictures - Reference(generator, alpha=0.25).picture(z)).abs().max() < 1e-5 * pictures.abs().max()
    wanted = Reference(critic, alpha=0.25).logits(pictures, [[0, 1]])
    assert (model.criticize(pictures, together=True) - wanted).abs().max() < 1e-5 * wanted.abs().max()
    assert "models.utils.config" not in sys.modules


def test_a_generator_alone_and_a_critic_apart():
    generator, critic = generator_state(), critic_state()
    assert not pgan.load(content(generator)).has_critic
    model = pgan.load(content(generator), content(critic))
    images = torch.randn(2, 3, 16, 16)
    wanted = Reference(critic).logits(images, alone(2))
    assert (model.criticize(images) - wanted).abs().max() < 1e-5 * wanted.abs().max()


def test_truncation_pulls_what_the_first_layer_reads_to_zero():
    generator = generator_state()
    model = pgan.load(content({"netG": generator}))
    z = torch.randn(2, Z) * 3
    ws = model.map(z)
    assert torch.allclose(ws[:, 0].square().mean(dim=1), torch.ones(2))
    half = model.map(z, psi=0.5)
    assert torch.allclose(half, ws / 2)
    expected = Reference(generator).picture(half[:, 0], normalise=False)
    assert (model.synthesize(half) - expected).abs().max() < 1e-5 * expected.abs().max()


def test_classes_stand_beside_z_before_it_is_normalised():
    attributes = {"Gender": {"order": 0, "values": ["M", "W", "X"]}}
    generator, critic = generator_state(latent=Z + 3), critic_state(outputs=4)
    changes = {"categoryVectorDim": 3, "latentVectorDim": Z + 3, "attribKeysOrder": attributes}
    model = pgan.load(content({"config": config(**changes), "netG": generator, "netD": critic}))
    assert model.classes == ("M", "W", "X")
    assert model.z_dim == Z
    z, weights = torch.randn(3, Z), F.one_hot(torch.tensor([1, 0, 2]), 3)
    expected = Reference(generator).picture(torch.cat([z, weights], dim=1))
    pictures = model.synthesize(model.map(z, [1, 0, 2]))
    assert (pictures - expected).abs().max() < 1e-5 * expected.abs().max()
    wanted = Reference(critic).logits(pictures, alone(3))
    assert (model.criticize(pictures, [1, 0, 2]) - wanted).abs().max() < 1e-5 * wanted.abs().max()
    # The goal of truncation is about the mean of w over many z of that class.
    mean = model.map(torch.randn(20000, Z), [1] * 20000)[:, 0].mean(dim=0)
    assert (mean - model.map(z[:1], [1], psi=0)[0, 0]).abs().max() < 0.1


def test_several_attributes_are_named_after_themselves():
    attributes = {"Hair": {"order": 1, "values": ["red", "none"]}, "Hat": {"order": 0, "values": ["yes", "none"]}}
    changes = {"categoryVectorDim": 4, "attribKeysOrder": attributes}
    model = pgan.load(content({"config": config(**changes), "netG": generator_state(latent=Z + 4)}))
    assert model.classes == ("Hat: yes", "Hat: none", "Hair: red", "Hair: none")


@pytest.mark.parametrize("attributes", [3, {"a": 1}, {"a": {"order": 0, "values": 5}}, {"a": {"order": 0}}, {1: {}}])
def test_classes_without_understandable_names_are_numbered(attributes: Any):
    changes = {"categoryVectorDim": 2, "attribKeysOrder": attributes}
    model = pgan.load(content({"config": config(**changes), "netG": generator_state(latent=Z + 2)}))
    assert model.classes == ("0", "1")


def broken(change: str) -> Any:
    generator, critic = generator_state(), critic_state()
    changes: dict[str, Any] = {}
    if change == "missing":
        del generator["scaleLayers.1.1.bias"]
    if change == "misshapen":
        generator["toRGBLayers.1.weight"] = torch.zeros(3, 9, 1, 1)
    if change == "not finite":
        generator["formatLayer.weight"][0, 0] = float("inf")
    if change == "left over":
        generator["styleMapping.weight"] = torch.zeros(2)
    if change == "another size":
        critic = critic_state([12, 10])
    if change == "pixel norm":
        changes["perChannelNormalization"] = False
    if change == "blend":
        changes["alpha"] = 2
    if change == "classes":
        changes["categoryVectorDim"] = Z
    return {"config": config(**changes), "netG": generator, "netD": critic}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("missing", "scaleLayers.1.1.bias"),
        ("misshapen", "toRGBLayers.1.weight"),
        ("not finite", "not finite"),
        ("left over", "styleMapping"),
        ("another size", "8 pixels"),
        ("pixel norm", "pixel norm"),
        ("blend", "between 0 and 1"),
        ("classes", "cannot have 9 classes"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: str, words: str):
    file = content(broken(change))
    assert pgan.recognises(file)
    with pytest.raises(CheckpointError, match=words) as caught:
        pgan.load(file, file if change == "another size" else None)  # of the discriminator, which was asked for
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    if change == "another size":
        assert words in pgan.load(file).provenance.notes  # beside the generator it is left out


def test_a_second_file_must_hold_the_critic():
    with pytest.raises(CheckpointError, match=r"other\.pth holds no discriminator"):
        pgan.load(content(generator_state()), content(generator_state(), "other.pth"))
