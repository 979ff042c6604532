"""Growing keeps what was learnt: the picture, the kept layers and their moments, the history; the rest fades in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from generator.families.stylegan2.networks import Critic, Generator
from training.data import Pictures
from training.errors import TrainingError
from training.fade import Fade
from training.finish import load_run
from training.folder import load_pictures
from training.grow import grow_critic, grow_generator, grow_run, kept_in_critic, kept_in_generator
from training.history import read_moments
from training.loop import Trainer
from training.settings import Settings, read_state
from training.train import keep_snapshot

from .build import SETTINGS, SIDE

LARGER = replace(
    SETTINGS,
    generator=replace(SETTINGS.generator, resolution=2 * SIDE, head="smooth"),
    critic=replace(SETTINGS.critic, resolution=2 * SIDE),
    fade_pictures=64,
)


@pytest.fixture(scope="module")
def trained(split: tuple[Pictures, Pictures], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of a few steps at the smaller resolution."""
    folder = tmp_path_factory.mktemp("small") / "run"
    Trainer(SETTINGS, split[0], folder).run(20 * SETTINGS.batch, on_snapshot=keep_snapshot, quiet=True)
    return folder


@pytest.fixture(scope="module")
def larger_pictures(shapes: Path) -> Pictures:
    return load_pictures(shapes, 2 * SIDE)[0]


def networks(folder: Path) -> tuple[Generator, Critic]:
    settings, state = read_state(folder / "state.pt")
    generator, critic = Generator(settings.generator), Critic(settings.critic)
    generator.load_state_dict(state["g"])
    critic.load_state_dict(state["d"])
    return generator, critic


def test_the_grown_generator_draws_nearly_the_same(trained: Path):
    old, _ = networks(trained)
    new = Generator(LARGER.generator)
    grow_generator(old, new)
    z, label = torch.randn(16, old.config.z_dim), torch.eye(2).repeat(8, 1)
    with torch.no_grad():
        before, after = F.avg_pool2d(old(z, label), 2), F.avg_pool2d(new(z, label), 4)
    # What a 1×1 convolution can take over of a 3×3 one: nearly all of what there is to see at half the resolution.
    assert float(torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1]) > 0.9


def test_all_but_the_head_and_the_stem_is_kept(trained: Path):
    old_g, old_d = networks(trained)
    new_g, new_d = Generator(LARGER.generator), Critic(LARGER.critic)
    grow_generator(old_g, new_g)
    grow_critic(old_d, new_d)
    for old, new, kept in ((old_g, new_g, kept_in_generator), (old_d, new_d, kept_in_critic)):
        theirs = new.state_dict()
        dropped = {name.split(".")[-3 if "affine" in name else -2] for name in old.state_dict() if kept(name) is None}
        assert dropped == ({"head"} if old is old_g else {"stem"})
        for name, value in old.state_dict().items():
            if (there := kept(name)) is not None:
                assert torch.equal(theirs[there], value), name


def test_moments_follow_their_parameters(trained: Path, tmp_path: Path):
    grow_run(trained, tmp_path, LARGER)
    (_, old), (_, new) = read_state(trained / "state.pt"), read_state(tmp_path / "state.pt")
    for key, optimiser, config, make, kept in (
        ("g", "opt_g", "generator", Generator, kept_in_generator),
        ("d", "opt_d", "critic", Critic, kept_in_critic),
    ):
        names = [name for name, _ in make(getattr(SETTINGS, config)).named_parameters()]
        new_names = [name for name, _ in make(getattr(LARGER, config)).named_parameters()]
        carried = {new_names.index(there): i for i, name in enumerate(names) if (there := kept(name)) is not None}
        assert new[optimiser]["state"].keys() == carried.keys()
        for place, index in carried.items():
            moment = new[optimiser]["state"][place]["exp_avg"]
            assert torch.equal(moment, old[optimiser]["state"][index]["exp_avg"])
            assert moment.shape == new[key][new_names[place]].shape


def test_the_history_goes_on(trained: Path, larger_pictures: Pictures, tmp_path: Path):
    grow_run(trained, tmp_path, LARGER)
    trainer = Trainer(LARGER, larger_pictures, tmp_path)
    assert trainer.pictures == 20 * SETTINGS.batch
    assert (tmp_path / "log.csv").read_text() == (trained / "log.csv").read_text()


def test_moments_of_both_sizes_are_read(trained: Path, larger_pictures: Pictures, tmp_path: Path):
    grow_run(trained, tmp_path, LARGER)
    trainer = Trainer(LARGER, larger_pictures, tmp_path)
    trainer.run(trainer.pictures + 6 * LARGER.batch, quiet=True)
    moments = read_moments(tmp_path, 3)
    assert [moment.generator.config.resolution for moment in moments] == [SIDE, SIDE, 2 * SIDE]
    assert [moment.critic.config.resolution for moment in moments] == [SIDE, SIDE, 2 * SIDE]


def test_fading_goes_from_the_old_critic_to_the_new(trained: Path):
    _, old = networks(trained)
    new = Critic(LARGER.critic)
    grow_critic(old, new)
    images, label = torch.rand(4, 3, 2 * SIDE, 2 * SIDE) * 2 - 1, torch.eye(2).repeat(2, 1)
    with torch.no_grad():
        before, after = old(F.avg_pool2d(images, 2), label), new(images, label)
        fade = Fade(new, since=1000, pictures=100, stem=old.stem.state_dict())
        assert fade.update(1000)
        torch.testing.assert_close(new(images, label), before)
        assert fade.update(1050)
        half = new(images, label)
        assert not torch.allclose(half, before) and not torch.allclose(half, after)
        assert not fade.update(1100)
        torch.testing.assert_close(new(images, label), after)


def test_a_grown_run_resumes_bit_for_bit_while_it_fades_and_ends_as_a_plain_one(
    trained: Path, larger_pictures: Pictures, tmp_path: Path
):
    for name in ("straight", "killed"):
        grow_run(trained, tmp_path / name, LARGER)
    straight = Trainer(LARGER, larger_pictures, tmp_path / "straight")
    for _ in range(6):
        straight.train_step()
    killed = Trainer(LARGER, larger_pictures, tmp_path / "killed")
    for _ in range(2):
        killed.train_step()
    killed.save()
    with pytest.raises(TrainingError, match="fading"):
        load_run(tmp_path / "killed")
    resumed = Trainer(LARGER, larger_pictures, tmp_path / "killed")
    for _ in range(4):
        resumed.train_step()
    for one, two in ((straight.g, resumed.g), (straight.d, resumed.d)):
        for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
            assert torch.equal(a, b), name
    assert resumed.fade is None  # 64 pictures are four steps
    resumed.save()
    assert load_run(tmp_path / "killed").settings == LARGER


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(LARGER, generator=replace(LARGER.generator, channel_max=8)),
        replace(LARGER, generator=replace(LARGER.generator, head="rgb")),
        replace(LARGER, batch=8),
    ],
    ids=["no larger", "other widths", "no sub-pixel head", "another batch"],
)
def test_what_does_not_fit_is_refused(trained: Path, tmp_path: Path, settings: Settings):
    with pytest.raises(TrainingError, match="grows"):
        grow_run(trained, tmp_path / "new", settings)
    assert not (tmp_path / "new").exists()


def test_growing_from_nothing_is_refused(tmp_path: Path):
    with pytest.raises(TrainingError, match="holds no saved state"):
        grow_run(tmp_path, tmp_path / "new", LARGER)
