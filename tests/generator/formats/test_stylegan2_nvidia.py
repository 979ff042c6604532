"""StyleGAN2 in NVIDIA's pickles: the numbers of a plain float64 network for every option, and of the original code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generator import CheckpointError, Generator, GeneratorConfig, Model, open_checkpoint, save_checkpoint
from generator.families.stylegan2 import stylegan2_of
from generator.formats import stylegan2_nvidia
from generator.formats.reading.content import Persistent, read_content
from generator.formats.stylegan2 import Renaming, make_generator
from generator.noise import Noise

from ..build import some_labels, some_pictures
from . import stylegan2_reference as reference
from .stylegan2_files import Options, module, nvidia_content, nvidia_critic, nvidia_generator

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"
PLAIN = Options()
OPTIONS = {
    "plain": PLAIN,
    "classes": replace(PLAIN, classes=3),
    "grey": replace(PLAIN, channels=1),
    "one layer of mapping": replace(PLAIN, layers=1, classes=2, critic_layers=1),
    "hidden widths": replace(PLAIN, classes=3, layers=4, embed_features=5, layer_features=11),
    "faster mapping": replace(PLAIN, classes=3, lr_multiplier=0.1),
    "orig": replace(PLAIN, architecture="orig", critic="orig"),
    "resnet": replace(PLAIN, architecture="resnet"),
    "skip critic": replace(PLAIN, critic="skip", classes=2),
    # The authors' converter from TensorFlow (legacy.py) builds these: cifar10.pkl is one.
    "critic that only embeds its classes": replace(PLAIN, classes=3, critic_layers=0, critic="orig", group=None),
    "bounded": replace(PLAIN, clamp=0.8),
    "bounded resnet and skip": replace(PLAIN, architecture="resnet", critic="skip", clamp=0.6),
    "loosely bounded": replace(PLAIN, clamp=256),
    "without noise": replace(PLAIN, noise=False),
    "whole batch": replace(PLAIN, group=None),
    "pairs": replace(PLAIN, group=2),
    "four statistics": replace(PLAIN, statistics=4),
    "no statistics": replace(PLAIN, statistics=0),
    "8 px": replace(PLAIN, widths=(6, 9)),
    "64 px, growing widths": replace(PLAIN, widths=(4, 6, 9, 5, 7), z_dim=20, w_dim=7),
}


def loaded(options: Options) -> tuple[Model, dict[str, Tensor], dict[str, Tensor]]:
    generator, critic = nvidia_generator(options), nvidia_critic(options)
    content = nvidia_content({"G": nvidia_generator(options), "D": critic, "G_ema": generator, "augment_pipe": None})
    assert stylegan2_nvidia.recognises(content)
    return stylegan2_nvidia.load(content), generator.tensors(), critic.tensors()


def close(ours: Tensor, theirs: Tensor, tolerance: float) -> None:
    """Equal within `tolerance` of the reference's half range (1 for pictures of 2)."""
    theirs = theirs.double().reshape(ours.shape)
    scale = max(float(theirs.max() - theirs.min()) / 2, 1.0)
    assert float((ours.double() - theirs).abs().max()) <= tolerance * scale


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_mapping_and_pictures(options: Options):
    model, tensors, _ = loaded(options)
    z, label = torch.randn(3, options.z_dim), some_labels(options.classes, 3)
    w = reference.nvidia_mapping(options, tensors, z, label, options.layers)
    rows = 2 * len(options.widths)
    assert (model.num_ws, model.z_dim, model.w_dim) == (rows, options.z_dim, options.w_dim)
    ws = model.map(z, label)
    close(ws, w[:, None].expand(-1, rows, -1), 1e-5)
    average = tensors["mapping.w_avg"].double()
    truncated = w[:, None].repeat(1, rows, 1)
    truncated[:, :2] = average + 0.7 * (truncated[:, :2] - average)
    close(model.map(z, label, psi=0.7, cutoff=2), truncated, 1e-5)

    mixed = torch.randn(3, rows, options.w_dim)
    for noise in ("const", "none"):
        theirs = reference.nvidia_synthesis(options, tensors, mixed, noise == "const")
        close(model.synthesize(mixed, Noise(noise)), theirs, 1e-4)
        close(stylegan2_of(model).generator.synthesis(mixed, None if noise == "const" else zeros(model)), theirs, 1e-4)


def zeros(model: Model) -> list[Tensor]:
    return [torch.zeros(1, 1, size, size) for size in model.family.noise_sizes]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_logits(options: Options):
    model, _, tensors = loaded(options)
    images = some_pictures(4, options.channels, options.sizes[-1])
    label = some_labels(options.classes, 4)
    for together, group in ((False, 1), (True, options.group or 4)):
        theirs = reference.nvidia_critic(options, tensors, images, label, group)
        assert float(theirs.std()) > 1e-3  # the pictures are told apart
        error = (model.criticize(images, label, together).double() - theirs).abs().max()
        assert float(error) <= 1e-4 * float(theirs.abs().max())


@pytest.mark.parametrize("clamp", [0.8, 0.3])
def test_the_bound_matters(clamp: float):
    options = replace(PLAIN, clamp=clamp)
    _, tensors, judge = loaded(options)
    ws, images = torch.randn(1, 6, options.w_dim), some_pictures(2, 3, 16)
    for one, two in (
        [reference.nvidia_synthesis(o, tensors, ws) for o in (options, PLAIN)],
        [reference.nvidia_critic(o, judge, images, None, 1) for o in (options, PLAIN)],
    ):
        assert float((one - two).abs().max()) > 0.05


def test_a_generator_of_4_px_without_a_critic():
    options = replace(PLAIN, widths=(6,))
    generator = nvidia_generator(options)
    model = stylegan2_nvidia.load(nvidia_content({"G_ema": generator}))
    assert (model.resolution, model.num_ws, model.has_critic) == (4, 2, False)
    ws = torch.randn(2, 2, options.w_dim)
    close(model.synthesize(ws), reference.nvidia_synthesis(options, generator.tensors(), ws), 1e-4)


def test_the_average_network_is_preferred_and_the_other_one_serves():
    average, raw = nvidia_generator(PLAIN), nvidia_generator(PLAIN)
    ws = torch.randn(1, 6, PLAIN.w_dim)
    for root, chosen in (({"G": raw, "G_ema": average}, average), ({"G": raw, "G_ema": None}, raw), (raw, raw)):
        content = nvidia_content(root)
        assert stylegan2_nvidia.recognises(content)
        picture = stylegan2_nvidia.load(content).synthesize(ws)
        close(picture, reference.nvidia_synthesis(PLAIN, chosen.tensors(), ws), 1e-4)


def test_a_second_file_holds_the_critic():
    generator, judge = nvidia_content({"G_ema": nvidia_generator(PLAIN)}), nvidia_critic(PLAIN)
    images = some_pictures(2, 3, 16)
    theirs = reference.nvidia_critic(PLAIN, judge.tensors(), images, None, 1)
    for root in ({"D": judge}, judge):
        model = stylegan2_nvidia.load(generator, nvidia_content(root, "judge.pkl"))
        assert float((model.criticize(images) - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())
    with pytest.raises(CheckpointError, match=r"^judge\.pkl holds no discriminator of NVIDIA's\.$"):
        stylegan2_nvidia.load(generator, nvidia_content({"G": None}, "judge.pkl"))


def test_a_relative_of_the_critic_is_left_out():
    model = stylegan2_nvidia.load(
        nvidia_content({"G_ema": nvidia_generator(PLAIN), "D": module("ProjectedDiscriminator")})
    )
    assert not model.has_critic


def test_without_an_average_one_is_drawn():
    options = replace(PLAIN, classes=2)
    generator = nvidia_generator(options)
    del generator.modules["mapping"].buffers["w_avg"]  # type: ignore[union-attr]
    model = stylegan2_nvidia.load(nvidia_content({"G_ema": generator}))
    z = torch.randn(4000, options.z_dim)
    w = torch.cat([model.map(z, [label] * len(z))[:, 0] for label in (0, 1)])
    assert float(((model.averages.everything - w.mean(dim=0)) / w.std(dim=0)).abs().max()) < 0.1
    assert model.averages.classes is None


def test_what_it_says_of_itself():
    model, _, _ = loaded(replace(PLAIN, classes=3))
    assert (model.name, model.classes, model.precision) == ("my-cats", ("0", "1", "2"), "fp32")
    assert (model.resolution, model.img_channels, model.has_critic) == (16, 3, True)
    assert [layer.resolution for layer in model.layers] == [4, 8, 8, 16, 16, 16]


@pytest.mark.parametrize("name", ["bounded resnet and skip", "hidden widths", "four statistics"])
def test_converted_it_stays_the_same(name: str, tmp_path: Path):
    options = OPTIONS[name]
    model, _, _ = loaded(options)
    save_checkpoint(model, tmp_path / "cats", torch.float32)
    again = open_checkpoint(tmp_path / "cats", precision="fp32")
    label = some_labels(options.classes, 2)
    ws = model.map(torch.randn(2, options.z_dim), label, psi=0.5)
    assert torch.equal(again.synthesize(ws), picture := model.synthesize(ws))
    assert torch.equal(again.criticize(picture, label, True), model.criticize(picture, label, True))


def test_the_file_is_not_changed_by_its_reading():
    generator = nvidia_generator(replace(PLAIN, lr_multiplier=0.1))
    before = {name: tensor.clone() for name, tensor in generator.tensors().items()}
    model = stylegan2_nvidia.load(nvidia_content({"G_ema": generator}))
    model.synthesize(model.map(torch.randn(1, PLAIN.z_dim), psi=0.5))
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.tensors().items())


# ---- what is refused ----------------------------------------------------------------------------------------------


def changed(options: Options = PLAIN) -> tuple[dict[str, Persistent], Persistent, Persistent]:
    root = {"G_ema": nvidia_generator(options), "D": nvidia_critic(options)}
    return root, root["G_ema"].modules["synthesis"], root["D"]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (replace(PLAIN, channels=4), "draws pictures of 4 channels; this program shows 1"),
        (replace(PLAIN, activation="relu"), "has the activation 'relu' in .*, where 'lrelu' belongs"),
        (replace(PLAIN, taps=(1.0, 2.0, 1.0)), r"another filter than \[1, 3, 3, 1\], in .*resample_filter"),
        (replace(PLAIN, taps=(1.0, 2.0, 2.0, 1.0)), r"another filter than \[1, 3, 3, 1\]"),
        (replace(PLAIN, layers=20), "not one that this program can hold: mapping_layers must be"),
        (replace(PLAIN, clamp=-1.0), "not one that this program can hold: conv_clamp must be"),
    ],
)
def test_options_that_are_refused(options: Options, sentence: str):
    with pytest.raises(CheckpointError, match=rf"^The generator in My Cats\.pkl .*{sentence}.*\.$"):
        stylegan2_nvidia.load(nvidia_content({"G_ema": nvidia_generator(options)}))


def test_tensors_that_are_missing_or_wrong():
    def refused(root: object, sentence: str) -> None:
        with pytest.raises(CheckpointError, match=rf"^The (generator|discriminator) in My Cats\.pkl {sentence}.*\.$"):
            stylegan2_nvidia.load(nvidia_content(root))

    root, synthesis, _ = changed()
    del synthesis.modules["b8"].modules["conv0"].parameters["bias"]  # type: ignore[union-attr]
    refused(root, r"lacks the tensor synthesis\.b8\.conv0\.bias")
    root, synthesis, _ = changed()
    del synthesis.modules["b8"]
    refused(root, "lacks the block at 4 px, or one between")
    root, synthesis, _ = changed()
    synthesis.parameters["extra"] = torch.zeros(1)
    refused(root, r"has a tensor synthesis\.extra that StyleGAN2 does not have")
    root, synthesis, _ = changed()
    synthesis.modules["b4"].parameters["const"] = torch.zeros(3, 4, 4)  # type: ignore[union-attr]
    refused(root, r"has a tensor synthesis\.b4\.const of the shape 3×4×4, where 12×4×4 belongs")

    def left_out(root: object, sentence: str) -> None:
        """Beside its generator a discriminator is left out with a note; given for itself it is refused."""
        model = stylegan2_nvidia.load(nvidia_content(root))
        assert not model.has_critic
        assert re.search(
            rf"Its discriminator was left out\. The discriminator in .* {sentence}", model.provenance.notes
        )
        with pytest.raises(CheckpointError, match=rf"^The discriminator in My Cats\.pkl {sentence}.*\.$"):
            stylegan2_nvidia.load(nvidia_content(root), nvidia_content(root))

    root, _, judge = changed()
    judge.modules["b16"].modules["conv0"].parameters["weight"][0, 0, 0, 0] = float("nan")  # type: ignore[union-attr]
    left_out(root, r"holds numbers that are not finite, in b16\.conv0\.weight")
    root, _, judge = changed()
    judge.modules["b4"].modules["out"].parameters["weight"] = torch.ones(1, 12, dtype=torch.int64)  # type: ignore[union-attr]
    left_out(root, r"holds whole numbers in b4\.out\.weight")
    root, _, judge = changed()
    judge.modules["b8"].modules["conv1"].state["conv_clamp"] = 3.0  # type: ignore[union-attr]
    left_out(root, "bounds its activations differently from layer to layer")


def test_a_critic_of_other_pictures_is_refused_where_it_was_asked_for():
    root = {"G_ema": nvidia_generator(PLAIN), "D": nvidia_critic(replace(PLAIN, widths=(12, 10)))}
    with pytest.raises(CheckpointError, match=r"^The discriminator for My Cats\.pkl judges other pictures"):
        stylegan2_nvidia.load(nvidia_content(root), nvidia_content(root))
    assert "judges other pictures" in stylegan2_nvidia.load(nvidia_content(root)).provenance.notes


@pytest.mark.parametrize(
    "root",
    [
        None,
        [],
        {},
        {"G_ema": 3},
        {"G_ema": module("Generator")},
        {"G_ema": module("Generator", synthesis=module("S"), mapping=module("M"))},
        {"G_ema": module("Generator", synthesis=module("S", input=module("SynthesisInput")), mapping=module("M"))},
        nvidia_critic(PLAIN),
    ],
    ids=["None", "list", "empty", "number", "no networks", "empty networks", "StyleGAN3", "critic"],
)
def test_other_files_are_not_recognised(root: object):
    assert not stylegan2_nvidia.recognises(nvidia_content(root))


def test_a_tensor_that_the_network_lacks_is_named_with_its_shape():
    config = GeneratorConfig(16, z_dim=8, w_dim=8, mapping_layers=1, channel_base=64, channel_max=8)
    state = {**Generator(config).state_dict(), "synthesis.skips.0.weight": torch.ones(8, 8, 1, 1)}
    names = Renaming(state, "The generator in cats.pt")
    for name in state:
        names.take(name, name)
    with pytest.raises(CheckpointError, match=r"^The generator in cats\.pt .*synthesis\.skips\.0.* 8×8×1×1 .*\.$"):
        make_generator(config, names)


# ---- the original program -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not INTEROP.is_dir(), reason="no files of the original programs beside the project")
@pytest.mark.parametrize("precision", ["fp32", None])
@pytest.mark.parametrize("stem", ["sg2ada-64-cond5", "sg2-in-sg3repo-64"])
def test_the_original_programs_numbers(stem: str, precision: str | None):
    answers = {key: torch.from_numpy(value) for key, value in np.load(INTEROP / f"{stem}.npz").items()}
    model = open_checkpoint(INTEROP / f"{stem}.pkl", precision=precision)
    z, label = answers["z"], answers["c"] if model.classes else None
    for key, psi, cutoff in (("ws", 1.0, None), ("ws_psi07", 0.7, None), ("ws_psi07_cut4", 0.7, 4)):
        torch.testing.assert_close(model.map(z, label, psi, cutoff), answers[key], atol=1e-4, rtol=0)
    ws = answers["ws"]
    for key, rows, noise in (
        ("img_const", ws, "const"),
        ("img_psi07_const", answers["ws_psi07"], "const"),
        ("img_none", ws, "none"),
        ("img_mix_const", answers["ws_mix"], "const"),
    ):
        torch.testing.assert_close(model.synthesize(rows, Noise(noise)), answers[key], atol=1e-3, rtol=0)
    for key, together in (("d_logits_single", False), ("d_logits_batch4", True)):
        theirs = answers[key].flatten()
        torch.testing.assert_close(model.criticize(answers["d_img"], label, together), theirs, atol=0, rtol=1e-3)

    content = read_content(INTEROP / f"{stem}.pkl")
    raw = stylegan2_nvidia.load(nvidia_content({"G": content.root["G"]}))
    picture = raw.synthesize(raw.map(z, label))
    torch.testing.assert_close(picture, answers["img_G_raw_const"], atol=1e-3, rtol=0)
