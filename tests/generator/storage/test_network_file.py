"""Weights in 8 bits: near the ones that were stored, the same when stored again, refused when they do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from generator import CheckpointError, open_checkpoint, save_checkpoint
from generator.storage.network_file import SCALE, read_network, to_8_bits, write_network
from tests.generator.build import lively_model, some_labels

from .test_checkpoint import pictures


def test_a_row_of_fewer_steps_has_fewer_numbers_and_as_large_an_error_as_it_says():
    weight = torch.randn(7, 2000, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 3, 7).view(-1, 1)
    fine, _ = to_8_bits(weight)
    whole, scale = to_8_bits(weight, steps=10)
    assert all(len(few.unique()) < len(many.unique()) / 2 for few, many in zip(whole, fine, strict=True))
    error = (whole * scale[:, None] - weight).square().mean(dim=1).sqrt() / weight.square().mean(dim=1).sqrt()
    torch.testing.assert_close(error, torch.full((7,), 0.1 / 12**0.5), rtol=0.05, atol=0)
    assert torch.equal(to_8_bits(weight, steps=1e6)[0], fine)  # no finer than there are numbers


def test_rounding_is_half_a_step_at_most():
    weight = torch.randn(7, 5, 3, 3, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 3, 7).view(
        7, 1, 1, 1
    )
    whole, scale = to_8_bits(weight)
    error = (whole.float() * scale.view(7, 1, 1, 1) - weight).abs().amax(dim=(1, 2, 3))
    assert (error <= scale * 0.501).all()
    assert (whole.abs().amax(dim=(1, 2, 3)) == 127).all()


def test_a_row_of_zeros_stays_zero():
    whole, scale = to_8_bits(torch.zeros(2, 3))
    assert torch.isfinite(scale).all() and not whole.any()


def test_a_model_in_8_bits_paints_nearly_the_same(tmp_path: Path):
    before = lively_model()
    save_checkpoint(before, tmp_path / "half")
    save_checkpoint(before, tmp_path / "small", torch.int8)
    after = open_checkpoint(tmp_path / "small", precision="fp32")
    (_, a), (_, b) = pictures(before), pictures(after)
    assert float((a - b).square().mean().sqrt() / a.square().mean().sqrt()) < 0.06
    label = some_labels(len(before.classes), 3)
    spread = float(before.criticize(a, label).std())
    assert float((before.criticize(a, label) - after.criticize(a, label)).abs().max()) < 0.2 * max(spread, 1.0)
    small, half = ((tmp_path / name / "critic.safetensors").stat().st_size for name in ("small", "half"))
    assert small < 0.8 * half


def test_stored_again_it_is_the_same(tmp_path: Path):
    save_checkpoint(lively_model(), tmp_path / "once", torch.int8)
    save_checkpoint(open_checkpoint(tmp_path / "once", precision="fp32"), tmp_path / "twice", torch.int8)
    once, twice = (
        read_network(tmp_path / name / "generator.safetensors", "generator")[0] for name in ("once", "twice")
    )
    for name, tensor in once.items():
        torch.testing.assert_close(twice[name], tensor, rtol=1e-5, atol=1e-7)


def change(path: Path, name: str, value: Tensor) -> None:
    with safe_open(path, framework="pt") as file:
        tensors, meta = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    save_file({**tensors, name: value}, path, metadata=meta)


@pytest.mark.parametrize("value", [torch.ones(3), torch.ones(4, 1)], ids=["too short", "two dimensions"])
def test_a_scale_that_does_not_fit_is_refused(value: Tensor, tmp_path: Path):
    path = tmp_path / "network.safetensors"
    write_network(path, "thing", {"weight": torch.randn(4, 2)}, {}, torch.int8)
    change(path, "weight" + SCALE, value)
    with pytest.raises(CheckpointError, match="scale"):
        read_network(path, "thing")


def raw(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)


def test_a_later_version_keeps_the_bytes_of_what_has_not_changed(tmp_path: Path):
    path = tmp_path / "net.safetensors"
    rng = torch.Generator().manual_seed(0)
    write_network(
        path, "critic", {"same": torch.randn(5, 60, generator=rng), "other": torch.ones(2, 3)}, {}, torch.int8
    )
    first, (tensors, _) = raw(path), read_network(path, "critic")
    tensors["other"] = tensors["other"] + torch.randn(2, 3, generator=rng)
    tensors["new"] = torch.randn(4, 4, generator=rng)
    write_network(path, "critic", tensors, {}, torch.int8, steps=10)  # which by itself would round otherwise
    for name in ("same", "same" + SCALE):
        assert torch.equal(raw(path)[name], first[name])
    assert not torch.equal(raw(path)["other"], first["other"])
    write_network(path, "critic", {"same": torch.ones(60, 5)}, {}, torch.int8)  # of another shape: rounded anew
    torch.testing.assert_close(read_network(path, "critic")[0]["same"], torch.ones(60, 5))


@pytest.mark.parametrize("precision", [torch.float16, torch.int8], ids=str)
def test_what_another_file_holds_to_the_bit_is_stored_as_there(precision: torch.dtype, tmp_path: Path):
    old, new = tmp_path / "old.safetensors", tmp_path / "new.safetensors"
    rng = torch.Generator().manual_seed(0)
    write_network(old, "critic", {name: torch.randn(5, 60, generator=rng) for name in ("same", "other")}, {}, precision)
    tensors, _ = read_network(old, "critic")
    tensors["other"] = tensors["other"] + 1
    exact = {"exact.same": torch.ones(3)}
    write_network(new, "critic", tensors | exact, {}, torch.int8, steps=10, like=old)
    ours, theirs = raw(new), raw(old)
    kept = [name for name in theirs if name.startswith("same")]
    assert "same" in kept
    for name in kept:
        assert ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name])
    assert ours["other"].dtype == torch.int8
    back, _ = read_network(new, "critic")
    assert torch.equal(back["same"], tensors["same"])
    torch.testing.assert_close(back["other"], tensors["other"], rtol=0, atol=0.2)


def test_what_is_to_be_stored_like_a_broken_file_is_refused(tmp_path: Path):
    old = tmp_path / "old.safetensors"
    old.write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        write_network(tmp_path / "new.safetensors", "critic", {"w": torch.ones(2, 2)}, {}, torch.int8, like=old)
    assert not (tmp_path / "new.safetensors").exists()


def test_nor_like_one_whose_scales_do_not_fit_or_that_is_none(tmp_path: Path):
    old, weights = tmp_path / "old.safetensors", {"weight": torch.randn(4, 2)}
    write_network(old, "critic", weights, {}, torch.int8)
    change(old, "weight" + SCALE, torch.ones(3))
    for like, kind, words in (
        (old, "critic", "scale"),
        (old, "encoder", "a critic"),
        (tmp_path / "no", "critic", "no file"),
    ):
        with pytest.raises(CheckpointError, match=words):
            write_network(tmp_path / "new.safetensors", kind, weights, {}, torch.int8, like=like)
    write_network(old, "critic", weights, {}, torch.int8)  # a broken one in its own place is written over
    torch.testing.assert_close(read_network(old, "critic")[0]["weight"], weights["weight"], rtol=0, atol=0.05)


def test_a_checkpoint_is_stored_like_another(tmp_path: Path):
    save_checkpoint(lively_model(), tmp_path / "half")
    model = open_checkpoint(tmp_path / "half", precision="fp32")
    save_checkpoint(model, tmp_path / "small", torch.int8, like=tmp_path / "half")
    for file in ("generator", "critic"):
        ours, theirs = (raw(tmp_path / name / f"{file}.safetensors") for name in ("small", "half"))
        assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
    (tmp_path / "half" / "critic.safetensors").unlink()
    save_checkpoint(model, tmp_path / "mixed", torch.int8, like=tmp_path / "half")
    dtypes = {tensor.dtype for tensor in raw(tmp_path / "mixed" / "critic.safetensors").values()}
    assert torch.int8 in dtypes
    with pytest.raises(CheckpointError, match="no file"):
        save_checkpoint(model, tmp_path / "small", torch.int8, like=tmp_path / "nothing")
