"""StyleGAN-XL: the numbers of a plain float64 network, at the size of its stem and grown, with classes and without."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generator import CheckpointError, Model, open_checkpoint
from generator.formats import stylegan_xl

from . import stylegan3_reference as reference
from .build_files import write_torch
from .stylegan_xl_files import CLASSES, Grown, Z, mapping, write

MORE: dict[str, object] = {"channel_base": 256, "channel_max": 12, "num_layers": 7}
R: dict[str, object] = {**MORE, "conv_kernel": 1, "use_radial_filters": True}
SHAPES = {
    "a stem of 16 px": Grown(16, z_dim=Z, c_dim=CLASSES, more=MORE),
    "without classes": Grown(16, z_dim=Z, more=MORE),
    "grown once": Grown(16, z_dim=Z, c_dim=CLASSES, more=MORE, heads=((32, 7),)),
    "grown twice": Grown(16, z_dim=Z, c_dim=CLASSES, more=MORE, heads=((32, 7), (64, 5))),
    "grown fourfold at once": Grown(16, z_dim=Z, c_dim=CLASSES, more=MORE, heads=((64, 6),)),
}


def off(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Greatest difference over half of the range."""
    assert ours.shape == theirs.shape
    return float((ours.double() - theirs).abs().max() / (theirs.max() - theirs.min()) * 2)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_pictures_are_those_of_the_plain_network(shape: Grown, tmp_path: Path):
    path, weights = write(tmp_path / "imagenet32.pkl", shape)
    model = open_checkpoint(path)
    side = shape.heads[-1][0] if shape.heads else shape.resolution
    assert (model.resolution, model.z_dim, len(model.classes)) == (side, Z, shape.c_dim)
    assert model.family.title == "StyleGAN-XL" and not model.has_critic
    assert "discriminator was left out" in model.provenance.notes
    label = [2] if shape.c_dim else None
    z = torch.randn(1, Z)
    w = mapping(weights, z, label)
    assert off(model.map(z, label)[:, 0], w) < 1e-4
    average = reference.at(weights, "mapping.w_avg")
    average = average[2] if shape.c_dim else average
    assert off(model.map(z, label, psi=0.4)[:, 1], average + 0.4 * (w - average)) < 1e-4
    ws = w[:, None].expand(-1, model.num_ws, -1)
    assert off(model.synthesize(ws.float()), reference.synthesis(weights, shape, ws)) < 1e-4


@pytest.mark.parametrize("shape", [SHAPES["grown twice"], SHAPES["without classes"]], ids=["grown", "without classes"])
def test_a_state_dictionary_paints_the_same(shape: Grown, tmp_path: Path):
    path, weights = write(tmp_path / "a.pkl", shape)
    whole = open_checkpoint(path)
    ws = whole.map(torch.randn(1, Z), [1] if shape.c_dim else None)
    save_file({name: t.contiguous().clone() for name, t in weights.items()}, tmp_path / "a.safetensors")
    files = [tmp_path / "a.safetensors", write_torch(tmp_path / "a.pt", {"G_ema": weights, "cur_nimg": 3})]
    for file in files:
        assert torch.equal(open_checkpoint(file).synthesize(ws), whole.synthesize(ws))


def test_classes_make_other_pictures(tmp_path: Path):
    model = open_checkpoint(write(tmp_path / "a.pkl", SHAPES["a stem of 16 px"])[0])
    z = torch.randn(1, Z)
    pictures = [model.synthesize(model.map(z, [i])) for i in range(CLASSES)]
    assert all(float((a - b).abs().max()) > 1e-3 for a, b in itertools.pairwise(pictures))


def refusal(weights: dict[str, torch.Tensor], folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write_torch(folder / "xl.pt", weights))
    assert str(caught.value).startswith("xl.pt is a StyleGAN-XL file that does not open: ")
    return str(caught.value)


def test_what_is_wrong_is_said(tmp_path: Path):
    shape = SHAPES["grown once"]
    path, weights = write(tmp_path / "a.pkl", shape)
    with pytest.raises(CheckpointError, match="of no use here"):
        open_checkpoint(path, path)
    assert "do not fit together" in refusal({**weights, "mapping.embed.weight": torch.ones(2, 5)}, tmp_path)
    assert "mapping.w_avg" in refusal({k: t for k, t in weights.items() if k != "mapping.w_avg"}, tmp_path)
    gone = {name: t for name, t in weights.items() if ".L4_" not in name}
    assert "not numbered" in refusal(gone, tmp_path)
    assert "gate" in refusal({**weights, "synthesis.gate": torch.ones(1)}, tmp_path)
    name = next(name for name in weights if ".L3_" in name and name.endswith("down_filter"))
    assert "down_filter" in refusal({**weights, name: torch.ones(3)}, tmp_path)


def test_radial_stem_and_plain_head(tmp_path: Path):
    """A stem of configuration R grows by layers of 3×3 and separable filters: nothing but the tensors says so."""
    model: Model = open_checkpoint(write(tmp_path / "r.pkl", Grown(16, z_dim=Z, more=R))[0])
    assert model.family.title == "StyleGAN-XL" and stylegan_xl.TITLE == "StyleGAN-XL"
    assert any(layer.shape.radial for layer in model.family.convs)  # type: ignore[union-attr]
