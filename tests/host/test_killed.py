"""Killed at any moment while it writes, the program leaves nothing half-written that is taken for whole: a conversion,
a checkpoint, a run, a film and what is taken home, a file that a visitor brought.

A child process ends at its n-th write, without a word to anybody, as `kill -9` ends it; for n = 1, 3, … until it gets
through. Or in the midst of a file that grows beyond a size, whichever library writes it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest
import torch

import studio.visitors
from generator import CheckpointError, convert_checkpoint, open_checkpoint, save_checkpoint
from generator.measuring.averages import FEWEST
from generator.storage import read_network
from studio import Recipe, Studio, Visitors
from studio.tools.export import Wish, export_walk
from studio.tools.trades import pack
from studio.tools.walk import Walk
from tests.generator.build import lively_model
from tests.generator.formats import makers
from tests.training.build import SIDE, SMALLEST, write_shapes
from training.data import Pictures
from training.folder import load_pictures
from training.grow import grow_run
from training.log import LOG_FIELDS, log_rows
from training.loop import Trainer
from training.settings import read_state
from training.train import keep_sheet, keep_snapshot

MOST = 60  # writes of one conversion
SIZES = (0, 100, 3_000, 10_000, 30_000, 100_000)  # bytes that a file may reach before the end
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def dies_at(count: int, work: Callable[[], Any]) -> bool:
    """Whether the work was ended at that event: a file opened to be written, renamed or put in another's place."""

    def child() -> None:
        torch.set_num_threads(1)
        left = count

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
            if event in ("os.rename", "os.mkdir", "os.chmod", "shutil.rmtree") or writes:
                left -= 1
                if left <= 0:
                    os._exit(9)

        sys.addaudithook(hook)
        work()
        os._exit(0)

    code = _ended(child)
    assert code in (0, 9)
    return code == 9


def dies_beyond(size: int, work: Callable[[], Any]) -> bool:
    """Whether the work was ended because a file of its grew beyond `size` bytes: the system ends it in that write."""
    import resource  # not on Windows, where there is no fork either

    def child() -> None:
        torch.set_num_threads(1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        work()
        os._exit(0)

    code = _ended(child)
    assert code in (0, -signal.SIGXFSZ)
    return code != 0


def _ended(child: Callable[[], None]) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(120)
    return process.exitcode


def every_end(folder: Path, work: Callable[[Path], Any], most: int = MOST) -> Iterator[tuple[Path, bool]]:
    """A place where work was ended, by each size and at each second write; then one where it got through (False)."""
    for size in SIZES:
        place = folder / f"size-{size}"
        place.mkdir()
        yield place, dies_beyond(size, lambda place=place: work(place))  # type: ignore[misc]
    for count in range(1, most, 2):
        place = folder / f"write-{count}"
        place.mkdir()
        killed = dies_at(count, lambda place=place: work(place))  # type: ignore[misc]
        yield place, killed
        if not killed:
            return
    pytest.fail("it never got through")


@needs_fork
def test_a_file_that_a_visitor_brought_is_kept_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(studio.visitors, "convert", partial(convert_checkpoint, pictures=FEWEST))
    made = makers.make("dcgan", tmp_path)
    save_checkpoint(lively_model(), tmp_path / "own" / "plums")

    def visitors(place: Path) -> Visitors:
        own = Studio(tmp_path / "own", default="plums")
        own.kept = place
        return Visitors(own)

    def bring(place: Path) -> None:
        visitors(place).open(made.path, made.critic)

    for place, killed in every_end(tmp_path, bring):
        kept = visitors(place).kept_models()
        assert killed or len(kept) == 1
        for token in kept:  # what the page offers opens
            assert visitors(place).reopen(token).facts["critic"] == made.judges
        assert not list(place.rglob(".converting-*"))  # the next program has swept
        if place.name in ("size-100", "write-5", "write-11"):  # the next one gets through
            assert visitors(place).open(made.path, made.critic).facts["critic"] == made.judges


@needs_fork
def test_a_checkpoint_written_over_is_the_old_one_the_new_one_or_refused(tmp_path: Path):
    old, new = lively_model(), lively_model()
    old.version, new.version = "1.0", "2.0"
    for count in range(1, MOST, 2):
        folder = tmp_path / str(count) / old.name
        save_checkpoint(old, folder)
        killed = dies_at(count, lambda folder=folder: save_checkpoint(new, folder))  # type: ignore[misc]
        try:
            assert open_checkpoint(folder, precision="fp32").version in ("1.0", "2.0")
        except CheckpointError as error:
            assert "belongs to another model or version" in str(error)
        if not killed:
            assert open_checkpoint(folder, precision="fp32").version == "2.0"
            return
    pytest.fail("it never got through")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """A few drawn pictures to train on."""
    return load_pictures(write_shapes(tmp_path_factory.mktemp("data") / "shapes", 12), SIDE)[0]


@needs_fork
def test_a_run_goes_on_from_a_whole_state_or_begins_anew(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
):
    def step(trainer: Trainer) -> dict[str, float]:  # what is tested is what it writes; gradients and fork disagree
        trainer.step += 20
        return dict.fromkeys(LOG_FIELDS[2:-1], 1.0)

    monkeypatch.setattr(Trainer, "train_step", step)

    def train(place: Path) -> None:
        trainer = Trainer(SMALLEST, pictures, place)
        trainer.run(160, save_every=0.0, on_save=keep_sheet, on_snapshot=keep_snapshot, quiet=True)

    for place, killed in every_end(tmp_path, train, most=200):
        trainer = Trainer(SMALLEST, pictures, place)
        assert trainer.pictures == 160 or killed
        for row in log_rows(place / "log.csv") if (place / "log.csv").exists() else []:
            assert int(row["pictures"]) <= trainer.pictures and "" not in row.values()
        for path in place.glob("snapshots/*/*.safetensors"):
            assert read_network(path, path.stem)[1]["pictures_seen"] <= 160
        trainer.run(240, quiet=True)
        assert Trainer(SMALLEST, pictures, place).pictures == 240
        assert json.loads((place / "settings.json").read_text()) == SMALLEST.to_dict()


def test_a_row_of_the_log_that_was_cut_off_is_left_out(tmp_path: Path, pictures: Pictures):
    trainer = Trainer(SMALLEST, pictures, tmp_path)
    trainer.step = 40
    trainer.save()
    log = tmp_path / "log.csv"
    rows_of = [",".join(map(str, [number, *range(1, len(LOG_FIELDS))])) for number in (80, 160)]
    whole = "\r\n".join([",".join(LOG_FIELDS), *rows_of, ""]).encode()
    first = whole.index(b"\n") + 1
    for end in (1, first - 1, first, first + 2, len(whole) - 2):
        log.write_bytes(whole[:end])
        rows = ["80"] if end == len(whole) - 2 else []
        assert [row["pictures"] for row in log_rows(log)] == rows
        Trainer(SMALLEST, pictures, tmp_path)
        assert log.read_bytes().startswith(whole[:first]) and [row["pictures"] for row in log_rows(log)] == rows


@needs_fork
def test_a_run_that_grows_is_there_whole_or_not_begun(tmp_path: Path, pictures: Pictures):
    Trainer(SMALLEST, pictures, tmp_path / "small").save()
    larger = replace(
        SMALLEST,
        generator=replace(SMALLEST.generator, resolution=2 * SIDE),
        critic=replace(SMALLEST.critic, resolution=2 * SIDE),
    )
    for place, killed in every_end(tmp_path, lambda place: grow_run(tmp_path / "small", place, larger)):
        assert (place / "state.pt").exists() or killed
        if (place / "state.pt").exists():
            assert read_state(place / "state.pt")[0] == larger


@needs_fork
def test_what_is_exported_is_there_whole_or_not_at_all(tmp_path: Path):
    save_checkpoint(lively_model(), tmp_path / "own" / "plums")
    walk = Walk((Recipe(seed=1), Recipe(seed=2)), 4)

    def export(place: Path) -> None:
        own = Studio(tmp_path / "own", default="plums")
        export_walk(own, walk, place / "walk.mp4", Wish())
        pack(own, Recipe(seed=1), "medicine", place / "medicine.zip")

    for place, killed in every_end(tmp_path, export):
        film, packed = place / "walk.mp4", place / "medicine.zip"
        assert (film.exists() and packed.exists()) or killed
        if film.exists():
            with av.open(str(film)) as container:
                assert len(list(container.decode(video=0))) == 4
        if (beside := place / "walk.mp4.json").exists():
            assert json.loads(beside.read_text())["walk"]
        if packed.exists():
            with zipfile.ZipFile(packed) as archive:
                assert archive.testzip() is None and "recipe.json" in archive.namelist()
