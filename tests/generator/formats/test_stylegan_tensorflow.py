"""StyleGAN of 2019: pictures and logits as its own equations give them from its variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from generator import CheckpointError, Model, convert_checkpoint, open_checkpoint
from generator.noise import Noise
from tests.generator.build import some_pictures

from . import stylegan_files as files
from .build_files import write_pickle
from .tensorflow_files import Variables, network

WIDTHS, Z, W, LAYERS = (12, 10, 8), 8, 16, 3
PARTS = ("mapping", "synthesis")


def opened(folder: Path, root: Any) -> Model:
    return open_checkpoint(write_pickle(folder / "karras2019stylegan-plums.pkl", root))


def averaged(variables: Variables, **arguments: Any) -> Any:
    return network("Gs", variables, PARTS, **arguments)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("lrmul", [0.01, 0.1])
def test_w_is_that_of_its_equations(classes: int, lrmul: float, tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS, classes, lrmul)
    model = opened(tmp_path, averaged(v, **({} if lrmul == 0.01 else {"mapping_lrmul": lrmul})))
    assert (model.resolution, model.z_dim, model.w_dim, model.num_ws) == (16, Z, W, 6)
    assert len(model.classes) == classes and not model.has_critic
    z, label = torch.randn(3, Z), torch.eye(3) if classes else None
    w = files.mapping(v, z, label, LAYERS, lrmul)
    theirs = model.map(z, [0, 1, 2] if classes else None)
    torch.testing.assert_close(theirs[:, 0].double(), w, rtol=0, atol=1e-4)
    assert torch.equal(model.averages.everything, v["dlatent_avg"])


@pytest.mark.parametrize("fused", ["auto", True, False])
@pytest.mark.parametrize("noise", ["const", "none"])
def test_pictures_are_those_of_its_equations(fused: Any, noise: str, tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS)
    model = opened(tmp_path, averaged(v, fused_scale=fused, resolution=16, blur_filter=[1, 2, 1]))
    ws = torch.randn(2, 6, W)
    theirs = files.synthesis(v, ws, 3, noise == "const", fused_from=4 if fused is True else 999)
    torch.testing.assert_close(model.synthesize(ws, Noise(noise)).double(), theirs, rtol=1e-3, atol=1e-3)


def test_from_128_px_on_the_kernel_lies_the_other_way_round(tmp_path: Path):
    v = files.generator_variables((5, 4, 4, 3, 3, 3), Z, W, LAYERS)
    ws = torch.randn(1, 12, W)
    theirs = files.synthesis(v, ws, 6)
    torch.testing.assert_close(opened(tmp_path, averaged(v)).synthesize(ws).double(), theirs, rtol=1e-3, atol=2e-3)
    turned = files.synthesis(v, ws, 6, fused_from=999)
    assert float((turned - theirs).abs().max()) > 0.1  # else this test proves nothing


@pytest.mark.parametrize("missing", [0.25, 1.0, 1.5, 2.0])
def test_one_that_was_saved_while_it_grew_draws_what_it_drew(missing: float, tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS) | {"lod": torch.tensor(missing)}
    root = (averaged(v), network("D", files.critic_variables(WIDTHS) | {"lod": torch.tensor(missing)}), averaged(v))
    model = opened(tmp_path, root)
    ws = torch.randn(1, 6, W)
    theirs = files.synthesis(v, ws, 3, missing=missing)
    torch.testing.assert_close(model.synthesize(ws).double(), theirs, rtol=1e-3, atol=1e-3)
    assert "saved while it grew" in model.provenance.notes and not model.has_critic


@pytest.mark.parametrize("classes", [0, 3])
def test_logits_are_those_of_its_equations(classes: int, tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS, classes)
    judge = files.critic_variables(WIDTHS, classes)
    model = opened(tmp_path, (averaged(v), network("D", judge), averaged(v)))
    images = some_pictures(3, 3, 16)
    label = torch.eye(3) if classes else None
    indices = [0, 1, 2] if classes else None
    together = files.critic(judge, images, label, 3, 3)
    theirs = model.criticize(images, indices, together=True)
    torch.testing.assert_close(theirs.double(), together, rtol=1e-3, atol=1e-3)
    alone = files.critic(judge, images[1:2], None if label is None else label[1:2], 3, 1)
    theirs = model.criticize(images[1:2], [1] if classes else None)
    torch.testing.assert_close(theirs.double(), alone, rtol=1e-3, atol=1e-3)


def test_it_is_converted_and_opens_again(tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS)
    path = write_pickle(
        tmp_path / "plums.pkl", (averaged(v), network("D", files.critic_variables(WIDTHS)), averaged(v))
    )
    folder = convert_checkpoint(path, out=tmp_path / "out", name="plums", half=False, pictures=32)
    ws = torch.randn(1, 6, W)
    ours = open_checkpoint(folder, precision="fp32").synthesize(ws)
    torch.testing.assert_close(ours.double(), files.synthesis(v, ws, 3), rtol=1e-3, atol=1e-3)


def test_what_it_cannot_be_is_said(tmp_path: Path):
    v = files.generator_variables(WIDTHS, Z, W, LAYERS)
    for changed in ({"blur_filter": None}, {"use_instance_norm": False}, {"nonlinearity": "relu"}):
        with pytest.raises(CheckpointError, match=f"another {next(iter(changed))}"):
            opened(tmp_path, averaged(v, **changed))
    with pytest.raises(
        CheckpointError, match=r"a network of another kind for TensorFlow, .*StyleGAN's and StyleGAN2's"
    ):
        opened(tmp_path, network("D", files.critic_variables(WIDTHS)))
    with pytest.raises(CheckpointError, match="has a tensor synthesis/extra"):
        opened(tmp_path, averaged(v | {"synthesis/extra": torch.ones(2)}))
    with pytest.raises(CheckpointError, match="says that 7 of its 2 doublings are missing"):
        opened(tmp_path, averaged(v | {"lod": torch.tensor(7.0)}))
