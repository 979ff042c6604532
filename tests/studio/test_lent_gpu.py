"""ZeroGPU: heavy networks are painted by what is lent; outside of a Space nothing changes, with `spaces` or without."""

from __future__ import annotations

from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator import Model
from studio import Recipe, Studio, painter
from studio.lent_gpu import is_lent, lent, model_there


def test_outside_of_a_space_the_decorator_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not is_lent() and lent(len) is len
    pytest.importorskip("spaces")
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")  # the package read it when it was imported: here it lends nothing
    assert is_lent() and lent(len) is len


@pytest.mark.parametrize("heavy", [True, False])
def test_a_heavy_picture_is_painted_there_and_is_the_same(studio: Studio, monkeypatch: pytest.MonkeyPatch, heavy: bool):
    here = studio.render(Recipe(seed=21), critic="none").raw
    asked: list[Path] = []

    def there(path: Path, recipe: Recipe) -> Any:
        asked.append(path)
        return painter._painted(model_there(path), recipe, None, lambda done, of: None)

    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(painter, "paint_there", there)
    monkeypatch.setattr(Model, "light", property(lambda model: not heavy))
    opened = studio._painter.open(studio.default)
    recipe = studio.normalise(Recipe(seed=21))
    picture = studio._painter.paint(opened.model, recipe, path=opened.path)
    assert np.abs(picture - here).max() < 1 / 255
    assert asked == ([opened.path] if heavy else [])


def test_what_goes_over_may_be_sent(studio: Studio):
    near, far = Pipe()
    given = (Path("checkpoints/orchard"), studio.normalise(Recipe(seed=3, moves=(("pc1", 1.0),))))
    near.send(given)
    assert far.recv() == given
