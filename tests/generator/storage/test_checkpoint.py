"""Checkpoints: what is written comes back, and every way to break one gives one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from generator import CheckpointError, Model, draw_z, list_checkpoints, open_checkpoint, save_checkpoint
from generator.families.stylegan2 import stylegan2_of
from generator.storage.network_file import read_network
from tests.generator.build import CRITIC, CRITICS, GENERATOR, GENERATORS, lively_critic, lively_model, some_labels

# ---- written and read again ----------------------------------------------------------------------


def pictures(model: Model) -> tuple[Tensor, Tensor]:
    """Styles and pictures of three seeds."""
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(3)])
    ws = model.map(z, some_labels(len(model.classes), 3), 0.7)
    return ws, model.synthesize(ws)


@pytest.mark.parametrize("name", ["shuffle", "paper without classes", "grey"])
def test_round_trip(name: str, tmp_path: Path):
    config = GENERATORS[name]
    judge = replace(CRITICS["strided"], num_classes=config.num_classes, img_channels=config.img_channels)
    before = lively_model(config, judge)
    save_checkpoint(before, tmp_path / "plums")
    after = open_checkpoint(tmp_path / "plums", precision="fp32")

    for attribute in ("name", "version", "classes", "provenance", "layers", "num_ws"):
        assert getattr(after, attribute) == getattr(before, attribute)
    networks = stylegan2_of(after)
    assert networks.generator.config == config
    assert networks.critic is not None and networks.critic.config == judge
    assert torch.equal(after.averages.everything, before.averages.everything)
    assert (after.averages.classes is None) == (not config.num_classes)
    for ours, theirs in zip(after.directions, before.directions, strict=True):
        assert (ours.name, ours.title, ours.sigma) == (theirs.name, theirs.title, theirs.sigma)
        assert torch.equal(ours.vector, theirs.vector)
    assert after.calibration is not None and before.calibration is not None
    assert after.calibration.real == pytest.approx(before.calibration.real)
    assert after.calibration.generated_count == before.calibration.generated_count

    # Half precision has 11 bits: each weight is off by up to one part in 2,000.
    for ours_, theirs_ in zip(pictures(after), pictures(before), strict=True):
        assert float((ours_ - theirs_).square().mean().sqrt() / theirs_.square().mean().sqrt()) < 2e-3
    x = pictures(before)[1]
    label = some_labels(config.num_classes, 3)
    assert float((after.criticize(x, label) - before.criticize(x, label)).abs().max()) < 0.01


def test_what_was_read_is_written_unchanged(tmp_path: Path):
    save_checkpoint(lively_model(), tmp_path / "one")
    save_checkpoint(open_checkpoint(tmp_path / "one", precision="fp32"), tmp_path / "two")
    for kind in ("generator", "critic"):
        (ours, header), (theirs, expected) = (
            read_network(tmp_path / folder / f"{kind}.safetensors", kind) for folder in ("two", "one")
        )
        assert header == expected
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["critic.safetensors", "generator.safetensors"]


def test_in_float32_nothing_is_lost(tmp_path: Path):
    before = lively_model()
    save_checkpoint(before, tmp_path / "plums", torch.float32)
    after = open_checkpoint(tmp_path / "plums" / "generator.safetensors", precision="fp32")
    assert after.has_critic
    assert all(torch.equal(a, b) for a, b in zip(pictures(after), pictures(before), strict=True))


def test_critic_calibration_and_directions_are_optional(tmp_path: Path):
    bare = lively_model(critic=None)
    bare.calibration, bare.directions = None, ()
    save_checkpoint(bare, tmp_path / "plums")
    after = open_checkpoint(tmp_path / "plums", precision="bf16")
    assert not after.has_critic and after.calibration is None and after.directions == ()
    assert after.precision == "bf16"


def test_precision_is_probed_unless_given(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("generator.model.LIGHT_FLOPS", 0)
    save_checkpoint(lively_model(), tmp_path / "plums")
    assert set(open_checkpoint(tmp_path / "plums").timings) == {"fp32", "bf16"}
    with pytest.raises(CheckpointError, match="Precision"):
        open_checkpoint(tmp_path / "plums", precision="int8")


def test_the_class_that_it_opens_with_is_kept(tmp_path: Path):
    before = lively_model()
    assert before.default_class == before.classes[0]
    before.opens_with = before.classes[2]
    save_checkpoint(before, tmp_path / "plums")
    assert open_checkpoint(tmp_path / "plums", precision="fp32").default_class == before.classes[2]
    rewrite(tmp_path / "plums" / "generator.safetensors", header=lambda h: h.update(opens_with="turnip"))
    assert "opens with a class that it does not have" in refused(tmp_path / "plums")


def test_checkpoints_are_listed_by_folder(tmp_path: Path):
    for name in ("quince", "plums"):
        save_checkpoint(lively_model(critic=None), tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("none")
    listed = list_checkpoints(tmp_path)
    assert list(listed) == ["plums", "quince"]
    assert listed["plums"] == tmp_path / "plums"
    with pytest.raises(CheckpointError, match=r"^There is no folder of checkpoints at .*nowhere\.$"):
        list_checkpoints(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["", "Plums", "../plums", "red plums", "-plums", "plümchen", "p" * 65])
def test_a_name_is_fit_for_a_folder(name: str, tmp_path: Path):
    model = lively_model(critic=None)
    model.name = name
    with pytest.raises(CheckpointError, match="name is lower-case letters"):
        save_checkpoint(model, tmp_path / "plums")
    assert list(tmp_path.iterdir()) == []


# ---- broken --------------------------------------------------------------------------------------

Tensors = dict[str, Tensor]
Header = dict[str, Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with everything, to be broken."""
    folder = tmp_path_factory.mktemp("whole") / "plums"
    save_checkpoint(lively_model(), folder)
    return folder


def refused(folder: Path) -> str:
    """The sentence with which the folder is refused."""
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder, precision="fp32")
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 250
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return sentence


def rewrite(
    file: Path,
    tensors: Callable[[Tensors], object] | None = None,
    header: Callable[[Header], object] | None = None,
    meta: Callable[[dict[str, str]], object] | None = None,
) -> None:
    """Change a file's tensors, header or metadata in place."""
    with safe_open(file, framework="pt") as opened:
        values: Tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        metadata: dict[str, str] = opened.metadata()
    if tensors:
        tensors(values)
    if header:
        text = json.loads(metadata["header"])
        header(text)
        metadata["header"] = json.dumps(text)
    if meta:
        meta(metadata)
    save_file({name: tensor.contiguous() for name, tensor in values.items()}, file, metadata=metadata)


@pytest.fixture
def broken(whole: Path, tmp_path: Path) -> Path:
    """A copy of the whole checkpoint."""
    return Path(shutil.copytree(whole, tmp_path / "plums"))


def test_the_copy_opens(broken: Path):
    assert open_checkpoint(broken, precision="fp32").name == "plums"


@pytest.mark.parametrize("missing", ["plums/generator.safetensors", "plums"])
def test_a_missing_file(broken: Path, missing: str):
    path = broken.parent / missing
    path.unlink() if path.is_file() else shutil.rmtree(path)
    assert "There is no file generator.safetensors" in refused(broken) or missing == "plums"


@pytest.mark.parametrize("file", ["generator", "critic"])
@pytest.mark.parametrize("keep", [0, 4, 1000, 20_000, -1])
def test_a_file_cut_short(broken: Path, file: str, keep: int):
    path = broken / f"{file}.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert f"{file}.safetensors is not a whole safetensors file" in refused(broken)


@pytest.mark.parametrize("file", ["generator", "critic"])
@pytest.mark.parametrize("content", [b"PK\x03\x04 a zip", b"\x80\x02}q\x00.", b"\xff" * 4096, b"<html>404</html>" * 99])
def test_another_kind_of_file(broken: Path, file: str, content: bytes):
    (broken / f"{file}.safetensors").write_bytes(content)
    assert f"{file}.safetensors is not a whole safetensors file" in refused(broken)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_another_projects_safetensors(broken: Path, metadata: dict[str, str] | None):
    save_file({"weight": torch.zeros(3)}, broken / "generator.safetensors", metadata=metadata)
    assert "not a checkpoint of this project" in refused(broken)


@pytest.mark.parametrize(("file", "other"), [("generator", "critic"), ("critic", "generator")])
def test_a_file_in_the_others_place(broken: Path, file: str, other: str):
    shutil.copy(broken / f"{other}.safetensors", broken / f"{file}.safetensors")
    assert f"{file}.safetensors holds a {other}, not a {file}." in refused(broken)


@pytest.mark.parametrize("file", ["generator", "critic"])
@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("2", "has format version 2; this program reads up to 1"),
        ("99999", "this program reads up to"),
        ("0", "which version"),
        ("", "which version"),
        ("-1", "which version"),
        ("1.5", "which version"),
        ("²", "which version"),
        ("9" * 5000, "which version"),
        (None, "which version"),
    ],
)
def test_a_version_that_is_not_known(broken: Path, file: str, version: str | None, sentence: str):
    def change(meta: dict[str, str]) -> None:
        del meta["format_version"]
        if version is not None:
            meta["format_version"] = version

    rewrite(broken / f"{file}.safetensors", meta=change)
    assert sentence in refused(broken)


@pytest.mark.parametrize("file", ["generator", "critic"])
@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "3", '{"name": NaN}', '{"name": Infinity}', "[" * 100_000, "{" + " " * (1 << 20) + "}"],
    ids=["empty", "cut", "null", "list", "number", "nan", "infinity", "deep", "long"],
)
def test_a_description_that_is_none(broken: Path, file: str, text: str):
    rewrite(broken / f"{file}.safetensors", meta=lambda meta: meta.update(header=text))
    assert f"The description inside {file}.safetensors is" in refused(broken)


def test_a_description_that_is_missing(broken: Path):
    rewrite(broken / "generator.safetensors", meta=lambda meta: meta.pop("header"))
    assert "The description inside generator.safetensors is missing" in refused(broken)


WEIGHT = {"generator": "synthesis.layers.0.conv.weight", "critic": "conv.weight"}


@pytest.mark.parametrize("file", ["generator", "critic"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t, name: t.pop(name), "lacks the tensor"),
        (lambda t, name: t.update(surplus=torch.zeros(1)), "has a tensor surplus that its configuration does not know"),
        (lambda t, name: t.update({name: t[name][:1]}), "but its configuration asks for"),
        (lambda t, name: t.update({name: t[name].flatten()}), "but its configuration asks for"),
        (lambda t, name: t[name].view(-1)[5:6].fill_(torch.nan), "numbers that are not finite"),
        (lambda t, name: t[name].view(-1)[5:6].fill_(torch.inf), "numbers that are not finite"),
        (lambda t, name: t.update({name: t[name].to(torch.int8)}), "whole numbers"),
        (lambda t, name: t.clear(), "lacks the tensor"),
    ],
    ids=["missing", "left over", "other shape", "flat", "nan", "infinity", "integers", "none at all"],
)
def test_tensors_that_do_not_fit(broken: Path, file: str, change: Callable[[Tensors, str], object], sentence: str):
    rewrite(broken / f"{file}.safetensors", tensors=lambda tensors: change(tensors, WEIGHT[file]))
    assert sentence in refused(broken)


def put(*keys: str | int, value: object) -> Callable[[Header], None]:
    """A change of one entry of the header."""

    def change(header: Header) -> None:
        place: Any = header
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def drop(*keys: str | int) -> Callable[[Header], None]:
    """Removal of one entry of the header."""

    def change(header: Header) -> None:
        place: Any = header
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop("name"), "has no name"),
        (put("name", value=""), "has no name"),
        (put("name", value=3), "has no name"),
        (put("name", value="x" * 201), "has no name"),
        (drop("version"), "has no version"),
        (put("version", value=1.0), "has no version"),
        (drop("config"), "GeneratorConfig must be a JSON object"),
        (drop("config", "resolution"), "GeneratorConfig is incomplete"),
        (put("config", "depth", value=1), "GeneratorConfig has an unknown field 'depth'"),
        (put("config", "resolution", value=33), "Resolution must be one of"),
        (put("config", "resolution", value=64), "lacks the tensor"),
        (put("config", "w_dim", value=17), "asks for"),
        (put("config", "num_classes", value=2), "asks for"),
        (put("classes", value=["damson"]), "names 1 classes, but its generator was made for 3"),
        (put("classes", value=["gage", "gage", "damson"]), "not a list of different names"),
        (put("classes", value=["gage", "", "damson"]), "not a list of different names"),
        (put("classes", value=["gage", 2, "damson"]), "not a list of different names"),
        (put("classes", value="gages"), "not a list of different names"),
        (put("classes", value=None), "not a list of different names"),
        (drop("directions"), "directions do not match"),
        (drop("directions", 0), "directions do not match"),
        (put("directions", value=3), "directions do not match"),
        (put("directions", 0, value="pc1"), "directions lack"),
        (put("directions", 0, value={}), "directions lack"),
        (put("directions", 0, "sigma", value="much"), "directions lack"),
        (put("directions", 0, "sigma", value=1e999), "is not JSON"),
        (put("directions", 0, "sigma", value=0), "directions lack"),
        (put("directions", 0, "sigma", value=-1.0), "directions lack"),
        (put("directions", 0, "sigma", value=True), "directions lack"),
        (put("directions", 0, "name", value=1), "directions lack"),
        (put("directions", 0, "title", value=""), "directions lack"),
        (put("directions", 0, "name", value="pc2"), "two directions of the same name"),
        (drop("calibration"), "from how many pictures"),
        (put("calibration", value=[4, 5]), "from how many pictures"),
        (put("calibration", "real_count", value="4"), "from how many pictures"),
        (put("calibration", "real_count", value=True), "from how many pictures"),
        (put("calibration", "real_count", value=0), "from how many pictures"),
        (drop("provenance"), "where it comes from"),
        (put("provenance", value="a friend"), "where it comes from"),
        (put("provenance", "price", value=1), "where it comes from"),
        (drop("provenance", "attribution"), "does not name its title, licence, attribution and data"),
        (put("provenance", "attribution", value=""), "does not name its title, licence, attribution and data"),
        (put("provenance", "licence", value=None), "wrong licence"),
        (put("provenance", "pictures_seen", value=True), "wrong pictures_seen"),
        (put("provenance", "pictures_seen", value="7"), "wrong pictures_seen"),
    ],
)
def test_a_header_that_does_not_fit(broken: Path, change: Callable[[Header], None], sentence: str):
    rewrite(broken / "generator.safetensors", header=change)
    assert sentence.lower() in refused(broken).lower()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.update({"exact.w_avg": torch.zeros(15)}), "averages of w"),
        (lambda t: t.update({"exact.w_avg_classes": torch.zeros(2, 16)}), "averages of w"),
        (lambda t: t.pop("exact.directions"), "directions do not match"),
        (lambda t: t.update({"exact.directions": torch.zeros(2, 15)}), "directions do not match"),
        (lambda t: t.update({"exact.directions": torch.full((2, 16), torch.nan)}), "not finite"),
        (lambda t: t.update({"exact.calibration_real": torch.tensor([2.0, 1.0])}), "calibration (real)"),
        (lambda t: t.update({"exact.calibration_generated": torch.tensor([2.0])}), "calibration (generated)"),
        (lambda t: t.pop("exact.calibration_real"), "one half of the critic's calibration"),
        (lambda t: t.update({"exact.surplus": torch.zeros(1)}), "surplus"),
    ],
)
def test_measurements_that_do_not_fit(broken: Path, change: Callable[[Tensors], object], sentence: str):
    rewrite(broken / "generator.safetensors", tensors=change)
    assert sentence in refused(broken)


def test_a_critic_without_configuration(broken: Path):
    rewrite(broken / "critic.safetensors", header=drop("config"))
    assert "CriticConfig must be a JSON object" in refused(broken)


@pytest.mark.parametrize(
    "config",
    [
        replace(CRITIC, resolution=64),
        replace(CRITIC, num_classes=2),
        replace(CRITIC, num_classes=0),
        replace(CRITIC, img_channels=1),
    ],
)
def test_a_critic_of_other_pictures(broken: Path, tmp_path: Path, config: Any):
    shared = {name: getattr(config, name) for name in ("resolution", "num_classes", "img_channels")}
    save_checkpoint(lively_model(replace(GENERATOR, **shared), config), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "critic.safetensors", broken)
    assert "judges other pictures (resolution, classes or colours differ)" in refused(broken)


@pytest.mark.parametrize("change", [put("classes", value=["apple", "pear", "plum"]), put("version", value="3.0")])
def test_a_critic_of_another_model(broken: Path, change: Callable[[Header], None]):
    rewrite(broken / "critic.safetensors", header=change)
    assert "The critic beside the generator belongs to another model or version" in refused(broken)


def test_a_critic_is_what_it_was(broken: Path):
    # The counterpart of the refusals above: what is opened is the critic that was saved, to half precision.
    opened = stylegan2_of(open_checkpoint(broken, precision="fp32")).critic
    assert opened is not None
    for name, tensor in lively_critic().state_dict().items():
        torch.testing.assert_close(opened.state_dict()[name], tensor.half().float(), rtol=0, atol=0)
