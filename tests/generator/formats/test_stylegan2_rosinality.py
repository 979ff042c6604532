"""StyleGAN2 in rosinality's files: the numbers of a plain float64 network, and of the original program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from generator import CheckpointError, open_checkpoint
from generator.formats import stylegan2_nvidia, stylegan2_rosinality
from generator.formats.reading.content import read_content
from generator.noise import Noise

from ..build import some_pictures
from . import stylegan2_reference as reference
from .stylegan2_files import NAMESPACE, Options, nvidia_content, nvidia_generator, rosinality_content
from .stylegan2_files import rosinality_critic as critic_state
from .stylegan2_files import rosinality_generator as generator_state
from .test_stylegan2_nvidia import close

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"
BUILDS = {
    "three blocks": ((12, 10, 8), 16, 3, 3),
    "channel multiplier 1": ((6, 6, 6, 6, 6), 8, 8, 3),  # the same width up to 64 px
    "grey, one layer": ((9, 4), 5, 1, 1),
    "4 px": ((6,), 8, 2, 3),
}


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_latents_pictures_and_logits(build: tuple[tuple[int, ...], int, int, int]):
    widths, style_dim, layers, channels = build
    state, judge = generator_state(widths, style_dim, layers, channels), critic_state(widths, channels)
    average = torch.randn(style_dim)
    content = rosinality_content(
        {
            "g": generator_state(widths, style_dim, layers, channels),
            "d": judge,
            "g_ema": state,
            "g_optim": {},
            "args": NAMESPACE,
            "ada_aug_p": 0.0,
            "latent_avg": average,
        }
    )
    assert stylegan2_rosinality.recognises(content)
    model = stylegan2_rosinality.load(content)
    assert (model.resolution, model.num_ws, model.classes) == (2 << len(widths), 2 * len(widths), ())
    z = torch.randn(3, style_dim)
    w = reference.rosinality_mapping(state, z, layers)[:, None].expand(-1, model.num_ws, -1)
    close(model.map(z), w, 1e-5)
    close(model.map(z, psi=0.6), average + 0.6 * (w - average), 1e-5)
    mixed = torch.randn(3, model.num_ws, style_dim)
    for noise in ("const", "none"):
        theirs = reference.rosinality_synthesis(state, mixed, len(widths), noise == "const")
        close(model.synthesize(mixed, Noise(noise)), theirs, 1e-4)
    images = some_pictures(4, channels, model.resolution)
    for together, group in ((False, 1), (True, 4)):
        logits = reference.rosinality_critic(judge, images, len(widths), group)
        assert float(logits.std()) > 1e-3
        error = (model.criticize(images, together=together).double() - logits).abs().max()
        assert float(error) <= 1e-4 * float(logits.abs().max())


def small() -> dict[str, Tensor]:
    return generator_state((8, 6), 8, 2)


def expected(state: dict[str, Tensor], ws: Tensor) -> Tensor:
    return reference.rosinality_synthesis(state, ws, 2)


def test_where_the_generator_may_lie():
    average, raw, ws = small(), small(), torch.randn(1, 4, 8)
    wrapped = {f"module.{name}": tensor for name, tensor in average.items()}
    for root, chosen in (
        ({"g": raw, "g_ema": average}, average),
        ({"g": raw}, raw),
        ({"g_ema": wrapped, "latent_avg": torch.zeros(1, 8)}, average),
        (average, average),
        (wrapped, average),
    ):
        content = rosinality_content(root)
        assert stylegan2_rosinality.recognises(content)
        model = stylegan2_rosinality.load(content)
        assert not model.has_critic
        close(model.synthesize(ws), expected(chosen, ws), 1e-4)


def test_without_an_average_one_is_drawn():
    model = stylegan2_rosinality.load(rosinality_content({"g_ema": small()}))
    again = stylegan2_rosinality.load(rosinality_content({"g_ema": small()}))
    w = model.map(torch.randn(8000, 8))[:, 0]
    assert float(((model.averages.everything - w.mean(dim=0)) / w.std(dim=0)).abs().max()) < 0.1
    assert not torch.equal(again.averages.everything, model.averages.everything)  # other weights, another average


def test_files_of_before_stored_noise_still_have_noise():
    state = {name: tensor for name, tensor in small().items() if not name.startswith("noises.")}
    one, two = (stylegan2_rosinality.load(rosinality_content({"g_ema": state})) for _ in range(2))
    ws = torch.randn(1, 4, 8)
    assert torch.equal(one.synthesize(ws), two.synthesize(ws))
    assert not torch.equal(one.synthesize(ws), one.synthesize(ws, Noise("none")))


def test_a_second_file_holds_the_critic():
    judge, images = critic_state((8, 6)), some_pictures(2, 3, 8)
    content = rosinality_content({"g_ema": small()})
    for root in ({"d": judge}, judge, {f"module.{name}": tensor for name, tensor in judge.items()}):
        model = stylegan2_rosinality.load(content, rosinality_content(root, "judge.pt"))
        logits = reference.rosinality_critic(judge, images, 2, 1)
        assert float((model.criticize(images) - logits).abs().max()) <= 1e-4 * float(logits.abs().max())
    with pytest.raises(CheckpointError, match=r"^judge\.pt holds no discriminator of this format\.$"):
        stylegan2_rosinality.load(content, rosinality_content({"d": {}}, "judge.pt"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"convs.1.conv.weight": None}, "lacks layers of its mapping or synthesis"),
        ({"style.1.weight": None}, "lacks layers of its mapping or synthesis"),
        ({"to_rgbs.0.bias": None}, r"lacks the tensor to_rgbs\.0\.bias"),
        ({"to_rgbs.0.iwt.ll": torch.ones(2, 2)}, r"has a tensor to_rgbs\.0\.iwt\.ll that StyleGAN2 does not have"),
        ({"convs.0.conv.blur.kernel": torch.ones(4, 4)}, r"another filter than \[1, 3, 3, 1\]"),
        ({"noises.noise_1": torch.ones(1, 1, 4, 4)}, r"has a tensor noises\.noise_1 of 16 numbers, not 64"),
        ({"conv1.conv.modulation.weight": torch.ones(3)}, r"modulation\.weight of the shape 3, which does not fit"),
        ({"convs.0.conv.weight": torch.ones(1, 6, 5, 3, 3)}, "of the shape 6×5×3×3, where 6×8×3×3 belongs"),
    ],
)
def test_what_is_refused(change: dict[str, Tensor | None], sentence: str):
    state: dict[str, Any] = {**small(), **change}
    state = {name: tensor for name, tensor in state.items() if tensor is not None}
    with pytest.raises(CheckpointError, match=rf"^The generator in 550000\.pt .*{sentence}.*\.$"):
        stylegan2_rosinality.load(rosinality_content({"g_ema": state}))


@pytest.mark.parametrize("root", [None, [], {}, {"g_ema": {}}, {"g_ema": [torch.ones(1)]}, {"d": critic_state((8, 6))}])
def test_other_files_are_not_recognised(root: object):
    assert not stylegan2_rosinality.recognises(rosinality_content(root))


def test_the_two_formats_are_told_apart():
    theirs = nvidia_content({"G_ema": nvidia_generator(Options())})
    assert not stylegan2_rosinality.recognises(theirs)
    assert not stylegan2_nvidia.recognises(rosinality_content({"g_ema": small()}))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_torch_wrote(zipped: bool, tmp_path: Path):
    state, path = small(), tmp_path / "Cats 1.pt"
    torch.save({"g_ema": state, "latent_avg": torch.ones(8)}, path, _use_new_zipfile_serialization=zipped)
    model = open_checkpoint(path)
    ws = torch.randn(1, 4, 8)
    assert (model.name, model.precision) == ("cats-1", "fp32")
    close(model.synthesize(ws), expected(state, ws), 1e-4)


@pytest.mark.skipif(not INTEROP.is_dir(), reason="no files of the original programs beside the project")
@pytest.mark.parametrize("precision", ["fp32", None])
def test_the_original_programs_numbers(precision: str | None):
    answers = {key: torch.from_numpy(value) for key, value in np.load(INTEROP / "rosinality-000010.npz").items()}
    model = open_checkpoint(INTEROP / "rosinality-000010.pt", precision=precision)
    latents = model.map(answers["z"])
    torch.testing.assert_close(latents, answers["latents"], atol=1e-4, rtol=0)
    torch.testing.assert_close(model.synthesize(latents), answers["img_fixed_noise"], atol=1e-3, rtol=0)
    # That file holds no average: the truncated picture is of the one that stands in the answers.
    content = read_content(INTEROP / "rosinality-000010.pt")
    averaged = stylegan2_rosinality.load(rosinality_content({**content.root, "latent_avg": answers["latent_avg"]}))
    truncated = averaged.synthesize(averaged.map(answers["z"], psi=0.7))
    torch.testing.assert_close(truncated, answers["img_psi07"], atol=1e-3, rtol=0)
    for key, together in (("d_logits_single", False), ("d_logits_batch4", True)):
        theirs = answers[key].flatten()
        torch.testing.assert_close(model.criticize(answers["d_img"], together=together), theirs, atol=0, rtol=1e-3)
