"""lightweight-gan files, written here in the original program's layout, against a plain float64 reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from generator import open_checkpoint
from generator.errors import CheckpointError
from generator.formats import lightweight
from generator.formats.reading.content import Content
from generator.noise import Noise

from .lightweight_files import BUILDS, LATENT, Build, Reference, Tensors, content_of, off, own_noise, write


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for the tests that need any."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("lightweight") / "model_3.pt"
    write(path, Build(), version="0.14.2")
    return path


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_pictures_are_the_originals(build: Build, tmp_path: Path) -> None:
    """The averaged generator's; latent size, widths and options from the tensors alone; [0, 1] becomes [−1, 1]."""
    path = tmp_path / "model_12.pt"
    state = write(path, build)
    content = content_of(path)
    assert lightweight.recognises(content)
    model = lightweight.load(content)
    assert (model.z_dim, model.resolution, model.img_channels) == (LATENT, 4 << build.stages, build.channels)
    z = torch.randn(2, LATENT)
    plain = model.synthesize(model.map(z), Noise("none"))
    expected = Reference(state).generate(z, None)
    assert expected.std() > 0.1
    assert off(plain, 2 * expected - 1) < 1e-4
    noisy = model.synthesize(model.map(z))
    assert off(noisy, 2 * Reference(state).generate(z, own_noise(build)) - 1) < 1e-4
    assert (not torch.equal(plain, noisy)) == build.noise
    assert torch.equal(noisy[1:], model.synthesize(model.map(z[1:])))


@pytest.mark.parametrize("version", ["0.21.0", "0.21.1", "0.21.2", "0.21.3", "0.21.4"])
def test_four_versions_interpolate_between_pixels(version: str, tmp_path: Path) -> None:
    """Nothing in their tensors says so."""
    state = write(tmp_path / "model_1.pt", Build(stages=4, shuffle=False, attended=()), version)
    model = lightweight.load(content_of(tmp_path / "model_1.pt"))
    z = torch.randn(2, LATENT)
    pictures = model.synthesize(model.map(z), Noise("none"))
    assert off(pictures, 2 * Reference(state, version != "0.21.4").generate(z, None) - 1) < 1e-4
    assert off(pictures, 2 * Reference(state, version == "0.21.4").generate(z, None) - 1) > 1e-2


def test_the_attention_of_one_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "model_1.pt", Build(stages=4, same=False, shuffle=False, attention="linear"), "0.21.1")
    with pytest.raises(CheckpointError, match=r"version 0\.21\.1, has a kind of attention that only that"):
        lightweight.load(content_of(tmp_path / "model_1.pt"))


def test_no_critic_and_no_mapping(tmp_path: Path) -> None:
    """The card says that the critic is not read; w is z, truncation goes to 0."""
    path = tmp_path / "model_12.pt"
    write(path, Build(stages=3))
    model = open_checkpoint(path)  # through the door: read as data, and taken for no other format
    assert model.describe()["architecture"] == "lightweight-gan"
    assert not model.has_critic
    assert "critic" in model.provenance.notes
    z = torch.randn(2, LATENT)
    assert torch.allclose(model.map(z, psi=0.7)[:, 0], 0.7 * z)
    with pytest.raises(CheckpointError, match="whose critic is never read"):
        lightweight.load(content_of(path), content_of(path))


@pytest.mark.parametrize("layout", ["raw only", "compiled", "generator alone"])
def test_other_layouts(layout: str, tmp_path: Path) -> None:
    """Without an average the generator in training is taken; torch.compile's prefix; a bare state dictionary."""
    path = tmp_path / "model_1.pt"
    averaged = write(path, Build(stages=3))
    root = torch.load(path, weights_only=True)
    raw = {k.removeprefix("G."): v for k, v in root["GAN"].items() if k.startswith("G.")}
    roots: dict[str, tuple[object, Tensors]] = {
        "raw only": ({"GAN": {k: v for k, v in root["GAN"].items() if not k.startswith("GE.")}}, raw),
        "compiled": ({"GAN": {k.replace("GE.", "GE._orig_mod."): v for k, v in root["GAN"].items()}}, averaged),
        "generator alone": (averaged, averaged),
    }
    tree, state = roots[layout]
    model = lightweight.load(Content(path, "torch", tree))
    z = torch.randn(1, LATENT)
    assert off(model.synthesize(model.map(z), Noise("none")), 2 * Reference(state).generate(z, None) - 1) < 1e-4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda gan: gan.update({"GE.layers.1.1.net.1.weight": torch.ones(3, 3, 4, 4)}),
            r"layers\.1\.1\.net\.1\.weight",
        ),
        (lambda gan: gan.update({"GE.layers.3.2.fn.g": torch.ones(1)}), r"layers\.3\.2\.fn\.g that this program does"),
        (lambda gan: gan.pop("GE.layers.2.0.2.1.bias"), r"lacks the tensor layers\.2\.0\.2\.1\.bias"),
        (lambda gan: gan.pop("GE.layers.3.2.fn.to_lin_kv.net.0.weight"), r"to_lin_kv\.net\.0\.weight"),
        (lambda gan: gan.update({"GE.out_conv.weight": torch.ones(4, 7, 3, 3)}), "4 channels"),
        (lambda gan: gan.update({"GE.layers.1.1.net.2.weight": torch.ones(9, 3, 1, 1)}), "of the shape 9×3×1×1 where"),
        (
            lambda gan: gan.update({"GE.layers.4.1.to_k.weight": torch.ones(1, 7, 1, 1)}),
            r"layers\.4\.1\.net\.0\.weight",
        ),
        (lambda gan: gan.update({"GE.layers.40.0.2.weight": torch.ones(2, 2, 3, 3)}), r"layers\.5\.0\.2\.weight"),
        (lambda gan: gan["GE.layers.0.0.4.running_var"].fill_(float("inf")), "not finite"),
        (lambda gan: gan.update({f"GE.layers.{i}.x": torch.ones(1) for i in range(99)}), "doubles its maps 99 times"),
    ],
)
def test_refused_in_one_sentence(change: Callable[[Tensors], object], says: str, usual: Path) -> None:
    """By the name of the tensor that is missing, unknown or of another shape, and with the program's version."""
    content = content_of(usual)
    change(content.root["GAN"])
    with pytest.raises(CheckpointError, match=says) as caught:
        lightweight.load(content)
    assert "model_3.pt" in str(caught.value) and "0.14.2" in str(caught.value)
