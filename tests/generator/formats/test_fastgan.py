"""FastGAN files, written here in the original program's layout, against a plain float64 reference."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from generator.errors import CheckpointError, LatentError
from generator.formats import fastgan
from generator.formats.reading.content import Content
from generator.formats.state import State
from generator.noise import Noise

from .fastgan_files import NZ, Reference, content_of, off, own_noise, write


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One 256 px file for the tests that need any."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("fastgan") / "all_0.pth"
    write(path, 256)
    return path


@pytest.mark.parametrize(("size", "prefix"), [(256, ""), (512, "module."), (1024, "")])
def test_pictures_and_logits_are_the_originals(size: int, prefix: str, tmp_path: Path) -> None:
    """The averaged parameters, with the raw network's running averages and spectral vectors; tanh only at 1024."""
    path = tmp_path / "all_50000.pth"
    state, critic = write(path, size, prefix)
    content = content_of(path)
    assert fastgan.recognises(content)
    model = fastgan.load(content)
    assert (model.resolution, model.z_dim, model.num_ws, model.img_channels) == (size, NZ, 1, 3)
    z = torch.randn(1, NZ)
    pictures = model.synthesize(model.map(z), Noise("none"))
    expected = Reference(state).generate(z, None)
    assert expected.abs().max() > 0.25  # a tanh too many or too few would show
    assert off(pictures, expected) < 1e-4
    noisy = model.synthesize(model.map(z))
    assert off(noisy, Reference(state).generate(z, own_noise(model))) < 1e-4
    assert (noisy - pictures).abs().max() > 0.01
    logits = model.criticize(pictures)
    assert torch.allclose(logits.double(), Reference(critic).judge(pictures), rtol=1e-3, atol=1e-4)


def test_truncation_goes_to_nought(small: Path) -> None:
    """There is no mapping: w is z, its average is 0."""
    model = fastgan.load(content_of(small))
    z = torch.randn(2, NZ)
    assert torch.equal(model.map(z)[:, 0], z)
    assert torch.allclose(model.map(z, psi=0.7)[:, 0], 0.7 * z)
    assert not model.map(z, psi=0.0).any()


@pytest.mark.parametrize("age", ["new", "before version 1", "taken off"])
def test_spectral_norm_is_torchs(age: str) -> None:
    """The folded weights are those that torch itself computes when not training, transposed convolution included."""
    for transposed, layer in ((False, nn.Conv2d(3, 5, 3)), (True, nn.ConvTranspose2d(3, 5, 4))):
        module = nn.utils.spectral_norm(layer)
        module(torch.randn(1, 3, 4, 4))  # training: one power iteration
        module.eval()(torch.randn(1, 3, 4, 4))
        tensors = {f"x.{k}": v for k, v in module.state_dict().items() if k != "bias"}
        if age != "new":
            del tensors["x.weight_v"]
            tensors["x.weight"] = layer.weight.detach()
        if age == "taken off":
            tensors = {"x.weight": tensors["x.weight"]}
        state = State(tensors, "A file")
        ours = state.spectral("x", *layer.weight.shape, transposed=transposed)
        assert torch.allclose(ours.float(), layer.weight, atol=1e-6)
        state.refuse_the_rest()


def test_a_file_without_an_average_or_a_critic(tmp_path: Path, small: Path) -> None:
    """`50000.pth` holds the averaged network under `g` and has no list; a critic may be missing or lie apart."""
    path = tmp_path / "50000.pth"
    root = torch.load(small, weights_only=True)
    torch.save({"g": root["g"]}, path)
    content = content_of(path)
    model = fastgan.load(content)
    assert not model.has_critic
    with pytest.raises(LatentError, match="without its critic"):
        model.criticize(torch.zeros(1, 3, 256, 256))
    z = torch.randn(1, NZ)
    expected = Reference(root["g"]).generate(z, None)
    assert off(model.synthesize(model.map(z), Noise("none")), expected) < 1e-4
    apart = tmp_path / "d.pth"
    torch.save(root["d"], apart)
    assert fastgan.load(content, content_of(apart)).has_critic
    with pytest.raises(CheckpointError, match="no critic of a FastGAN"):
        fastgan.load(content, Content(apart, "torch", {"x": torch.zeros(1)}))


def test_grey_pictures(tmp_path: Path) -> None:
    path = tmp_path / "all_0.pth"
    write(path, 256, channels=1)
    model = fastgan.load(content_of(path))
    assert model.synthesize(model.map(torch.randn(1, NZ))).shape == (1, 1, 256, 256)
    assert model.has_critic


def test_a_strange_critic_is_left_out_with_a_note(small: Path) -> None:
    """A fork's critic does not keep the generator from being opened, and is not silently taken for the paper's."""
    content = content_of(small)
    content.root["d"]["rf_big.7.weight"] = torch.zeros(3)
    model = fastgan.load(content)
    assert not model.has_critic
    assert "rf_big.7.weight" in model.provenance.notes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda root: root["g_ema"].pop(), "averaged parameters for a generator of"),
        (lambda root: root["g_ema"].reverse(), "not in the generator's order"),
        (lambda root: root["g"].pop("feat_64.2.running_var"), "lacks the tensor feat_64.2.running_var"),
        (lambda root: root["g"].pop("se_256.main.3.weight_u"), "lacks the tensor se_256.main.3.weight_u"),
        (lambda root: root["g"].update({"feat_16.9.gain": torch.ones(1)}), "averaged parameters for a generator"),
        (lambda root: root["g"].update({"x.running_var": torch.ones(1)}), "x.running_var that this program does not"),
        (lambda root: root["g"].update({"se_64.main.1.weight_u": torch.ones(2)}), "of the shape 2 where 16 belongs"),
        (lambda root: root["g"]["init.init.1.running_mean"].fill_(float("nan")), "not finite"),
        (lambda root: root["g"]["init.init.1.running_var"].fill_(-1.0), "negative variance"),
        (lambda root: root["g"]["feat_8.1.weight_u"].zero_(), "spectral norm of zero"),
        (lambda root: root["g"].update({"to_big.weight_v": torch.ones(72, dtype=torch.long)}), "whole numbers"),
    ],
)
def test_refused_in_one_sentence(change: object, says: str, small: Path) -> None:
    content = content_of(small)
    change(content.root)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match=says) as caught:
        fastgan.load(content)
    assert "all_0.pth" in str(caught.value) and str(caught.value).count(". ") == 0
