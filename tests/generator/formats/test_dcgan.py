"""DCGAN files: the pictures and logits of a plain float64 network, whatever the depth, the nesting and the order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generator import CheckpointError, open_checkpoint
from generator.formats import dcgan

from .dcgan_files import State, content, critic_state, generator_state

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"


def zero_insertion(x: Tensor) -> Tensor:
    """N×C×H×W → N×C×(2H−1)×(2W−1)."""
    y = x.new_zeros(*x.shape[:2], 2 * x.shape[2] - 1, 2 * x.shape[3] - 1)
    y[:, :, ::2, ::2] = x
    return y


def normalise(x: Tensor, state: State, name: str) -> Tensor:
    gamma, beta, mean, var = (
        state[f"{name}.{key}"].double().view(1, -1, 1, 1) for key in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (var + 1e-5).sqrt() * gamma + beta


def reference_picture(state: State, z: Tensor, prefix: str = "main.") -> Tensor:
    """Radford et al. 2016: fractionally strided convolution written as zero insertion and a plain convolution."""
    x = z.double()[:, :, None, None]
    places = sorted(int(k.removeprefix(prefix).split(".")[0]) for k, t in state.items() if t.ndim == 4)
    for place in places:
        kernel = state[f"{prefix}{place}.weight"].double().transpose(0, 1).flip(2, 3)
        # Stride s and padding p, transposed: a plain one over zero-inserted maps, padded by k − 1 − p.
        x = F.conv2d(zero_insertion(x), kernel, padding=2) if place else F.conv2d(x, kernel, padding=3)
        if place != places[-1]:
            x = normalise(x, state, f"{prefix}{place + 1}").clamp(min=0)
    return torch.tanh(x)


def reference_logit(state: State, images: Tensor, prefix: str = "main.") -> Tensor:
    x = images.double()
    places = sorted(int(k.removeprefix(prefix).split(".")[0]) for k, t in state.items() if t.ndim == 4)
    for place in places:
        last = place == places[-1]
        x = F.conv2d(x, state[f"{prefix}{place}.weight"].double(), stride=1 if last else 2, padding=0 if last else 1)
        if f"{prefix}{place + 1}.running_var" in state:
            x = normalise(x, state, f"{prefix}{place + 1}")
        if not last:
            x = torch.where(x > 0, x, 0.2 * x)
    return x.flatten()


DEPTHS = [([9, 16, 8, 3], [3, 8, 16, 1]), ([10, 16, 12, 8, 1], [1, 8, 8, 12, 1]), ([6, 9, 8, 7, 6, 5, 3], None)]


@pytest.mark.parametrize(("makes", "judges"), DEPTHS)
def test_same_numbers_as_the_plain_network(makes: list[int], judges: list[int] | None):
    generator, critic = generator_state(makes), critic_state(judges) if judges else None
    model = dcgan.load(content(generator), None if critic is None else content(critic))
    z = torch.randn(3, makes[0])
    pictures = model.synthesize(model.map(z))
    expected = reference_picture(generator, z)
    assert model.resolution == 4 << (len(makes) - 2)
    assert pictures.shape == expected.shape == (3, makes[-1], model.resolution, model.resolution)
    assert (pictures.double() - expected).abs().max() < 1e-5
    assert expected.std() > 0.05
    assert model.has_critic == (critic is not None)
    if critic is not None:
        logits, wanted = model.criticize(pictures), reference_logit(critic, pictures)
        assert (logits.double() - wanted).abs().max() < 1e-5 * wanted.abs().max()
        assert torch.equal(logits, model.criticize(pictures, together=True))


def test_every_precision_and_its_probe_fit_a_family():
    model = dcgan.load(content(generator_state([9, 16, 8, 3])))
    z = torch.randn(2, 9)
    exact = model.synthesize(model.map(z))
    model.use("mixed")
    assert torch.equal(model.synthesize(model.map(z)), exact)
    model.probe(repeats=1)
    assert model.precision in model.timings and "DCGAN" in repr(model)


def test_truncation_pulls_z_to_zero():
    generator = generator_state([8, 16, 8, 3])
    model = dcgan.load(content(generator))
    z = torch.randn(2, 8)
    assert torch.equal(model.map(z)[:, 0], z)
    assert torch.allclose(model.map(z, psi=0.25)[:, 0], z / 4)
    at_zero = model.synthesize(model.map(z, psi=0.0)).double()
    assert (at_zero - reference_picture(generator, torch.zeros(2, 8))).abs().max() < 1e-5


BLOCKS = {"0": "net.0.0.", "1": "net.0.1.", "3": "net.1.0.", "4": "net.1.1.", "6": "net.2."}
NESTED = {
    "module": lambda g, d: {f"module.{k}": t for k, t in g.items()},
    "state_dict": lambda g, d: {"epoch": 3, "state_dict": g, "optimizer": {"state": {0: {"exp_avg": torch.ones(4)}}}},
    "both": lambda g, d: {"netG": g, "netD": d, "step": 4},
    "G and D": lambda g, d: {"D": d, "G": g},
    "model_state_dict": lambda g, d: {"generator": {"model_state_dict": g}, "discriminator": {"model_state_dict": d}},
    "one module": lambda g, d: {f"{n}.{k}": t for n, s in (("disc", d), ("gen", g)) for k, t in s.items()},
    "bare sequence": lambda g, d: {k.removeprefix("main."): t for k, t in g.items()},
    "blocks": lambda g, d: {BLOCKS[k.split(".")[1]] + k.split(".")[2]: t for k, t in g.items()},
    "average": lambda g, d: {"G": generator_state([8, 16, 8, 3]), "G_ema": g, "D": d},
}  # fmt: skip


@pytest.mark.parametrize("nesting", NESTED)
def test_nested_files_hold_the_same_network(nesting: str):
    generator, critic = generator_state([8, 16, 8, 3]), critic_state([3, 8, 16, 1])
    z = torch.randn(2, 8)
    plain = dcgan.load(content(generator), content(critic))
    file = content(NESTED[nesting](generator, critic))
    assert dcgan.recognises(file)
    model = dcgan.load(file)
    pictures = model.synthesize(model.map(z))
    assert torch.equal(pictures, plain.synthesize(plain.map(z)))
    if model.has_critic:
        assert torch.equal(model.criticize(pictures), plain.criticize(pictures))
    assert model.has_critic == (nesting in ("both", "G and D", "model_state_dict", "one module", "average"))


def test_files_in_the_wrong_order_open_all_the_same():
    generator, critic = content(generator_state([8, 16, 8, 3]), "a.pth"), content(critic_state([3, 8, 16, 1]), "b.pth")
    one, other = dcgan.load(generator, critic), dcgan.load(critic, generator)
    z = torch.randn(2, 8)
    pictures = one.synthesize(one.map(z))
    assert torch.equal(pictures, other.synthesize(other.map(z)))
    assert torch.equal(one.criticize(pictures), other.criticize(pictures))
    assert one.name == other.name == "a"


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_save_old_and_new(zipped: bool, tmp_path: Path):
    generator, critic = generator_state([8, 16, 8, 3]), critic_state([3, 8, 16, 1])
    paths = tmp_path / "netG epoch 3.pth", tmp_path / "netD_epoch_3.pth"
    for path, state in zip(paths, (generator, {f"module.{k}": t for k, t in critic.items()}), strict=True):
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
    model = open_checkpoint(*paths)
    assert model.name == "netg-epoch-3"
    z = torch.randn(2, 8)
    pictures = model.synthesize(model.map(z))
    assert (pictures - reference_picture(generator, z)).abs().max() < 1e-5
    wanted = reference_logit(critic, pictures)
    assert (model.criticize(pictures) - wanted).abs().max() < 1e-5 * wanted.abs().max()
    with pytest.raises(CheckpointError, match="but no generator"):
        open_checkpoint(paths[1])


def broken(change: str) -> tuple[Any, Any]:
    generator, critic = generator_state([8, 16, 8, 3]), critic_state([3, 8, 16, 1])
    if change == "no generator":
        return critic, None
    if change == "no critic":
        return generator, generator_state([8, 16, 8, 3])
    if change == "another size":
        return generator, critic_state([3, 8, 8, 16, 1])
    if change == "other colours":
        return generator, critic_state([1, 8, 16, 1])
    if change == "missing":
        del generator["main.4.running_mean"]
    if change == "misshapen":
        generator["main.1.bias"] = torch.zeros(15)
    if change == "not finite":
        generator["main.3.weight"][0, 0, 0, 0] = float("nan")
    if change == "negative":
        generator["main.1.running_var"][0] = -1
    if change == "whole numbers":
        generator["main.1.weight"] = torch.ones(16, dtype=torch.int64)
    return generator, critic


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("no generator", "but no generator"),
        ("no critic", "no DCGAN discriminator"),
        ("another size", "32 pixels"),
        ("other colours", "1 colours"),
        ("missing", "main.4.running_mean"),
        ("misshapen", "main.1.bias"),
        ("not finite", "not finite"),
        ("negative", "negative variance"),
        ("whole numbers", "whole numbers"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: str, words: str):
    generator, critic = broken(change)
    assert dcgan.recognises(content(generator))
    with pytest.raises(CheckpointError, match=words) as caught:
        dcgan.load(content(generator), None if critic is None else content(critic))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not INTEROP.is_dir(), reason="the interop files lie beside the project's folder only")
def test_interop_files_give_the_original_numbers():
    answers = {k: torch.from_numpy(v) for k, v in np.load(INTEROP / "netG_epoch_24.npz").items()}
    model = open_checkpoint(INTEROP / "netG_epoch_24.pth", INTEROP / "netD_epoch_24.pth")
    pictures = model.synthesize(model.map(answers["z"].flatten(1)))
    assert (pictures - answers["img"]).abs().max() < 1e-5
    logits = model.criticize(answers["d_img"])
    assert ((logits - answers["d_logit"]).abs() / answers["d_logit"].abs()).max() < 1e-4
    assert torch.allclose(logits.sigmoid(), answers["d_prob"], atol=1e-6)
