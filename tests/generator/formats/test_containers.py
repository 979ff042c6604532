"""The same networks in other containers, and beside discriminators that nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from generator import CheckpointError, Model, open_checkpoint

from . import dcgan_files, stylegan2_files
from .build_files import as_layer, write_pickle, write_torch
from .stylegan2_files import (
    NAMESPACE,
    Options,
    nvidia_critic,
    nvidia_generator,
    rosinality_critic,
    rosinality_generator,
)

OPTIONS = Options()
WIDTHS = (12, 10, 8)


def picture(model: Model) -> Tensor:
    ws = torch.randn(1, model.num_ws, model.w_dim, generator=torch.Generator().manual_seed(4))
    return model.synthesize(ws)


def same(path: Path, other: Path, critic: bool = False) -> Model:
    """The model in `path`, which paints as that in `other`; with a critic or not."""
    one, two = open_checkpoint(path), open_checkpoint(other)
    torch.testing.assert_close(picture(one), picture(two), rtol=0, atol=1e-6)
    assert one.has_critic == critic
    if critic:
        images = torch.rand(2, 3, one.resolution, one.resolution) * 2 - 1
        torch.testing.assert_close(one.criticize(images), two.criticize(images), rtol=1e-5, atol=1e-5)
    return one


# ---- NVIDIA's state dictionaries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "module.", "generator.", "G_ema."])
def test_a_state_dictionary_of_nvidias(prefix: str, tmp_path: Path):
    generator = nvidia_generator(OPTIONS)
    original = write_pickle(tmp_path / "a.pkl", {"G_ema": as_layer(generator)})
    state = {prefix + name: t.contiguous() for name, t in generator.tensors().items()}
    same(write_torch(tmp_path / "b.pt", state), original)
    save_file(state, tmp_path / "c.safetensors")
    same(tmp_path / "c.safetensors", original)


@pytest.mark.parametrize("key", ["G_ema", "params_ema", "g_ema"])
def test_a_training_file_of_state_dictionaries(key: str, tmp_path: Path):
    average, raw, judge = nvidia_generator(OPTIONS), nvidia_generator(OPTIONS), nvidia_critic(OPTIONS)
    whole = {"G_ema": as_layer(average), "D": as_layer(judge)}
    original = write_pickle(tmp_path / "a.pkl", whole)
    root = {"G": raw.tensors(), "D": judge.tensors(), key: average.tensors(), "step": 7}
    same(write_torch(tmp_path / "b.pt", root), original, critic=True)


# ---- rosinality's in other people's files -------------------------------------------------------------------------


def basicsr(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under BasicSR's names."""
    renamed = {}
    for name, tensor in state.items():
        first, _, rest = name.partition(".")
        if name.endswith(".noise.weight"):
            name = name.replace(".noise.weight", ".weight")
            rest = rest.replace("noise.weight", "weight")
        new = {"style": "style_mlp", "input": "constant_input", "conv1": "style_conv1", "convs": "style_convs"}
        rest = {"input": "weight"}.get(rest, rest)
        rest = f".{rest}".replace(".conv.", ".modulated_conv.")[1:].replace("noise_", "noise")
        renamed[f"{new.get(first, first)}.{rest}"] = tensor
    return renamed


def test_params_ema_of_basicsr(tmp_path: Path):
    state = rosinality_generator(WIDTHS, 16, 3)
    state = {name: t for name, t in state.items() if not name.endswith(".kernel")}
    original = write_torch(tmp_path / "a.pt", {"g_ema": state, "latent_avg": torch.ones(16)})
    path = write_torch(tmp_path / "b.pth", {"params_ema": basicsr(state), "latent_avg": torch.ones(16)})
    same(path, original)


@pytest.mark.parametrize("rows", [0, 6])
def test_the_decoder_of_an_encoders_file(rows: int, tmp_path: Path):
    state, average = rosinality_generator(WIDTHS, 16, 3), torch.randn(16)
    original = write_torch(tmp_path / "a.pt", {"g_ema": state, "latent_avg": average})
    root = {
        "state_dict": {
            **{f"encoder.body.{i}.weight": torch.ones(3, 3) for i in range(3)},
            **{f"decoder.{name}": tensor for name, tensor in state.items()},
        },
        "latent_avg": average.repeat(rows, 1) if rows else average,
        "opts": {"stylegan_size": 16, "device": "cuda:0"},
    }
    model = same(write_torch(tmp_path / "e4e_ffhq_encode.pt", root), original)
    assert torch.equal(model.averages.everything, average)


# ---- whole modules ------------------------------------------------------------------------------------------------


class Plums(nn.Module):
    """A DCGAN generator that its author saved whole."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate([(9, 12), (12, 8), (8, 3)]):
            layers.append(nn.ConvTranspose2d(a, b, 4, 2 if i else 1, 1 if i else 0, bias=False))
            layers += [nn.BatchNorm2d(b), nn.ReLU(True)] if i < 2 else [nn.Tanh()]
        self.main = nn.Sequential(*layers)
        self.remark = {"who": "nobody"}

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z[:, :, None, None])


@pytest.mark.parametrize("legacy", [False, True])
def test_a_whole_module_of_a_known_shape(legacy: bool, tmp_path: Path):
    network = Plums().eval()
    path = write_torch(tmp_path / "plums.pth", network, legacy=legacy)
    model, z = open_checkpoint(path), torch.randn(2, 9)
    assert model.family.title == "DCGAN"
    with torch.no_grad():
        torch.testing.assert_close(model.synthesize(model.map(z)), network(z), rtol=0, atol=1e-5)


def test_a_whole_module_of_no_known_shape_is_named(tmp_path: Path):
    path = write_torch(tmp_path / "other.pth", nn.Sequential(nn.Linear(2, 3)))
    with pytest.raises(CheckpointError, match="it holds no generator that this program knows"):
        open_checkpoint(path)


# ---- DCGANs -------------------------------------------------------------------------------------------------------


def zoo(widths: list[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Generator and discriminator under the names of pytorch_GAN_zoo, and the same under the tutorial's."""
    theirs: dict[str, Tensor] = {}
    tutorial = dcgan_files.generator_state(widths)
    for name, tensor in tutorial.items():
        _, number, last = name.split(".")
        layer, norm = divmod(int(number), 3)
        final = layer == len(widths) - 2
        new = f"main.batchNorm{layer}" if norm else "main.outlayer" if final else f"main.convTranspose{layer}"
        theirs[f"{'formatLayer' if not (layer or norm) else new}.{last}"] = tensor
    return theirs, tutorial


def zoo_critic(widths: list[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    tutorial = dcgan_files.critic_state(widths)
    last_layer, theirs = len(widths) - 2, {}
    for name, tensor in tutorial.items():
        _, number, last = name.split(".")
        norm = (int(number) + 1) % 3 == 1 and int(number) > 0
        layer = (int(number) + (0 if norm else 1)) // 3
        kind = "batchNorm" if norm else "convTranspose"
        new = "decisionLayer" if layer == last_layer else f"main.{kind}{last_layer - 1 - layer}"
        theirs[f"{new}.{last}"] = tensor
    return theirs, tutorial


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_dcgan_of_the_zoo(shuffled: bool, tmp_path: Path):
    (generator, ours), (critic, our_critic) = zoo([9, 16, 12, 8, 3]), zoo_critic([3, 8, 12, 16, 1])
    if shuffled:  # safetensors sorts its names
        generator = dict(sorted(generator.items()))
    path = write_torch(tmp_path / "zoo.pt", {"netG": generator, "netD": critic})
    same(path, write_torch(tmp_path / "tutorial.pt", {"netG": ours, "netD": our_critic}), critic=True)


def test_a_dcgan_of_nested_blocks(tmp_path: Path):
    state = dcgan_files.generator_state([9, 16, 12, 3])
    nested: dict[str, Tensor] = {}
    for name, tensor in state.items():
        _, number, last = name.split(".")
        block, inner = divmod(int(number), 3)
        nested[f"gen.{block}.{inner}.{last}" if block < 2 else f"gen.{block}.{last}"] = tensor
    same(write_torch(tmp_path / "a.pth", nested), write_torch(tmp_path / "b.pth", state))


# ---- discriminators that nobody knows -----------------------------------------------------------------------------


class ProjectedDiscriminator(nn.Module):
    """A module of somebody's own class, with spectral norm, inside an NVIDIA pickle."""

    def __init__(self) -> None:
        super().__init__()
        self.feature_network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU())
        self.head = nn.utils.spectral_norm(nn.Conv2d(4, 1, 1))


def test_projected_gans_file_shows_its_generator(tmp_path: Path):
    generator = nvidia_generator(OPTIONS)
    original = write_pickle(tmp_path / "a.pkl", {"G_ema": as_layer(generator)})
    root = {"G_ema": as_layer(generator), "D": ProjectedDiscriminator(), "augment_pipe": None}
    model = same(write_pickle(tmp_path / "b.pkl", root), original)
    assert "Its discriminator was left out." in model.provenance.notes
    assert "is a ProjectedDiscriminator, which this program does not know." in model.provenance.notes


def with_another_tensor(judge: Any) -> Any:
    judge.modules["b4"].modules["mixed"] = stylegan2_files.module("TimeEmbedding", {"weight": torch.ones(2, 2)})
    return judge


def test_a_discriminator_with_something_more_is_left_out_unless_it_was_asked_for(tmp_path: Path):
    generator, judge = nvidia_generator(OPTIONS), with_another_tensor(nvidia_critic(OPTIONS))
    path = write_pickle(tmp_path / "diffusion.pkl", {"G_ema": as_layer(generator), "D": as_layer(judge)})
    model = open_checkpoint(path)
    assert not model.has_critic and "that StyleGAN2 does not have" in model.provenance.notes
    alone = write_pickle(tmp_path / "d.pkl", {"D": as_layer(judge)})
    with pytest.raises(CheckpointError, match="that StyleGAN2 does not have"):
        open_checkpoint(path, alone)


def test_another_discriminator_of_rosinalitys_is_left_out(tmp_path: Path):
    judge = rosinality_critic((12, 10))  # of smaller pictures
    root = {"g_ema": rosinality_generator(WIDTHS, 16, 3), "d": judge, "args": NAMESPACE}
    model = open_checkpoint(write_torch(tmp_path / "a.pt", root))
    assert not model.has_critic and "judges other pictures" in model.provenance.notes


# ---- what is not square -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [(4, 8), (2, 8), (5, 3), (8, 8)])
def test_forks_that_begin_with_another_map_are_named(sides: tuple[int, int], tmp_path: Path):
    theirs = nvidia_generator(OPTIONS).tensors()
    others = rosinality_generator(WIDTHS, 16, 3)
    theirs["synthesis.b4.const"] = torch.ones(len(theirs["synthesis.b4.const"]), *sides)
    others["input.input"] = torch.ones(*others["input.input"].shape[:2], *sides)
    for state in (theirs, others):
        with pytest.raises(CheckpointError) as caught:
            open_checkpoint(write_torch(tmp_path / "wide.pt", {"g_ema": state}))
        shape = "of an unusual size" if sides[0] == sides[1] else "that are not square"
        assert f"a map of {sides[1]}×{sides[0]} and so paints pictures {shape}" in str(caught.value)
        assert "a fork's of StyleGAN2" in str(caught.value)


# ---- lists --------------------------------------------------------------------------------------------------------


def test_a_list_of_networks(tmp_path: Path):
    networks = [dcgan_files.generator_state([9, 16, 12, 3]), dcgan_files.critic_state([3, 12, 16, 1])]
    plain = write_torch(tmp_path / "b.pt", {"netG": networks[0], "netD": networks[1]})
    same(write_torch(tmp_path / "a.pt", networks), plain, critic=True)


# ---- refusals that help -------------------------------------------------------------------------------------------

SWAGAN = {**rosinality_generator(WIDTHS, 16, 3, channels=12), "to_rgbs.0.iwt.ll": torch.ones(2, 2)}
UNREAD: dict[str, tuple[Any, str]] = {
    "SWAGAN": ({"g_ema": SWAGAN}, "a SWAGAN"),
    "diffusion": ({"state_dict": {"model.diffusion_model.out.2.bias": torch.ones(2)}}, "a diffusion model"),
    "VQGAN": ({"state_dict": {"quantize.embedding.weight": torch.ones(2, 2)}}, "a VQGAN"),
    "CycleGAN": ({"model.10.conv_block.1.weight": torch.ones(2, 2)}, "from picture to picture"),
    "ESRGAN": ({"params_ema": {"body.0.rdb1.conv1.weight": torch.ones(2, 2)}}, "an enlarger"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_refusal_names_the_program(name: str, tmp_path: Path):
    root, what = UNREAD[name]
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write_torch(tmp_path / "thing.pt", root))
    sentence = str(caught.value)
    assert what in sentence and "which this program does not read" in sentence
    assert sentence.endswith(".") and len(sentence) < 250


def test_a_class_of_nvidias_that_nobody_knows_is_no_generator(tmp_path: Path):
    root = {"G_ema": as_layer(stylegan2_files.module("Plum", {"const": torch.ones(2)}))}
    with pytest.raises(CheckpointError, match="no generator that this program knows"):
        open_checkpoint(write_pickle(tmp_path / "thing.pkl", root))
