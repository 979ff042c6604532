"""Repositories on the hub: which files are fetched, and which are too large to be; all without the network."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio import StudioError, hub, visitors
from studio.hub import choose, fetch

MB = 1 << 20


class FakeHub:
    """A hub with one repository, of files with these sizes in bytes; notes what is fetched."""

    def __init__(self, folder: Path, sizes: dict[str, int | None], seconds: float = 0.0) -> None:
        self.folder, self.sizes, self.seconds = folder, sizes, seconds
        self.fetched: list[str] = []

    def model_info(self, repo_id: str, /, *, files_metadata: bool, timeout: float) -> Any:
        """As the hub answers: without sizes unless they are asked for."""
        assert files_metadata and timeout > 0
        siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in self.sizes.items()]
        return SimpleNamespace(sha="c0ffee", siblings=siblings)

    def hf_hub_download(self, repo_id: str, filename: str, /, *, revision: str) -> str:
        """Only of the commit whose sizes were told."""
        assert revision == "c0ffee"
        time.sleep(self.seconds)
        self.fetched.append(filename)
        return str(self.folder / filename)


def test_generator_critic_and_configuration_are_fetched(tmp_path: Path):
    others = {"config.json": 100, "train.py": None, "data.zip": 9 << 40}
    fake = FakeHub(tmp_path, {"netG.pth": MB, "netD.pth": MB, **others})
    assert fetch("someone/cats", MB, fake) == (tmp_path / "netG.pth", tmp_path / "netD.pth")
    assert fake.fetched == ["netG.pth", "netD.pth", "config.json"]
    assert fetch("someone/cats", MB, FakeHub(tmp_path, {"cats.pkl": MB})) == (tmp_path / "cats.pkl", None)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"cats.pkl": 2 * MB + 1}, r"^cats\.pkl in someone/cats has 3 MB; files of up to 2 MB are fetched here\.$"),
        ({"cats.pkl": 5000 * MB}, "has 5,000 MB; files of up to 2 MB"),
        ({"netG.pth": MB, "netD.pth": 3 * MB}, r"netD\.pth in someone/cats has 3 MB"),
        ({"cats.pt": MB, "config.json": 2 * MB}, r"config\.json in someone/cats has 2 MB; files of up to 1 MB"),
        ({"cats.pkl": None}, r"^The hub does not say how large cats\.pkl in someone/cats is"),
    ],
)
def test_nothing_is_fetched_that_is_too_large(tmp_path: Path, sizes: dict[str, int | None], sentence: str):
    fake = FakeHub(tmp_path, sizes)
    with pytest.raises(StudioError, match=sentence):
        fetch("someone/cats", 2 * MB, fake)
    assert not fake.fetched


def test_fetching_takes_no_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub, "FETCH_SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises(StudioError, match="someone/cats was not fetched from the hub within 0 seconds"):
        fetch("someone/cats", MB, FakeHub(tmp_path, {"cats.pkl": MB}, seconds=2.0))
    assert time.monotonic() - began < 1.5


def test_without_the_network_the_hub_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    def unreachable(*arguments: object, **options: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(StudioError, match="someone/cats cannot be fetched from the hub"):
        fetch("someone/cats")


def test_the_command_line_says_how_large_a_file_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fake = FakeHub(tmp_path, {"cats.pkl": 4 * MB})
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: fake)
    with pytest.raises(StudioError, match="4 MB; files of up to 3 MB"):
        visitors.given_model("someone/cats", tmp_path, 3 * MB)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["README.md", "network.pkl", "train.py"], ("network.pkl", None, None)),
        (["model.safetensors", "config.json", "old.pt"], ("model.safetensors", None, "config.json")),
        (["netD_epoch_24.pth", "netG_epoch_24.pth"], ("netG_epoch_24.pth", "netD_epoch_24.pth", None)),
        (["D.pth", "G.pth", "G_ema.pth", "G_optim.pth"], ("G_ema.pth", "D.pth", None)),
        (["cinema.pt", "gems.pt"], ("gems.pt", None, None)),
    ],
)
def test_which_files_of_a_repository_are_fetched(files: list[str], chosen: tuple[str, str | None, str | None]):
    assert choose("a/b", files) == chosen


def test_what_a_training_leaves_beside_a_network_is_none():
    files = ["optimizer.bin", "scheduler.bin", "training_args.bin", "random_states_0.pkl", "pytorch_model.bin"]
    assert choose("a/b", files) == ("pytorch_model.bin", None, None)
    assert choose("a/b", [*files, "checkpoints/optimizer.pt", "last.ckpt"])[0] == "last.ckpt"


def test_a_repository_of_code_alone_is_refused():
    with pytest.raises(StudioError, match="holds no checkpoint"):
        choose("a/b", ["run.py", "model.onnx"])
