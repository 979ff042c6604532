"""Killed at any moment while it writes, a conversion and a checkpoint leave nothing half-written that is
taken for whole.

A child process ends at its n-th write, without a word to anybody, as `kill -9` ends it; for n = 1, 3, … until it gets
through.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from generator import CheckpointError, list_checkpoints, open_checkpoint, save_checkpoint
from studio.visitors import local_folder
from tests.generator.build import lively_model
from tests.generator.formats import makers

MOST = 60  # writes of one conversion


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

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(120)
    assert process.exitcode in (0, 9)
    return process.exitcode == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("format_name", ["dcgan"])
def test_a_conversion_is_there_whole_or_not_at_all(tmp_path: Path, format_name: str):
    made = makers.make(format_name, tmp_path)
    for count in range(1, MOST, 2):
        kept = tmp_path / f"kept-{count}"
        killed = dies_at(count, lambda kept=kept: local_folder(made.path, made.critic, root=kept))  # type: ignore[misc]
        found = [path for place in kept.glob("*") for path in list_checkpoints(place).values()]
        for path in found:
            assert open_checkpoint(path).has_critic == made.judges
        if not killed:
            assert len(found) == 1
            return
        folder = local_folder(made.path, made.critic, root=kept)  # the next one gets through
        assert open_checkpoint(folder).name == folder.name
    pytest.fail("it never got through")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
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
