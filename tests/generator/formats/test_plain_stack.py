"""Small GANs of plain layers: what their files do not say is found out, and their pictures are torch's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from generator import CheckpointError, convert_checkpoint, open_checkpoint
from generator.formats import plain_search, plain_stack
from generator.formats.reading.content import read_content

from . import plain_files
from .build_files import write_torch

BUILT: dict[str, tuple[Callable[[], nn.Module], int, int]] = {  # network, numbers that it takes, side
    "course": (plain_files.course, 16, 28),
    "dense first": (plain_files.dense_first, 20, 32),
    "doubling": (plain_files.doubling, 12, 28),
    "dense": (plain_files.dense, 24, 28),
    "to colours alone": (lambda: plain_files.doubling(8), 12, 32),
}


def saved(folder: Path, network: nn.Module) -> Path:
    return write_torch(folder / "generator.pth", dict(network.state_dict()))


@pytest.mark.parametrize(
    ("name", "uniform"), [*((name, False) for name in BUILT), ("course", True), ("dense first", True), ("dense", True)]
)
def test_the_layers_are_found_out_and_give_the_pictures_of_torch(name: str, uniform: bool, tmp_path: Path):
    build, numbers, side = BUILT[name]
    network = plain_files.trained(build(), numbers, uniform)
    model = open_checkpoint(saved(tmp_path, network))
    assert (model.z_dim, model.resolution, model.has_critic) == (numbers, side, False)
    z = torch.randn(3, numbers)
    expected = network(torch.erf(z / math.sqrt(2)) if uniform else z).reshape(3, -1, side, side)
    torch.testing.assert_close(model.synthesize(model.map(z)), expected, rtol=0, atol=1e-4)
    assert "running averages" in model.provenance.notes


@pytest.mark.parametrize("way", ["times", "before", "behind"])
def test_a_vector_for_the_class_joins_the_numbers(way: str, tmp_path: Path):
    build, numbers, _ = BUILT["dense first"]
    own = numbers if way == "times" else 6
    network = plain_files.Conditional(build(), own, 4, way)
    drawn = numbers if way == "times" else numbers - own
    with torch.no_grad():
        network.label_emb.weight.mul_(2)
    model = open_checkpoint(saved(tmp_path, plain_files.trained(network, drawn, classes=4)))
    assert model.classes == ("0", "1", "2", "3") and model.z_dim == drawn
    z, label = torch.randn(4, drawn), [0, 1, 2, 3]
    expected = network(z, torch.tensor(label))
    torch.testing.assert_close(model.synthesize(model.map(z, label)), expected, rtol=0, atol=1e-4)


def test_without_norms_a_slope_is_taken_and_the_notes_say_so(tmp_path: Path):
    network = nn.Sequential(nn.Linear(10, 32), nn.LeakyReLU(0.2), nn.Linear(32, 784), nn.Tanh())
    model = open_checkpoint(saved(tmp_path, network))
    assert model.resolution == 28
    assert model.provenance.notes.startswith("Its file does not say what lies between its layers")


def test_norms_that_nothing_agrees_with_are_said(tmp_path: Path):
    state = dict(plain_files.course().state_dict())  # never trained: its norms have seen nothing
    state = {n: torch.full_like(t, 50.0) if n.endswith("running_mean") else t for n, t in state.items()}
    model = open_checkpoint(write_torch(tmp_path / "generator.pth", state))
    assert "may be wrong" in model.provenance.notes


JUDGES: dict[str, tuple[Callable[[], nn.Module], str]] = {  # discriminator, and whose pictures it reads
    "norms behind dropout": (plain_files.judge, "course"),
    "their own epsilon": (lambda: plain_files.judge(32, 3, 1e-5), "dense first"),
    "norms before activations": (plain_files.judge_of_fours, "dense first"),
    "dense": (plain_files.judge_of_dense, "dense"),
}


def both(folder: Path, name: str) -> tuple[Path, nn.Module, nn.Module]:
    """A training's file, its generator, and its discriminator up to the logit."""
    build, whose = JUDGES[name]
    make, numbers, side = BUILT[whose]
    network = plain_files.trained(make(), numbers)
    critic = plain_files.having_judged(build(), network, numbers, side)
    root = {"generator": dict(network.state_dict()), "discriminator": dict(critic.state_dict()), "epoch": 3}
    return write_torch(folder / "both.pth", root), network, critic[:-1]  # type: ignore[index]


@pytest.mark.parametrize("name", list(JUDGES))
def test_its_discriminator_gives_the_logits_of_torch(name: str, tmp_path: Path):
    torch.manual_seed(0)
    path, _, critic = both(tmp_path, name)
    model = open_checkpoint(path)
    assert model.has_critic
    with torch.no_grad():
        pictures = model.synthesize(model.map(torch.randn(4, model.z_dim)))
        torch.testing.assert_close(model.criticize(pictures), critic(pictures).flatten(), rtol=1e-4, atol=1e-5)
    assert "Its discriminator was read with a leaky ReLU of slope 0.2" in model.provenance.notes


def test_its_discriminator_may_lie_in_a_second_file(tmp_path: Path):
    network = plain_files.trained(plain_files.dense(), 24)
    critic = plain_files.judge_of_dense()
    apart = write_torch(tmp_path / "D.pth", dict(critic.state_dict()))
    model = open_checkpoint(saved(tmp_path, network), apart)
    pictures = model.synthesize(model.map(torch.randn(2, 24)))
    with torch.no_grad():
        expected = critic(pictures).flatten().logit()
        torch.testing.assert_close(model.criticize(pictures), expected, rtol=1e-3, atol=1e-4)


def conv(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 64, 1))


def test_a_discriminator_that_cannot_be_told_is_left_out_and_refused_apart(tmp_path: Path):
    network = plain_files.trained(plain_files.dense_first(), 20)
    own = {f"generator.{n}": t for n, t in network.state_dict().items()}
    untold = {
        "make pictures smaller": conv(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1)),
        "which ε": conv(nn.Conv2d(3, 8, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16)),
        "pictures of 32 pixels": nn.Sequential(nn.Linear(784, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)),
    }
    behind = untold["which ε"]
    with torch.no_grad():  # as a norm behind the activation sees it
        maps = behind[:3](network(torch.randn(512, 20)))  # type: ignore[index]
        maps = torch.nn.functional.leaky_relu(maps, 0.2)
        behind[3].running_mean.copy_(maps.mean((0, 2, 3)))  # type: ignore[index]
    for words, critic in untold.items():
        state = dict(critic.state_dict())
        path = write_torch(tmp_path / "both.pth", own | {f"discriminator.{n}": t for n, t in state.items()})
        model = open_checkpoint(path)
        assert not model.has_critic and "Its discriminator was left out. " in model.provenance.notes
        assert words in model.provenance.notes
        with pytest.raises(CheckpointError, match=words):
            open_checkpoint(path, write_torch(tmp_path / "D.pth", state))


# ---- kept ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each search that is made, from now on."""
    made: list[object] = []
    beam = plain_search._beam

    def counted(task: plain_search.Task, start: plain_search.Way) -> object:
        made.append(start)
        return beam(task, start)

    monkeypatch.setattr(plain_search, "_beam", counted)
    return made


def test_a_converted_model_opens_without_a_search(tmp_path: Path, searches: list[object]):
    torch.manual_seed(0)
    path, network, critic = both(tmp_path, "norms behind dropout")
    folder = convert_checkpoint(path, out=tmp_path / "kept", name="kept", pictures=60)
    assert len(searches) == 4 + 4  # once for each of the two
    searches.clear()
    model = open_checkpoint(folder)
    assert not searches
    z = torch.randn(2, 16)
    pictures = model.synthesize(model.map(z))
    with torch.no_grad():
        torch.testing.assert_close(pictures, network(z), rtol=0, atol=0.02)
        torch.testing.assert_close(model.criticize(pictures), critic(pictures).flatten(), rtol=0, atol=0.02)


def test_what_was_found_is_held_to_the_file(tmp_path: Path, searches: list[object]):
    content = read_content(saved(tmp_path, plain_files.trained(plain_files.course(), 16)))
    good = plain_stack.load(content)
    known = dict(good.family.found["generator"])
    searches.clear()
    assert plain_stack.load(replace(content, found={"generator": known})).family.found == good.family.found
    assert not searches
    other = [*known["layers"][:1], [[3, True, 1, 0, 0, False], 0.2], *known["layers"][2:]]
    huge = [[[1, True, 1, 10**9, 0, False], 0.0], *known["layers"][1:]]
    wrong: list[object] = [
        None, [], 7, {}, {"layers": known["layers"]}, {**known, "layers": known["layers"][1:]},
        {**known, "layers": other}, {**known, "layers": huge}, {**known, "layers": [None] * 4},
        {**known, "misfit": known["misfit"] + 1}, {**known, "misfit": "0"}, {**known, "joined": "times"},
        {**known, "epsilon": [1]}, {**known, "behind": not known["behind"]}, {**known, "uniform": True},
    ]  # fmt: skip
    for each in wrong:
        searches.clear()
        model = plain_stack.load(replace(content, found={"generator": each}))
        assert searches and model.family.found == good.family.found, each
    wholes: list[object] = [[], "x", 3]
    for whole in wholes:
        assert plain_stack.load(replace(content, found=whole)).family.found == good.family.found


# ---- none ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 1)), "seems to be a discriminator: it reads"),
        (nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.Conv2d(8, 1, 4)), "reads pictures in colour and gives one number"),
        (nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(8, 10)), "a classifier, which reads pictures in"),
        (nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2)), "holds no generator that this program knows"),
        (nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 784)), "holds no generator that this program"),
        (nn.ModuleDict({"encoder": nn.Linear(784, 9), "fc_mu": nn.Linear(9, 4), "decoder": nn.Linear(4, 784)}),
         "seems to be a variational autoencoder"),
        (nn.ModuleDict({"encoder": nn.Linear(784, 9), "decoder": nn.Linear(9, 784)}), "seems to be an autoencoder"),
    ],
)  # fmt: skip
def test_what_makes_no_pictures_of_numbers_says_what_it_is(network: nn.Module, said: str, tmp_path: Path):
    with pytest.raises(CheckpointError, match=said):
        open_checkpoint(saved(tmp_path, network))


@pytest.mark.parametrize("kind", ["one", "list", "dictionary"])
def test_an_optimisers_state_is_named(kind: str, tmp_path: Path):
    network = nn.Linear(2, 3)
    network(torch.ones(1, 2)).sum().backward()
    optimiser = torch.optim.Adam(network.parameters())
    optimiser.step()
    state = optimiser.state_dict()
    root = {"one": state, "list": [state, state], "dictionary": {"opt_G": state, "epoch": 3}}[kind]
    with pytest.raises(CheckpointError, match=r"is an optimiser's state, .* with the generator's weights"):
        open_checkpoint(write_torch(tmp_path / "optimiser.pth", root))


def test_tensors_without_names_are_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"without their names, .* save the state_dict\(\) instead"):
        open_checkpoint(write_torch(tmp_path / "list.pth", [torch.ones(3), torch.ones(2)]))
