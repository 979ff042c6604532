"""The registry finds every format and asks the right one; what none knows, or one trips over, is one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generator import CheckpointError, Model, open_checkpoint, save_checkpoint
from generator.formats import registry
from generator.formats.naming import model_name, numbered_classes, unknown_provenance
from generator.formats.reading.content import Content
from generator.storage.headers import NAME
from tests.generator.build import lively_model

from . import build_files as build


@dataclass
class Plums:
    """A format that takes files with the key "plums", and does with them what the test says."""

    outcome: Model | Exception
    TITLE: str = "Plums"
    seen: list[Path] = field(default_factory=list)

    def recognises(self, content: Content) -> bool:
        """Whether plums are in it."""
        return isinstance(content.root, dict) and "plums" in content.root

    def load(self, content: Content, critic: Content | None = None) -> Model:
        """What the test wants."""
        self.seen += [given.path for given in (content, critic) if given]
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def only(monkeypatch: pytest.MonkeyPatch, known: Plums) -> Plums:
    """Make this the only format."""
    monkeypatch.setattr(registry, "formats", lambda: (known,))
    return known


@pytest.fixture
def plums(tmp_path: Path) -> Path:
    """A file of that format."""
    return build.write_torch(tmp_path / "Red Plums.pt", {"plums": torch.ones(2)})


def refused(path: Path, critic: Path | None = None) -> str:
    """The sentence with which a file is refused at the door."""
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path, critic)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 250
    return sentence


# ---- which --------------------------------------------------------------------------------------------------------


def test_every_format_has_a_title_of_its_own():
    titles = [known.TITLE for known in registry.formats()]
    assert titles and all(titles) and len(set(titles)) == len(titles)


def test_a_format_is_one_file_of_the_folder():
    names = [getattr(known, "__name__", "") for known in registry.formats()]
    files = [path for path in Path(registry.__file__).parent.glob("*.py") if "\ndef recognises(" in path.read_text()]
    assert names == [f"generator.formats.{path.stem}" for path in sorted(files)]


def test_the_one_that_recognises_is_asked(monkeypatch: pytest.MonkeyPatch, plums: Path):
    model = lively_model()
    known = only(monkeypatch, Plums(model))
    assert open_checkpoint(plums) is model and model.precision == "fp32"
    assert known.seen == [plums]
    assert open_checkpoint(str(plums), str(plums), precision="bf16").precision == "bf16"
    assert known.seen == [plums, plums, plums]


def test_a_folder_of_the_hub_opens_by_its_safetensors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    model = lively_model()
    known = only(monkeypatch, Plums(model))
    save_file({"plums": torch.ones(1)}, tmp_path / "model.safetensors")
    assert open_checkpoint(tmp_path) is model
    assert known.seen == [tmp_path / "model.safetensors"]


def test_ours_is_not_asked_for_among_the_foreign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    only(monkeypatch, Plums(AssertionError("asked")))
    save_checkpoint(lively_model(), tmp_path / "plums")
    for path in (tmp_path / "plums", tmp_path / "plums" / "generator.safetensors"):
        assert open_checkpoint(path, precision="fp32").name == "plums"


def test_a_critic_of_ours_may_lie_elsewhere(tmp_path: Path):
    save_checkpoint(lively_model(), tmp_path / "plums")
    moved = (tmp_path / "plums" / "critic.safetensors").rename(tmp_path / "judge.safetensors")
    assert not open_checkpoint(tmp_path / "plums", precision="fp32").has_critic
    assert open_checkpoint(tmp_path / "plums", moved, precision="fp32").has_critic
    assert "There is no file nowhere" in refused(tmp_path / "plums", tmp_path / "nowhere")


# ---- none ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"epoch": 3, "weights": {}}, "a torch file with the keys epoch, weights;"),
        ({str(i): i for i in range(9)}, "with the keys 0, 1, 2, 3, 4 and 4 more;"),
        ({"x" * 500: 1}, "with the keys " + "x" * 20 + ";"),
        ({}, "a torch file with nothing in it;"),
        ([1, 2], "a torch file with a list;"),
        (torch.ones(3), "a torch file with a tensor;"),
        (None, "a torch file with nothing in it;"),
    ],
)
def test_what_no_format_knows_is_described(value: object, found: str, tmp_path: Path):
    sentence = refused(build.write_torch(tmp_path / "thing.pt", value))
    assert found in sentence and "holds no generator that this program knows" in sentence


def test_a_network_of_nvidias_that_is_no_generator(tmp_path: Path):
    path = build.write_pickle(tmp_path / "vgg16.pkl", build.Layer("VGG", parameters={"w": torch.ones(1)}))
    assert "a pickle of NVIDIA's with a VGG;" in refused(path)


def test_a_key_with_control_characters_does_not_break_the_sentence(tmp_path: Path):
    assert "the keys a?b;" in refused(build.write_torch(tmp_path / "thing.pt", {"a\nb": 1}))


# ---- tripped ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyError("w"), RuntimeError("size mismatch"), ZeroDivisionError(), TypeError("x")])
def test_what_a_format_trips_over_is_one_sentence(error: Exception, monkeypatch: pytest.MonkeyPatch, plums: Path):
    only(monkeypatch, Plums(error))
    assert refused(plums) == "Red Plums.pt looks like Plums, but its parts do not fit together."


def test_what_a_format_says_itself_is_kept(monkeypatch: pytest.MonkeyPatch, plums: Path):
    only(monkeypatch, Plums(CheckpointError("The plums are not ripe.")))
    assert refused(plums) == "The plums are not ripe."


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("part", ["generator", "critic"])
def test_numbers_that_are_not_finite(part: str, value: float, monkeypatch: pytest.MonkeyPatch, plums: Path):
    model = lively_model()
    next(getattr(model.family, part).parameters()).view(-1)[0] = value
    only(monkeypatch, Plums(model))
    assert "Red Plums.pt holds numbers that are not finite, in " in refused(plums)


def test_a_broken_critic_file(monkeypatch: pytest.MonkeyPatch, plums: Path, tmp_path: Path):
    only(monkeypatch, Plums(lively_model()))
    (tmp_path / "judge.pt").write_bytes(b"")
    assert refused(plums, tmp_path / "judge.pt") == "judge.pt is empty."


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("ffhq", "ffhq"), ("FFHQ-1024", "ffhq-1024"), ("network snapshot (25)", "network-snapshot-25"),
        ("netG_epoch_24", "netg_epoch_24"), ("--x", "x"), ("plümchen", "pl-mchen"), ("花", "checkpoint"),
        ("x" * 99, "x" * 64), ("x" * 63 + "-y", "x" * 63), ("000010", "000010"),
    ],
)  # fmt: skip
def test_a_models_name_from_its_file(stem: str, name: str):
    assert model_name(Path(f"/somewhere/{stem}.pkl")) == name
    assert re.fullmatch(NAME, name)


def test_what_is_not_known_is_said_to_be_unknown():
    provenance = unknown_provenance(Path("plums.pkl"), "")
    assert (provenance.title, provenance.licence, provenance.data) == ("plums", "unknown", "unknown")
    assert unknown_provenance(Path("plums.pkl"), "Red plums").title == "Red plums"
    assert numbered_classes(3) == ("0", "1", "2") and numbered_classes(0) == ()
